"""Writes without end by several clients, and what they were told; for tests that kill things."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.message import Message

from partner.billing.v1 import voucher_quotas_pb2, vouchers_pb2
from services.kit.identity import Principal
from tests.builders.principals import an_administrator
from tests.builders.running import RunningService

WRITERS = 4
SECONDS = 30
BEFORE_THE_KILL = 40
AFTER_THE_KILL = 20
PAUSE_SECONDS = 0.5


@dataclass
class Load:
    """Writes without end by several clients, and what they were told."""

    send: Callable[[Message], Awaitable[Any]]
    requests: Callable[[int], Message]
    acknowledged: dict[str, tuple[Message, Any]] = field(default_factory=dict)
    unanswered: dict[str, Message] = field(default_factory=dict)
    is_over: bool = False

    async def write(self, numbers: "itertools.count[int]") -> None:
        while not self.is_over:
            request: Any = self.requests(next(numbers))
            try:
                answer = await self.send(request)
            except grpc.aio.AioRpcError:
                self.unanswered[request.request_id] = request
                # Whoever is down for long shall not leave thousands to repeat.
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                self.acknowledged[request.request_id] = (request, answer)

    def told(self) -> dict[str, Any]:
        return {request_id: answer for request_id, (_, answer) in self.acknowledged.items()}

    async def repeat_the_unanswered(self) -> None:
        self.acknowledged |= await self._send_again(self.unanswered.values())
        self.unanswered.clear()

    async def repeat_all(self) -> dict[str, Any]:
        """Send everything again, and give what it was answered this time."""
        repeated = await self._send_again([request for request, _ in self.acknowledged.values()])
        return {request_id: answer for request_id, (_, answer) in repeated.items()}

    async def _send_again(self, requests: Iterable[Any]) -> dict[str, tuple[Message, Any]]:
        at_once = asyncio.Semaphore(WRITERS)

        async def send(request: Any) -> tuple[str, tuple[Message, Any]]:
            async with at_once:
                return request.request_id, (request, await self.send(request))

        return dict(await asyncio.gather(*map(send, requests)))

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(SECONDS):
            while len(self.acknowledged) < count:  # noqa: ASYNC110 - counted by other tasks
                await asyncio.sleep(0.01)


def sending(service: RunningService, principal: Principal) -> Callable[[Message], Awaitable[Any]]:
    async def send(request: Message) -> Any:
        return await service.call(request, principal=principal, timeout=10)

    return send


async def write_while(disturb: Callable[[], Awaitable[None]], *loads: Load) -> None:
    """Let all write, disturb them in the middle, and stop when all write again."""
    writers = []
    for load in loads:
        load.is_over = False
        numbers = itertools.count()
        writers += [asyncio.create_task(load.write(numbers)) for _ in range(WRITERS)]
    try:
        for load in loads:
            await load.reach(BEFORE_THE_KILL)
        async with asyncio.timeout(2 * SECONDS):
            await disturb()
        for load in loads:
            await load.reach(len(load.acknowledged) + AFTER_THE_KILL)
    finally:
        for load in loads:
            load.is_over = True
        await asyncio.gather(*writers)


async def all_vouchers_are_there(
    billing: RunningService, tenant_id: UUID, load: Load, *, quotas: list[str]
) -> None:
    told = {answer.results[0].voucher.id for _, answer in load.acknowledged.values()}
    listed: set[str] = set()
    request = vouchers_pb2.ListVouchersRequest(page_size=500)
    while True:
        page = await billing.call(request, principal=an_administrator(tenant_id))
        listed |= {voucher.id for voucher in page.vouchers}
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    assert told == listed
    left = await billing.call(
        voucher_quotas_pb2.BatchGetVoucherQuotasRequest(ids=quotas),
        principal=an_administrator(tenant_id),
    )
    balance = sum(int(quota.balance.amount) for quota in left.quotas)
    assert balance == 1000 * WRITERS - len(listed)
