"""Opening tenants and adding resellers, in a transaction that is rolled back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.account_managers.model import AccountManagerUnknown, AccountNameTaken
from services.customers.account_managers.operations import create_account_manager
from services.customers.partners import operations
from services.customers.partners.model import NotADistributor, Partner, PartnerExists
from services.kit.errors import InvalidArgument, NotFound
from services.kit.identity import Scope
from services.kit.ids import new_id

NOW = datetime(2024, 9, 1, tzinfo=UTC)


async def create_partner(session: AsyncSession, tenant_id: UUID, **said: Any) -> Partner:
    values = {
        "kind": "DISTRIBUTOR",
        "name": "Northern Cloud",
        "account_name": "northern",
        "mobile": None,
        "email": None,
        "currency_code": "CNY",
    }
    scope = Scope(tenant_id=tenant_id)
    return await operations.create_partner(session, scope=scope, **values | said, now=NOW)


async def create_indirect_partner(session: AsyncSession, tenant_id: UUID, **said: Any) -> Partner:
    values = {
        "name": "Small Reseller",
        "account_name": "small",
        "mobile": None,
        "email": None,
        "associate_time": None,
        "account_manager_id": None,
    }
    scope = Scope(tenant_id=tenant_id)
    return await operations.create_indirect_partner(session, scope=scope, **values | said, now=NOW)


async def test_create_partner_opens_the_tenant_of_its_own_id(
    session: AsyncSession, tenant_id: UUID
) -> None:
    partner = await create_partner(session, tenant_id)

    assert partner.id == partner.partner_id == tenant_id
    assert partner.state == "ACTIVE"
    assert partner.create_time == NOW


async def test_create_partner_refuses_a_tenant_that_is_open(
    session: AsyncSession, tenant_id: UUID
) -> None:
    await create_partner(session, tenant_id)

    with pytest.raises(PartnerExists):
        await create_partner(session, tenant_id, account_name="other")


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("account_name", ""), ("mobile", ""), ("email", "x" * 129)],
)
async def test_create_partner_refuses_texts_that_say_nothing(
    session: AsyncSession, tenant_id: UUID, field: str, value: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await create_partner(session, tenant_id, **{field: value})

    assert refused.value.field == field


async def test_create_indirect_partner_takes_over_the_distributors_currency(
    session: AsyncSession, tenant_id: UUID
) -> None:
    await create_partner(session, tenant_id, currency_code="EUR")

    reseller = await create_indirect_partner(session, tenant_id)

    assert reseller.currency_code == "EUR"
    assert reseller.distributor_id == tenant_id
    assert reseller.associate_time == NOW


async def test_create_indirect_partner_needs_an_open_tenant(
    session: AsyncSession, tenant_id: UUID
) -> None:
    with pytest.raises(NotFound):
        await create_indirect_partner(session, tenant_id)


async def test_create_indirect_partner_refuses_a_solution_provider(
    session: AsyncSession, tenant_id: UUID
) -> None:
    await create_partner(session, tenant_id, kind="SOLUTION_PROVIDER")

    with pytest.raises(NotADistributor):
        await create_indirect_partner(session, tenant_id)


async def test_create_indirect_partner_refuses_a_login_name_that_is_taken(
    session: AsyncSession, tenant_id: UUID
) -> None:
    await create_partner(session, tenant_id)

    with pytest.raises(AccountNameTaken) as refused:
        await create_indirect_partner(session, tenant_id, account_name="northern")

    assert refused.value.metadata == {"account_name": "northern"}


async def test_create_indirect_partner_accepts_the_distributors_account_manager(
    session: AsyncSession, tenant_id: UUID
) -> None:
    await create_partner(session, tenant_id)
    manager = await create_account_manager(
        session, scope=Scope(tenant_id=tenant_id), account_name="li", name="Li Na", now=NOW
    )

    reseller = await create_indirect_partner(session, tenant_id, account_manager_id=manager.id)

    assert reseller.account_manager_id == manager.id


async def test_create_indirect_partner_refuses_other_account_managers(
    session: AsyncSession, tenant_id: UUID
) -> None:
    await create_partner(session, tenant_id)

    with pytest.raises(AccountManagerUnknown):
        await create_indirect_partner(session, tenant_id, account_manager_id=new_id())
