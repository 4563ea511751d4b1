"""Writes adjustments with their transfers: the documents first, the ledger last."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.model import Holder
from services.billing.adjustments.lots import Lot
from services.billing.adjustments.model import Adjustment, AdjustmentKind, AdjustmentType, Route
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import TransferCode, Unit
from services.billing.ledger.model import NewAccount, Posting, transfer_id
from services.kit.identity import Principal
from services.kit.ids import new_id
from services.kit.money import Money
from services.kit.prepared import constant

# However many documents there are, they are one value.
_COLUMNS: Final = ", ".join(Adjustment.__table__.columns.keys())
_INSERT: Final = constant(
    f"INSERT INTO adjustments ({_COLUMNS}) SELECT {_COLUMNS} FROM"  # noqa: S608 - our own names
    " jsonb_populate_recordset(CAST(NULL AS adjustments), CAST(:documents AS jsonb))"
)

# Holder, kind and unit name an account.
AccountKey = tuple[UUID, int, Unit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who does what, by which request, and when."""

    principal: Principal
    operation_type: AdjustmentType
    method: str
    request_id: str
    now: datetime

    @property
    def tenant_id(self) -> UUID:
        return self.principal.scope.tenant_id

    def derived(self, leg: object = "") -> UUID:
        """Derive an id that a repetition of the request derives, too."""
        return transfer_id(self.tenant_id, method=self.method, request_id=self.request_id, leg=leg)

    @property
    def gives(self) -> bool:
        """Tell whether the partner gives; else it takes back."""
        return self.operation_type is AdjustmentType.ALLOCATE

    def giver(self, route: Route) -> Holder:
        return route.partner if self.gives else route.other

    def taker(self, route: Route) -> Holder:
        return route.other if self.gives else route.partner


@dataclass(frozen=True, slots=True)
class Movement:
    """What is taken out of a giver's lots of one kind, for the taker's lots of the same units."""

    route: Route
    kind: AdjustmentKind
    lots: Sequence[Lot]
    transaction_id: UUID

    @property
    def amount(self) -> Money:
        first, *others = (lot.amount for lot in self.lots)
        return sum(others, first)


async def write(
    session: AsyncSession,
    *,
    act: Act,
    movements: Sequence[Movement],
    known: Iterable[Lot],
    memo: str | None,
) -> list[Adjustment]:
    """Note what is moved and move it, all of it or nothing; what is known needs no opening.

    :raises InsufficientBalance, AccountClosing: where somebody else was faster.
    """
    accounts = {(lot.holder_id, lot.kind, lot.unit): lot.account_id for lot in known}
    takers = await _open_takers(session, act=act, movements=movements, accounts=accounts)
    documents = [_document(act, movement, memo=memo) for movement in movements]
    await _INSERT.fetch(session, values={"documents": _json(documents)})
    # The ledger's accounts stay locked from here on: it comes last.
    await _post(session, postings=_postings(act, movements, takers))
    return [Adjustment(**document) for document in documents]


async def _open_takers(
    session: AsyncSession,
    *,
    act: Act,
    movements: Sequence[Movement],
    accounts: Mapping[AccountKey, UUID],
) -> Mapping[AccountKey, UUID]:
    """Give the accounts that take, opened where there are none.

    Their currency is the tenant's: it is that of the accounts which give.
    """
    wanted = {_key(new): new for movement in movements for new in _takers(act, movement)}
    missing = [new for key, new in wanted.items() if key not in accounts]
    if not missing:
        return accounts
    opened = await ledger.open_accounts(session, tenant_id=act.tenant_id, accounts=missing)
    return {**accounts, **dict(zip(map(_key, missing), opened, strict=True))}


def _takers(act: Act, movement: Movement) -> list[NewAccount]:
    taker = act.taker(movement.route)
    return [
        NewAccount(
            holder_id=taker.id,
            kind=taker.cash if movement.kind is AdjustmentKind.CASH else taker.credit,
            unit=lot.unit,
            partner_id=taker.partner_id,
        )
        for lot in movement.lots
    ]


def _key(new: NewAccount) -> AccountKey:
    return new.holder_id, new.kind, new.unit


def _document(act: Act, movement: Movement, *, memo: str | None) -> dict[str, Any]:
    return {
        "tenant_id": act.tenant_id,
        "id": new_id(),
        "partner_id": movement.route.partner.id,
        "transaction_id": movement.transaction_id,
        "customer_id": movement.route.customer_id,
        "target_partner_id": movement.route.target_partner_id,
        "operation_type": act.operation_type,
        "kind": movement.kind,
        "currency_code": movement.amount.currency_code,
        "amount": movement.amount.amount,
        "operate_time": act.now,
        "operator": act.principal.subject,
        "memo": memo,
    }


def _json(documents: Sequence[Mapping[str, Any]]) -> str:
    # As text a decimal stays exact, and the driver's own kind of UUID is known.
    return orjson.dumps(documents, default=str).decode()


def _postings(
    act: Act, movements: Sequence[Movement], takers: Mapping[AccountKey, UUID]
) -> list[Posting]:
    """Make a transfer of each lot; where a movement has several, they are its group."""
    legs = Counter[UUID]()
    for movement in movements:
        legs[movement.transaction_id] += len(movement.lots)
    postings = []
    for movement in movements:
        transaction_id = movement.transaction_id
        is_group = legs[transaction_id] > 1
        for lot, new in zip(movement.lots, _takers(act, movement), strict=True):
            giver_id = lot.account_id
            postings.append(
                Posting(
                    id=act.derived(f"{transaction_id}|{giver_id}") if is_group else transaction_id,
                    code=TransferCode[act.operation_type],
                    debit_account_id=giver_id,
                    credit_account_id=takers[_key(new)],
                    amount=lot.amount,
                    unit=lot.unit,
                    group_id=transaction_id if is_group else None,
                )
            )
    return postings


async def _post(session: AsyncSession, *, postings: Sequence[Posting]) -> None:
    if len(postings) == 1:
        await ledger.post(session, posting=postings[0])
        return
    for start in range(0, len(postings), ledger.POSTINGS_MAX):
        few = postings[start : start + ledger.POSTINGS_MAX]
        for outcome in await ledger.post_many(session, postings=few):
            if outcome.refusal is not None:
                raise outcome.refusal
