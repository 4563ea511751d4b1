"""What a partner may say when it asks for a withdrawal."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from services.billing.accounts.model import refuse_odd_amount
from services.billing.withdrawals.model import WithdrawalKind
from services.kit.errors import InvalidArgument
from services.kit.money import Money

FLOWS_MAX: Final = 50
NAME_LENGTH_MAX: Final = 200
BANK_LENGTH_MAX: Final = 100
REASON_LENGTH_MAX: Final = 200

_NUMBER: Final = re.compile(r"[0-9]{8,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """A bank account, as its owner tells it."""

    bank_name: str
    branch: str | None
    account_name: str
    # In no text that is made of this.
    account_number: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a partner asks for."""

    kind: str
    amount: Money
    top_up_ids: Sequence[UUID]
    bank: Bank | None
    remittance_branch: str | None
    challenge_id: UUID | None
    code: str | None


def refuse_odd(application: Application) -> None:
    """Let an application be one.

    :raises InvalidArgument:
    """
    refuse_odd_amount(application.amount, field="amount")
    goes_to_bank = application.kind != WithdrawalKind.ORIGINAL_ROUTE
    if goes_to_bank != (application.bank is not None):
        wanted = "must be given" if goes_to_bank else "must not be given for the original route"
        raise InvalidArgument(wanted, field="bank")
    if application.kind == WithdrawalKind.INCENTIVE_REBATE and application.top_up_ids:
        raise InvalidArgument("must be empty for incentive money", field="top_up_ids")
    refuse_long(application.remittance_branch, field="remittance_branch", at_most=BANK_LENGTH_MAX)
    if application.bank is not None:
        refuse_long(application.bank.bank_name, field="bank.bank_name", at_most=BANK_LENGTH_MAX)
        refuse_long(application.bank.branch, field="bank.branch", at_most=BANK_LENGTH_MAX)
        digits_of(application.bank.account_number)


def same_name(one: str, other: str) -> bool:
    """Tell whether two names are one: blanks, widths and capitals of letters do not count."""
    first, second = (
        "".join(unicodedata.normalize("NFKC", name).split()).casefold() for name in (one, other)
    )
    return first == second


def digits_of(account_number: str) -> str:
    """Give the digits of a bank account's number; a refusal does not repeat it.

    :raises InvalidArgument:
    """
    digits = re.sub(r"[\s-]", "", account_number)
    if _NUMBER.fullmatch(digits) is None:
        raise InvalidArgument("must be 8 to 30 digits", field="bank.account_number")
    return digits


def refuse_long(value: str | None, *, field: str, at_most: int) -> None:
    """Let a text be there and not endless.

    :raises InvalidArgument:
    """
    if value is not None and not 0 < len(value.strip()) <= at_most:
        raise InvalidArgument(f"must have 1 to {at_most} characters", field=field)


def shown(amount: Money) -> str:
    return amount.to_message().amount
