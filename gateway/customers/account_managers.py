"""The people of a partner who look after customers (客户经理)."""

from enum import Enum

import strawberry

from gateway.customers.errors import CustomerUserError
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing
from gateway.kit.nodes import Node
from gateway.kit.pages import Connection
from gateway.kit.scalars import DateTime
from gateway.kit.shows import shows
from gateway.kit.words import words
from gateway.kit.writes import Payload, answers, writing
from partner.customers.v1 import account_managers_pb2

MANAGERS = rpcs(account_managers_pb2.DESCRIPTOR, "AccountManagerService")


@words(account_managers_pb2.AccountManagerOrder)
class AccountManagerOrder(Enum):
    """Filled from the contract."""


@shows(account_managers_pb2.AccountManager, get=MANAGERS["BatchGetAccountManagers"])
class AccountManager(Node):
    account_name: str
    name: str
    create_time: DateTime


@takes(account_managers_pb2.AccountManagerFilter)
class AccountManagerFilter:
    name: str | None


@takes(account_managers_pb2.CreateAccountManagerRequest)
class CreateAccountManagerInput:
    request_id: strawberry.ID
    account_name: str
    name: str


@answers(MANAGERS["CreateAccountManager"])
class CreateAccountManagerPayload(Payload):
    account_manager: AccountManager | None


@strawberry.type
class AccountManagerQuery:
    account_managers: Connection[AccountManager] | None = listing(MANAGERS["ListAccountManagers"])


@strawberry.type
class AccountManagerMutation:
    create_account_manager: CreateAccountManagerPayload | None = writing(
        MANAGERS["CreateAccountManager"], CreateAccountManagerInput
    )


TYPES = (CustomerUserError,)
