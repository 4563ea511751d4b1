"""What came into and went out of fund accounts (收支明细)."""

from enum import Enum

import strawberry

from gateway.billing.accounts import Account, AccountKind
from gateway.billing.top_ups import Channel, TopUp
from gateway.customers.customers import Customer
from gateway.customers.partners import Partner
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing
from gateway.kit.many import many
from gateway.kit.money import Money
from gateway.kit.nodes import one
from gateway.kit.pages import Connection
from gateway.kit.scalars import Date, DateTime
from gateway.kit.shows import extends, shows
from gateway.kit.words import words
from partner.billing.v1 import statements_pb2

STATEMENTS = rpcs(statements_pb2.DESCRIPTOR, "StatementService")


@words(statements_pb2.Direction)
class Direction(Enum):
    """Filled from the contract."""


@words(statements_pb2.TradeType)
class TradeType(Enum):
    """Filled from the contract."""


@words(statements_pb2.TradeDetail)
class TradeDetail(Enum):
    """Filled from the contract."""


@shows(statements_pb2.StatementEntry)
class StatementEntry:
    transaction_id: strawberry.ID
    trade_type: TradeType | None
    trade_detail: TradeDetail | None
    trade_time: DateTime
    direction: Direction
    change_amount: Money
    balance_after: Money
    channel: Channel | None
    account: Account | None = one("account_id")
    customer: Customer | None = one("customer_id")
    indirect_partner: Partner | None = one("indirect_partner_id")
    top_up: TopUp | None = one("top_up_id")


@takes(statements_pb2.StatementEntryFilter)
class StatementEntryFilter:
    kind: AccountKind | None
    account_id: strawberry.ID | None
    trade_types: list[TradeType] | None
    trade_date_from: Date | None
    trade_date_to: Date | None
    direction: Direction | None
    transaction_id: strawberry.ID | None
    channel: Channel | None
    indirect_partner_id: strawberry.ID | None


@extends(Account)
class AccountStatement:
    statement_entries: Connection[StatementEntry] | None = many(
        STATEMENTS["BatchListStatementEntries"],
        STATEMENTS["ListStatementEntries"],
        description="What came in and went out, the newest first (收支明细).",
    )


@strawberry.type
class StatementQuery:
    statement_entries: Connection[StatementEntry] | None = listing(
        STATEMENTS["ListStatementEntries"]
    )
