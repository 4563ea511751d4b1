"""Reads of account managers, always inside a scope."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.account_managers.model import AccountManager, AccountManagerUnknown
from services.kit.fields import fetch, selected
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
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID], columns: Sequence[str]
) -> list[Any]:
    """Get columns of those in scope, in the order asked; a row ends with the id."""
    statement = select(*selected(AccountManager, columns), AccountManager.id.label("sort_id"))
    found = await fetch(session, statement.where(*_in_scope(scope), AccountManager.id.in_(ids)))
    by_id = {row[-1]: row for row in found}
    return [by_id[id_] for id_ in ids if id_ in by_id]


async def list_account_managers(
    session: AsyncSession,
    *,
    scope: Scope,
    name: str | None,
    order: str,
    page: Page,
    columns: Sequence[str],
) -> Sequence[Any]:
    """List columns of a page; name is a substring in upper or lower case.

    A row ends with the sort value and the id.
    """
    attribute, direction = SORTS[order]
    column: Any = getattr(AccountManager, attribute)
    statement = select(
        *selected(AccountManager, columns),
        column.label("sort_value"),
        AccountManager.id.label("sort_id"),
    ).where(*_in_scope(scope))
    if name is not None:
        statement = statement.where(search(AccountManager.name, name, field="filter.name"))
    sort = [(column, direction), (AccountManager.id, direction)]
    return await fetch(session, keyset(statement, sort=sort, page=page))


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


def _in_scope(scope: Scope) -> list[ColumnElement[bool]]:
    # Managers see themselves, directors their team.
    return scope.covers(AccountManager, account_manager=AccountManager.id)
