"""Customers as messages, masked and unmasked, and what messages say of them as plain values."""

from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from partner.customers.v1 import customers_pb2
from partner.type.v1 import terms_pb2
from services.customers.customers import operations, queries
from services.customers.customers.model import new_customer_value_at
from services.kit import ids
from services.kit.errors import InvalidArgument
from services.kit.fields import Field, Fields
from services.kit.masking import mask_email, mask_mobile, mask_name
from services.kit.money import Money
from services.kit.wire import (
    Words,
    id_text,
    money_parts,
    time_parts,
    to_id,
    to_text,
    to_time,
    to_time_range,
)

ORDERS: Final = Words(customers_pb2.CustomerOrder, prefix="CUSTOMER_ORDER_")
TYPES: Final = Words(customers_pb2.CustomerType, prefix="CUSTOMER_TYPE_")
VERIFICATIONS: Final = Words(customers_pb2.VerificationStatus, prefix="VERIFICATION_STATUS_")
ASSOCIATIONS: Final = Words(terms_pb2.AssociationType, prefix="ASSOCIATION_TYPE_")
FREEZES: Final = Words(customers_pb2.FreezeState, prefix="FREEZE_STATE_")
LEVELS: Final = Words(customers_pb2.CustomerLevel, prefix="CUSTOMER_LEVEL_")
NEW_CUSTOMER_VALUES: Final = Words(customers_pb2.NewCustomerValue, prefix="NEW_CUSTOMER_VALUE_")
ENTERPRISE_ROLES: Final = Words(customers_pb2.EnterpriseRole, prefix="ENTERPRISE_ROLE_")


def to_indirect_partner_id(partner_id: UUID, tenant_id: UUID) -> str | None:
    """Give the reseller that owns the customer, where the owner is one."""
    return None if partner_id == tenant_id else ids.to_text("ptr", partner_id)


def to_new_customer_tag(
    value: str | None,
    verification_status: str | None,
    effective_cycle: str | None,
    expire_cycle: str | None,
    now: datetime,
) -> customers_pb2.Customer.NewCustomerTag | None:
    shown = new_customer_value_at(
        now, value=value, verification_status=verification_status, expire_cycle=expire_cycle
    )
    if shown is None:
        return None
    return customers_pb2.Customer.NewCustomerTag(
        value=NEW_CUSTOMER_VALUES.number(shown),
        effective_cycle=effective_cycle,
        expire_cycle=expire_cycle,
    )


_ALWAYS_SHOWN: Final = {
    "id": Field(partial(id_text, "cus")),
    "customer_type": Field(TYPES.number),
    "verification_status": Field(VERIFICATIONS.number),
    "association_type": Field(ASSOCIATIONS.number),
    "associate_time": Field(time_parts),
    "partner_id": Field(partial(id_text, "ptr")),
    "indirect_partner_id": Field(to_indirect_partner_id, "partner_id", "tenant_id"),
    "account_manager_id": Field(partial(id_text, "mgr")),
    "tags": Field(),
    "country_code": Field(),
    "freeze_state": Field(FREEZES.number),
    "level": Field(LEVELS.number),
    "new_customer_tag": Field(
        to_new_customer_tag,
        "new_customer_value",
        "verification_status",
        "new_customer_effective_cycle",
        "new_customer_expire_cycle",
        timed=True,
    ),
    "external_id": Field(),
    "external_platform": Field(),
    "month_to_date_spend": Field(money_parts, "month_to_date_spend", "currency_code"),
    "nearest_expire_time": Field(time_parts),
    "enterprise_role": Field(ENTERPRISE_ROLES.number),
    "create_time": Field(time_parts),
}

# As everybody may see a customer.
CUSTOMER: Final = Fields(
    customers_pb2.Customer,
    account_name=Field(mask_name),
    name=Field(mask_name),
    email=Field(mask_email),
    mobile=Field(mask_mobile),
    **_ALWAYS_SHOWN,
)

# Unmasked, for those who may see it so.
UNMASKED_CUSTOMER: Final = Fields(
    customers_pb2.Customer,
    account_name=Field(),
    name=Field(),
    email=Field(),
    mobile=Field(),
    **_ALWAYS_SHOWN,
)


def to_filter(message: customers_pb2.CustomerFilter) -> queries.CustomerFilter:
    """Read a filter.

    :raises InvalidArgument: where an id or amount is malformed, or a range is reversed.
    """
    associated = to_time_range(message, "associate_time")
    expiring = to_time_range(message, "nearest_expire_time")
    least = _to_money(message, "month_to_date_spend_min")
    most = _to_money(message, "month_to_date_spend_max")
    if least is not None and most is not None and most.amount < least.amount:
        raise InvalidArgument("must not be below the least", field="filter.month_to_date_spend_max")
    return queries.CustomerFilter(
        account_name=to_text(message, "account_name"),
        name=to_text(message, "name"),
        customer_id=to_id(message, "customer_id", "cus", path="filter"),
        mobile=to_text(message, "mobile"),
        tag=to_text(message, "tag"),
        association_type=ASSOCIATIONS.word(message.association_type),
        associate_time_from=associated[0],
        associate_time_to=associated[1],
        account_manager_name=to_text(message, "account_manager_name"),
        month_to_date_spend_min=least,
        month_to_date_spend_max=most,
        nearest_expire_time_from=expiring[0],
        nearest_expire_time_to=expiring[1],
        freeze_state=FREEZES.word(message.freeze_state),
        indirect_partner_id=to_id(message, "indirect_partner_id", "ptr", path="filter"),
    )


def _to_money(message: customers_pb2.CustomerFilter, name: str) -> Money | None:
    if not message.HasField(name):  # type: ignore[arg-type]  # a field's name by argument
        return None
    return Money.from_message(getattr(message, name), field=f"filter.{name}")


def to_new_customer(message: customers_pb2.NewCustomer, *, field: str) -> operations.NewCustomer:
    """Read what is known of a customer to be created.

    :raises InvalidArgument: where an id is malformed.
    """
    tag = message.new_customer_tag
    return operations.NewCustomer(
        external_id=message.external_id,
        external_platform=message.external_platform,
        account_name=message.account_name or None,
        name=to_text(message, "name"),
        customer_type=TYPES.word(message.customer_type),
        association_type=ASSOCIATIONS.word(message.association_type),
        associate_time=to_time(message, "associate_time"),
        indirect_partner_id=to_id(message, "indirect_partner_id", "ptr", path=field),
        account_manager_id=to_id(message, "account_manager_id", "mgr", path=field),
        tags=list(message.tags),
        email=to_text(message, "email"),
        mobile=to_text(message, "mobile"),
        country_code=to_text(message, "country_code"),
        level=LEVELS.word(message.level),
        freeze_state=FREEZES.word(message.freeze_state),
        new_customer_value=NEW_CUSTOMER_VALUES.word(tag.value),
        new_customer_effective_cycle=to_text(tag, "effective_cycle"),
        new_customer_expire_cycle=to_text(tag, "expire_cycle"),
        verification_status=VERIFICATIONS.word(message.verification_status),
        enterprise_role=ENTERPRISE_ROLES.word(message.enterprise_role),
    )
