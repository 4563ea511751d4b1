"""Use limits and units, without a database."""

from decimal import Decimal

import pytest

from partner.billing.v1 import voucher_quotas_pb2, vouchers_pb2
from services.billing.ledger.chart import Unit
from services.billing.voucher_quotas.limits import (
    LimitExceedsQuota,
    LimitKey,
    UseLimit,
    narrowed,
    recipients,
)
from services.billing.voucher_quotas.model import (
    CouponType,
    VoucherQuotaState,
    refuse_odd_amount,
    unit_of,
)
from services.kit import ids
from services.kit.errors import InvalidArgument
from services.kit.ids import new_id
from services.kit.money import Money


@pytest.mark.parametrize("text", ["0.01", "1", "1.50", "1.500000000000000", "999999999999999.99"])
def test_an_amount_of_whole_hundredths_is_accepted(text: str) -> None:
    refuse_odd_amount(Money(Decimal(text), "CNY"), field="face_value")


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-1",
        "0.001",
        "1000000000000000",
        "99999999999999999999",
        # More digits than Python's usual arithmetic keeps.
        "12345678901234.000000000000001",
        "99999999999999999999.999999999999999",
    ],
)
def test_an_odd_amount_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        refuse_odd_amount(Money(Decimal(text), "CNY"), field="face_value")

    assert refusal.value.field == "face_value.amount"


def test_narrowed_without_wishes_gives_the_quotas_limits_but_for_recipients() -> None:
    limits = [UseLimit("ORDER_TYPE", "new"), UseLimit("CUSTOMER_ID", "cus_1")]

    mine = narrowed(limits, service_type_codes=[], product_ids=[], min_order_amount=None)

    assert mine == limits[:1]


def test_narrowed_lets_anything_be_named_where_the_quota_names_nothing() -> None:
    mine = narrowed([], service_type_codes=["ecs", "ecs"], product_ids=["p"], min_order_amount=None)

    assert mine == [UseLimit("SERVICE_TYPE", "ecs"), UseLimit("PRODUCT_ID", "p")]


def test_narrowed_holds_to_the_narrowest_of_several_order_amounts() -> None:
    limits = [UseLimit("ORDER_AMOUNT", "5", "90"), UseLimit("ORDER_AMOUNT", "10", "80")]

    mine = narrowed(
        limits, service_type_codes=[], product_ids=[], min_order_amount=Money(Decimal(20), "CNY")
    )

    assert mine == [UseLimit("ORDER_AMOUNT", "20", "80")]
    with pytest.raises(LimitExceedsQuota):
        narrowed(
            limits, service_type_codes=[], product_ids=[], min_order_amount=Money(Decimal(9), "CNY")
        )


def test_recipients_are_those_named_by_the_quota_and_by_its_limits() -> None:
    first, second = new_id(), new_id()
    limit = UseLimit("CUSTOMER_ID", ids.to_text("cus", first))

    assert recipients([limit], [second]) == {first, second}
    assert recipients([], []) == frozenset()


def test_limits_keep_only_what_they_say() -> None:
    limit = UseLimit("SERVICE_TYPE", "ecs")

    assert limit.to_json() == {"key": "SERVICE_TYPE", "value1": "ecs"}
    assert UseLimit.from_json(limit.to_json()) == limit


def test_vouchers_of_one_root_quota_are_counted_in_a_unit_of_their_own() -> None:
    quota_id = new_id()
    unit = unit_of(quota_id, currency_code="CNY")

    assert Unit.parse(str(unit)) == unit
    assert str(unit) == f"VQ:{ids.to_text('quo', quota_id)}:CNY/2"


@pytest.mark.parametrize(
    ("ours", "contract", "prefix"),
    [
        (LimitKey, vouchers_pb2.LimitKey, "LIMIT_KEY_"),
        (CouponType, vouchers_pb2.CouponType, "COUPON_TYPE_"),
        (VoucherQuotaState, voucher_quotas_pb2.VoucherQuotaState, "VOUCHER_QUOTA_STATE_"),
    ],
)
def test_our_words_are_the_contracts(ours: type, contract: object, prefix: str) -> None:
    names = {name.removeprefix(prefix) for name in contract.keys()}  # type: ignore[attr-defined] # noqa: SIM118

    assert {one.value for one in ours} == names - {"UNSPECIFIED"}  # type: ignore[attr-defined]
