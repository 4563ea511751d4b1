"""Measures the gateway's query engine against the same endpoint written by hand, and graphql-core.

All sides run on one core against backends that answer with prepared bytes; docs/performance.md
says what they share. Prints one JSON line per figure.
"""

import asyncio
import tempfile
from collections.abc import Iterable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import uvloop

from bench.parts.arena import ENGINE, HANDWRITTEN, REFERENCE, Arena
from bench.parts.figures import ROUNDS, SECONDS, Side, limit, report, say
from bench.parts.first_use import first_uses
from bench.parts.load import ask, connect, get, load
from bench.parts.processes import OTHER_CORE, Running, resident_bytes, use_core
from bench.parts.queries import CUSTOMER_360, EDGES_OF_CUSTOMER_360, FIFTY, distinct, grown, unused
from bench.parts.rounds import contest
from gateway.serve import freeze
from gateway.settings import Settings

CLIENTS: Final = 16
# The sides are near each other, and neighbours of the machine between them: many rounds tell.
ROUNDS_OF_SIDES: Final = 2 * ROUNDS
FIRST_USE_MS_MAX: Final = 15
WAIT_MS_MAX: Final = 20
GROWTH_MIB_MAX: Final = 64
SIZES: Final = (10, 50, 100, 200, 500, 1_000)
COMPARED_SIZE: Final = 50
SECONDS_A_SIZE: Final = 0.7
CLIENTS_OF_THOUSANDS: Final = 2
# Ten thousand unless fewer rounds are asked for.
TEXTS: Final = 2_000 * ROUNDS
TEXTS_TO_WARM: Final = 300
MIB: Final = 1024 * 1024


async def fifty_customers(arena: Arena) -> None:
    say("fifty customers")
    measured = await contest(
        await arena.fifty(), clients=CLIENTS, others=arena.others, rounds=ROUNDS_OF_SIDES
    )
    engine = measured[ENGINE].per_second(ENGINE)
    by_hand = measured[HANDWRITTEN].per_second(HANDWRITTEN)
    report("engine.fifty.to_handwritten", engine, to=by_hand, at_least=0.9)
    reference = measured[REFERENCE].per_second(REFERENCE)
    report("engine.fifty.to_reference", engine, to=reference, at_least=12)
    slowest = measured[ENGINE].milliseconds(f"{ENGINE}, p99", 99)
    usual = measured[ENGINE].milliseconds(f"{ENGINE}, p50", 50)
    report("engine.fifty.p99_to_p50", slowest, to=usual, at_most=1.5)


async def one_customer(arena: Arena) -> None:
    say("one customer")
    measured = await contest(
        await arena.one(), clients=CLIENTS, others=arena.others, rounds=ROUNDS_OF_SIDES
    )
    engine = measured[ENGINE].per_second(ENGINE)
    by_hand = measured[HANDWRITTEN].per_second(HANDWRITTEN)
    report("engine.one.to_handwritten", engine, to=by_hand, at_least=0.85)
    reference = measured[REFERENCE].per_second(REFERENCE)
    report("engine.one.to_reference", engine, to=reference)


async def first_use(arena: Arena) -> None:
    """Measure a text's first use, in this process and from outside."""
    say("first use of a text")
    settings = Settings.from_environment(arena.installation.environment())
    freeze()
    bound = limit(FIRST_USE_MS_MAX, "ms")
    inside = Side(ENGINE, await first_uses(settings), "ms")
    report("engine.first_use.in_process", inside, to=bound, at_most=1)
    server = arena.servers[ENGINE]

    async def milliseconds(*, fresh: bool) -> float:
        done = await load(
            server.address,
            lambda: arena.query(unused(CUSTOMER_360) if fresh else CUSTOMER_360, FIFTY),
            clients=1,
            seconds=SECONDS_A_SIZE,
            length=None,
        )
        return done.milliseconds(50)

    pairs = [
        (await milliseconds(fresh=True), await milliseconds(fresh=False)) for _ in range(ROUNDS)
    ]
    outside = Side(ENGINE, [fresh - known for fresh, known in pairs], "ms")
    report("engine.first_use.end_to_end", outside, to=bound, at_most=1)


async def growth(arena: Arena) -> None:
    """Measure the time per customer at each size, in turn."""
    say("growth")
    address = arena.servers[ENGINE].address
    requests = {size: arena.query(*grown(size)) for size in SIZES}
    times: dict[int, list[float]] = {size: [] for size in SIZES}
    for request in requests.values():
        answer = await ask(address, request)
        assert "errors" not in answer, answer["errors"]
    for _ in range(ROUNDS):
        for size, request in requests.items():
            done = await load(
                address, partial(bytes, request), clients=1, seconds=SECONDS_A_SIZE, length=None
            )
            times[size].append(done.milliseconds(50) / size)
    sides = {
        size: Side(f"{ENGINE}, {size} customers", times[size], "ms/customer") for size in SIZES
    }
    for size in (size for size in SIZES if size != COMPARED_SIZE):
        at_most = 1.5 if size == SIZES[-1] else None
        report(f"engine.growth.{size}_to_50", sides[size], to=sides[COMPARED_SIZE], at_most=at_most)


async def longest_wait(arena: Arena) -> None:
    """Measure how long the event loop lets others wait while it answers the largest queries."""
    say("longest wait for the event loop")
    address = arena.servers[ENGINE].address
    largest = arena.query(*grown(SIZES[-1]))
    waits = []
    for _ in range(ROUNDS):
        connection = await connect(address)
        ticking = connection.ask(get(f"/bench/wait?seconds={SECONDS}"))
        loading = load(
            address,
            lambda: largest,
            clients=CLIENTS_OF_THOUSANDS,
            seconds=SECONDS,
            length=None,
        )
        answer, _ = await asyncio.gather(ticking, loading)
        connection.close()
        waits.append(float(answer) * 1_000)
    longest = Side(f"{ENGINE}, longest wait", waits, "ms")
    report("engine.longest_wait", longest, to=limit(WAIT_MS_MAX, "ms"), at_most=1)


async def calls(arena: Arena) -> None:
    """Count the rpcs of one query at three sizes."""
    say("calls")
    counted = []
    for size in (10, 50, 100):
        await arena.take_counts()
        variables = FIFTY | {"first": size}
        await ask(arena.servers[ENGINE].address, arena.query(CUSTOMER_360, variables))
        counts = await arena.take_counts()
        counted.append(float(sum(counts.values())))
    side = Side(f"{ENGINE}, 10, 50 and 100 customers", counted, "rpcs/query")
    edges = Side("edges and levels", [EDGES_OF_CUSTOMER_360], "rpcs/query")
    report("engine.calls", side, to=edges, at_most=1)


async def memory(arena: Arena) -> None:
    """Measure what a fresh process has grown by after very many different texts."""
    say("memory")
    server = await arena.start(ENGINE)
    texts = distinct()
    await _send(arena, server, list(islice(texts, TEXTS_TO_WARM)))
    before = resident_bytes(server.pid)
    await _send(arena, server, list(islice(texts, TEXTS)))
    after = resident_bytes(server.pid)
    notes = {"before": round(before / MIB), "after": round(after / MIB)}
    side = Side(f"{ENGINE}, after {TEXTS} texts", [(after - before) / MIB], "MiB", notes)
    report("engine.memory", side, to=limit(GROWTH_MIB_MAX, "MiB"), at_most=1)


async def _send(arena: Arena, server: Running, texts: Iterable[str]) -> None:
    """Let one client send texts, each once."""
    connection = await connect(server.address)
    for text in texts:
        answer = await connection.ask(arena.query(text, FIFTY))
        assert b'"errors"' not in answer, answer
    connection.close()


async def main() -> None:
    use_core(OTHER_CORE)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with Arena(Path(folder)) as arena:
            await fifty_customers(arena)
            await one_customer(arena)
            await calls(arena)
            await first_use(arena)
            await growth(arena)
            await longest_wait(arena)
            await memory(arena)


if __name__ == "__main__":
    uvloop.run(main())
