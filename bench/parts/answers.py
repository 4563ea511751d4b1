"""The answers of the endpoints written by hand: messages in, plain dicts out."""

from functools import lru_cache
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.billing.vouchers import VoucherState
from gateway.customers.customers import CustomerLevel
from gateway.customers.resources import ResourceState
from gateway.kit.scalars import date_time_text
from gateway.terms import AssociationType

# Number to word; an unset level is null.
ASSOCIATIONS: Final = {member.value: member.name for member in AssociationType}
LEVELS: Final = {0: None} | {member.value: member.name for member in CustomerLevel}
RESOURCE_STATES: Final = {member.value: member.name for member in ResourceState}
VOUCHER_STATES: Final = {member.value: member.name for member in VoucherState}


def page_of(page: Any, listed: Any, consumed: Any, given: Any) -> dict[str, Any]:
    resources_of = {group.customer_id: group for group in listed.groups}
    details_of = {group.customer_id: group for group in consumed.groups}
    vouchers_of = {group.customer_id: group for group in given.groups}
    return {
        "customers": {
            "nodes": [
                {
                    "id": (key := customer.id),
                    "name": text if (text := customer.name) or customer.HasField("name") else None,
                    "accountName": customer.account_name,
                    "associationType": ASSOCIATIONS[customer.association_type],
                    "associateTime": _time(customer.associate_time),
                    "level": LEVELS[customer.level],
                    "tags": list(customer.tags),
                    "monthToDateSpend": _spend(customer),
                    "resources": _resources(resources_of[key]),
                    "consumptionDetails": {"nodes": _details(details_of[key].details)},
                    "vouchers": {"nodes": _vouchers(vouchers_of[key].vouchers)},
                }
                for customer in page.customers
            ],
            "pageInfo": {
                "hasNextPage": page.next_page_token != "",
                "endCursor": page.item_tokens[-1] if page.item_tokens else None,
            },
        }
    }


def one_of(found: Any, given: Any) -> dict[str, Any]:
    [customer], [group] = found.customers, given.groups
    return {
        "customer": {
            "id": customer.id,
            "name": text if (text := customer.name) or customer.HasField("name") else None,
            "level": LEVELS[customer.level],
            "monthToDateSpend": _spend(customer),
            "vouchers": {
                "nodes": [
                    {"balance": _money(each.balance), "state": VOUCHER_STATES[each.state]}
                    for each in group.vouchers
                ]
            },
        }
    }


def _resources(group: Any) -> dict[str, Any]:
    return {
        "nodes": [
            {
                "cloudResourceId": each.cloud_resource_id,
                # Asking whether there is an empty text costs more than reading a full one.
                "resourceName": text
                if (text := each.resource_name) or each.HasField("resource_name")
                else None,
                "serviceTypeName": text
                if (text := each.service_type_name) or each.HasField("service_type_name")
                else None,
                "state": RESOURCE_STATES[each.state],
                "expireTime": _time(each.expire_time) if each.HasField("expire_time") else None,
            }
            for each in group.resources
        ],
        "pageInfo": {"hasNextPage": group.next_page_token != ""},
    }


def _details(details: Any) -> list[dict[str, Any]]:
    return [
        {
            "serviceTypeName": text
            if (text := each.service_type_name) or each.HasField("service_type_name")
            else None,
            "consumeTime": _time(each.consume_time) if each.HasField("consume_time") else None,
            "payableAmount": {
                "amount": (payable := each.payable_amount).amount,
                "currencyCode": payable.currency_code,
            },
        }
        for each in details
    ]


def _vouchers(given: Any) -> list[dict[str, Any]]:
    return [
        {
            "faceValue": {
                "amount": (face := each.face_value).amount,
                "currencyCode": face.currency_code,
            },
            "balance": {
                "amount": (balance := each.balance).amount,
                "currencyCode": balance.currency_code,
            },
            "state": VOUCHER_STATES[each.state],
            "expireTime": _time(each.expire_time),
        }
        for each in given
    ]


def _spend(customer: Any) -> dict[str, str] | None:
    return (
        _money(customer.month_to_date_spend) if customer.HasField("month_to_date_spend") else None
    )


def _money(money: Any) -> dict[str, str]:
    return {"amount": money.amount, "currencyCode": money.currency_code}


def _time(value: Timestamp) -> str:
    return date_time_text(value) if value.nanos else _whole(value.seconds)


# Charges begin and end at the hour, so the same few times come again and again.
@lru_cache(maxsize=4_096)
def _whole(seconds: int) -> str:
    return date_time_text(Timestamp(seconds=seconds))
