"""Who is asking."""

from dataclasses import dataclass
from enum import Enum

import strawberry

from gateway.customers.account_managers import AccountManager
from gateway.customers.customers import Customer
from gateway.customers.partners import Partner
from gateway.kit.fields import bound
from gateway.kit.local import Local
from gateway.kit.nodes import one, several
from services.kit import identity, ids


@strawberry.enum(description="What a person may do.")
class Role(Enum):
    OPERATOR = strawberry.enum_value(
        identity.Role.OPERATOR.value,
        description="The platform's own staff, in a tenant that they opened.",
    )
    ADMINISTRATOR = strawberry.enum_value(
        identity.Role.ADMINISTRATOR.value, description="Runs the partner's account."
    )
    DIRECTOR = strawberry.enum_value(
        identity.Role.DIRECTOR.value, description="Leads a team of account managers."
    )
    ACCOUNT_MANAGER = strawberry.enum_value(
        identity.Role.ACCOUNT_MANAGER.value, description="Looks after customers (客户经理)."
    )
    FINANCE = strawberry.enum_value(identity.Role.FINANCE.value, description="Looks after money.")
    CUSTOMER = strawberry.enum_value(
        identity.Role.CUSTOMER.value, description="A customer that sees its own data."
    )
    SYSTEM = strawberry.enum_value(
        identity.Role.SYSTEM.value, description="Another program of the platform."
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """The source of `Me`: the principal with ids as the graph writes them."""

    subject: str
    role: str
    partner_id: str
    customer_id: str
    account_manager_ids: list[str]


@strawberry.type(description="Who is asking.")
class Me:
    subject: str = strawberry.field(description="The person's id at the identity provider.")
    role: Role = strawberry.field(description="What the person may do.")
    partner: Partner | None = one(
        "partner_id", description="The partner that the person belongs to."
    )
    customer: Customer | None = one("customer_id", description="The customer that the person is.")
    account_managers: list[AccountManager] | None = several(
        "account_manager_ids",
        description="The account manager that the person is, or those of a director's team.",
    )


@strawberry.type
class MeQuery:
    me: Me = bound(
        Local(lambda context: asking(context.caller.principal)), description="Who is asking."
    )


def asking(principal: identity.Principal) -> Asking:
    partner, customer = principal.partner_id, principal.customer_id
    return Asking(
        subject=principal.subject,
        role=principal.role.value,
        partner_id=ids.to_text("ptr", partner) if partner else "",
        customer_id=ids.to_text("cus", customer) if customer else "",
        account_manager_ids=[ids.to_text("mgr", each) for each in principal.account_manager_ids],
    )
