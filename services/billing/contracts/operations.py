"""Makes, voids, enters and ends contracts, and keeps who their parties are (domain.md 6.11)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.contracts import queries
from services.billing.contracts.documents import NO_NUMBER, PaymentAgreement, payment_agreement
from services.billing.contracts.model import (
    NAME_LENGTH_MAX,
    NUMBER_LENGTH_MAX,
    PARTY_LENGTH_MAX,
    Contract,
    ContractDocument,
    ContractKind,
    ContractNumberTaken,
    ContractParty,
    ContractTerms,
    number_of,
    refuse_odd_text,
    refuse_odd_validity,
)
from services.billing.links import queries as links
from services.billing.links.model import NotVerified
from services.billing.voucher_quotas.model import refuse_odd_amount
from services.kit.errors import NotFound
from services.kit.identity import Scope
from services.kit.ids import new_id
from services.kit.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What stands on a contract that was signed on paper."""

    number: str
    name: str
    party_a: str
    party_b: str
    amount: Money | None
    sign_date: date | None
    # None: at once.
    effective_time: datetime | None
    expire_time: datetime | None


async def put_contract_party(
    session: AsyncSession,
    *,
    scope: Scope,
    partner_id: UUID,
    legal_name: str,
    contracting_entity: str,
    is_verified: bool,
    now: datetime,
) -> None:
    """Keep who a partner is; contracts made before stay as they are.

    :raises InvalidArgument, NotFound:
    """
    await _refuse_unknown(session, scope=scope, partner_id=partner_id)
    refuse_odd_text(legal_name, field="legal_name", at_most=PARTY_LENGTH_MAX)
    refuse_odd_text(contracting_entity, field="contracting_entity", at_most=PARTY_LENGTH_MAX)
    said = {
        "legal_name": legal_name,
        "contracting_entity": contracting_entity,
        "is_verified": is_verified,
        "update_time": now,
    }
    keys = {"tenant_id": scope.tenant_id, "partner_id": partner_id}
    statement = insert(ContractParty).values(**keys, **said)
    await session.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=said))


async def preview_contract(
    session: AsyncSession, *, scope: Scope, terms: ContractTerms, now: datetime
) -> PaymentAgreement:
    """Say what `apply_contract` would make, and refuse what it would.

    :raises NotVerified, DateOutOfRange, PaymentPlanMismatch, CharacterNotPrintable:
    """
    party = await _verified_party(session, scope=scope)
    terms.check(now=now)
    agreement = _agreement(party, number=NO_NUMBER, terms=terms, now=now)
    await _pdf(agreement, now=now)
    return agreement


async def apply_contract(
    session: AsyncSession, *, scope: Scope, creator: str, terms: ContractTerms, now: datetime
) -> UUID:
    """Make an online contract of the caller's and its document.

    :raises NotVerified, DateOutOfRange, PaymentPlanMismatch, CharacterNotPrintable:
    """
    party = await _verified_party(session, scope=scope)
    terms.check(now=now)
    contract_id = new_id()
    number = number_of(contract_id, now=now)
    agreement = _agreement(party, number=number, terms=terms, now=now)
    document = await _pdf(agreement, now=now)
    contract = Contract(
        tenant_id=party.tenant_id,
        id=contract_id,
        partner_id=party.partner_id,
        number=number,
        kind=ContractKind.ONLINE,
        name=terms.name,
        party_a=party.legal_name,
        party_b=party.contracting_entity,
        currency_code=terms.amount.currency_code,
        amount=terms.amount.amount,
        promised_payment_date=terms.promised_payment_date,
        payment_plan=[one.to_json() for one in terms.payment_plan],
        document_sha256=sha256(document).digest(),
        creator=creator,
        create_time=now,
    )
    session.add(contract)
    await session.flush()
    session.add(
        ContractDocument(
            tenant_id=contract.tenant_id,
            contract_id=contract_id,
            partner_id=contract.partner_id,
            data=document,
        )
    )
    await session.flush()
    return contract_id


async def void_contract(
    session: AsyncSession, *, scope: Scope, contract_id: UUID, reason: str, now: datetime
) -> None:
    """Declare an online contract of the caller's void.

    :raises NotFound, ContractStateConflict, InvalidArgument:
    """
    contract = await _get_for_update(session, scope=scope, contract_id=contract_id)
    contract.void(reason=reason, now=now)
    await session.flush()


async def record_offline_contract(
    session: AsyncSession,
    *,
    scope: Scope,
    partner_id: UUID,
    creator: str,
    paper: Paper,
    now: datetime,
) -> UUID:
    """Enter what was signed on paper.

    :raises ContractNumberTaken, InvalidArgument, NotFound:
    """
    await _refuse_unknown(session, scope=scope, partner_id=partner_id)
    _refuse_odd_paper(paper)
    effective_time = paper.effective_time or now
    refuse_odd_validity(effective_time, paper.expire_time)
    contract_id = new_id()
    values: Mapping[str, Any] = {
        "tenant_id": scope.tenant_id,
        "id": contract_id,
        "partner_id": partner_id,
        "number": paper.number,
        "kind": ContractKind.OFFLINE,
        "name": paper.name,
        "party_a": paper.party_a,
        "party_b": paper.party_b,
        "currency_code": paper.amount.currency_code if paper.amount else None,
        "amount": paper.amount.amount if paper.amount else None,
        "payment_plan": [],
        "sign_date": paper.sign_date,
        "effective_time": effective_time,
        "expire_time": paper.expire_time,
        "creator": creator,
        "create_time": now,
    }
    # The index decides: of two that enter a number at once, one finds it taken.
    statement = insert(Contract).values(values)
    untaken = statement.on_conflict_do_nothing(constraint="contracts_number_key")
    if await session.scalar(untaken.returning(Contract.id)) is None:
        raise ContractNumberTaken("another contract has this number", field="number")
    return contract_id


async def terminate_contract(
    session: AsyncSession, *, scope: Scope, contract_id: UUID, reason: str, now: datetime
) -> None:
    """End an offline contract before its time.

    :raises NotFound, ContractStateConflict, InvalidArgument:
    """
    contract = await _get_for_update(session, scope=scope, contract_id=contract_id)
    contract.terminate(reason=reason, now=now)
    await session.flush()


async def _refuse_unknown(session: AsyncSession, *, scope: Scope, partner_id: UUID) -> None:
    if partner_id == scope.tenant_id:
        return
    if not await links.known_resellers(session, scope=scope, partner_ids=[partner_id]):
        raise NotFound("there is no such partner with customers", field="partner_id")


async def _verified_party(session: AsyncSession, *, scope: Scope) -> ContractParty:
    party = await queries.get_party(session, scope=scope, partner_id=None)
    if not party.is_verified:
        raise NotVerified("only verified partners may apply for contracts")
    return party


def _agreement(
    party: ContractParty, *, number: str, terms: ContractTerms, now: datetime
) -> PaymentAgreement:
    return payment_agreement(
        number=number,
        party_a=party.legal_name or "",
        party_b=party.contracting_entity or "",
        terms=terms,
        now=now,
    )


async def _pdf(agreement: PaymentAgreement, *, now: datetime) -> bytes:
    # Setting pages takes long enough for others to wait.
    return await asyncio.to_thread(agreement.to_pdf, now=now)


async def _get_for_update(session: AsyncSession, *, scope: Scope, contract_id: UUID) -> Contract:
    contract = await queries.get_for_update(session, scope=scope, contract_id=contract_id)
    if contract is None:
        raise NotFound("there is no such contract", field="contract_id")
    return contract


def _refuse_odd_paper(paper: Paper) -> None:
    for field, at_most in (
        ("number", NUMBER_LENGTH_MAX),
        ("name", NAME_LENGTH_MAX),
        ("party_a", PARTY_LENGTH_MAX),
        ("party_b", PARTY_LENGTH_MAX),
    ):
        refuse_odd_text(getattr(paper, field), field=field, at_most=at_most)
    if paper.amount is not None:
        refuse_odd_amount(paper.amount, field="amount")
