"""Incentive lines for tests, as the platform sends them and as the database holds them."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from google.type.decimal_pb2 import Decimal as DecimalMessage

from partner.incentives.v1 import incentives_pb2
from partner.type.v1 import money_pb2, terms_pb2
from services.kit.ids import new_id, to_text


def an_incentive(*, amount: str = "15.00 CNY", **others: Any) -> incentives_pb2.Incentive:
    """Give a line without its id, as RecordIncentives takes it."""
    _, _, currency_code = amount.partition(" ")
    return incentives_pb2.Incentive(
        **{
            "year": 2026,
            "period": "2026-08",
            "plan_name": "Cloud-Growth",
            "customer_id": to_text("cus", new_id()),
            "service_type_code": "object-storage",
            "association_type": terms_pb2.ASSOCIATION_TYPE_RESALE,
            "charging_mode": terms_pb2.CHARGING_MODE_PAY_PER_USE,
            "consumption_amount": money(f"100 {currency_code}"),
            "performance_amount": money(f"100 {currency_code}"),
            "rate": DecimalMessage(value="0.15"),
            "amount": money(amount),
            "state": incentives_pb2.INCENTIVE_STATE_AVAILABLE,
        }
        | others
    )


def record(
    *incentives: incentives_pb2.Incentive, request_id: str = ""
) -> incentives_pb2.RecordIncentivesRequest:
    return incentives_pb2.RecordIncentivesRequest(
        request_id=request_id or new_id().hex, incentives=incentives
    )


def a_line(*, tenant_id: UUID, **others: Any) -> dict[str, Any]:
    """Give the columns of a line of the tenant's root partner."""
    return {
        "partner_id": tenant_id,
        "year": 2026,
        "period": "2026-08",
        "plan_name": "Cloud-Growth",
        "customer_id": new_id(),
        "service_type_code": "object-storage",
        "association_type": "RESALE",
        "charging_mode": "PAY_PER_USE",
        "currency_code": "CNY",
        "consumption_amount": Decimal(100),
        "performance_amount": Decimal(100),
        "rate": Decimal("0.15"),
        "amount": Decimal(15),
        "state": "AVAILABLE",
        "frozen": False,
    } | others


def money(text: str) -> money_pb2.Money:
    """Read "15.00 CNY"."""
    amount, _, currency_code = text.partition(" ")
    return money_pb2.Money(amount=amount, currency_code=currency_code)
