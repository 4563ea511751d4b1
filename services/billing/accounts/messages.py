"""Fund accounts, customers' balances and balances of the past as messages."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, Final

from google.protobuf.message import Message

from partner.billing.v1 import accounts_pb2
from services.billing.accounts.model import PARTNER_KINDS
from services.billing.ledger.chart import AccountKind, Unit
from services.kit import ids, wire
from services.kit.fields import Field, Fields

KINDS: Final = wire.Words(accounts_pb2.AccountKind, prefix="ACCOUNT_KIND_")
_WORDS: Final[Mapping[int, str]] = {
    AccountKind.PARTNER_CASH: "CASH",
    AccountKind.CUSTOMER_CASH: "CASH",
    AccountKind.PARTNER_CREDIT: "CREDIT",
    AccountKind.CUSTOMER_CREDIT: "CREDIT",
    AccountKind.PARTNER_CASH_DESIGNATED: "DESIGNATED_CASH",
}
# What a partner's own accounts of a kind are in the ledger.
OWN: Final[Mapping[str, AccountKind]] = {_WORDS[kind]: kind for kind in PARTNER_KINDS}

Parts = dict[str, Any]


def kind_number(kind: int) -> Any:
    return KINDS.number(_WORDS[kind])


def unit_parts(units: int | None, unit: str) -> Parts | None:
    """Give an amount that the ledger counts in a unit as the fields of a Money."""
    if units is None:
        return None
    money = Unit.parse(unit).money(units)
    return wire.money_parts(money.amount, money.currency_code)


def cash_parts(units: int, currency_code: str | None) -> Parts | None:
    """Give an amount of cash in its smallest unit as the fields of a Money."""
    return None if currency_code is None else unit_parts(units, str(Unit.cash(currency_code)))


def day_parts(day: date | None) -> dict[str, int] | None:
    return None if day is None else {"year": day.year, "month": day.month, "day": day.day}


def to_day(message: Message, name: str) -> date | None:
    """Read an optional day, or None where it is unset."""
    if not message.HasField(name):
        return None
    day = getattr(message, name)
    return date(day.year, day.month, day.day)


def _expiry(unit: str) -> dict[str, int] | None:
    return day_parts(Unit.parse(unit).expire_date)


def _alert(threshold: int | None, receivers: Sequence[str], unit: str) -> Parts | None:
    if threshold is None:
        return None
    return {"threshold": unit_parts(threshold, unit), "receivers": receivers}


ACCOUNT: Final = Fields(
    accounts_pb2.Account,
    id=Field(partial(ids.to_text, "acc")),
    partner_id=Field(partial(ids.to_text, "ptr")),
    customer_id=Field(partial(wire.id_text, "cus")),
    kind=Field(kind_number),
    amount=Field(unit_parts, "amount", "unit"),
    frozen_amount=Field(unit_parts, "frozen", "unit"),
    designated_amount=Field(unit_parts, "designated", "unit"),
    allocatable_amount=Field(unit_parts, "allocatable", "unit"),
    withdrawable_amount=Field(unit_parts, "withdrawable", "unit"),
    invoice_arrears_amount=Field(unit_parts, "arrears", "unit"),
    credit_limit=Field(unit_parts, "credit_limit", "unit"),
    used_amount=Field(unit_parts, "used", "unit"),
    expire_date=Field(_expiry, "unit"),
    balance_alert=Field(_alert, "threshold", "receivers", "unit"),
)

CUSTOMER_BALANCE: Final = Fields(
    accounts_pb2.CustomerBalance,
    id=Field(partial(ids.to_text, "cus"), "customer_id"),
    available_amount=Field(cash_parts, "available", "currency_code"),
    cash_amount=Field(cash_parts, "cash", "currency_code"),
    credit_amount=Field(cash_parts, "credit", "currency_code"),
    frozen_amount=Field(cash_parts, "frozen", "currency_code"),
    debt_amount=Field(cash_parts, "debt", "currency_code"),
)

BALANCE_AT: Final = Fields(
    accounts_pb2.BalanceAt,
    account_id=Field(partial(ids.to_text, "acc"), "id"),
    time=Field(wire.time_parts),
    amount=Field(unit_parts, "balance", "unit"),
)
