"""Credit limits: raised and lowered by the platform, ended by time."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from partner.billing.v1 import accounts_pb2
from partner.type.v1 import money_pb2
from services.billing.accounts import credit
from services.billing.accounts.jobs import EXPIRE_CREDIT
from services.billing.accounts.model import CreditChange, Holder
from services.billing.days import start_of_day
from services.billing.ledger.chart import AccountKind, TransferCode, Unit
from services.kit.ids import new_id
from services.kit.jobs import system_principal
from tests.builders.billing import money
from tests.builders.funds import (
    a_day,
    acc,
    grant_credit,
    hold,
    let_go,
    move,
    open_lot,
    open_of_kind,
    own_accounts,
    violations,
)
from tests.builders.jobs import run_out
from tests.builders.principals import a_tenant, an_operator
from tests.builders.running import RunningService

TODAY = datetime.now(UTC).date()
NEXT_YEAR = date(TODAY.year + 1, 6, 30)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("amount.amount", {"amount": money_pb2.Money(amount="0", currency_code="CNY")}),
        ("amount.amount", {"amount": money_pb2.Money(amount="1.001", currency_code="CNY")}),
        ("expire_date", {"expire_date": a_day(TODAY - timedelta(days=2))}),
        ("reason", {"reason": "r" * 201}),
    ],
)
async def test_an_odd_grant_of_credit_is_refused_by_its_field(
    billing: RunningService, field: str, said: dict[str, Any]
) -> None:
    request = accounts_pb2.GrantCreditRequest(
        **({"request_id": str(uuid4()), "amount": money("1 CNY")} | said)
    )

    refusal = await billing.refusal(request, principal=an_operator(a_tenant()))

    assert refusal.violations[0][0] == field


async def test_credit_is_lowered_by_no_more_than_is_left_of_the_lot(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    await grant_credit(billing, tenant, "500 CNY", expire_date=NEXT_YEAR)
    request = accounts_pb2.ReduceCreditRequest(
        request_id="1", amount=money("500.01 CNY"), expire_date=a_day(NEXT_YEAR), reason="less"
    )

    refusal = await billing.refusal(request, principal=an_operator(tenant))
    request.request_id, request.amount.amount = "2", "499"
    left = await billing.call(request, principal=an_operator(tenant))

    assert refusal.reason == "INSUFFICIENT_BALANCE"
    assert (left.amount, left.credit_limit) == (money("1 CNY"), money("1 CNY"))
    assert await violations(billing, tenant) == {}


async def test_what_is_left_of_a_lot_expires_with_its_last_day_wherever_it_is(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    customer = Holder.customer(new_id(), partner_id=tenant)
    lot = await grant_credit(billing, tenant, "100 CNY", expire_date=NEXT_YEAR)
    forever = await grant_credit(billing, tenant, "7 CNY")
    unit = Unit.credit("CNY", expire_date=NEXT_YEAR)
    theirs = await open_lot(billing, tenant, customer, expire_date=NEXT_YEAR)
    used = await open_of_kind(billing, tenant, AccountKind.CREDIT_USED, holder=customer, unit=unit)
    await move(billing, tenant, acc(lot.id), theirs, "60 CNY", unit=unit)
    await move(billing, tenant, theirs, used, "25 CNY", unit=unit, code=TransferCode.CONSUME_CREDIT)
    end = start_of_day(NEXT_YEAR + timedelta(days=1))

    await run_out(EXPIRE_CREDIT, billing.database, end - timedelta(seconds=1))
    before = await own_accounts(billing, tenant)
    done = await run_out(EXPIRE_CREDIT, billing.database, end)
    again = await expire(billing, tenant, now=end)
    after = await own_accounts(billing, tenant)

    assert [one.amount for one in before] == [money("40 CNY"), money("7 CNY")]
    assert done >= 2
    assert again == 0
    assert [one.amount for one in after] == [money("0 CNY"), money("7 CNY")]
    # What was used of it is still owed.
    assert (after[0].credit_limit, after[0].used_amount) == (money("25 CNY"), money("25 CNY"))
    assert after[1].id == forever.id
    assert await violations(billing, tenant) == {}


async def test_what_is_held_of_a_lot_expires_when_it_is_let_go(billing: RunningService) -> None:
    tenant = a_tenant()
    lot = await grant_credit(billing, tenant, "100 CNY", expire_date=NEXT_YEAR)
    unit = Unit.credit("CNY", expire_date=NEXT_YEAR)
    used = await open_of_kind(
        billing, tenant, AccountKind.CREDIT_USED, holder=Holder.partner(tenant), unit=unit
    )
    pending = await hold(billing, tenant, acc(lot.id), used, "30 CNY", unit=unit)
    end = start_of_day(NEXT_YEAR + timedelta(days=1))

    first = await expire(billing, tenant, now=end)
    (held,) = await own_accounts(billing, tenant)
    await let_go(billing, tenant, pending)
    second = await expire(billing, tenant, now=end)
    (shown,) = await own_accounts(billing, tenant)

    assert (first, second) == (1, 1)
    assert (held.amount, shown.amount) == (money("30 CNY"), money("0 CNY"))
    assert await violations(billing, tenant) == {}


async def test_each_change_of_credit_is_written_down(billing: RunningService) -> None:
    tenant = a_tenant()
    await grant_credit(billing, tenant, "100 CNY", expire_date=NEXT_YEAR)
    reduce = accounts_pb2.ReduceCreditRequest(
        request_id="1", amount=money("1 CNY"), expire_date=a_day(NEXT_YEAR), reason="less"
    )
    await billing.call(reduce, principal=an_operator(tenant))
    await expire(billing, tenant, now=start_of_day(NEXT_YEAR + timedelta(days=1)))

    async with billing.database.transaction(an_operator(tenant)) as session:
        statement = select(CreditChange).order_by(CreditChange.id)
        changes = list(await session.scalars(statement))

    assert [(one.change, one.amount, one.operator, one.reason) for one in changes] == [
        ("GRANT", 10_000, "operator", None),
        ("REDUCE", 100, "operator", "less"),
        ("EXPIRE", 9_900, "billing", None),
    ]
    assert {one.expire_date for one in changes} == {NEXT_YEAR}


async def expire(billing: RunningService, tenant: UUID, *, now: datetime) -> int:
    """Let credit of one tenant expire; the job's other tenants are other tests'."""
    principal = system_principal("billing", tenant_id=tenant)
    async with billing.database.transaction(principal) as session:
        return await credit.expire_credit(
            session, scope=principal.scope, operator=principal.subject, now=now, at_most=50
        )
