"""Writes adjustments with their transfers: the documents first, the ledger last."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.model import Holder
from services.billing.adjustments import queries
from services.billing.adjustments.lots import Lot
from services.billing.adjustments.model import Adjustment, AdjustmentKind, AdjustmentType, Route
from services.billing.adjustments.queries import AccountKey
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, TransferCode
from services.billing.ledger.model import NewAccount, Posting, transfer_id
from services.kit.identity import Principal
from services.kit.ids import new_id
from services.kit.money import Money


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


def account_kind(holder: Holder, kind: AdjustmentKind) -> AccountKind:
    return holder.cash if kind is AdjustmentKind.CASH else holder.credit


async def write(
    session: AsyncSession, *, act: Act, movements: Sequence[Movement], memo: str | None
) -> list[Adjustment]:
    """Note what is moved and move it, all of it or nothing.

    :raises InsufficientBalance, AccountClosing: where somebody else was faster.
    """
    takers = await _open_takers(session, act=act, movements=movements)
    adjustments = [_document(act, movement, memo=memo) for movement in movements]
    session.add_all(adjustments)
    # The ledger's accounts stay locked from here on: it comes last.
    await session.flush()
    await _post(session, postings=_postings(act, movements, takers))
    return adjustments


async def _open_takers(
    session: AsyncSession, *, act: Act, movements: Sequence[Movement]
) -> Mapping[AccountKey, UUID]:
    """Give the accounts that take, opened where there are none.

    Their currency is the tenant's: it is that of the accounts which give.
    """
    wanted = {_key(new): new for movement in movements for new in _takers(act, movement)}
    found = await queries.find_accounts(
        session, scope=act.principal.scope, wanted=list(wanted.values())
    )
    missing = [new for key, new in wanted.items() if key not in found]
    if missing:
        opened = await ledger.open_accounts(session, tenant_id=act.tenant_id, accounts=missing)
        found |= zip(map(_key, missing), opened, strict=True)
    return found


def _takers(act: Act, movement: Movement) -> list[NewAccount]:
    taker = act.taker(movement.route)
    return [
        NewAccount(
            holder_id=taker.id,
            kind=account_kind(taker, movement.kind),
            unit=lot.unit,
            partner_id=taker.partner_id,
        )
        for lot in movement.lots
    ]


def _key(new: NewAccount) -> AccountKey:
    return new.holder_id, int(new.kind), str(new.unit)


def _document(act: Act, movement: Movement, *, memo: str | None) -> Adjustment:
    return Adjustment(
        tenant_id=act.tenant_id,
        id=new_id(),
        partner_id=movement.route.partner.id,
        transaction_id=movement.transaction_id,
        customer_id=movement.route.customer_id,
        target_partner_id=movement.route.target_partner_id,
        operation_type=act.operation_type,
        kind=movement.kind,
        currency_code=movement.amount.currency_code,
        amount=movement.amount.amount,
        operate_time=act.now,
        operator=act.principal.subject,
        memo=memo,
    )


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
            giver_id = lot.account.id
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
