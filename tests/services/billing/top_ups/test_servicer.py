"""TopUpService over a real socket: what operators and payment channels may record."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from partner.billing.v1 import top_ups_pb2
from services.billing.top_ups.notices import ChannelKeys, Notice
from services.billing.top_ups.servicer import TopUpServicer
from services.kit import ids, wire
from services.kit.identity import Role
from services.kit.ids import new_id
from services.kit.money import Money
from services.kit.paging import PageTokens
from tests.builders.billing import money
from tests.builders.funds import a_top_up, own_accounts, violations
from tests.builders.keys import Keys
from tests.builders.principals import (
    a_customers_user,
    a_director,
    a_finance_operator,
    a_person,
    a_system,
    a_tenant,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService

KEYS = ChannelKeys({"ALIPAY": b"a" * 32})


@pytest_asyncio.fixture(loop_scope="session")
async def channel(billing: RunningService, keys: Keys) -> AsyncIterator[RunningService]:
    """Run the servicer that knows a channel's key."""
    servicer = TopUpServicer(billing.database, PageTokens(keys.page_token_key), channel_keys=KEYS)
    running = RunningService("billing", [servicer], database=billing.database, keys=keys)
    await running.start()
    yield running
    await running.stop()


def a_notice(tenant: UUID, **fields: Any) -> Notice:
    now = datetime.now(UTC).replace(microsecond=0)
    return replace(
        Notice(
            partner_id=ids.to_text("ptr", tenant),
            channel="ALIPAY",
            channel_number=uuid4().hex,
            amount=Money(Decimal("100.50"), "CNY"),
            pay_time=now - timedelta(minutes=1),
            send_time=now,
        ),
        **fields,
    )


def request_of(notice: Notice, *, signature: str | None = None) -> top_ups_pb2.NotifyTopUpRequest:
    return top_ups_pb2.NotifyTopUpRequest(
        request_id=str(uuid4()),
        notice=top_ups_pb2.TopUpNotice(
            partner_id=notice.partner_id,
            channel=top_ups_pb2.CHANNEL_ALIPAY,
            channel_number=notice.channel_number,
            amount=notice.amount.to_message(),
            pay_time=wire.to_timestamp(notice.pay_time),
            send_time=wire.to_timestamp(notice.send_time),
        ),
        signature=KEYS.sign(notice) if signature is None else signature,
    )


async def test_an_operator_records_a_top_up_once(billing: RunningService) -> None:
    tenant = a_tenant()
    request = a_top_up("100 CNY", designated_amount=money("40 CNY"), memo="for the fair")

    first = await billing.call(request, principal=an_operator(tenant))
    again = await billing.call(request, principal=an_operator(tenant))

    assert first == again
    assert (first.amount, first.designated_amount) == (money("100 CNY"), money("40 CNY"))
    assert (first.unreturned_amount, first.memo) == (money("60 CNY"), "for the fair")
    cash, designated = await own_accounts(billing, tenant)
    assert (cash.id, cash.amount) == (first.account_id, money("60 CNY"))
    assert cash.designated_amount == designated.amount == money("40 CNY")
    assert await violations(billing, tenant) == {}


async def test_a_number_told_with_another_amount_is_refused(billing: RunningService) -> None:
    tenant = a_tenant()
    await billing.call(a_top_up("100 CNY", channel_number="7"), principal=an_operator(tenant))

    refusal = await billing.refusal(
        a_top_up("101 CNY", channel_number="7"), principal=an_operator(tenant)
    )

    assert (refusal.code, refusal.reason) == ("ABORTED", "CHANNEL_NUMBER_REUSED")


async def test_a_signed_notice_brings_the_money_in_however_often_it_comes(
    channel: RunningService, billing: RunningService
) -> None:
    tenant = a_tenant()
    notice = a_notice(tenant)
    later = replace(notice, send_time=notice.send_time + timedelta(seconds=1))

    first = await channel.call(request_of(notice), principal=a_system(tenant))
    again = await channel.call(request_of(notice), principal=a_system(tenant))
    sent_later = await channel.call(request_of(later), principal=a_system(tenant))

    assert first == again == sent_later
    (cash,) = await own_accounts(billing, tenant)
    assert cash.amount == money("100.5 CNY")
    assert await violations(billing, tenant) == {}


async def test_a_notice_that_is_forged_old_or_of_another_tenant_changes_nothing(
    channel: RunningService, billing: RunningService
) -> None:
    tenant = a_tenant()
    old = a_notice(tenant, send_time=datetime.now(UTC) - timedelta(minutes=6))
    requests = [
        request_of(a_notice(tenant), signature="0" * 64),
        request_of(old),
        request_of(a_notice(a_tenant())),
    ]

    for request in requests:
        refusal = await channel.refusal(request, principal=a_system(tenant))
        assert (refusal.code, refusal.reason) == ("UNAUTHENTICATED", "NOTICE_NOT_VALID")
        assert refusal.message == "the notice is not valid"

    assert await own_accounts(billing, tenant) == []


async def test_a_notice_without_times_is_named(channel: RunningService) -> None:
    tenant = a_tenant()
    request = request_of(a_notice(tenant))
    request.notice.ClearField("send_time")

    refusal = await channel.refusal(request, principal=a_system(tenant))

    assert refusal.violations[0][0] == "notice.send_time"


async def test_only_who_works_with_the_partners_money_sees_what_was_paid_in(
    billing: RunningService,
) -> None:
    tenant, manager = a_tenant(), new_id()
    made = await billing.call(a_top_up(), principal=an_operator(tenant))
    requests = (
        top_ups_pb2.ListTopUpsRequest(),
        top_ups_pb2.BatchGetTopUpsRequest(ids=[made.id]),
    )

    for request in requests:
        for principal in (
            an_administrator(tenant),
            a_finance_operator(tenant),
            an_operator(tenant),
        ):
            answer = await billing.call(request, principal=principal)
            assert list(answer.top_ups) == [made]
        for principal in (
            a_director(tenant, team=(manager,)),
            an_account_manager(tenant, account_manager_id=manager),
            a_customers_user(tenant, customer_id=new_id()),
        ):
            refusal = await billing.refusal(request, principal=principal)
            assert refusal.code == "PERMISSION_DENIED"


async def test_nobody_of_a_partner_records_what_it_paid_in(
    channel: RunningService,
) -> None:
    tenant = a_tenant()

    for role in (Role.ADMINISTRATOR, Role.FINANCE):
        for request in (a_top_up(), request_of(a_notice(tenant))):
            refusal = await channel.refusal(request, principal=a_person(role, tenant))
            assert refusal.code == "PERMISSION_DENIED"
