"""Reads of account managers, always inside a scope."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.account_managers.model import AccountManager, AccountManagerUnknown
from services.kit.identity import Scope
from services.kit.ids import to_text
from services.kit.paging import Direction, Page, keyset, search

# Sort key and direction by the word of AccountManagerOrder; the first is the default.
SORTS: Final[dict[str, tuple[str, Direction]]] = {
    "CREATE_TIME_DESC": ("create_time", "desc"),
    "CREATE_TIME_ASC": ("create_time", "asc"),
    "NAME_ASC": ("name", "asc"),
    "NAME_DESC": ("name", "desc"),
}


async def batch_get(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID]
) -> list[AccountManager]:
    """Get those in scope, in the order asked."""
    found = await session.scalars(_in_scope(scope).where(AccountManager.id.in_(ids)))
    by_id = {manager.id: manager for manager in found}
    return [by_id[id_] for id_ in ids if id_ in by_id]


async def list_account_managers(
    session: AsyncSession, *, scope: Scope, name: str | None, order: str, page: Page
) -> Sequence[AccountManager]:
    """List a page by the given order; name is a substring in upper or lower case."""
    statement = _in_scope(scope)
    if name is not None:
        statement = statement.where(search(AccountManager.name, name, field="filter.name"))
    attribute, direction = SORTS[order]
    sort = [(getattr(AccountManager, attribute), direction), (AccountManager.id, direction)]
    return (await session.scalars(keyset(statement, sort=sort, page=page))).all()


async def check_known(
    session: AsyncSession, *, scope: Scope, pairs: Collection[tuple[UUID, UUID]]
) -> None:
    """Make sure that each (partner id, account manager id) belongs together.

    :raises AccountManagerUnknown: for the first that does not; the same text wherever it is from.
    """
    statement = select(AccountManager.partner_id, AccountManager.id).where(
        *scope.covers(AccountManager), AccountManager.id.in_({manager for _, manager in pairs})
    )
    known = {tuple(row) for row in await session.execute(statement)} if pairs else set()
    for pair in pairs:
        if pair not in known:
            raise AccountManagerUnknown(
                "the partner has no such account manager",
                account_manager_id=to_text("mgr", pair[1]),
            )


def _in_scope(scope: Scope) -> Select[AccountManager]:
    # Managers see themselves, directors their team.
    return select(AccountManager).where(
        *scope.covers(AccountManager, account_manager=AccountManager.id)
    )
