"""Contracts and parties as messages, and terms, papers and filters read from them."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any, Final

from google.protobuf.message import Message

from partner.billing.v1 import contracts_pb2
from services.billing.contracts.model import ContractTerms, Installment
from services.billing.contracts.operations import Paper
from services.billing.contracts.queries import ContractFilter, DateRange
from services.kit import ids, wire
from services.kit.errors import InvalidArgument
from services.kit.fields import Field, Fields
from services.kit.money import Money

KINDS: Final = wire.Words(contracts_pb2.ContractKind, prefix="CONTRACT_KIND_")
STATES: Final = wire.Words(contracts_pb2.ContractState, prefix="CONTRACT_STATE_")
FILTER_STATES_MAX: Final = 6


def date_parts(day: date | None) -> dict[str, int] | None:
    """Give a day as the fields of a Date, or None where there is none."""
    return None if day is None else {"year": day.year, "month": day.month, "day": day.day}


def to_date(message: Any, field: str) -> date | None:
    """Read a day, or None where it is unset; that it exists was checked on arrival."""
    if not message.HasField(field):
        return None
    day = getattr(message, field)
    return date(day.year, day.month, day.day)


def plan_parts(
    installments: Iterable[Mapping[str, str]], currency_code: str | None
) -> list[dict[str, Any]]:
    """Write a payment plan as it is stored."""
    return [
        {
            "due_date": date_parts(date.fromisoformat(one["due_date"])),
            "amount": {"amount": one["amount"], "currency_code": currency_code},
        }
        for one in installments
    ]


def _hexadecimal(digest: bytes | None) -> str | None:
    return None if digest is None else digest.hex()


CONTRACT: Final = Fields(
    contracts_pb2.Contract,
    id=Field(partial(ids.to_text, "ctr")),
    number=Field(),
    kind=Field(KINDS.number),
    name=Field(),
    partner_id=Field(partial(ids.to_text, "ptr")),
    party_a=Field(),
    party_b=Field(),
    amount=Field(wire.money_parts, "amount", "currency_code"),
    promised_payment_date=Field(date_parts),
    payment_plan=Field(plan_parts, "payment_plan", "currency_code"),
    sign_date=Field(date_parts),
    effective_time=Field(wire.time_parts),
    expire_time=Field(wire.time_parts),
    state=Field(STATES.number),
    end_time=Field(wire.time_parts),
    end_reason=Field(),
    document_sha256=Field(_hexadecimal),
    creator=Field(),
    create_time=Field(wire.time_parts),
)

PARTY: Final = Fields(
    contracts_pb2.ContractParty,
    partner_id=Field(partial(ids.to_text, "ptr")),
    legal_name=Field(),
    contracting_entity=Field(),
    verified=Field(None, "is_verified"),
    update_time=Field(wire.time_parts),
)


def to_terms(message: contracts_pb2.ContractTerms) -> ContractTerms:
    """Read what is applied for.

    :raises InvalidArgument: naming what is malformed or missing.
    """
    return ContractTerms(
        name=message.name,
        amount=Money.from_message(message.amount, field="terms.amount"),
        promised_payment_date=_required_date(
            message, "promised_payment_date", path="terms.promised_payment_date"
        ),
        payment_plan=[
            _installment(one, path=f"terms.payment_plan[{index}]")
            for index, one in enumerate(message.payment_plan)
        ],
    )


def to_paper(request: contracts_pb2.RecordOfflineContractRequest) -> Paper:
    """Read what stands on a paper.

    :raises InvalidArgument: where its amount is malformed.
    """
    return Paper(
        number=request.number,
        name=request.name,
        party_a=request.party_a,
        party_b=request.party_b,
        amount=Money.from_message(request.amount, field="amount")
        if request.HasField("amount")
        else None,
        sign_date=to_date(request, "sign_date"),
        effective_time=wire.to_time(request, "effective_time"),
        expire_time=wire.to_time(request, "expire_time"),
    )


def to_filter(message: contracts_pb2.ContractFilter) -> ContractFilter:
    """Read what a list is narrowed by.

    :raises InvalidArgument: naming what is malformed.
    """
    if len(message.states) > FILTER_STATES_MAX:
        raise InvalidArgument(f"must be at most {FILTER_STATES_MAX}", field="filter.states")
    return ContractFilter(
        number=wire.to_text(message, "number"),
        kind=KINDS.word(message.kind),
        states=STATES.required_words(message.states, field="filter.states"),
        partner_id=wire.to_id(message, "partner_id", "ptr", path="filter"),
        create_time=wire.to_time_range(message, "create_time"),
        promised_payment_date=_date_range(message, "promised_payment_date"),
        effective_time=wire.to_time_range(message, "effective_time"),
        expire_time=wire.to_time_range(message, "expire_time"),
    )


def _installment(message: contracts_pb2.PaymentInstallment, *, path: str) -> Installment:
    return Installment(
        _required_date(message, "due_date", path=f"{path}.due_date"),
        Money.from_message(message.amount, field=f"{path}.amount"),
    )


def _required_date(message: Message, field: str, *, path: str) -> date:
    day = to_date(message, field)
    if day is None:
        raise InvalidArgument("must be given", field=path)
    return day


def _date_range(message: Message, name: str) -> DateRange:
    begin, end = to_date(message, f"{name}_from"), to_date(message, f"{name}_to")
    if begin is not None and end is not None and end < begin:
        raise InvalidArgument("must not be before the range begins", field=f"filter.{name}_to")
    return begin, end
