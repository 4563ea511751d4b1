"""Opening fund accounts: each once, and all in the one currency of the tenant."""

import asyncio
from datetime import date

import pytest

from services.billing.accounts import operations
from services.billing.accounts.model import CurrencyMismatch, Holder
from services.billing.ledger.chart import AccountKind, Unit
from services.kit.ids import new_id
from tests.builders.ledger import TenantLedger
from tests.builders.principals import an_administrator


async def test_an_account_is_opened_once_whoever_asks_and_how_often(ledger: TenantLedger) -> None:
    holder = Holder.customer(new_id(), partner_id=ledger.tenant_id)

    async def open_cash() -> object:
        async with ledger.transaction() as session:
            return await operations.open_cash(
                session, tenant_id=ledger.tenant_id, holder=holder, currency_code="CNY"
            )

    opened = await asyncio.gather(*(open_cash() for _ in range(4)), open_cash())

    assert len(set(opened)) == 1
    account = await ledger.account(opened[0])  # type: ignore[arg-type]
    assert (account.holder_id, account.partner_id) == (holder.id, ledger.tenant_id)
    assert (account.kind, account.unit) == (AccountKind.CUSTOMER_CASH, "CNY/2")


async def test_each_day_of_expiry_has_a_lot_of_its_own(ledger: TenantLedger) -> None:
    holder = Holder.partner(ledger.tenant_id)
    days = [date(2027, 6, 30), None, date(2027, 6, 30), date(2027, 7, 1)]

    async with ledger.transaction() as session:
        lots = [
            await operations.open_credit(
                session,
                tenant_id=ledger.tenant_id,
                holder=holder,
                currency_code="CNY",
                expire_date=day,
            )
            for day in days
        ]

    assert lots[0] == lots[2]
    assert len(set(lots)) == 3


async def test_designated_cash_and_the_platforms_accounts_stand_apart(
    ledger: TenantLedger,
) -> None:
    tenant_id = ledger.tenant_id

    async with ledger.transaction() as session:
        cash = await operations.open_cash(
            session, tenant_id=tenant_id, holder=Holder.partner(tenant_id), currency_code="CNY"
        )
        designated = await operations.open_designated(
            session, tenant_id=tenant_id, partner_id=tenant_id, currency_code="CNY"
        )
        clearing = await operations.open_platform(
            session, tenant_id=tenant_id, kind=AccountKind.CASH_CLEARING, unit=Unit.cash("CNY")
        )

    assert len({cash, designated, clearing}) == 3
    platform = await ledger.account(clearing)
    assert (platform.holder_id, platform.partner_id) == (tenant_id, None)


async def test_the_first_money_of_a_tenant_decides_its_currency(ledger: TenantLedger) -> None:
    tenant_id, holder = ledger.tenant_id, Holder.partner(ledger.tenant_id)
    async with ledger.transaction() as session:
        await operations.open_cash(session, tenant_id=tenant_id, holder=holder, currency_code="CNY")

    async with ledger.transaction() as session:
        await operations.refuse_other_currency(session, tenant_id=tenant_id, currency_code="CNY")
        with pytest.raises(CurrencyMismatch) as refused:
            await operations.open_credit(
                session,
                tenant_id=tenant_id,
                holder=holder,
                currency_code="USD",
                expire_date=None,
            )

    assert refused.value.reason == "CURRENCY_MISMATCH"
    assert refused.value.metadata == {"currency_code": "CNY", "given": "USD"}


async def test_of_two_first_currencies_one_is_refused(ledger: TenantLedger) -> None:
    async def first(currency_code: str) -> None:
        async with ledger.transaction() as session:
            await operations.refuse_other_currency(
                session, tenant_id=ledger.tenant_id, currency_code=currency_code
            )

    done = await asyncio.gather(first("CNY"), first("USD"), return_exceptions=True)

    assert sorted(type(one).__name__ for one in done) == ["CurrencyMismatch", "NoneType"]


async def test_a_reseller_opens_accounts_for_its_own_customers(ledger: TenantLedger) -> None:
    reseller_id = new_id()
    principal = an_administrator(ledger.tenant_id, partner_id=reseller_id)
    holder = Holder.customer(new_id(), partner_id=reseller_id)

    async with ledger.database.transaction(principal) as session:
        opened = await operations.open_cash(
            session, tenant_id=ledger.tenant_id, holder=holder, currency_code="CNY"
        )

    assert (await ledger.account(opened)).partner_id == reseller_id
