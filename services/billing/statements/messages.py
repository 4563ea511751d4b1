"""Lines of statements as messages, and their filter from one."""

from datetime import date
from functools import partial
from typing import Any, Final
from uuid import UUID

from partner.billing.v1 import statements_pb2
from services.billing.accounts.messages import KINDS, OWN, to_day, unit_parts
from services.billing.accounts.queries import own_partner
from services.billing.links.model import refuse_other_resellers
from services.billing.statements.model import Direction, first_day, trade_detail, trade_type
from services.billing.statements.queries import Of, StatementEntryFilter
from services.billing.top_ups.messages import CHANNELS
from services.kit import ids, wire
from services.kit.errors import InvalidArgument
from services.kit.fields import Field, Fields
from services.kit.identity import Scope

TRADE_TYPES: Final = wire.Words(statements_pb2.TradeType, prefix="TRADE_TYPE_")
TRADE_DETAILS: Final = wire.Words(statements_pb2.TradeDetail, prefix="TRADE_DETAIL_")
DIRECTIONS: Final = wire.Words(statements_pb2.Direction, prefix="DIRECTION_")


def _trade_type(code: int) -> Any:
    return TRADE_TYPES.number(trade_type(code))


def _trade_detail(code: int, detail: int | None) -> Any:
    return TRADE_DETAILS.number(trade_detail(code, detail))


def _direction(amount: int) -> Any:
    return DIRECTIONS.number(Direction.INCOME if amount > 0 else Direction.EXPENSE)


STATEMENT_ENTRY: Final = Fields(
    statements_pb2.StatementEntry,
    account_id=Field(partial(ids.to_text, "acc")),
    transaction_id=Field(partial(ids.to_text, "txn")),
    trade_type=Field(_trade_type, "code"),
    trade_detail=Field(_trade_detail, "code", "trade_detail"),
    trade_time=Field(wire.time_parts, "create_time"),
    direction=Field(_direction, "amount"),
    change_amount=Field(unit_parts, "amount", "unit"),
    balance_after=Field(unit_parts, "balance", "unit"),
    customer_id=Field(partial(wire.id_text, "cus")),
    indirect_partner_id=Field(partial(wire.id_text, "ptr")),
    top_up_id=Field(partial(wire.id_text, "tup")),
    channel=Field(CHANNELS.number),
)


def to_of(message: statements_pb2.StatementEntryFilter, *, scope: Scope) -> Of:
    """Read whose lines are asked for.

    :raises InvalidArgument: where neither a kind nor an account is named, or both.
    :raises IndirectPartnerForbidden:
    """
    reseller = wire.to_id(message, "indirect_partner_id", "ptr", path="filter")
    refuse_other_resellers(scope, indirect_partner_id=reseller)
    account_id = wire.to_id(message, "account_id", "acc", path="filter")
    if account_id is not None:
        _refuse_beside_an_account(message, reseller)
        return Of(account_id=account_id)
    word = KINDS.required_word(message.kind, field="filter.kind")
    return Of(holder_id=reseller or own_partner(scope), kind=OWN[word])


def to_filter(message: statements_pb2.StatementEntryFilter, *, today: date) -> StatementEntryFilter:
    """Read what lines are narrowed by.

    :raises InvalidArgument:
    """
    first = first_day(to_day(message, "trade_date_from"), today=today)
    end = to_day(message, "trade_date_to")
    if end is not None and end <= first:
        raise InvalidArgument("must be after the first day", field="filter.trade_date_to")
    return StatementEntryFilter(
        trade_date_from=first,
        trade_date_to=end,
        trade_types=TRADE_TYPES.required_words(message.trade_types, field="filter.trade_types"),
        direction=DIRECTIONS.word(message.direction),
        transaction_id=wire.to_id(message, "transaction_id", "txn", path="filter"),
        channel=CHANNELS.word(message.channel),
    )


def refuse_whose(message: statements_pb2.StatementEntryFilter) -> None:
    """Let lines of named accounts be narrowed by what says nothing of whose they are.

    :raises InvalidArgument:
    """
    if message.HasField("account_id"):
        raise InvalidArgument("must be unset", field="filter.account_id")
    _refuse_beside_an_account(message, wire.to_id(message, "indirect_partner_id", "ptr"))


def _refuse_beside_an_account(
    message: statements_pb2.StatementEntryFilter, reseller: UUID | None
) -> None:
    if message.kind:
        raise InvalidArgument("must be unset beside an account", field="filter.kind")
    if reseller is not None:
        raise InvalidArgument("must be unset beside an account", field="filter.indirect_partner_id")
