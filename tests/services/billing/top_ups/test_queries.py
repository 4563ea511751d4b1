"""How top-ups are listed: by payment, narrowed, page by page."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest_asyncio
from google.protobuf.timestamp_pb2 import Timestamp

from partner.billing.v1 import top_ups_pb2
from services.kit.ids import new_id, to_text
from tests.builders.funds import top_up
from tests.builders.plans import plan
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService

NOW = datetime.now(UTC)


def ago(days: int) -> Timestamp:
    time = Timestamp()
    time.FromDatetime(NOW - timedelta(days=days))
    return time


@pytest_asyncio.fixture(loop_scope="session")
async def paid(billing: RunningService) -> tuple[UUID, list[top_ups_pb2.TopUp]]:
    """Give a tenant that paid four times, the last first."""
    tenant = a_tenant()
    channels = [top_ups_pb2.CHANNEL_ALIPAY, top_ups_pb2.CHANNEL_BANK_TRANSFER] * 2
    made = [
        await top_up(billing, tenant, f"{days} CNY", channel=channel, pay_time=ago(days))
        for days, channel in zip((40, 30, 20, 10), channels, strict=True)
    ]
    return tenant, made[::-1]


async def test_top_ups_come_by_payment_the_last_first_in_pages(
    billing: RunningService, paid: tuple[UUID, list[top_ups_pb2.TopUp]]
) -> None:
    tenant, made = paid
    request = top_ups_pb2.ListTopUpsRequest(page_size=3, with_item_tokens=True)

    first = await billing.call(request, principal=an_administrator(tenant))
    request.page_token = first.next_page_token
    rest = await billing.call(request, principal=an_administrator(tenant))

    assert [*first.top_ups, *rest.top_ups] == made
    assert (len(first.item_tokens), rest.next_page_token) == (3, "")


async def test_top_ups_are_narrowed_by_every_filter(
    billing: RunningService, paid: tuple[UUID, list[top_ups_pb2.TopUp]]
) -> None:
    tenant, made = paid
    cases: list[tuple[top_ups_pb2.TopUpFilter, list[top_ups_pb2.TopUp]]] = [
        (top_ups_pb2.TopUpFilter(channels=[top_ups_pb2.CHANNEL_ALIPAY]), made[1::2]),
        (top_ups_pb2.TopUpFilter(channels=[top_ups_pb2.CHANNEL_WECHAT]), []),
        (top_ups_pb2.TopUpFilter(channel_number=made[2].channel_number), made[2:3]),
        (top_ups_pb2.TopUpFilter(pay_time_from=ago(25)), made[:2]),
        (top_ups_pb2.TopUpFilter(pay_time_to=ago(25)), made[2:]),
    ]

    for narrowed, expected in cases:
        request = top_ups_pb2.ListTopUpsRequest(filter=narrowed)
        answer = await billing.call(request, principal=an_administrator(tenant))
        assert list(answer.top_ups) == expected, narrowed


async def test_a_page_begins_in_the_index_where_the_one_before_it_ended(
    billing: RunningService, paid: tuple[UUID, list[top_ups_pb2.TopUp]]
) -> None:
    tenant, _ = paid
    request = top_ups_pb2.ListTopUpsRequest(page_size=1)
    first = await billing.call(request, principal=an_administrator(tenant))
    request.page_token = first.next_page_token

    shown = await plan(billing, request, principal=an_administrator(tenant))

    assert "Backward using top_ups_pay_time_idx" in shown
    assert "ROW(pay_time, id) < ROW" in shown
    assert "Sort" not in shown


async def test_a_reseller_and_another_tenant_see_no_top_up(
    billing: RunningService, paid: tuple[UUID, list[top_ups_pb2.TopUp]]
) -> None:
    tenant, made = paid
    wanted = top_ups_pb2.BatchGetTopUpsRequest(
        ids=[made[1].id, to_text("tup", new_id()), made[0].id]
    )

    for principal in (an_administrator(tenant, partner_id=new_id()), an_administrator(a_tenant())):
        got = await billing.call(wanted, principal=principal)
        listed = await billing.call(top_ups_pb2.ListTopUpsRequest(), principal=principal)
        assert (list(got.top_ups), list(listed.top_ups)) == ([], [])
    got = await billing.call(wanted, principal=an_administrator(tenant))
    assert list(got.top_ups) == [made[1], made[0]]
