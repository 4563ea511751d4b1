"""Customers as messages, masked and unmasked, and what messages say of them as plain values."""

from datetime import datetime
from typing import Final

from partner.customers.v1 import customers_pb2
from partner.type.v1 import money_pb2, terms_pb2
from services.customers.customers import operations, queries
from services.customers.customers.model import Customer
from services.kit import ids
from services.kit.errors import InvalidArgument
from services.kit.masking import mask_email, mask_mobile, mask_name
from services.kit.money import Money, decimal_text
from services.kit.wire import (
    Words,
    id_text,
    to_id,
    to_text,
    to_time,
    to_time_range,
    to_timestamp,
)

ORDERS: Final = Words(customers_pb2.CustomerOrder, prefix="CUSTOMER_ORDER_")
TYPES: Final = Words(customers_pb2.CustomerType, prefix="CUSTOMER_TYPE_")
VERIFICATIONS: Final = Words(customers_pb2.VerificationStatus, prefix="VERIFICATION_STATUS_")
ASSOCIATIONS: Final = Words(terms_pb2.AssociationType, prefix="ASSOCIATION_TYPE_")
FREEZES: Final = Words(customers_pb2.FreezeState, prefix="FREEZE_STATE_")
LEVELS: Final = Words(customers_pb2.CustomerLevel, prefix="CUSTOMER_LEVEL_")
NEW_CUSTOMER_VALUES: Final = Words(customers_pb2.NewCustomerValue, prefix="NEW_CUSTOMER_VALUE_")
ENTERPRISE_ROLES: Final = Words(customers_pb2.EnterpriseRole, prefix="ENTERPRISE_ROLE_")


def to_masked_message(customer: Customer, *, now: datetime) -> customers_pb2.Customer:
    """Write a customer as everybody may see it."""
    message = to_message(customer, now=now)
    message.account_name = mask_name(customer.account_name)
    if customer.name is not None:
        message.name = mask_name(customer.name)
    if (email := mask_email(customer.email)) is not None:
        message.email = email
    if (mobile := mask_mobile(customer.mobile)) is not None:
        message.mobile = mobile
    return message


def to_message(customer: Customer, *, now: datetime) -> customers_pb2.Customer:
    """Write a customer unmasked, for those who may see it so."""
    return customers_pb2.Customer(
        id=ids.to_text("cus", customer.id),
        account_name=customer.account_name,
        name=customer.name,
        customer_type=TYPES.number(customer.customer_type),
        verification_status=VERIFICATIONS.number(customer.verification_status),
        association_type=ASSOCIATIONS.number(customer.association_type),
        associate_time=to_timestamp(customer.associate_time),
        partner_id=ids.to_text("ptr", customer.partner_id),
        indirect_partner_id=id_text("ptr", customer.indirect_partner_id),
        account_manager_id=id_text("mgr", customer.account_manager_id),
        tags=customer.tags,
        email=customer.email,
        mobile=customer.mobile,
        country_code=customer.country_code,
        freeze_state=FREEZES.number(customer.freeze_state),
        level=LEVELS.number(customer.level),
        new_customer_tag=_new_customer_tag(customer, now=now),
        external_id=customer.external_id,
        external_platform=customer.external_platform,
        month_to_date_spend=money_pb2.Money(
            amount=decimal_text(customer.month_to_date_spend),
            currency_code=customer.currency_code,
        ),
        nearest_expire_time=to_timestamp(customer.nearest_expire_time),
        enterprise_role=ENTERPRISE_ROLES.number(customer.enterprise_role),
        create_time=to_timestamp(customer.create_time),
    )


def _new_customer_tag(
    customer: Customer, *, now: datetime
) -> customers_pb2.Customer.NewCustomerTag | None:
    value = customer.new_customer_value_at(now)
    if value is None:
        return None
    return customers_pb2.Customer.NewCustomerTag(
        value=NEW_CUSTOMER_VALUES.number(value),
        effective_cycle=customer.new_customer_effective_cycle,
        expire_cycle=customer.new_customer_expire_cycle,
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
