"""What makes an incentive line right, without a database."""

from decimal import Decimal

import pytest

from services.incentives.incentives.model import Incentive, check_period, one_currency
from services.kit.errors import InvalidArgument
from services.kit.ids import new_id
from services.kit.money import Money
from tests.builders.incentives import a_line


def a_checked(**others: object) -> Incentive:
    tenant_id = new_id()
    line = a_line(tenant_id=tenant_id, **others)
    return Incentive(tenant_id=tenant_id, **line).check(path="incentives[0]")


def test_a_line_as_the_platform_computes_it_is_accepted() -> None:
    assert a_checked(amount=Decimal("15.50")).amount == Decimal("15.50")


def test_a_refund_is_a_negative_line() -> None:
    assert a_checked(amount=Decimal("-15.5")).amount == Decimal("-15.5")


def test_a_frozen_line_may_say_why() -> None:
    assert a_checked(state="FROZEN", frozen=True, freeze_reason="audit").frozen


@pytest.mark.parametrize(
    ("others", "field"),
    [
        ({"period": "2026-13"}, "period"),
        ({"period": "2026-Q5"}, "period"),
        ({"period": "2026"}, "period"),
        ({"year": 2025}, "year"),
        ({"plan_name": ""}, "plan_name"),
        ({"plan_name": " Growth"}, "plan_name"),
        ({"service_type_code": ""}, "service_type_code"),
        ({"order_number": ""}, "order_number"),
        ({"partner_id": new_id()}, "partner_id"),
        ({"rate": Decimal(15)}, "rate"),
        ({"rate": Decimal("-0.1")}, "rate"),
        ({"amount": Decimal("1.005")}, "amount"),
        ({"state": "FROZEN"}, "frozen"),
        ({"freeze_reason": "audit"}, "freeze_reason"),
    ],
)
def test_a_line_that_contradicts_itself_is_refused(others: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        a_checked(**others)

    assert refused.value.field == f"incentives[0].{field}"


@pytest.mark.parametrize("period", ["2026-01", "2026-12", "2026-Q1", "2026-Q4"])
def test_a_period_is_a_month_or_a_quarter(period: str) -> None:
    assert check_period(period, field="period") == period


def test_a_line_has_one_currency() -> None:
    yuan, dollars = Money(Decimal(1), "CNY"), Money(Decimal(1), "USD")

    assert one_currency(yuan, yuan, field="amount") == "CNY"
    with pytest.raises(InvalidArgument, match="the same"):
        one_currency(yuan, dollars, field="amount")
