"""Usage that waits is charged: once, whoever runs it; what it took is written and moved."""

import asyncio
from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text

from services.billing.accounts import operations as accounts
from services.billing.consumption.cycles import months_later
from services.billing.payments import charging, due
from services.billing.payments.jobs import CHARGE_USAGE
from services.billing.payments.model import UsageRow
from services.billing.voucher_quotas.limits import UseLimit
from services.kit.ids import new_id, to_text
from services.kit.jobs import run_once
from tests.builders.payments import CYCLE, NOW, PayingTenant, amounts, some_usage


async def test_charged_usage_is_a_detail_whose_amounts_are_what_it_took(
    tenant: PayingTenant,
) -> None:
    voucher = await tenant.issue("0.75")
    cash = await tenant.allocate(100)
    await tenant.allocate_credit(30)
    await tenant.bring(
        some_usage(tenant.customer_id, "1.505", consume_time=NOW - timedelta(hours=3)),
        some_usage(tenant.customer_id, "2.001", discount_amount=Decimal("0.5")),
    )

    charged = await tenant.charge()

    details = await tenant.details()
    (payment,) = await tenant.payments()
    assert charged == 2
    assert [amounts(detail) for detail in details] == [
        {"voucher": "0.75", "cash": "0.75"},
        {"cash": "0.25", "credit": "0.30", "debt": "0.95"},
    ]
    assert [detail.payable_amount for detail in details] == [Decimal("1.50"), Decimal("1.50")]
    assert [detail.rated_amount for detail in details] == [Decimal("1.505"), Decimal("1.501")]
    assert {detail.trade_number for detail in details} == {to_text("pmt", payment.id)}
    assert (payment.kind, amounts(payment)) == (
        "USAGE",
        {"voucher": "0.75", "cash": "1.00", "credit": "0.30", "debt": "0.95"},
    )
    assert (await tenant.cents(cash), await tenant.left_of(voucher)) == (0, 0)
    assert await tenant.owed() == 95
    assert await tenant.violations() == {}


async def test_a_residue_is_carried_to_the_next_run(tenant: PayingTenant) -> None:
    await tenant.allocate(100)
    for _ in range(3):
        await tenant.bring(some_usage(tenant.customer_id, "0.004"))
        await tenant.charge()

    assert sorted(detail.payable_amount for detail in await tenant.details()) == [
        0,
        0,
        Decimal("0.01"),
    ]
    assert [amounts(payment) for payment in await tenant.payments()] == [{"cash": "0.01"}]
    assert await tenant.violations() == {}


async def test_months_have_residues_and_payments_of_their_own(tenant: PayingTenant) -> None:
    await tenant.allocate(1_000)
    before = months_later(CYCLE, -1)
    await tenant.bring(
        some_usage(tenant.customer_id, "1.009", billing_cycle=before),
        some_usage(tenant.customer_id, "1.009"),
    )

    await tenant.charge()

    payments = await tenant.payments()
    assert {payment.billing_cycle: payment.payable_amount for payment in payments} == {
        before: 1,
        CYCLE: 1,
    }
    assert await tenant.violations() == {}


async def test_a_voucher_pays_what_it_fits_for_the_customer_whose_it_is(
    tenant: PayingTenant,
) -> None:
    other = await tenant.link(customer_id=new_id())
    voucher = await tenant.issue("5", limits=[UseLimit("SERVICE_TYPE", "obs")])
    await tenant.allocate(1_000)
    await tenant.bring(
        some_usage(tenant.customer_id, "3", service_type_code="obs"),
        some_usage(tenant.customer_id, "1"),
        some_usage(other, "2", service_type_code="obs"),
    )

    await tenant.charge()

    payments = {payment.customer_id: payment for payment in await tenant.payments()}
    assert amounts(payments[tenant.customer_id]) == {"voucher": "3.00", "cash": "1.00"}
    assert amounts(payments[other]) == {"debt": "2.00"}
    used = await tenant.voucher(voucher)
    assert (used.last_use_time, used.order_number) == (NOW, None)
    assert await tenant.violations() == {}


async def test_what_was_charged_is_not_charged_again(tenant: PayingTenant) -> None:
    await tenant.allocate(1_000)
    usage = some_usage(tenant.customer_id, "1")
    await tenant.bring(usage)
    await tenant.charge()

    again = await tenant.bring(usage)

    assert (again.new_count, again.known_count) == (0, 1)
    assert await tenant.charge() == 0
    assert len(await tenant.payments()) == 1


async def test_usage_that_came_in_again_while_it_was_charged_is_forgotten(
    tenant: PayingTenant,
) -> None:
    await tenant.allocate(1_000)
    usage = some_usage(tenant.customer_id, "1")
    await tenant.bring(usage)
    async with tenant.transaction() as session:
        kept = (await session.execute(select(UsageRow.__table__))).mappings().all()
        scope = tenant.principal.scope
        found = await due.list_waiting_for_update(session, scope=scope, after=None, at_most=10)
        await charging.charge_waiting(session, scope=scope, found=found, now=NOW)
        # As if it had been brought by somebody who did not see it charged.
        await session.execute(insert(UsageRow.__table__), [dict(row) for row in kept])

    assert await tenant.charge() == 0
    async with tenant.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM usages")) == 0
    assert len(await tenant.details()) == 1
    assert await tenant.violations() == {}


async def test_batches_go_on_where_the_one_before_ended(tenant: PayingTenant) -> None:
    await tenant.allocate(100_000)
    others = [await tenant.link(customer_id=new_id()) for _ in range(3)]
    await tenant.bring(
        *[some_usage(one, "1.001") for one in (tenant.customer_id, *others) for _ in range(5)]
    )

    charged = await tenant.charge(at_most=3)

    assert charged == 20
    assert len(await tenant.details()) == 20
    assert await tenant.violations() == {}


async def test_two_runs_at_once_charge_everything_once(tenant: PayingTenant) -> None:
    cash = await tenant.allocate(10_000)
    await tenant.bring(*[some_usage(tenant.customer_id, "1.009") for _ in range(60)])

    done = await asyncio.gather(*[tenant.charge(at_most=7) for _ in range(4)])
    # A run passes over what another one had locked; the next finds it.
    rest = await tenant.charge()

    assert sum(done) + rest == 60
    assert await tenant.cents(cash) == 10_000 - 6_054
    assert await tenant.violations() == {}


async def test_the_job_sweeps_over_every_tenant(tenant: PayingTenant) -> None:
    other = PayingTenant(tenant.database)
    await other.link()
    for one in (tenant, other):
        await one.allocate(1_000)
        await one.bring(some_usage(one.customer_id, "2"))

    await run_once(CHARGE_USAGE, tenant.database, now=NOW)

    for one in (tenant, other):
        assert [amounts(payment) for payment in await one.payments()] == [{"cash": "2.00"}]
        assert await one.violations() == {}


async def test_a_customers_platform_accounts_are_opened_in_its_tenant(
    tenant: PayingTenant,
) -> None:
    await tenant.bring(some_usage(tenant.customer_id, "2"))

    await tenant.charge()

    async with tenant.transaction() as session:
        await accounts.refuse_other_currency(
            session, tenant_id=tenant.tenant_id, currency_code="CNY"
        )
    assert await tenant.owed() == 200


RATED = st.decimals("0", "30", places=8)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("use"), RATED, st.sampled_from(["ecs", "obs"])),
        st.tuples(st.just("allocate"), st.integers(1, 3_000), st.just("")),
        st.tuples(st.just("credit"), st.integers(1, 3_000), st.just("")),
        st.tuples(st.just("issue"), st.integers(1, 3_000), st.sampled_from(["", "obs"])),
        st.tuples(st.just("charge"), st.just(0), st.just("")),
    ),
    min_size=1,
    max_size=12,
)


@given(steps=STEPS)
@settings(
    max_examples=12,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_whatever_happens_what_was_rated_is_charged_paid_and_owed(
    tenant: PayingTenant, steps: list[tuple[str, Decimal | int, str]]
) -> None:
    mine = PayingTenant(tenant.database)
    await mine.link()

    for step, amount, service in steps:
        if step == "use":
            await mine.bring(some_usage(mine.customer_id, str(amount), service_type_code=service))
        elif step == "allocate":
            await mine.allocate(int(amount))
        elif step == "credit":
            await mine.allocate_credit(int(amount))
        elif step == "issue":
            limits = [UseLimit("SERVICE_TYPE", service)] if service else []
            await mine.issue(str(Decimal(amount) / 100), limits=limits)
        else:
            await mine.charge()
    await mine.charge()

    assert await mine.violations() == {}
    rated = sum((step[1] for step in steps if step[0] == "use"), Decimal(0))
    charged = sum((detail.payable_amount for detail in await mine.details()), Decimal(0))
    assert 0 <= rated - charged < Decimal("0.01")
