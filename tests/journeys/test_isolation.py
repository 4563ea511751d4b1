"""Nobody sees or moves what is not theirs: every rpc, every role, every place that names a thing.

Made from the contract, so a new rpc is tested the day it is added (reliability 4.4).
"""

import importlib
import pkgutil
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import grpc
import pytest
import pytest_asyncio

from partner_center.databases import with_database
from partner_center.postgres import EmbeddedPostgres, free_port
from services.kit import ids
from services.kit.config import SERVICES
from services.kit.contract import Rpc
from services.kit.database import Database
from services.kit.errors import received
from services.kit.identity import Role
from tests.builders import exports, principals
from tests.builders.bystanders import Person, people
from tests.builders.composed import Composed
from tests.builders.holdings import Holding, Tenant
from tests.builders.keys import Keys
from tests.builders.probes import Path, id_places, is_output_only, request, told
from tests.builders.running import Answer
from tests.builders.worlds import a_world, focus_pieces


@dataclass(frozen=True)
class Worlds:
    a: Tenant
    b: Tenant
    people: dict[str, Person]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def worlds(running: Any) -> Worlds:
    return await _worlds(running)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def other_worlds(running: Any) -> Worlds:
    return await _worlds(running)


async def _worlds(running: Any) -> Worlds:
    a, b = await a_world(running), await a_world(running)
    return Worlds(a, b, dict(people(a, b)))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def books(
    postgres: EmbeddedPostgres, worlds: Worlds
) -> AsyncIterator[dict[str, "asyncpg.Connection[asyncpg.Record]"]]:
    """Open the databases as the superuser, who sees all rows."""
    opened = {
        service: await asyncpg.connect(with_database(postgres.admin_url, service))
        for service in SERVICES
    }
    yield opened
    for connection in opened.values():
        await connection.close()


async def _rows_of(
    connection: "asyncpg.Connection[asyncpg.Record]", tenant: Tenant
) -> dict[str, tuple[int, str]]:
    """Count and sum up a tenant's rows in each table; replies are the caller's own doing."""
    tables = await connection.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND c.relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    sums = {}
    for table in tables:
        name = table["name"]
        row = await connection.fetchrow(
            f"SELECT count(*) AS n, md5(coalesce(string_agg(t::text, '' ORDER BY t::text), ''))"  # noqa: S608 - names from the catalogue
            f" AS sum FROM {name} t WHERE tenant_id = $1",
            tenant.id,
        )
        assert row is not None
        sums[name] = (row["n"], row["sum"])
    return sums


@pytest.mark.parametrize("service", SERVICES)
async def test_the_other_tenant_has_something_in_every_table(
    service: str, worlds: Worlds, books: dict[str, Any]
) -> None:
    rows = await _rows_of(books[service], worlds.b)

    assert {table for table, (count, _) in rows.items() if not count} == set()


@pytest.mark.parametrize("service", SERVICES)
async def test_no_rpc_shows_or_moves_what_is_not_ones_own(
    service: str, running: Any, worlds: Worlds, books: dict[str, Any]
) -> None:
    await _nobody_trespasses(await running(service), worlds, books[service])


@pytest.mark.parametrize("service", SERVICES)
async def test_queries_keep_to_their_scope_without_row_level_security(
    service: str,
    postgres: EmbeddedPostgres,
    environment: dict[str, str],
    keys: Keys,
    other_worlds: Worlds,
    books: dict[str, Any],
) -> None:
    # Row level security does not hold the superuser: what is left is the first wall.
    database = Database(with_database(postgres.admin_url, service), name=service)
    somewhere = {f"{service.upper()}_LISTEN": f"127.0.0.1:{free_port()}"}
    composed = Composed(service, database=database, keys=keys, environment=environment | somewhere)
    async with composed.serving() as server:
        await _nobody_trespasses(server, other_worlds, books[service])
    await database.close()


async def _nobody_trespasses(
    server: Any, worlds: Worlds, book: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    before = await _rows_of(book, worlds.b)
    faults: list[str] = []
    unwelcome: list[str] = []

    for rpc in [*_operation_logs(server), *_unary_rpcs(server)]:
        refusals = []
        for name, person in worlds.people.items():
            answer = await _answer(server, rpc, person)
            faults += _leaks(f"{name} {rpc.full_name}", answer, person.secrets)
            if _is_malformed(answer):
                refusals.append(f"{rpc.full_name} refuses the {name}: {answer.refusal}")
        if len(refusals) == len(worlds.people):
            unwelcome += refusals
    for rpc in _unary_rpcs(server):
        written: set[tuple[Path, str]] = set()
        for name, person in worlds.people.items():
            if person.principal.role in rpc.roles:
                faults += await _probe(server, rpc, name, person, written=written)
        if await _rows_of(book, worlds.b) != before:
            faults.append(f"{rpc.full_name} changed the other tenant's rows")
            break

    assert faults == [], "\n".join(faults)
    # A request that is refused whoever sends it proves nothing: its probe is wrong.
    assert unwelcome == [], "\n".join(unwelcome)


async def test_no_stream_moves_what_is_not_ones_own(running: Any, books: dict[str, Any]) -> None:
    # Worlds of its own: what is named here stands in the operation log, which others look at.
    worlds = await _worlds(running)
    before = {service: await _rows_of(books[service], worlds.b) for service in SERVICES}
    faults = []

    for service in SERVICES:
        server = await running(service)
        for rpc in _rpcs(server):
            if not rpc.is_client_streaming:
                continue
            for name, person in worlds.people.items():
                for place, prefix in id_places(rpc.request.DESCRIPTOR):
                    made_up = ids.to_text(prefix, ids.new_id())
                    unknown = await _stream(server, rpc, person, place=place, id_=made_up)
                    for foreign in _foreign(person, prefix):
                        answer = await _stream(server, rpc, person, place=place, id_=foreign)
                        if told(answer) != told(unknown):
                            faults.append(f"{name} {rpc.full_name}: {told(answer)}")

    assert faults == [], "\n".join(faults)
    assert {service: await _rows_of(books[service], worlds.b) for service in SERVICES} == before


async def _stream(server: Any, rpc: Rpc, person: Person, *, place: Path, id_: str) -> Answer:
    """Send the message that names things, as every stream of ours begins, and a file."""
    stranger = Holding("stranger", principals.a_tenant())
    messages = [request(rpc, person.own, place=place, id_=id_), focus_pieces([stranger])[1]]
    try:
        response = await server.stream(messages, of=rpc.request, principal=person.principal)
    except grpc.aio.AioRpcError as error:
        return Answer(refusal=received(error))
    return Answer(response=response)


def _foreign(person: Person, prefix: str) -> set[str]:
    return {
        holding.things[prefix]
        for holding, prefixes in person.foreign
        if prefix in holding.things and (prefixes is None or prefix in prefixes)
    }


def _is_malformed(answer: Any) -> bool:
    return answer.refusal is not None and answer.refusal.code in {
        "INVALID_ARGUMENT",
        "PERMISSION_DENIED",
        "INTERNAL",
        "UNAVAILABLE",
    }


async def _probe(
    server: Any, rpc: Rpc, name: str, person: Person, *, written: set[tuple[Path, str]]
) -> list[str]:
    """Name foreign things in every place; each answer must be the one that a made-up id gets."""
    faults = []
    for place, prefix in id_places(rpc.request.DESCRIPTOR):
        made_up = ids.to_text(prefix, ids.new_id())
        unknown = await _answer(server, rpc, person, place=place, id_=made_up)
        for holding, prefixes in person.foreign:
            foreign = holding.things.get(prefix)
            if foreign is None or (prefixes is not None and prefix not in prefixes):
                continue
            # What the platform once recorded of an unknown id, it may not record again.
            if (place, foreign) in written:
                continue
            answer = await _answer(server, rpc, person, place=place, id_=foreign)
            if "request_id" in rpc.fields and answer.refusal is None:
                written.add((place, foreign))
            case = f"{name} {rpc.full_name} {'.'.join(place)} of {holding.name}"
            faults += _leaks(case, answer, person.canaries)
            if told(answer) != told(unknown):
                faults.append(f"{case}: {told(answer)} but for an unknown one {told(unknown)}")
        malformed = await server.answer(
            request(rpc, person.own, place=place, id_=f"{prefix}_nonsense"),
            principal=person.principal,
        )
        if malformed.refusal is None and not is_output_only(rpc.request.DESCRIPTOR, place):
            faults.append(f"{name} {rpc.full_name} {'.'.join(place)} takes nonsense for an id")
    return faults


async def _answer(
    server: Any, rpc: Rpc, person: Person, *, place: Path | None = None, id_: str = ""
) -> Answer:
    asked = request(rpc, person.own, place=place, id_=id_)
    answer: Answer = await server.answer(asked, principal=person.principal)
    if rpc.name == "CreateExport" and answer.response is not None:
        # The next one of the kind may be asked for when this one is written.
        await exports.write_all(server)
        # What is in the file is part of the answer.
        file = await exports.download(server, answer.response, principal=person.principal)
        return replace(answer, response=f"{answer.response} {file.file.decode()}")
    return answer


def _leaks(case: str, answer: Any, secrets: set[str]) -> list[str]:
    text = f"{answer.response!s} {answer.refusal!s} {answer.trailers!s}"
    return [f"{case}: shows {secret}" for secret in secrets if secret in text]


@pytest.mark.parametrize("service", SERVICES)
async def test_no_rpc_answers_without_a_token_for_it(
    service: str, running: Any, worlds: Worlds
) -> None:
    server = await running(service)
    other = await running("programs" if service == "customers" else "customers")
    tokens = [
        (),
        (("authorization", "Bearer nonsense"),),
        (("authorization", f"Bearer {other.token(worlds.a.administrator)}"),),
    ]
    answered = []

    for rpc in _unary_rpcs(server):
        for metadata in tokens:
            method = server.channel.unary_unary(f"/{rpc.full_name}")
            try:
                await method(b"", timeout=5, metadata=metadata)
            except grpc.aio.AioRpcError as error:
                if received(error).code == "UNAUTHENTICATED":
                    continue
            answered.append(rpc.full_name)

    assert answered == []


@pytest.mark.parametrize("service", SERVICES)
async def test_every_rpc_of_the_contract_is_served(service: str, running: Any) -> None:
    server = await running(service)

    served = {
        rpc.full_name for servicer in server.servicers for rpc in type(servicer).rpcs.values()
    }

    assert served == _contract(service)


async def test_a_page_token_of_another_tenant_is_refused(running: Any, worlds: Worlds) -> None:
    server = await running("customers")
    rpc = next(one for one in _unary_rpcs(server) if one.name == "ListCustomers")
    first = rpc.request(page_size=1)
    theirs = await server.call(first, principal=worlds.b.administrator)

    refusal = await server.refusal(
        rpc.request(page_size=1, page_token=theirs.next_page_token),
        principal=worlds.a.administrator,
    )

    assert theirs.next_page_token
    assert (refusal.code, [field for field, _ in refusal.violations]) == (
        "INVALID_ARGUMENT",
        ["page_token"],
    )


def _unary_rpcs(server: Any) -> list[Rpc]:
    """Give the rpcs to probe, last those of other services' jobs, and of them the bringers of news.

    Whose customers a tenant has is what the customers service says: any, if it says so. Exports
    come first. The operation log names what one has named oneself, the foreign ids of these
    probes as well: it is looked at before them.
    """
    unary = [
        rpc
        for rpc in _rpcs(server)
        if not rpc.is_client_streaming and rpc.name != "ListOperationLogs"
    ]
    return sorted(
        unary,
        key=lambda rpc: (
            rpc.roles == {Role.SYSTEM},
            rpc.name.startswith("Put"),
            "ExportService" not in rpc.service_name,
        ),
    )


def _operation_logs(server: Any) -> list[Rpc]:
    return [rpc for rpc in _rpcs(server) if rpc.name == "ListOperationLogs"]


def _rpcs(server: Any) -> list[Rpc]:
    return [rpc for servicer in server.servicers for rpc in type(servicer).rpcs.values()]


def _names(rpcs: Iterable[Rpc]) -> set[str]:
    return {rpc.full_name for rpc in rpcs}


def _contract(service: str) -> set[str]:
    package = importlib.import_module(f"partner.{service}.v1")
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
        if module.name.endswith("_pb2")
    ]
    return {
        f"{one.full_name}/{method.name}"
        for module in modules
        for one in module.DESCRIPTOR.services_by_name.values()
        for method in one.methods
    }
