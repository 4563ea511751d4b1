"""Contracts (合同): applied for online, or entered by the platform; and who the parties are."""

from enum import Enum

import strawberry

from gateway.customers.partners import Partner
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing, single
from gateway.kit.money import Money, MoneyInput
from gateway.kit.nodes import Node, one
from gateway.kit.pages import Connection
from gateway.kit.scalars import Date, DateTime
from gateway.kit.shows import shows
from gateway.kit.words import words
from gateway.kit.writes import Payload, answers, writing
from partner.billing.v1 import contracts_pb2

CONTRACTS = rpcs(contracts_pb2.DESCRIPTOR, "ContractService")


@words(contracts_pb2.ContractKind)
class ContractKind(Enum):
    """Filled from the contract."""


@words(contracts_pb2.ContractState)
class ContractState(Enum):
    """Filled from the contract."""


@words(contracts_pb2.ContractOrder)
class ContractOrder(Enum):
    """Filled from the contract."""


@shows(contracts_pb2.PaymentInstallment)
class PaymentInstallment:
    due_date: Date
    amount: Money


@shows(contracts_pb2.Contract, get=CONTRACTS["BatchGetContracts"])
class Contract(Node):
    number: str
    kind: ContractKind
    name: str
    party_a: str
    party_b: str
    amount: Money | None
    promised_payment_date: Date | None
    payment_plan: list[PaymentInstallment]
    sign_date: Date | None
    effective_time: DateTime | None
    expire_time: DateTime | None
    state: ContractState
    end_time: DateTime | None
    end_reason: str | None
    document_sha256: str | None
    creator: str
    create_time: DateTime
    partner: Partner | None = one("partner_id")


@shows(contracts_pb2.ContractParty)
class ContractParty:
    legal_name: str | None
    contracting_entity: str | None
    verified: bool
    update_time: DateTime | None
    partner: Partner | None = one("partner_id")


@shows(contracts_pb2.PreviewContractResponse)
class ContractPreview:
    party_a: str
    party_b: str
    text: str


@takes(contracts_pb2.PaymentInstallment)
class PaymentInstallmentInput:
    due_date: Date
    amount: MoneyInput


@takes(contracts_pb2.ContractTerms)
class ContractTermsInput:
    name: str
    amount: MoneyInput
    promised_payment_date: Date
    payment_plan: list[PaymentInstallmentInput] | None


@takes(contracts_pb2.ContractFilter)
class ContractFilter:
    number: str | None
    kind: ContractKind | None
    states: list[ContractState] | None
    partner_id: strawberry.ID | None
    create_time_from: DateTime | None
    create_time_to: DateTime | None
    promised_payment_date_from: Date | None
    promised_payment_date_to: Date | None
    effective_time_from: DateTime | None
    effective_time_to: DateTime | None
    expire_time_from: DateTime | None
    expire_time_to: DateTime | None


@takes(contracts_pb2.ApplyContractRequest)
class ApplyContractInput:
    request_id: strawberry.ID
    terms: ContractTermsInput


@takes(contracts_pb2.VoidContractRequest)
class VoidContractInput:
    request_id: strawberry.ID
    contract_id: strawberry.ID
    reason: str


@takes(contracts_pb2.RecordOfflineContractRequest)
class RecordOfflineContractInput:
    request_id: strawberry.ID
    number: str
    partner_id: strawberry.ID | None
    name: str
    party_a: str
    party_b: str
    amount: MoneyInput | None
    sign_date: Date | None
    effective_time: DateTime | None
    expire_time: DateTime | None


@takes(contracts_pb2.TerminateContractRequest)
class TerminateContractInput:
    request_id: strawberry.ID
    contract_id: strawberry.ID
    reason: str


@takes(contracts_pb2.PutContractPartyRequest)
class PutContractPartyInput:
    request_id: strawberry.ID
    partner_id: strawberry.ID | None
    legal_name: str
    contracting_entity: str
    verified: bool


@answers(CONTRACTS["ApplyContract"])
class ApplyContractPayload(Payload):
    contract: Contract | None


@answers(CONTRACTS["VoidContract"])
class VoidContractPayload(Payload):
    contract: Contract | None


@answers(CONTRACTS["RecordOfflineContract"])
class RecordOfflineContractPayload(Payload):
    contract: Contract | None


@answers(CONTRACTS["TerminateContract"])
class TerminateContractPayload(Payload):
    contract: Contract | None


@answers(CONTRACTS["PutContractParty"])
class PutContractPartyPayload(Payload):
    contract_party: ContractParty | None


@strawberry.type
class ContractQuery:
    contracts: Connection[Contract] | None = listing(CONTRACTS["ListContracts"])
    contract_party: ContractParty | None = single(CONTRACTS["GetContractParty"])
    preview_contract: ContractPreview | None = single(CONTRACTS["PreviewContract"])


@strawberry.type
class ContractMutation:
    apply_contract: ApplyContractPayload | None = writing(
        CONTRACTS["ApplyContract"], ApplyContractInput
    )
    void_contract: VoidContractPayload | None = writing(
        CONTRACTS["VoidContract"], VoidContractInput
    )
    record_offline_contract: RecordOfflineContractPayload | None = writing(
        CONTRACTS["RecordOfflineContract"], RecordOfflineContractInput
    )
    terminate_contract: TerminateContractPayload | None = writing(
        CONTRACTS["TerminateContract"], TerminateContractInput
    )
    put_contract_party: PutContractPartyPayload | None = writing(
        CONTRACTS["PutContractParty"], PutContractPartyInput
    )
