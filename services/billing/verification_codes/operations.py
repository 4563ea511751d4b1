"""Asks for codes, looks at answers, and lets operations through (domain.md 9.3)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.verification_codes import queries
from services.billing.verification_codes.model import (
    ALWAYS,
    LIFE,
    REQUESTS_MAX,
    REQUESTS_WITHIN,
    Codes,
    VerificationChallenge,
    VerificationContactMissing,
    VerificationFailed,
    VerificationOperation,
    VerificationRequired,
    VerificationSettings,
    refuse_odd_contacts,
)
from services.kit.errors import PermissionDenied, ResourceExhausted
from services.kit.identity import Principal

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:who, 0))")


async def check(
    session: AsyncSession,
    *,
    principal: Principal,
    operation: VerificationOperation,
    challenge_id: UUID | None,
    code: str | None,
    now: datetime,
) -> None:
    """Let an operation through, and use the challenge up with it.

    Whether the code is right was found out before this transaction began (`count_answer`), so that
    a wrong one is counted whatever becomes of the request: here it must be the challenge that
    this call answered, and still open when nobody else can use it.

    :raises VerificationRequired: where none is given and the operation needs one.
    :raises VerificationFailed: where the answer is wrong, or not for this.
    """
    if challenge_id is None or code is None:
        if operation in ALWAYS or await _is_enabled(session, principal=principal):
            raise VerificationRequired("ask for a code first", field="verification")
        return
    challenge = await queries.get_for_update(
        session, scope=principal.scope, challenge_id=challenge_id
    )
    if (
        challenge is None
        or principal.second_factor != challenge.id
        or challenge.operation != operation
        or not challenge.is_open_to(principal, now)
    ):
        raise VerificationFailed("the code is not right for this", field="verification.code")
    challenge.use_time = now


async def count_answer(
    session: AsyncSession,
    *,
    principal: Principal,
    codes: Codes,
    challenge_id: UUID,
    code: str,
    now: datetime,
) -> bool:
    """Tell whether an answer is right; a wrong one is counted.

    One after the other: behind the lock everybody sees how many were wrong before.
    """
    challenge = await queries.get_for_update(
        session, scope=principal.scope, challenge_id=challenge_id
    )
    if challenge is None or not challenge.is_open_to(principal, now):
        return False
    if codes.is_right(challenge.id, code):
        return True
    challenge.wrong_codes += 1
    return False


async def request_verification_code(
    session: AsyncSession, *, principal: Principal, operation: str, channel: str, now: datetime
) -> VerificationChallenge:
    """Make a challenge; its code is sent as soon as it is there to stay.

    :raises VerificationContactMissing, ResourceExhausted:
    """
    partner_id = _partner_of(principal)
    # Those who ask at once count each other.
    await session.execute(_ONE_AT_A_TIME, {"who": f"{principal.tenant_id}|{principal.subject}"})
    asked = await queries.count_asked_since(
        session,
        scope=principal.scope,
        subject=principal.subject,
        since=now - REQUESTS_WITHIN,
    )
    if asked >= REQUESTS_MAX:
        minutes = REQUESTS_WITHIN.seconds // 60
        raise ResourceExhausted(f"at most {REQUESTS_MAX} codes in {minutes} minutes")
    settings = await queries.get_settings(session, scope=principal.scope, partner_id=partner_id)
    recipient = None if settings is None else settings.contact(channel)
    if recipient is None:
        raise VerificationContactMissing(
            "the partner has no such contact; set one first", field="channel"
        )
    challenge = VerificationChallenge(
        tenant_id=principal.scope.tenant_id,
        partner_id=partner_id,
        subject=principal.subject,
        operation=operation,
        channel=channel,
        recipient=recipient,
        expire_time=now + LIFE,
        next_send_time=now,
        create_time=now,
    )
    session.add(challenge)
    await session.flush()
    return challenge


async def set_verification(
    session: AsyncSession,
    *,
    principal: Principal,
    is_enabled: bool,
    email: str | None,
    mobile: str | None,
    challenge_id: UUID | None,
    code: str | None,
    now: datetime,
) -> VerificationSettings:
    """Switch a partner's verification, and say where its codes go.

    :raises InvalidArgument, VerificationRequired, VerificationFailed:
    """
    partner_id = _partner_of(principal)
    refuse_odd_contacts(email=email, mobile=mobile)
    await session.execute(_ONE_AT_A_TIME, {"who": f"{principal.tenant_id}|{partner_id}"})
    known = await queries.get_settings(session, scope=principal.scope, partner_id=partner_id)
    weakens = known is not None and known.would_weaken(
        is_enabled=is_enabled, email=email, mobile=mobile
    )
    if weakens and (challenge_id is None or code is None):
        raise VerificationRequired("ask for a code first", field="verification")
    if challenge_id is not None:
        await check(
            session,
            principal=principal,
            operation=VerificationOperation.SET_VERIFICATION,
            challenge_id=challenge_id,
            code=code,
            now=now,
        )
    values = {
        "is_enabled": is_enabled,
        "email": email or (known and known.email),
        "mobile": mobile or (known and known.mobile),
        "update_time": now,
    }
    statement = insert(VerificationSettings).values(
        tenant_id=principal.scope.tenant_id, partner_id=partner_id, **values
    )
    await session.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "partner_id"], set_=values)
    )
    return VerificationSettings(**values)


def _partner_of(principal: Principal) -> UUID:
    if principal.partner_id is None:
        raise PermissionDenied("only a partner's people have codes")
    return principal.partner_id


async def _is_enabled(session: AsyncSession, *, principal: Principal) -> bool:
    if principal.partner_id is None:
        # The platform's operators and jobs: the switch is a partner's.
        return False
    return await queries.is_enabled(session, scope=principal.scope, partner_id=principal.partner_id)
