"""Requests made from the contract alone: every method, and every place in it that names a thing."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast
from uuid import uuid4

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.type import date_pb2

from partner.billing.v1 import accounts_pb2
from partner.type.v1 import money_pb2, options_pb2
from services.kit.contract import Rpc

BILLING_CYCLE = "2026-03"
# What the contract can not say: values without which a request is not worth a thought.
TEXTS = {
    "currency_code": "USD",
    "period": "2026-03",
    "mobile": "13912345678",
    "email": "someone@tenant.example",
    "country_code": "86",
}
NUMBERS = {"year": 2026, "page_size": 0, "version": 1}
TYPE_ID = re.compile(r"\b([a-z]{3})_[0-7][0-9a-hjkmnp-tv-z]{25}\b")
# What differs from one call to the next: times, and the ends of made-up texts.
VARYING = re.compile(
    r"-[0-9a-f]{8}\b|-\d{8}T\d{6}Z|(seconds|nanos): \d+"
    r"|(effective|expire|create|update)_time \{[^}]*\}"
)

Path = tuple[str, ...]


def id_places(descriptor: Descriptor, *, above: Path = ()) -> Iterator[tuple[Path, str]]:
    """Give each place in a message that names a thing, with the prefix of its ids."""
    for field in cast("Any", descriptor.fields):
        prefix = field.GetOptions().Extensions[options_pb2.resource]
        if prefix:
            yield (*above, field.name), prefix
        elif _is_ours(field.message_type):
            yield from id_places(field.message_type, above=(*above, field.name))


def is_output_only(descriptor: Descriptor, place: Path) -> bool:
    """Tell whether a place lies inside a thing sent whole, of which not all is taken over."""
    kind: Any = descriptor
    for step in place[:-1]:
        kind = kind.fields_by_name[step].message_type
    own_id = kind.fields_by_name.get("id")
    return own_id is not None and kind is not descriptor


def request(
    rpc: Rpc, own: Mapping[str, str], *, place: Path | None = None, id_: str = ""
) -> Message:
    """Make a request that names one's own things, and in one place the thing of this id."""
    message = rpc.request()
    _fill(message, own, is_filter=False)
    special = SPECIAL.get(rpc.name)
    if special is not None:
        special(message)
    if place is not None:
        _put(message, place, id_)
    return message


def told(answer: Any) -> str:
    """Write an answer so that two of them are equal when they tell the caller the same."""
    text = f"{answer.response!s} {answer.refusal!s}"
    return VARYING.sub("", TYPE_ID.sub(r"\1", text))


def _fill(message: Message, own: Mapping[str, str], *, is_filter: bool) -> None:
    for field in message.DESCRIPTOR.fields:
        alternatives: Any = field.containing_oneof
        if alternatives is not None and message.WhichOneof(alternatives.name) is not None:
            continue
        value = _value(field, own, is_filter=is_filter)
        if value is None:
            continue
        if field.is_repeated:
            getattr(message, field.name).append(value)
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(value)
        else:
            setattr(message, field.name, value)


def _value(field: Any, own: Mapping[str, str], *, is_filter: bool) -> Any:
    prefix = field.GetOptions().Extensions[options_pb2.resource]
    if field.name == "request_id":
        return str(uuid4())
    if prefix:
        # The ids of what a request creates are not the client's to say.
        return None if is_filter or (field.name == "id" and _is_new(field)) else own.get(prefix)
    if "billing_cycle" in field.name:
        return BILLING_CYCLE
    if field.message_type is not None:
        return _message(field, own, is_filter=is_filter)
    if is_filter:
        return None
    return _leaf(field)


def _message(field: Any, own: Mapping[str, str], *, is_filter: bool) -> Any:
    kind = field.message_type
    if kind.full_name == money_pb2.Money.DESCRIPTOR.full_name and not is_filter:
        return money_pb2.Money(amount="1.00", currency_code="USD")
    if not _is_ours(kind) or kind.name in {"Money", "UseLimit", "NewCustomerTag"}:
        return None
    message = kind._concrete_class()
    _fill(message, own, is_filter=is_filter or kind.name.endswith("Filter"))
    return message


def _leaf(field: Any) -> Any:
    if field.enum_type is not None:
        names = field.enum_type.values_by_number
        return 0 if field.name == "order_by" else min(number for number in names if number)
    if field.type == FieldDescriptor.TYPE_STRING:
        if field.name.endswith("token"):
            return None
        return TEXTS.get(field.name, f"{field.name}-{uuid4().hex[:8]}")
    if field.type == FieldDescriptor.TYPE_BOOL:
        return None
    return NUMBERS.get(field.name, 1)


def _put(message: Any, place: Path, id_: str) -> None:
    *way, name = place
    for step in way:
        field = message.DESCRIPTOR.fields_by_name[step]
        inner = getattr(message, step)
        message = (inner[0] if inner else inner.add()) if field.is_repeated else inner
    if message.DESCRIPTOR.fields_by_name[name].is_repeated:
        del getattr(message, name)[:]
        getattr(message, name).append(id_)
    else:
        setattr(message, name, id_)


def _is_ours(kind: Any) -> bool:
    return kind is not None and kind.full_name.startswith("partner.")


def _is_new(field: Any) -> bool:
    """Tell whether a field is the id of a thing carried whole by a creating request."""
    return field.containing_type.name not in {
        "Customer",
        "DownloadExportRequest",
        "GetCustomerRequest",
        "GetPartnerRequest",
    }


def _only_tags(message: Any) -> None:
    message.update_mask.paths.append("tags")


def _until_2099(message: Any) -> None:
    message.expire_time.FromJsonString("2099-01-01T00:00:00Z")


def _as_promised(message: Any) -> None:
    message.terms.promised_payment_date.CopyFrom(date_pb2.Date(year=2099, month=1, day=1))
    message.terms.ClearField("payment_plan")


def _as_resource(message: Any) -> None:
    for resource in message.resources:
        resource.ClearField("expire_policy")
        resource.ClearField("parent_cloud_resource_id")
        resource.charging_mode = 3


def _as_own_customer(message: Any) -> None:
    for customer in message.customers:
        customer.ClearField("indirect_partner_id")


def _without_reseller(message: Any) -> None:
    # Who names one must stand above it; most people name their own partner's id here.
    message.ClearField("indirect_partner_id")


def _to_own_customer(message: Any) -> None:
    message.ClearField("verification")
    for target in getattr(message, "targets", None) or [message.target]:
        target.ClearField("indirect_partner_id")


def _as_earned(message: Any) -> None:
    for incentive in message.incentives:
        incentive.rate.value = "0.1"
        incentive.ClearField("freeze_reason")


def _of_no_tier(message: Any) -> None:
    for field in ("applied_tier", "reject_reason", "decide_time"):
        message.application.ClearField(field)


def _joined(message: Any) -> None:
    message.membership.ClearField("tier")
    message.membership.join_time.FromJsonString("2026-01-01T00:00:00Z")


def _to_a_mailbox(message: Any) -> None:
    message.receivers[:] = ["someone@tenant.example"]


def _of_2099(message: Any) -> None:
    message.time.FromJsonString("2099-01-01T00:00:00Z")


def _of_cash(message: Any) -> None:
    message.filter.kind = accounts_pb2.ACCOUNT_KIND_CASH


def _sent_in_2026(message: Any) -> None:
    for time in (message.notice.pay_time, message.notice.send_time):
        time.FromJsonString("2026-01-01T00:00:00Z")


def _at_full_price(message: Any) -> None:
    # A ratio is no message of ours, and an adjusted price takes no other discount.
    message.order.ClearField("discount")


def _held_until_2099(message: Any) -> None:
    _at_full_price(message)
    _until_2099(message)


def _used_in_2026(message: Any) -> None:
    for usage in message.usages:
        usage.consume_time.FromJsonString("2026-03-02T00:00:00Z")


def _by_its_route(message: Any) -> None:
    message.ClearField("bank")


def _without_code(message: Any) -> None:
    # Where the partner's switch is off, none is needed; a wrong one is refused nevertheless.
    message.ClearField("verification")


SPECIAL = {
    "IssueVouchers": _without_code,
    "ReclaimVouchers": _without_code,
    "GrantSubQuota": _without_code,
    "ReclaimSubQuotas": _without_code,
    "SubmitWithdrawal": _by_its_route,
    "GetBalanceAt": _of_2099,
    "ListStatementEntries": _of_cash,
    "NotifyTopUp": _sent_in_2026,
    "SetBalanceAlert": _to_a_mailbox,
    "Allocate": _to_own_customer,
    "Reclaim": _to_own_customer,
    "BatchAllocate": _to_own_customer,
    "ApplyContract": _as_promised,
    "PreviewContract": _as_promised,
    "BatchListConsumptionSummaries": _without_reseller,
    "EnsureCustomers": _as_own_customer,
    "RecordIncentives": _as_earned,
    "RecordProgramApplication": _of_no_tier,
    "RecordProgramMembership": _joined,
    "UpdateCustomer": _only_tags,
    "ChargeUsage": _used_in_2026,
    "HoldOrder": _held_until_2099,
    "PayOrder": _at_full_price,
    "QuoteOrder": _at_full_price,
    "GrantVoucherQuota": _until_2099,
    "EnsureResources": _as_resource,
}
