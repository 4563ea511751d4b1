"""Writes of account managers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.account_managers.model import AccountManager, AccountNameTaken
from services.kit.errors import NotFound
from services.kit.identity import Scope
from services.kit.ids import new_id
from services.kit.texts import check_text


async def create_account_manager(
    session: AsyncSession, *, scope: Scope, account_name: str, name: str, now: datetime
) -> AccountManager:
    """Add an account manager to the caller's partner.

    :raises AccountNameTaken: where the partner has that login name already.
    :raises NotFound: where the tenant is not open.
    """
    partner_id: UUID = scope.own_partner_id or scope.tenant_id
    values = {
        "tenant_id": scope.tenant_id,
        "id": new_id(),
        "partner_id": partner_id,
        "account_name": check_text(account_name, field="account_name"),
        "name": check_text(name, field="name"),
        "create_time": now,
    }
    statement = insert(AccountManager).values(values).on_conflict_do_nothing()
    try:
        manager: AccountManager | None = await session.scalar(statement.returning(AccountManager))
    except IntegrityError as error:
        # The only constraint that values checked above can break: there is no such partner.
        raise NotFound("partner not found") from error
    if manager is None:
        raise AccountNameTaken(
            "the login name is taken", field="account_name", account_name=account_name
        )
    return manager
