"""The words of incentive lines, and what messages ask of them as plain values."""

from typing import Final

from partner.incentives.v1 import incentives_pb2
from partner.type.v1 import terms_pb2
from services.incentives.incentives import queries
from services.incentives.incentives.model import check_period
from services.kit.wire import Words, to_id, to_text

ASSOCIATION_TYPES: Final = Words(terms_pb2.AssociationType, prefix="ASSOCIATION_TYPE_")
CHARGING_MODES: Final = Words(terms_pb2.ChargingMode, prefix="CHARGING_MODE_")
ORDERS: Final = Words(incentives_pb2.IncentiveOrder, prefix="INCENTIVE_ORDER_")
STATES: Final = Words(incentives_pb2.IncentiveState, prefix="INCENTIVE_STATE_")


def to_filter(message: incentives_pb2.IncentiveFilter) -> queries.IncentiveFilter:
    """Read a filter.

    :raises InvalidArgument: where the period or an id is malformed.
    """
    period = to_text(message, "period")
    return queries.IncentiveFilter(
        year=message.year if message.HasField("year") else None,
        period=None if period is None else check_period(period, field="filter.period"),
        plan_name=to_text(message, "plan_name"),
        order_number=to_text(message, "order_number"),
        customer_name=to_text(message, "customer_name"),
        customer_account_name=to_text(message, "customer_account_name"),
        account_manager_name=to_text(message, "account_manager_name"),
        service_type_code=to_text(message, "service_type_code"),
        association_type=ASSOCIATION_TYPES.word(message.association_type),
        charging_mode=CHARGING_MODES.word(message.charging_mode),
        states=STATES.required_words(message.states, field="filter.states"),
        incentive_bill_id=to_id(message, "incentive_bill_id", "inb", path="filter"),
        incentive_id=to_id(message, "incentive_id", "inc", path="filter"),
        indirect_partner_name=to_text(message, "indirect_partner_name"),
        customer_id=to_id(message, "customer_id", "cus", path="filter"),
    )
