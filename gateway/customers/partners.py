"""The partner itself and the resellers of a distributor (合作伙伴, 云经销商)."""

from enum import Enum

import strawberry

from gateway.customers.account_managers import AccountManager
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing
from gateway.kit.nodes import Node, by_id, one
from gateway.kit.pages import Connection
from gateway.kit.scalars import DateTime
from gateway.kit.shows import extends, shows
from gateway.kit.words import words
from partner.customers.v1 import partners_pb2

PARTNERS = rpcs(partners_pb2.DESCRIPTOR, "PartnerService")


@words(partners_pb2.PartnerKind)
class PartnerKind(Enum):
    """Filled from the contract."""


@words(partners_pb2.PartnerState)
class PartnerState(Enum):
    """Filled from the contract."""


@words(partners_pb2.IndirectPartnerOrder)
class IndirectPartnerOrder(Enum):
    """Filled from the contract."""


@shows(partners_pb2.Partner, get=PARTNERS["BatchGetPartners"])
class Partner(Node):
    kind: PartnerKind
    name: str
    account_name: str
    mobile: str | None
    email: str | None
    associate_time: DateTime | None
    state: PartnerState
    currency_code: str
    create_time: DateTime
    distributor: "Partner | None" = one("distributor_id")
    account_manager: AccountManager | None = one("account_manager_id")


@extends(AccountManager)
class AccountManagerPartner:
    partner: Partner | None = one("partner_id")


@takes(partners_pb2.IndirectPartnerFilter)
class IndirectPartnerFilter:
    account_name: str | None
    associate_time_from: DateTime | None
    associate_time_to: DateTime | None
    indirect_partner_id: strawberry.ID | None
    name: str | None
    mobile: str | None
    email: str | None


@strawberry.type
class PartnerQuery:
    partner: Partner | None = by_id(
        description="Finds one partner of the tenant: the caller's own, or a reseller of it."
    )
    indirect_partners: Connection[Partner] | None = listing(PARTNERS["ListIndirectPartners"])
