"""Allocates and reclaims money and credit (domain.md 6.2)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.operations import refuse_other_currency
from services.billing.adjustments import movements, queries
from services.billing.adjustments.lots import Lot, Lots
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
from services.billing.adjustments.movements import Act, Movement, account_kind
from services.billing.adjustments.pairs import refusals_of_running
from services.billing.ledger.chart import Unit
from services.billing.ledger.model import Account, AccountClosing
from services.billing.links import queries as links
from services.kit.errors import Refusal
from services.kit.identity import Principal
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
    taken = []
    for kind in AdjustmentKind:
        held = await queries.list_accounts_for_update(
            session,
            scope=principal.scope,
            holder_ids=[customer_id],
            kinds=[account_kind(route.other, kind)],
        )
        if any(account.debits_pending for account in held):
            raise AdjustmentInProgress("what an order held returns in a moment: ask again")
        lots = [lot for lot in map(Lot.of, held) if lot.amount.amount]
        if lots:
            taken.append(Movement(route, kind, lots, transaction_id=act.derived()))
    if not taken:
        return None
    await movements.write(session, act=act, movements=taken, memo=None)
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
    scope = act.principal.scope
    customers = [one.customer_id for one in targets if one.customer_id]
    known = await links.batch_get_for_share(session, scope=scope, customer_ids=customers)
    named = [one.indirect_partner_id for one in targets if one.indirect_partner_id]
    resellers = await links.known_resellers(session, scope=scope, partner_ids=named)
    found: list[Route | Refusal] = []
    for target, field in zip(targets, fields, strict=True):
        link = known.get(target.customer_id) if target.customer_id else None
        if link is not None and link.is_closing and act.gives:
            found.append(AccountClosing("the customer is leaving: nothing is given to it"))
        else:
            found.append(route_to(target, scope=scope, link=link, resellers=resellers, field=field))
    routes = [one for one in found if isinstance(one, Route)]
    refusals = iter(await refusals_of_running(session, tenant_id=act.tenant_id, routes=routes))
    return [next(refusals) or one if isinstance(one, Route) else one for one in found]


async def _move(
    session: AsyncSession, *, act: Act, routes: Sequence[Route], terms: Terms
) -> list[Adjustment]:
    """Move the same amount on each route, all or nothing."""
    if not routes:
        return []
    sources = await _sources(session, act=act, routes=routes, terms=terms)
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
    return await movements.write(session, act=act, movements=taken, memo=terms.memo)


async def _sources(
    session: AsyncSession, *, act: Act, routes: Sequence[Route], terms: Terms
) -> Mapping[UUID, Lots]:
    """Give what each giver has of a kind and currency."""
    givers = {act.giver(route).id: act.giver(route) for route in routes}
    # Of cash there is one account, and the ledger says whether it is enough. Among lots of credit
    # has to be chosen, so they may not move any more.
    read = (
        queries.list_accounts
        if terms.kind is AdjustmentKind.CASH
        else queries.list_accounts_for_update
    )
    accounts = await read(
        session,
        scope=act.principal.scope,
        holder_ids=givers.keys(),
        kinds={account_kind(giver, terms.kind) for giver in givers.values()},
    )
    currency_code = terms.amount.currency_code
    held: dict[UUID, list[Account]] = {giver_id: [] for giver_id in givers}
    for account in accounts:
        if Unit.parse(account.unit).currency_code == currency_code:
            held[account.holder_id].append(account)
    if not any(held.values()):
        await refuse_other_currency(session, tenant_id=act.tenant_id, currency_code=currency_code)
    return {
        giver_id: Lots(accounts, currency_code=currency_code, now=act.now)
        for giver_id, accounts in held.items()
    }
