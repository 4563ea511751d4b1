"""Answers ContractService; of a partner's people, administrators and finance look at contracts."""

from typing import Final
from uuid import UUID

from partner.billing.v1 import contracts_pb2, contracts_pb2_grpc
from services.billing.contracts import operations, queries
from services.billing.contracts.messages import CONTRACT, PARTY, to_filter, to_paper, to_terms
from services.billing.contracts.queries import ContractOrder
from services.kit import ids, wire
from services.kit.errors import InvalidArgument, NotFound
from services.kit.fields import place
from services.kit.identity import Role
from services.kit.rpc import Call, Servicer, read, write

BATCH_MAX: Final = 500
PART_BYTES: Final = 65_536
APPLICANTS: Final = (Role.ADMINISTRATOR, Role.FINANCE)
READERS: Final = (*APPLICANTS, Role.OPERATOR, Role.SYSTEM)

_ORDERS: Final = wire.Words(contracts_pb2.ContractOrder, prefix="CONTRACT_ORDER_")


class ContractServicer(Servicer, contracts_pb2_grpc.ContractServiceServicer):
    @write()
    async def PutContractParty(
        self, request: contracts_pb2.PutContractPartyRequest, call: Call
    ) -> contracts_pb2.ContractParty:
        partner_id = wire.to_id(request, "partner_id", "ptr") or call.scope.tenant_id
        await operations.put_contract_party(
            call.session,
            scope=call.scope,
            partner_id=partner_id,
            legal_name=request.legal_name,
            contracting_entity=request.contracting_entity,
            is_verified=request.verified,
            now=call.now,
        )
        party = await queries.get_party(call.session, scope=call.scope, partner_id=partner_id)
        return PARTY.everything.message_of(party, now=call.now)

    @read(*READERS)
    async def GetContractParty(
        self, request: contracts_pb2.GetContractPartyRequest, call: Call
    ) -> contracts_pb2.ContractParty:
        chosen = PARTY.chosen(request.read_mask)
        party = await queries.get_party(
            call.session,
            scope=call.scope,
            partner_id=wire.to_id(request, "partner_id", "ptr"),
        )
        return chosen.message_of(party, now=call.now)

    @read(*APPLICANTS)
    async def PreviewContract(
        self, request: contracts_pb2.PreviewContractRequest, call: Call
    ) -> contracts_pb2.PreviewContractResponse:
        agreement = await operations.preview_contract(
            call.session, scope=call.scope, terms=to_terms(request.terms), now=call.now
        )
        return contracts_pb2.PreviewContractResponse(
            party_a=agreement.party_a, party_b=agreement.party_b, text=agreement.to_text()
        )

    @write(*APPLICANTS)
    async def ApplyContract(
        self, request: contracts_pb2.ApplyContractRequest, call: Call
    ) -> contracts_pb2.Contract:
        contract_id = await operations.apply_contract(
            call.session,
            scope=call.scope,
            creator=call.principal.subject,
            terms=to_terms(request.terms),
            now=call.now,
        )
        return await _contract(call, contract_id)

    @write(*APPLICANTS)
    async def VoidContract(
        self, request: contracts_pb2.VoidContractRequest, call: Call
    ) -> contracts_pb2.Contract:
        contract_id = ids.from_text("ctr", request.contract_id, field="contract_id")
        await operations.void_contract(
            call.session,
            scope=call.scope,
            contract_id=contract_id,
            reason=request.reason,
            now=call.now,
        )
        return await _contract(call, contract_id)

    @write()
    async def RecordOfflineContract(
        self, request: contracts_pb2.RecordOfflineContractRequest, call: Call
    ) -> contracts_pb2.Contract:
        contract_id = await operations.record_offline_contract(
            call.session,
            scope=call.scope,
            partner_id=wire.to_id(request, "partner_id", "ptr") or call.scope.tenant_id,
            creator=call.principal.subject,
            paper=to_paper(request),
            now=call.now,
        )
        return await _contract(call, contract_id)

    @write()
    async def TerminateContract(
        self, request: contracts_pb2.TerminateContractRequest, call: Call
    ) -> contracts_pb2.Contract:
        contract_id = ids.from_text("ctr", request.contract_id, field="contract_id")
        await operations.terminate_contract(
            call.session,
            scope=call.scope,
            contract_id=contract_id,
            reason=request.reason,
            now=call.now,
        )
        return await _contract(call, contract_id)

    @read(*READERS)
    async def BatchGetContracts(
        self, request: contracts_pb2.BatchGetContractsRequest, call: Call
    ) -> contracts_pb2.BatchGetContractsResponse:
        chosen = CONTRACT.chosen(request.read_mask)
        found = await queries.batch_get(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            ids=ids.many_from_text("ctr", request.ids, field="ids", at_most=BATCH_MAX),
            now=call.now,
        )
        return contracts_pb2.BatchGetContractsResponse(contracts=chosen.parts(found, now=call.now))

    @read(*READERS)
    async def ListContracts(
        self, request: contracts_pb2.ListContractsRequest, call: Call
    ) -> contracts_pb2.ListContractsResponse:
        chosen = CONTRACT.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_page(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            narrowed=to_filter(request.filter),
            order_by=_ORDERS.word(request.order_by) or ContractOrder.CREATE_TIME_DESC,
            page=page,
            now=call.now,
        )
        cut = call.pages.cut(page, rows, key=place)
        return contracts_pb2.ListContractsResponse(
            contracts=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read(*READERS)
    async def ReadContractDocument(
        self, request: contracts_pb2.ReadContractDocumentRequest, call: Call
    ) -> contracts_pb2.ReadContractDocumentResponse:
        if request.offset < 0:
            raise InvalidArgument("must not be negative", field="offset")
        document = await queries.get_document(
            call.session,
            scope=call.scope,
            contract_id=ids.from_text("ctr", request.contract_id, field="contract_id"),
        )
        if document is None:
            raise NotFound("there is no such document", field="contract_id")
        return contracts_pb2.ReadContractDocumentResponse(
            data=document.data[request.offset : request.offset + PART_BYTES],
            size_bytes=len(document.data),
            number=document.number,
        )


async def _contract(call: Call, contract_id: UUID) -> contracts_pb2.Contract:
    (row,) = await queries.batch_get(
        call.session,
        scope=call.scope,
        columns=CONTRACT.everything.columns,
        ids=[contract_id],
        now=call.now,
    )
    return CONTRACT.everything.message(row, now=call.now)
