"""Writes of partners: opening a tenant, and adding resellers to a distributor."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.account_managers import queries as account_managers
from services.customers.account_managers.model import AccountNameTaken
from services.customers.partners import queries
from services.customers.partners.model import (
    Partner,
    PartnerExists,
    PartnerKind,
    check_currency_code,
    check_root_kind,
)
from services.kit.identity import Scope
from services.kit.ids import new_id
from services.kit.texts import check_text


async def create_partner(
    session: AsyncSession,
    *,
    scope: Scope,
    kind: str | None,
    name: str,
    account_name: str,
    mobile: str | None,
    email: str | None,
    currency_code: str,
    now: datetime,
) -> Partner:
    """Open the tenant that the scope names.

    :raises PartnerExists: where it is open.
    """
    values = {
        "tenant_id": scope.tenant_id,
        "id": scope.tenant_id,
        "kind": check_root_kind(kind),
        "name": check_text(name, field="name"),
        "account_name": check_text(account_name, field="account_name"),
        "mobile": check_text(mobile, field="mobile"),
        "email": check_text(email, field="email"),
        "currency_code": check_currency_code(currency_code, field="currency_code"),
        "create_time": now,
    }
    statement = insert(Partner).values(values).on_conflict_do_nothing()
    partner: Partner | None = await session.scalar(statement.returning(Partner))
    if partner is None:
        raise PartnerExists("the tenant is open already")
    return partner


async def create_indirect_partner(
    session: AsyncSession,
    *,
    scope: Scope,
    name: str,
    account_name: str,
    mobile: str | None,
    email: str | None,
    associate_time: datetime | None,
    account_manager_id: UUID | None,
    now: datetime,
) -> Partner:
    """Add a reseller to the distributor that the tenant is.

    :raises NotFound: where the tenant is not open.
    :raises NotADistributor: where it is no distributor.
    :raises AccountManagerUnknown: where the account manager is not the distributor's.
    :raises AccountNameTaken: where a partner of the tenant has that login name.
    """
    distributor = await queries.get_root(session, scope=scope)
    distributor.refuse_resellers_unless_distributor()
    if account_manager_id is not None:
        pairs = {(distributor.id, account_manager_id)}
        await account_managers.check_known(session, scope=scope, pairs=pairs)
    values = {
        "tenant_id": scope.tenant_id,
        "id": new_id(),
        "kind": PartnerKind.INDIRECT_PARTNER.value,
        "distributor_id": distributor.id,
        "name": check_text(name, field="name"),
        "account_name": check_text(account_name, field="account_name"),
        "mobile": check_text(mobile, field="mobile"),
        "email": check_text(email, field="email"),
        "associate_time": associate_time or now,
        "account_manager_id": account_manager_id,
        "currency_code": distributor.currency_code,
        "create_time": now,
    }
    statement = insert(Partner).values(values).on_conflict_do_nothing()
    partner: Partner | None = await session.scalar(statement.returning(Partner))
    if partner is None:
        raise AccountNameTaken(
            "the login name is taken", field="account_name", account_name=account_name
        )
    return partner
