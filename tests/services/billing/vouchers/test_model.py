"""Who may get a voucher and for how long, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from partner.billing.v1 import vouchers_pb2
from services.billing.links.model import AssociationType, CustomerLink
from services.billing.voucher_quotas.model import VoucherQuota
from services.billing.vouchers.filters import VoucherOrder
from services.billing.vouchers.model import (
    ValidityExceedsQuota,
    VoucherState,
    refusal_of_recipient,
    refusal_of_reclaim,
    validity_within,
)
from services.kit.ids import new_id

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=365)


def a_quota() -> VoucherQuota:
    return VoucherQuota(id=new_id(), partner_id=new_id(), effective_time=BEGIN, expire_time=END)


@pytest.mark.parametrize(
    ("association_type", "reason"),
    [(AssociationType.RESALE, None), (AssociationType.ADVISORY, "ADVISORY_NOT_ALLOWED")],
)
def test_only_customers_of_a_resale_get_vouchers(association_type: str, reason: str | None) -> None:
    quota = a_quota()
    link = CustomerLink(partner_id=quota.partner_id, association_type=association_type)

    refusal = refusal_of_recipient(new_id(), link=link, quota=quota, allowed=frozenset())

    assert (refusal and refusal.reason) == reason


def test_a_stranger_and_a_customer_of_others_are_refused_alike() -> None:
    quota, customer = a_quota(), new_id()
    of_others = CustomerLink(partner_id=new_id(), association_type=AssociationType.RESALE)

    refusals = [
        refusal_of_recipient(customer, link=link, quota=quota, allowed=frozenset({customer}))
        for link in (None, of_others)
    ]

    assert {repr(refusal) for refusal in refusals} == {repr(refusals[0])}
    assert refusals[0] is not None
    assert refusals[0].reason == "NOT_SUB_CUSTOMER"


@pytest.mark.parametrize(
    ("state", "is_held", "reason"),
    [
        ("USABLE", False, None),
        ("USABLE", True, "VOUCHER_NOT_RECLAIMABLE"),
        ("INACTIVE", False, "VOUCHER_NOT_RECLAIMABLE"),
        ("USED", False, "VOUCHER_NOT_RECLAIMABLE"),
        ("EXPIRED", False, "VOUCHER_NOT_RECLAIMABLE"),
        ("RECLAIMED", False, "VOUCHER_NOT_RECLAIMABLE"),
    ],
)
def test_only_a_usable_voucher_that_no_order_holds_is_taken_back_by_hand(
    state: str, *, is_held: bool, reason: str | None
) -> None:
    refusal = refusal_of_reclaim(state=state, is_held=is_held)

    assert (refusal and refusal.reason) == reason


def test_validity_is_the_quotas_unless_said_otherwise() -> None:
    quota, inside = a_quota(), BEGIN + timedelta(days=9)

    assert validity_within(quota, effective_time=None, expire_time=None) == (BEGIN, END)
    assert validity_within(quota, effective_time=inside, expire_time=None) == (inside, END)
    for begin, end in (
        (BEGIN - timedelta(seconds=1), None),
        (None, END + timedelta(seconds=1)),
        # Beside it altogether.
        (END, None),
        (None, BEGIN),
    ):
        with pytest.raises(ValidityExceedsQuota):
            validity_within(quota, effective_time=begin, expire_time=end)


@pytest.mark.parametrize(
    ("ours", "contract", "prefix"),
    [
        (VoucherState, vouchers_pb2.VoucherState, "VOUCHER_STATE_"),
        (VoucherOrder, vouchers_pb2.VoucherOrder, "VOUCHER_ORDER_"),
    ],
)
def test_our_words_are_the_contracts(ours: type, contract: object, prefix: str) -> None:
    names = {name.removeprefix(prefix) for name in contract.keys()}  # type: ignore[attr-defined] # noqa: SIM118

    assert {one.value for one in ours} == names - {"UNSPECIFIED"}  # type: ignore[attr-defined]
