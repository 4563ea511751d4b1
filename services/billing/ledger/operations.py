"""Opens accounts and moves amounts between them; nothing else changes a balance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from asyncpg import PostgresError
from sqlalchemy import select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger import queries
from services.billing.ledger.chart import Phase, TransferCode, Unit
from services.billing.ledger.model import (
    Account,
    InsufficientBalance,
    NewAccount,
    Posting,
    refusal_of,
    transfer_id,
)
from services.kit.errors import Refusal
from services.kit.identity import Scope
from services.kit.ids import new_id
from services.kit.money import Money
from services.kit.prepared import Prepared, constant

POSTINGS_MAX: Final = 500
# What the functions raise where they refuse (0003_ledger_functions.sql).
REFUSED: Final = "LG001"
CHECK_VIOLATION: Final = "23514"

_POST: Final = constant("SELECT ledger_post(CAST(:items AS jsonb))")
_POST_GROUP: Final = constant("SELECT ledger_post_group(CAST(:items AS jsonb))")
_POST_MANY: Final = text(
    "SELECT n, outcome, detail FROM ledger_post_many(CAST(:items AS jsonb)) ORDER BY n"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one posting of many."""

    refusal: Refusal | None
    # Whether it was done before.
    is_replay: bool


async def open_accounts(
    session: AsyncSession, *, tenant_id: UUID, accounts: Sequence[NewAccount]
) -> list[UUID]:
    """Open accounts with nothing in them and give their ids; one that is open stays as it is."""
    rows = [
        {
            "tenant_id": tenant_id,
            "id": new_id(),
            "partner_id": account.partner_id,
            "holder_id": account.holder_id,
            "kind": account.kind,
            "unit": str(account.unit),
            "guard": account.kind.guard,
        }
        for account in accounts
    ]
    await session.execute(
        insert(Account).on_conflict_do_nothing(constraint="accounts_holder_key").values(rows)
    )
    keys = [(row["holder_id"], row["kind"], row["unit"]) for row in rows]
    key = tuple_(Account.holder_id, Account.kind, Account.unit)
    found = await session.execute(
        select(Account.holder_id, Account.kind, Account.unit, Account.id).where(
            Account.tenant_id == tenant_id, key.in_(keys)
        )
    )
    ids = {(row.holder_id, row.kind, row.unit): row.id for row in found}
    return [ids[key] for key in keys]


async def post(session: AsyncSession, *, posting: Posting) -> bool:
    """Move an amount at once; give false where this very posting was done before.

    It locks both accounts until the transaction ends, so it stands last in it.

    :raises InsufficientBalance, UnitMismatch, AccountClosing, TransferIdReused:
    """
    return await _call(session, _POST, [item_of(posting, phase=Phase.POSTED)])


async def post_many(session: AsyncSession, *, postings: Sequence[Posting]) -> list[Outcome]:
    """Move amounts in the order given, as if one by one; a refused one stops no other."""
    return await _many(session, [item_of(posting, phase=Phase.POSTED) for posting in postings])


async def post_group(session: AsyncSession, *, group_id: UUID, postings: Sequence[Posting]) -> bool:
    """Move all the amounts or none; give false where this very group was done before.

    :raises InsufficientBalance, UnitMismatch, AccountClosing, TransferIdReused:
    """
    items = [item_of(posting, phase=Phase.POSTED, group_id=group_id) for posting in postings]
    return await call_group(session, items)


async def reserve(session: AsyncSession, *, posting: Posting, expire_time: datetime | None) -> bool:
    """Set an amount aside until it is posted, voided, or expires.

    :raises InsufficientBalance, UnitMismatch, AccountClosing, TransferIdReused:
    """
    items = [item_of(posting, phase=Phase.PENDING, expire_time=expire_time)]
    return await _call(session, _POST, items)


async def post_pending(
    session: AsyncSession,
    *,
    id: UUID,  # noqa: A002 - the transfer's own, as in Posting
    pending_id: UUID,
    code: TransferCode,
    amount: Money | None,
    unit: Unit,
) -> bool:
    """Move what was set aside, or a part of it: the rest returns. None means all.

    :raises TransferResolved: where it was posted, voided, or has expired.
    :raises InsufficientBalance: where the amount is above what was set aside.
    """
    units = None if amount is None else unit.count(amount)
    item = resolution_of(id, pending_id=pending_id, code=code, phase=Phase.POST)
    return await _one(session, item | {"amount": units, "unit": str(unit)})


async def void_pending(
    session: AsyncSession,
    *,
    id: UUID,  # noqa: A002 - the transfer's own, as in Posting
    pending_id: UUID,
    code: TransferCode,
) -> bool:
    """Let what was set aside return.

    :raises TransferResolved: where it was posted, voided, or has expired.
    """
    item = resolution_of(id, pending_id=pending_id, code=code, phase=Phase.VOID)
    return await _one(session, item)


async def expire_pending(session: AsyncSession, *, scope: Scope, at_most: int) -> int:
    """Let return what was set aside and has expired; give how many there were.

    Only counters wait for this: nothing that has expired can be posted any more.
    """
    due = await queries.list_due(session, scope=scope, at_most=at_most)
    items = [
        resolution_of(
            transfer_id(scope.tenant_id, method="expire", request_id=str(row.id)),
            pending_id=row.id,
            code=TransferCode(row.code),
            phase=Phase.EXPIRE,
        )
        for row in due
    ]
    outcomes = await _many(session, items)
    return sum(outcome.refusal is None and not outcome.is_replay for outcome in outcomes)


async def reverse(
    session: AsyncSession,
    *,
    id: UUID,  # noqa: A002 - the transfer's own, as in Posting
    reverses_id: UUID,
) -> bool:
    """Move the whole amount of a posted transfer back, once.

    :raises TransferResolved: where it was reversed already.
    :raises InsufficientBalance: where the amount was spent meanwhile.
    """
    item = {"id": id, "code": TransferCode.REVERSAL, "phase": Phase.POSTED}
    return await _one(session, item | {"reverses_id": reverses_id})


async def close_accounts(session: AsyncSession, *, tenant_id: UUID, ids: Sequence[UUID]) -> None:
    """Let accounts only be emptied from now on."""
    await session.execute(
        update(Account)
        .where(Account.tenant_id == tenant_id, Account.id.in_(ids))
        .values(is_closing=True)
        .execution_options(synchronize_session=False)
    )


async def reopen_accounts(session: AsyncSession, *, tenant_id: UUID, ids: Sequence[UUID]) -> None:
    await session.execute(
        update(Account)
        .where(Account.tenant_id == tenant_id, Account.id.in_(ids))
        .values(is_closing=False)
        .execution_options(synchronize_session=False)
    )


def item_of(
    posting: Posting,
    *,
    phase: Phase,
    group_id: UUID | None = None,
    expire_time: datetime | None = None,
) -> dict[str, Any]:
    return {
        "id": posting.id,
        "code": posting.code,
        "phase": phase,
        "debit_account_id": posting.debit_account_id,
        "credit_account_id": posting.credit_account_id,
        "amount": posting.unit.count(posting.amount),
        "unit": str(posting.unit),
        "group_id": group_id or posting.group_id,
        "trade_detail": posting.trade_detail,
        "expire_time": expire_time,
        "effective_time": posting.effective_time,
    }


def resolution_of(
    id: UUID,  # noqa: A002 - the transfer's own, as in Posting
    *,
    pending_id: UUID,
    code: TransferCode,
    phase: Phase,
) -> dict[str, Any]:
    return {"id": id, "code": code, "phase": phase, "pending_id": pending_id}


async def _one(session: AsyncSession, item: dict[str, Any]) -> bool:
    (outcome,) = await _many(session, [item])
    if outcome.refusal is not None:
        raise outcome.refusal
    return not outcome.is_replay


async def _many(session: AsyncSession, items: Sequence[dict[str, Any]]) -> list[Outcome]:
    if not items:
        return []
    rows = await session.execute(_POST_MANY, {"items": _json(items)})
    return [
        Outcome(None, is_replay=row.outcome == "REPLAYED")
        if row.outcome in ("POSTED", "REPLAYED")
        else Outcome(refusal_of(row.outcome, row.detail), is_replay=False)
        for row in rows
    ]


async def call_group(session: AsyncSession, items: Sequence[dict[str, Any]]) -> bool:
    """Do all items or none; give false where they were done before."""
    return await _call(session, _POST_GROUP, items)


async def _call(
    session: AsyncSession, statement: Prepared, items: Sequence[dict[str, Any]]
) -> bool:
    """Call a function that raises where it refuses; whoever answers the call undoes it."""
    content = _json(items) if statement is _POST_GROUP else _json(items)[1:-1]
    try:
        ((is_new,),) = await statement.fetch(session, values={"items": content})
    except (DBAPIError, PostgresError) as error:
        refusal = refusal_in(error)
        if refusal is None:
            raise
        raise refusal from error
    return bool(is_new)


def _json(items: Sequence[dict[str, Any]]) -> str:
    if len(items) > POSTINGS_MAX:
        message = f"{len(items)} postings at once; {POSTINGS_MAX} are the most"
        raise ValueError(message)
    content = [{"n": n, **item} for n, item in enumerate(items)]
    # The driver's own kind of UUID is unknown to the writer of JSON.
    return orjson.dumps(content, default=str).decode()


def refusal_in(error: DBAPIError | PostgresError) -> Refusal | None:
    """Find the ledger's refusal in a database error.

    Locks not given and deadlocks are none of them: they say nothing of balances.
    """
    cause: Any = getattr(error.orig, "__cause__", None) if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    if state == REFUSED:
        return refusal_of(cause.message, orjson.loads(getattr(cause, "detail", "{}")))
    if state == CHECK_VIOLATION and getattr(cause, "constraint_name", "") == "accounts_guard_check":
        return InsufficientBalance("the account is short")
    return None
