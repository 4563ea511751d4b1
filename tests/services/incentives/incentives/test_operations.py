"""Taking over incentive lines, against a real database."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from services.incentives.incentives import operations, queries
from services.incentives.incentives.model import Incentive
from services.kit.errors import InvalidArgument
from services.kit.ids import new_id
from tests.builders.incentives import a_line
from tests.builders.principals import a_tenant, an_operator
from tests.conftest import OpenDatabase

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


async def test_record_incentives_keeps_every_decimal(database: OpenDatabase) -> None:
    tenant_id = a_tenant()
    principal = an_operator(tenant_id)
    consumed = Decimal("12345678901234567890.123456789012345")
    line = a_line(tenant_id=tenant_id, consumption_amount=consumed)

    async with (await database("incentives")).transaction(principal) as session:
        [recorded] = await operations.record_incentives(
            session, scope=principal.scope, lines=[line], now=NOW
        )
    async with (await database("incentives")).transaction(principal) as session:
        [found] = await queries.batch_get(
            session,
            scope=principal.scope,
            ids=[recorded.id],
            columns=["consumption_amount", "create_time", "partner_id"],
        )

    assert found == (consumed, NOW, tenant_id, recorded.id)


async def test_record_incentives_gives_a_line_without_a_partner_to_the_root(
    database: OpenDatabase,
) -> None:
    tenant_id = a_tenant()
    principal = an_operator(tenant_id)
    line = a_line(tenant_id=tenant_id, partner_id=None)

    async with (await database("incentives")).transaction(principal) as session:
        [recorded] = await operations.record_incentives(
            session, scope=principal.scope, lines=[line], now=NOW
        )

    assert recorded.partner_id == tenant_id


async def test_record_incentives_names_the_line_that_is_wrong_and_keeps_none(
    database: OpenDatabase,
) -> None:
    tenant_id = a_tenant()
    principal = an_operator(tenant_id)
    lines = [a_line(tenant_id=tenant_id), a_line(tenant_id=tenant_id, rate=Decimal(15))]

    async with (await database("incentives")).transaction(principal) as session:
        with pytest.raises(InvalidArgument) as refused:
            await operations.record_incentives(session, scope=principal.scope, lines=lines, now=NOW)
        count, _ = await queries.sum_incentives(
            session, scope=principal.scope, narrowed=queries.IncentiveFilter()
        )

    assert refused.value.field == "incentives[1].rate"
    assert count == 0


async def test_record_incentives_refuses_nothing_at_all(database: OpenDatabase) -> None:
    principal = an_operator(a_tenant())

    async with (await database("incentives")).transaction(principal) as session:
        with pytest.raises(InvalidArgument):
            await operations.record_incentives(session, scope=principal.scope, lines=[], now=NOW)


@pytest.mark.parametrize(
    ("others", "constraint"),
    [
        ({"partner_id": new_id()}, "incentives_partner_id_check"),
        ({"amount": Decimal("0.001")}, "incentives_amount_check"),
        ({"rate": Decimal("1.01")}, "incentives_rate_check"),
        ({"year": 2025}, "incentives_period_check"),
        ({"state": "LOST"}, "incentives_state_check"),
        ({"state": "FROZEN"}, "incentives_frozen_check"),
        ({"freeze_reason": "audit"}, "incentives_freeze_reason_check"),
        ({"currency_code": "cny"}, "incentives_currency_code_check"),
        ({"association_type": "OTHER"}, "incentives_association_type_check"),
        ({"charging_mode": "FREE"}, "incentives_charging_mode_check"),
    ],
)
async def test_the_database_refuses_what_the_model_would(
    database: OpenDatabase, others: dict[str, object], constraint: str
) -> None:
    tenant_id = a_tenant()
    principal = an_operator(tenant_id)

    with pytest.raises(IntegrityError, match=constraint):
        async with (await database("incentives")).transaction(principal) as session:
            session.add(Incentive(tenant_id=tenant_id, **a_line(tenant_id=tenant_id, **others)))


async def test_another_tenant_sees_nothing_even_by_plain_sql(database: OpenDatabase) -> None:
    tenant_id = a_tenant()
    principal = an_operator(tenant_id)
    count = text("SELECT count(*) FROM incentives WHERE tenant_id = :tenant_id")
    async with (await database("incentives")).transaction(principal) as session:
        await operations.record_incentives(
            session, scope=principal.scope, lines=[a_line(tenant_id=tenant_id)], now=NOW
        )

    async with (await database("incentives")).transaction(an_operator(a_tenant())) as session:
        seen = await session.scalar(count, {"tenant_id": tenant_id})

    assert seen == 0


async def test_what_a_line_earned_can_not_be_changed(database: OpenDatabase) -> None:
    tenant_id = a_tenant()
    principal = an_operator(tenant_id)
    line = a_line(tenant_id=tenant_id)
    async with (await database("incentives")).transaction(principal) as session:
        await operations.record_incentives(session, scope=principal.scope, lines=[line], now=NOW)

    for column in ("amount", "rate", "customer_id", "currency_code"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with (await database("incentives")).transaction(principal) as session:
                await session.execute(
                    update(Incentive).values({column: getattr(Incentive, column)})
                )
