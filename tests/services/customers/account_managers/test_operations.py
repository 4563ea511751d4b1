"""Adding account managers, in a transaction that is rolled back."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.account_managers.model import AccountManager, AccountNameTaken
from services.customers.account_managers.operations import create_account_manager
from services.customers.partners.operations import create_indirect_partner, create_partner
from services.kit.errors import InvalidArgument, NotFound
from services.kit.identity import Scope

NOW = datetime(2024, 9, 1, tzinfo=UTC)


@pytest.fixture
async def reseller_id(session: AsyncSession, tenant_id: UUID) -> UUID:
    """Open a distributor with one reseller."""
    scope = Scope(tenant_id=tenant_id)
    contact = {"mobile": None, "email": None}
    await create_partner(
        session,
        scope=scope,
        kind="DISTRIBUTOR",
        name="Northern",
        account_name="northern",
        currency_code="CNY",
        now=NOW,
        **contact,
    )
    reseller = await create_indirect_partner(
        session,
        scope=scope,
        name="Small",
        account_name="small",
        associate_time=None,
        account_manager_id=None,
        now=NOW,
        **contact,
    )
    return reseller.id


async def create(session: AsyncSession, scope: Scope, *, name: str = "Li Na") -> AccountManager:
    return await create_account_manager(session, scope=scope, account_name="li", name=name, now=NOW)


async def test_create_account_manager_adds_to_the_callers_partner(
    session: AsyncSession, tenant_id: UUID, reseller_id: UUID
) -> None:
    scope = Scope(tenant_id=tenant_id, partner_id=reseller_id, own_partner_id=reseller_id)

    manager = await create(session, scope)

    assert (manager.tenant_id, manager.partner_id) == (tenant_id, reseller_id)
    assert manager.create_time == NOW


async def test_create_account_manager_refuses_a_login_name_twice_in_one_partner_only(
    session: AsyncSession, tenant_id: UUID, reseller_id: UUID
) -> None:
    await create(session, Scope(tenant_id=tenant_id))
    await create(session, Scope(tenant_id=tenant_id, own_partner_id=reseller_id))

    with pytest.raises(AccountNameTaken) as refused:
        await create(session, Scope(tenant_id=tenant_id))

    assert refused.value.metadata == {"account_name": "li"}


async def test_create_account_manager_refuses_a_blank_name(
    session: AsyncSession, tenant_id: UUID, reseller_id: UUID
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await create(session, Scope(tenant_id=tenant_id), name=" Li")

    assert refused.value.field == "name"


async def test_create_account_manager_needs_an_open_tenant(
    session: AsyncSession, tenant_id: UUID
) -> None:
    with pytest.raises(NotFound, match="partner not found"):
        await create(session, Scope(tenant_id=tenant_id))
