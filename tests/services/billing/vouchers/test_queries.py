"""Vouchers at other times than now: states, and how long they are listed."""

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import update

from partner.billing.v1 import vouchers_pb2
from services.billing.ledger.chart import AccountKind, Unit
from services.billing.vouchers import queries
from services.billing.vouchers.filters import VoucherFilter, VoucherOrder
from services.billing.vouchers.messages import STATES, VOUCHER
from services.billing.vouchers.model import Voucher
from services.kit import ids
from services.kit.identity import Principal
from services.kit.paging import PageTokens
from tests.builders.billing import a_limit, an_issue, grant_quota, in_days, some_customers
from tests.builders.ledger import TenantLedger
from tests.builders.principals import a_customers_user, a_tenant, an_administrator
from tests.builders.running import RunningService

NOW = datetime.now(UTC)
SHOWN = VOUCHER.chosen(FieldMask(paths=["balance", "state"]))


async def a_voucher(billing: RunningService, principal: Principal) -> vouchers_pb2.Voucher:
    """Issue a voucher of 10 CNY that is usable from day 5 to day 30."""
    assert principal.tenant_id is not None
    limits = [a_limit("SERVICE_TYPE", "ecs")]
    quota = await grant_quota(billing, principal.tenant_id, limits=limits)
    customers = await some_customers(billing, principal.tenant_id, 1)
    request = an_issue(quota.id, customers, effective_time=in_days(5), expire_time=in_days(30))
    response = await billing.call(request, principal=principal)
    voucher: vouchers_pb2.Voucher = response.results[0].voucher
    return voucher


async def listed(
    billing: RunningService,
    pages: PageTokens,
    principal: Principal,
    *,
    days: float,
    states: tuple[str, ...] = (),
) -> list[vouchers_pb2.Voucher]:
    scope, now = principal.scope, NOW + timedelta(days=days)
    async with billing.database.reading(principal) as session:
        rows = await queries.list_page(
            session,
            scope=scope,
            columns=SHOWN.columns,
            narrowed=VoucherFilter(states=states),
            order_by=VoucherOrder.CREATE_TIME_DESC,
            page=pages.page(vouchers_pb2.ListVouchersRequest(), scope=scope),
            now=now,
        )
    return SHOWN.messages(rows, now=now)


@pytest.mark.parametrize(
    ("days", "state"), [(0, "INACTIVE"), (6, "USABLE"), (29, "USABLE"), (31, "EXPIRED")]
)
async def test_a_vouchers_state_follows_the_clock_and_so_does_the_filter(
    billing: RunningService, pages: PageTokens, days: float, state: str
) -> None:
    principal = an_administrator(a_tenant())
    await a_voucher(billing, principal)

    (shown,) = await listed(billing, pages, principal, days=days)
    kept = await listed(billing, pages, principal, days=days, states=(state,))
    others = tuple({"INACTIVE", "USABLE", "USED", "EXPIRED", "RECLAIMED"} - {state})
    left_out = await listed(billing, pages, principal, days=days, states=others)

    assert STATES.word(shown.state) == state
    assert len(kept) == 1
    assert left_out == []


async def test_a_voucher_is_used_when_its_account_is_empty(
    billing: RunningService, pages: PageTokens
) -> None:
    principal = an_administrator(a_tenant())
    message = await a_voucher(billing, principal)
    voucher_id = ids.from_text("cpn", message.id, field="id")
    async with billing.database.transaction(principal) as session:
        voucher = await session.get_one(Voucher, (principal.tenant_id, voucher_id))
    ledger = TenantLedger(billing.database, principal.tenant_id)
    account = await ledger.account(voucher.account_id)
    unit = Unit.parse(account.unit)
    used = await ledger.open(AccountKind.VQ_USED, unit=unit)

    balances = []
    for cents in (400, 600):
        await ledger.post(voucher.account_id, used, cents, unit=unit)
        (shown,) = await listed(billing, pages, principal, days=6)
        balances.append((shown.balance.amount, STATES.word(shown.state)))

    assert balances == [("6", "USABLE"), ("0", "USED")]


async def test_vouchers_are_listed_for_twelve_months_and_for_their_customer_for_six(
    billing: RunningService, pages: PageTokens
) -> None:
    administrator = an_administrator(a_tenant())
    message = await a_voucher(billing, administrator)
    assert administrator.tenant_id is not None
    customer = a_customers_user(
        administrator.tenant_id, customer_id=ids.from_text("cus", message.customer_id, field="id")
    )

    counts = {
        (principal.role.value, days): len(await listed(billing, pages, principal, days=30 + days))
        for principal in (administrator, customer)
        for days in (180, 190, 364, 367)
    }

    assert counts == {
        ("ADMINISTRATOR", 180): 1,
        ("ADMINISTRATOR", 190): 1,
        ("ADMINISTRATOR", 364): 1,
        ("ADMINISTRATOR", 367): 0,
        ("CUSTOMER", 180): 1,
        ("CUSTOMER", 190): 0,
        ("CUSTOMER", 364): 0,
        ("CUSTOMER", 367): 0,
    }


async def test_a_customer_finds_by_id_what_it_finds_in_its_list(
    billing: RunningService, pages: PageTokens
) -> None:
    administrator = an_administrator(a_tenant())
    message = await a_voucher(billing, administrator)
    assert administrator.tenant_id is not None
    customer = a_customers_user(
        administrator.tenant_id, customer_id=ids.from_text("cus", message.customer_id, field="id")
    )

    for days, count in ((30, 1), (210, 1), (220, 0)):
        async with billing.database.reading(customer) as session:
            found = await queries.batch_get(
                session,
                scope=customer.scope,
                columns=["state"],
                ids=[ids.from_text("cpn", message.id, field="id")],
                now=NOW + timedelta(days=days),
            )
        assert len(found) == len(await listed(billing, pages, customer, days=days)) == count


async def test_a_reclaimed_voucher_is_out_of_its_customers_sight(
    billing: RunningService, pages: PageTokens
) -> None:
    administrator = an_administrator(a_tenant())
    message = await a_voucher(billing, administrator)
    assert administrator.tenant_id is not None
    customer = a_customers_user(
        administrator.tenant_id, customer_id=ids.from_text("cus", message.customer_id, field="id")
    )
    async with billing.database.transaction(administrator) as session:
        await session.execute(
            update(Voucher)
            .where(Voucher.tenant_id == administrator.tenant_id)
            .values(reclaim_time=NOW)
        )

    (shown,) = await listed(billing, pages, administrator, days=6)
    seen_by_customer = await listed(billing, pages, customer, days=6)

    assert STATES.word(shown.state) == "RECLAIMED"
    assert seen_by_customer == []


async def test_nothing_agreed_at_issue_can_be_changed(billing: RunningService) -> None:
    administrator = an_administrator(a_tenant())
    await a_voucher(billing, administrator)
    change = update(Voucher).where(Voucher.tenant_id == administrator.tenant_id)

    for values in ({"face_value": 11}, {"expire_time": NOW}, {"use_limits": []}, {"memo": "x"}):
        with pytest.raises(Exception, match="permission denied"):
            async with billing.database.transaction(administrator) as session:
                await session.execute(change.values(**values))


async def test_list_usable_gives_what_is_left_and_what_it_may_be_used_for(
    billing: RunningService,
) -> None:
    administrator = an_administrator(a_tenant())
    message = await a_voucher(billing, administrator)
    ledger = TenantLedger(billing.database, administrator.tenant_id)
    customers = [ids.from_text("cus", message.customer_id, field="id"), ids.new_id()]

    async def usable(days: float) -> list[queries.UsableVoucher]:
        async with ledger.transaction() as session:
            return await queries.list_usable(
                session,
                scope=ledger.principal.scope,
                customer_ids=customers,
                at=NOW + timedelta(days=days),
            )

    (whole,) = await usable(6)
    used = await ledger.open(AccountKind.VQ_USED, unit=whole.unit)
    await ledger.reserve(whole.account_id, used, 400, unit=whole.unit)
    (rest,) = await usable(6)
    await ledger.post(whole.account_id, used, 600, unit=whole.unit)

    assert (whole.id, whole.customer_id) == (
        ids.from_text("cpn", message.id, field="id"),
        customers[0],
    )
    assert (whole.available, rest.available) == (whole.unit.money(1000), whole.unit.money(600))
    assert [limit.value1 for limit in whole.use_limits] == ["ecs"]
    assert [await usable(days) for days in (4, 6, 31)] == [[], [], []]
