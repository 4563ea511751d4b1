"""Whom an adjustment can be made to, and out of which lots, without a database."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from partner.billing.v1 import adjustments_pb2
from services.billing.accounts.model import Holder
from services.billing.adjustments.lots import Lots
from services.billing.adjustments.model import (
    AdjustmentKind,
    AdjustmentType,
    AdvisoryNotAdjustable,
    CreditExpired,
    Route,
    Target,
    refuse_odd_terms,
    route_to,
)
from services.billing.adjustments.queries import AdjustmentOrder
from services.billing.ledger.chart import Unit
from services.billing.ledger.model import Account, InsufficientBalance
from services.billing.links.model import (
    AssociationType,
    CustomerLink,
    IndirectPartnerForbidden,
    NotSubCustomer,
)
from services.kit.errors import InvalidArgument, Refusal
from services.kit.identity import Scope
from services.kit.ids import new_id
from tests.builders.ledger import yuan

TENANT, RESELLER, CUSTOMER = new_id(), new_id(), new_id()
DISTRIBUTORS = Scope(tenant_id=TENANT, own_partner_id=TENANT)
RESELLERS = Scope(tenant_id=TENANT, partner_id=RESELLER, own_partner_id=RESELLER)
# 22:00 of the day in the site's zone is 14:00 in Greenwich.
EVENING = datetime(2027, 6, 30, 14, tzinfo=UTC)
TODAY, TOMORROW = date(2027, 6, 30), date(2027, 7, 1)


def a_route(
    target: Target,
    *,
    scope: Scope = DISTRIBUTORS,
    partner_id: UUID = TENANT,
    association_type: str = AssociationType.RESALE,
    resellers: Sequence[UUID] = (RESELLER,),
) -> Route | Refusal:
    link = CustomerLink(partner_id=partner_id, association_type=association_type)
    return route_to(target, scope=scope, link=link, resellers=resellers, field="target")


def an_account(cents: int, *, expire_date: date | None = None, held: int = 0) -> Account:
    return Account(
        id=new_id(),
        unit=str(Unit.credit("CNY", expire_date=expire_date)),
        credits_posted=cents,
        debits_posted=0,
        debits_pending=held,
    )


def lots(*accounts: Account, now: datetime = EVENING) -> Lots:
    return Lots(accounts, currency_code="CNY", now=now)


def test_a_customer_alone_is_the_callers_own() -> None:
    assert a_route(Target(CUSTOMER, None)) == Route.to_customer(CUSTOMER, partner_id=TENANT)
    assert a_route(Target(CUSTOMER, None), scope=RESELLERS, partner_id=RESELLER) == (
        Route.to_customer(CUSTOMER, partner_id=RESELLER)
    )


def test_a_customer_with_a_reseller_is_the_resellers() -> None:
    route = a_route(Target(CUSTOMER, RESELLER), partner_id=RESELLER)

    assert isinstance(route, Route)
    assert route.partner == Holder.partner(RESELLER)
    assert route.other == Holder.customer(CUSTOMER, partner_id=RESELLER)
    assert (route.customer_id, route.target_partner_id) == (CUSTOMER, None)


def test_a_reseller_alone_is_given_the_distributors() -> None:
    route = a_route(Target(None, RESELLER))

    assert isinstance(route, Route)
    assert (route.partner, route.other) == (Holder.partner(TENANT), Holder.partner(RESELLER))
    assert (route.customer_id, route.target_partner_id) == (None, RESELLER)


@pytest.mark.parametrize(
    ("refused", "refusal"),
    [
        (a_route(Target(CUSTOMER, None), partner_id=RESELLER), NotSubCustomer),
        (a_route(Target(CUSTOMER, RESELLER)), NotSubCustomer),
        (
            route_to(
                Target(CUSTOMER, None), scope=DISTRIBUTORS, link=None, resellers=(), field="target"
            ),
            NotSubCustomer,
        ),
        (a_route(Target(CUSTOMER, None), association_type="ADVISORY"), AdvisoryNotAdjustable),
        (a_route(Target(None, RESELLER), resellers=()), IndirectPartnerForbidden),
        (a_route(Target(None, TENANT), resellers=(TENANT,)), IndirectPartnerForbidden),
        (a_route(Target(None, RESELLER), scope=RESELLERS), IndirectPartnerForbidden),
        (a_route(Target(CUSTOMER, RESELLER), scope=RESELLERS), IndirectPartnerForbidden),
    ],
)
def test_other_targets_are_refused(refused: object, refusal: type[Refusal]) -> None:
    assert isinstance(refused, refusal)


def test_a_lot_is_good_until_its_last_day_is_over_where_the_partners_are() -> None:
    account = an_account(100, expire_date=TODAY)

    lots(account).refuse_short(yuan(100))

    with pytest.raises(CreditExpired) as refused:
        lots(account, now=EVENING.replace(hour=16)).refuse_short(yuan(100))
    assert refused.value.metadata == {"expire_date": "2027-06-30"}


def test_what_is_set_aside_is_not_there() -> None:
    with pytest.raises(InsufficientBalance) as refused:
        lots(an_account(100, held=40), an_account(30, expire_date=TOMORROW)).refuse_short(yuan(91))

    assert refused.value.metadata == {"available": "0.9", "required": "0.91"}


def test_amounts_are_taken_one_after_another_and_never_twice() -> None:
    first, last = an_account(50, expire_date=TODAY), an_account(70)
    own = lots(last, first)

    taken = [
        [(lot.account.id, lot.amount) for lot in own.take(yuan(cents))] for cents in (40, 30, 50)
    ]

    assert taken == [
        [(first.id, yuan(40))],
        [(last.id, yuan(30))],
        [(first.id, yuan(10)), (last.id, yuan(40))],
    ]
    with pytest.raises(InsufficientBalance):
        own.refuse_short(yuan(1))


def test_a_memo_is_short() -> None:
    refuse_odd_terms(yuan(1), "m" * 200)

    with pytest.raises(InvalidArgument):
        refuse_odd_terms(yuan(1), "m" * 201)


@pytest.mark.parametrize(
    ("words", "enum", "prefix"),
    [
        (AdjustmentType, adjustments_pb2.AdjustmentType, "ADJUSTMENT_TYPE_"),
        (AdjustmentKind, adjustments_pb2.AdjustmentKind, "ADJUSTMENT_KIND_"),
        (AdjustmentOrder, adjustments_pb2.AdjustmentOrder, "ADJUSTMENT_ORDER_"),
    ],
)
def test_words_are_those_of_the_contract(
    words: type[AdjustmentType], enum: object, prefix: str
) -> None:
    names = {name.removeprefix(prefix) for name, number in enum.items() if number}  # type: ignore[attr-defined]

    assert {word.value for word in words} == names
