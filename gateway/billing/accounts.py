"""Fund accounts of partners and customers, and what is in them (账户)."""

from enum import Enum

import strawberry

from gateway.customers.customers import Customer
from gateway.customers.partners import Partner
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing, single
from gateway.kit.many import many
from gateway.kit.money import Money, MoneyInput
from gateway.kit.nodes import Node, one
from gateway.kit.pages import Connection
from gateway.kit.scalars import Date, DateTime
from gateway.kit.shows import extends, shows
from gateway.kit.words import words
from gateway.kit.writes import Payload, answers, writing
from partner.billing.v1 import accounts_pb2

ACCOUNTS = rpcs(accounts_pb2.DESCRIPTOR, "AccountService")


@words(accounts_pb2.AccountKind)
class AccountKind(Enum):
    """Filled from the contract."""


@shows(accounts_pb2.BalanceAlert)
class BalanceAlert:
    threshold: Money
    receivers: list[str]


@shows(accounts_pb2.Account, get=ACCOUNTS["BatchGetAccounts"])
class Account(Node):
    kind: AccountKind
    amount: Money
    frozen_amount: Money
    designated_amount: Money | None
    allocatable_amount: Money | None
    withdrawable_amount: Money | None
    invoice_arrears_amount: Money | None
    credit_limit: Money | None
    used_amount: Money | None
    expire_date: Date | None
    balance_alert: BalanceAlert | None
    partner: Partner | None = one("partner_id")
    customer: Customer | None = one("customer_id")


@shows(accounts_pb2.CustomerBalance, about=ACCOUNTS["BatchGetCustomerBalances"])
class CustomerBalance:
    available_amount: Money | None
    cash_amount: Money | None
    credit_amount: Money | None
    frozen_amount: Money | None
    debt_amount: Money | None
    customer: Customer | None = one("id")


@shows(accounts_pb2.BalanceAt)
class BalanceAt:
    time: DateTime
    amount: Money
    account: Account | None = one("account_id")


@takes(accounts_pb2.AccountFilter)
class AccountFilter:
    kinds: list[AccountKind] | None
    indirect_partner_id: strawberry.ID | None


@takes(accounts_pb2.SetBalanceAlertRequest)
class SetBalanceAlertInput:
    request_id: strawberry.ID
    account_id: strawberry.ID
    threshold: MoneyInput | None
    receivers: list[str] | None


@takes(accounts_pb2.GrantCreditRequest)
class GrantCreditInput:
    request_id: strawberry.ID
    amount: MoneyInput
    expire_date: Date | None
    reason: str | None


@takes(accounts_pb2.ReduceCreditRequest)
class ReduceCreditInput:
    request_id: strawberry.ID
    amount: MoneyInput
    expire_date: Date | None
    reason: str | None


@takes(accounts_pb2.SetInvoiceArrearsRequest)
class SetInvoiceArrearsInput:
    request_id: strawberry.ID
    partner_id: strawberry.ID
    amount: MoneyInput


@answers(ACCOUNTS["SetBalanceAlert"])
class SetBalanceAlertPayload(Payload):
    account: Account | None


@answers(ACCOUNTS["GrantCredit"])
class GrantCreditPayload(Payload):
    account: Account | None


@answers(ACCOUNTS["ReduceCredit"])
class ReduceCreditPayload(Payload):
    account: Account | None


@answers(ACCOUNTS["SetInvoiceArrears"])
class SetInvoiceArrearsPayload(Payload):
    account: Account | None


@extends(Customer)
class CustomerAccounts:
    balance: CustomerBalance | None = one(
        "id", description="What it can spend and owes; null unless its partner resells to it."
    )


@extends(Partner)
class PartnerAccounts:
    accounts: list[Account] | None = many(
        ACCOUNTS["BatchListAccounts"],
        description="Its cash, its cash for stated uses, and its credit by expiry (账户).",
    )


@strawberry.type
class AccountQuery:
    accounts: Connection[Account] | None = listing(ACCOUNTS["ListAccounts"])
    balance_at: BalanceAt | None = single(ACCOUNTS["GetBalanceAt"])


@strawberry.type
class AccountMutation:
    set_balance_alert: SetBalanceAlertPayload | None = writing(
        ACCOUNTS["SetBalanceAlert"], SetBalanceAlertInput
    )
    grant_credit: GrantCreditPayload | None = writing(ACCOUNTS["GrantCredit"], GrantCreditInput)
    reduce_credit: ReduceCreditPayload | None = writing(ACCOUNTS["ReduceCredit"], ReduceCreditInput)
    set_invoice_arrears: SetInvoiceArrearsPayload | None = writing(
        ACCOUNTS["SetInvoiceArrears"], SetInvoiceArrearsInput
    )
