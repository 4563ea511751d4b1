"""Allocates and reclaims money and credit (domain.md 6.2)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.operations import refuse_other_currency
from services.billing.adjustments import movements, queries
from services.billing.adjustments.lots import KINDS, Lot, Lots
from services.billing.adjustments.model import (
    Adjustment,
    AdjustmentInProgress,
    AdjustmentKind,
    AdjustmentType,
    Route,
    Target,
    refuse_odd_terms,
    route_to,
)
from services.billing.adjustments.movements import Act, Movement
from services.billing.adjustments.pairs import refusals_of_running
from services.billing.ledger.model import AccountClosing
from services.billing.links import queries as links
from services.billing.links.model import CustomerLink
from services.kit.errors import Refusal
from services.kit.identity import Principal, Scope
from services.kit.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is to be moved."""

    kind: AdjustmentKind
    amount: Money
    memo: str | None


@dataclass(frozen=True, slots=True)
class Allocated:
    """What came of it for one target: an adjustment or a refusal."""

    target: Target
    adjustment: Adjustment | None
    refusal: Refusal | None


async def allocate(
    session: AsyncSession,
    *,
    principal: Principal,
    target: Target,
    terms: Terms,
    request_id: str,
    now: datetime,
) -> Adjustment:
    """Give an amount to a customer or a reseller.

    :raises NotSubCustomer, AdvisoryNotAdjustable, IndirectPartnerForbidden, AccountClosing:
    :raises AdjustmentInProgress, InsufficientBalance, CreditExpired, CurrencyMismatch:
    """
    act = Act(
        principal=principal,
        operation_type=AdjustmentType.ALLOCATE,
        method="Allocate",
        request_id=request_id,
        now=now,
    )
    return await _adjust(session, act=act, target=target, terms=terms)


async def reclaim(
    session: AsyncSession,
    *,
    principal: Principal,
    target: Target,
    terms: Terms,
    request_id: str,
    now: datetime,
) -> Adjustment:
    """Take back from a customer or a reseller what it has not spent, into where it came from.

    :raises NotSubCustomer, AdvisoryNotAdjustable, IndirectPartnerForbidden:
    :raises AdjustmentInProgress, InsufficientBalance, CreditExpired, CurrencyMismatch:
    """
    act = Act(
        principal=principal,
        operation_type=AdjustmentType.RECLAIM,
        method="Reclaim",
        request_id=request_id,
        now=now,
    )
    return await _adjust(session, act=act, target=target, terms=terms)


async def batch_allocate(
    session: AsyncSession,
    *,
    principal: Principal,
    targets: Sequence[Target],
    terms: Terms,
    request_id: str,
    now: datetime,
) -> list[Allocated]:
    """Give the same amount to each target that may get it, and say who may not.

    :raises InsufficientBalance, CreditExpired, CurrencyMismatch: for the whole request.
    """
    act = Act(
        principal=principal,
        operation_type=AdjustmentType.ALLOCATE,
        method="BatchAllocate",
        request_id=request_id,
        now=now,
    )
    refuse_odd_terms(terms.amount, terms.memo)
    fields = [f"targets[{index}]" for index in range(len(targets))]
    found = await _find_routes(session, act=act, targets=targets, fields=fields)
    routes = [one for one in found if isinstance(one, Route)]
    done = iter(await _move(session, act=act, routes=routes, terms=terms))
    return [
        Allocated(target, next(done), None)
        if isinstance(one, Route)
        else Allocated(target, None, one)
        for target, one in zip(targets, found, strict=True)
    ]


async def unbind_reclaim(
    session: AsyncSession,
    *,
    principal: Principal,
    customer_id: UUID,
    partner_id: UUID,
    request_id: str,
    now: datetime,
) -> UUID | None:
    """Take back all that a customer has, as one movement; give its id, None where nothing was.

    :raises AdjustmentInProgress:
    """
    act = Act(
        principal=principal,
        operation_type=AdjustmentType.UNBIND_RECLAIM,
        method="UnbindReclaim",
        request_id=request_id,
        now=now,
    )
    route = Route.to_customer(customer_id, partner_id=partner_id)
    (refusal,) = await refusals_of_running(session, tenant_id=act.tenant_id, routes=[route])
    if refusal is not None:
        raise refusal
    scope = principal.scope
    taken, known = [], []
    for kind, kinds in KINDS.items():
        lots = await queries.list_lots_for_update(
            session, scope=scope, holder_ids=[customer_id], kinds=kinds
        )
        known += await queries.list_lots(session, scope=scope, holder_ids=[partner_id], kinds=kinds)
        if any(lot.is_held for lot in lots):
            raise AdjustmentInProgress("what an order held returns in a moment: ask again")
        filled = [lot for lot in lots if lot.amount.amount]
        if filled:
            taken.append(Movement(route, kind, filled, transaction_id=act.derived()))
    if not taken:
        return None
    await movements.write(session, act=act, movements=taken, known=known, memo=None)
    return act.derived()


async def _adjust(session: AsyncSession, *, act: Act, target: Target, terms: Terms) -> Adjustment:
    refuse_odd_terms(terms.amount, terms.memo)
    (route,) = await _find_routes(session, act=act, targets=[target], fields=["target"])
    if isinstance(route, Refusal):
        raise route
    (adjustment,) = await _move(session, act=act, routes=[route], terms=terms)
    return adjustment


async def _find_routes(
    session: AsyncSession, *, act: Act, targets: Sequence[Target], fields: Sequence[str]
) -> list[Route | Refusal]:
    """Give for each target between which two to move, now taken, or why that may not be."""
    known, resellers = await _who_is_named(session, scope=act.principal.scope, targets=targets)
    found: list[Route | Refusal] = []
    for target, field in zip(targets, fields, strict=True):
        link = known.get(target.customer_id) if target.customer_id else None
        route = route_to(
            target, scope=act.principal.scope, link=link, resellers=resellers, field=field
        )
        if isinstance(route, Route) and act.gives and link is not None and link.is_closing:
            route = AccountClosing("the customer is leaving: nothing is given to it")
        found.append(route)
    routes = [one for one in found if isinstance(one, Route)]
    refusals = iter(await refusals_of_running(session, tenant_id=act.tenant_id, routes=routes))
    return [next(refusals) or one if isinstance(one, Route) else one for one in found]


async def _who_is_named(
    session: AsyncSession, *, scope: Scope, targets: Sequence[Target]
) -> tuple[Mapping[UUID, CustomerLink], Collection[UUID]]:
    """Give how the customers are linked, and which of the resellers named alone are known."""
    customers = [one.customer_id for one in targets if one.customer_id]
    known = await links.batch_get_for_share(session, scope=scope, customer_ids=customers)
    alone = [one.indirect_partner_id for one in targets if not one.customer_id]
    named = [one for one in alone if one]
    if not named:
        return known, ()
    return known, await links.known_resellers(session, scope=scope, partner_ids=named)


async def _move(
    session: AsyncSession, *, act: Act, routes: Sequence[Route], terms: Terms
) -> list[Adjustment]:
    """Move the same amount on each route, all or nothing."""
    if not routes:
        return []
    lots = await _lots(session, act=act, routes=routes, kind=terms.kind)
    sources = await _sources(session, act=act, routes=routes, terms=terms, lots=lots)
    counts = Counter(act.giver(route).id for route in routes)
    for giver_id, count in counts.items():
        sources[giver_id].refuse_short(terms.amount * count)
    taken = [
        Movement(
            route,
            terms.kind,
            sources[act.giver(route).id].take(terms.amount),
            transaction_id=act.derived(route.other.id),
        )
        for route in routes
    ]
    return await movements.write(session, act=act, movements=taken, known=lots, memo=terms.memo)


async def _lots(
    session: AsyncSession, *, act: Act, routes: Sequence[Route], kind: AdjustmentKind
) -> list[Lot]:
    """Give what givers and takers have of a kind."""
    givers = {act.giver(route).id for route in routes}
    takers = {act.taker(route).id for route in routes}
    scope, kinds = act.principal.scope, KINDS[kind]
    if kind is AdjustmentKind.CASH:
        # Of cash there is one account, and the ledger says whether it is enough.
        return await queries.list_lots(
            session, scope=scope, holder_ids=givers | takers, kinds=kinds
        )
    # Among lots of credit has to be chosen, so those of the givers may not move any more.
    own = await queries.list_lots_for_update(session, scope=scope, holder_ids=givers, kinds=kinds)
    others = takers - givers
    return own + await queries.list_lots(session, scope=scope, holder_ids=others, kinds=kinds)


async def _sources(
    session: AsyncSession, *, act: Act, routes: Sequence[Route], terms: Terms, lots: Sequence[Lot]
) -> Mapping[UUID, Lots]:
    """Give what each giver has in the currency of the amount.

    :raises CurrencyMismatch: where that is not the tenant's.
    """
    currency_code = terms.amount.currency_code
    held: dict[UUID, list[Lot]] = {act.giver(route).id: [] for route in routes}
    for lot in lots:
        if lot.holder_id in held and lot.unit.currency_code == currency_code:
            held[lot.holder_id].append(lot)
    if not any(held.values()):
        await refuse_other_currency(session, tenant_id=act.tenant_id, currency_code=currency_code)
    return {
        giver_id: Lots(own, currency_code=currency_code, now=act.now)
        for giver_id, own in held.items()
    }
