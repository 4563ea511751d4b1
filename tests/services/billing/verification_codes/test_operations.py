"""Which operations a code lets through, and how often one may be wrong."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.billing.verification_codes import operations, queries
from services.billing.verification_codes.model import (
    LIFE,
    Codes,
    VerificationChallenge,
    VerificationContactMissing,
    VerificationFailed,
    VerificationOperation,
    VerificationRequired,
)
from services.kit.database import Database
from services.kit.errors import ResourceExhausted
from services.kit.identity import Principal
from services.kit.ids import new_id
from tests.builders.principals import a_system, a_tenant, an_administrator, an_operator
from tests.builders.running import RunningService

NOW = datetime.now(UTC)
CODES = Codes(b"k" * 32)
ADJUST = VerificationOperation.ADJUST
WITHDRAW = VerificationOperation.WITHDRAW


@pytest.fixture
def books(billing: RunningService) -> Database:
    return billing.database


async def switch(database: Database, principal: Principal, *, is_enabled: bool) -> None:
    async with database.transaction(principal) as session:
        await operations.set_verification(
            session,
            principal=principal,
            is_enabled=is_enabled,
            email="a@orchid.example",
            mobile=None,
            challenge_id=None,
            code=None,
            now=NOW,
        )


async def challenged(
    database: Database, principal: Principal, *, operation: str = ADJUST
) -> VerificationChallenge:
    async with database.transaction(principal) as session:
        return await operations.request_verification_code(
            session, principal=principal, operation=operation, channel="EMAIL", now=NOW
        )


async def answer(
    database: Database, principal: Principal, challenge_id: UUID, code: str, *, now: datetime = NOW
) -> Principal:
    """Answer as the wrapper does, before the write's own transaction."""
    async with database.transaction(principal) as session:
        is_right = await operations.count_answer(
            session,
            principal=principal,
            codes=CODES,
            challenge_id=challenge_id,
            code=code,
            now=now,
        )
    return replace(principal, second_factor=challenge_id) if is_right else principal


async def check(
    database: Database,
    principal: Principal,
    *,
    operation: VerificationOperation = ADJUST,
    challenge_id: UUID | None = None,
    now: datetime = NOW,
) -> None:
    async with database.transaction(principal) as session:
        await operations.check(
            session,
            principal=principal,
            operation=operation,
            challenge_id=challenge_id,
            code=None if challenge_id is None else "any",
            now=now,
        )


def wrong(challenge: VerificationChallenge) -> str:
    return f"{(int(CODES.code(challenge.id)) + 1) % 10**6:06}"


async def test_without_the_switch_only_withdrawals_need_a_code(books: Database) -> None:
    principal = an_administrator(a_tenant())

    await check(books, principal)

    with pytest.raises(VerificationRequired):
        await check(books, principal, operation=WITHDRAW)


async def test_with_the_switch_every_operation_needs_a_code(books: Database) -> None:
    principal = an_administrator(a_tenant())
    await switch(books, principal, is_enabled=True)

    with pytest.raises(VerificationRequired):
        await check(books, principal)


async def test_the_switch_is_each_partners_own(books: Database) -> None:
    tenant = a_tenant()
    await switch(books, an_administrator(tenant), is_enabled=True)

    await check(books, an_administrator(tenant, partner_id=new_id()))
    await check(books, an_operator(tenant))
    await check(books, a_system(tenant))


async def test_the_right_code_lets_one_operation_through(books: Database) -> None:
    principal = an_administrator(a_tenant())
    await switch(books, principal, is_enabled=True)
    challenge = await challenged(books, principal)

    proved = await answer(books, principal, challenge.id, CODES.code(challenge.id))
    await check(books, proved, challenge_id=challenge.id)

    with pytest.raises(VerificationFailed):
        await check(books, proved, challenge_id=challenge.id)


async def test_a_code_that_nobody_looked_at_lets_nothing_through(books: Database) -> None:
    principal = an_administrator(a_tenant())
    await switch(books, principal, is_enabled=False)
    challenge = await challenged(books, principal)

    with pytest.raises(VerificationFailed):
        await check(books, principal, challenge_id=challenge.id)


async def test_a_wrong_code_is_refused_even_where_none_is_needed(books: Database) -> None:
    principal = an_administrator(a_tenant())
    await switch(books, principal, is_enabled=False)
    challenge = await challenged(books, principal)

    proved = await answer(books, principal, challenge.id, wrong(challenge))

    with pytest.raises(VerificationFailed):
        await check(books, proved, challenge_id=challenge.id)


async def test_a_code_for_another_operation_is_refused(books: Database) -> None:
    principal = an_administrator(a_tenant())
    await switch(books, principal, is_enabled=True)
    challenge = await challenged(books, principal, operation=ADJUST)
    proved = await answer(books, principal, challenge.id, CODES.code(challenge.id))

    with pytest.raises(VerificationFailed):
        await check(books, proved, operation=WITHDRAW, challenge_id=challenge.id)


async def test_a_code_of_another_person_is_refused(books: Database) -> None:
    principal = an_administrator(a_tenant())
    await switch(books, principal, is_enabled=True)
    challenge = await challenged(books, principal)

    other = replace(principal, subject="another")
    proved = await answer(books, other, challenge.id, CODES.code(challenge.id))

    assert proved.second_factor is None
    with pytest.raises(VerificationFailed):
        await check(books, replace(other, second_factor=challenge.id), challenge_id=challenge.id)


async def test_a_code_is_good_for_five_minutes(books: Database) -> None:
    principal = an_administrator(a_tenant())
    await switch(books, principal, is_enabled=True)
    challenge = await challenged(books, principal)
    code, late = CODES.code(challenge.id), NOW + LIFE

    assert (await answer(books, principal, challenge.id, code, now=late)).second_factor is None
    in_time = await answer(books, principal, challenge.id, code)
    with pytest.raises(VerificationFailed):
        await check(books, in_time, challenge_id=challenge.id, now=late)


async def test_after_five_wrong_codes_the_right_one_is_refused(books: Database) -> None:
    principal = an_administrator(a_tenant())
    await switch(books, principal, is_enabled=True)
    challenge = await challenged(books, principal)

    for _ in range(5):
        await answer(books, principal, challenge.id, wrong(challenge))
    proved = await answer(books, principal, challenge.id, CODES.code(challenge.id))

    assert proved.second_factor is None


async def test_of_many_guesses_at_once_no_more_than_five_are_looked_at(books: Database) -> None:
    principal = an_administrator(a_tenant())
    await switch(books, principal, is_enabled=True)
    challenge = await challenged(books, principal)

    await asyncio.gather(
        *(answer(books, principal, challenge.id, wrong(challenge)) for _ in range(12))
    )

    async with books.transaction(principal) as session:
        left = await queries.get_for_update(
            session, scope=principal.scope, challenge_id=challenge.id
        )
    assert left is not None
    assert left.wrong_codes == 5


async def test_of_two_operations_at_once_a_code_lets_one_through(books: Database) -> None:
    principal = an_administrator(a_tenant())
    await switch(books, principal, is_enabled=True)
    challenge = await challenged(books, principal)
    proved = await answer(books, principal, challenge.id, CODES.code(challenge.id))

    outcomes = await asyncio.gather(
        *(check(books, proved, challenge_id=challenge.id) for _ in range(4)),
        return_exceptions=True,
    )

    assert (
        sorted(type(one).__name__ for one in outcomes) == ["NoneType"] + ["VerificationFailed"] * 3
    )


async def test_five_codes_in_fifteen_minutes_are_enough_even_at_once(books: Database) -> None:
    principal = an_administrator(a_tenant())
    await switch(books, principal, is_enabled=False)

    outcomes = await asyncio.gather(
        *(challenged(books, principal) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(one, ResourceExhausted) for one in outcomes) == 3
    await challenged(books, replace(principal, subject="another"))


async def test_who_was_refused_may_ask_again_later(books: Database) -> None:
    principal = an_administrator(a_tenant())
    await switch(books, principal, is_enabled=False)
    for _ in range(5):
        await challenged(books, principal)

    async with books.transaction(principal) as session:
        challenge = await operations.request_verification_code(
            session,
            principal=principal,
            operation=ADJUST,
            channel="EMAIL",
            now=NOW + timedelta(minutes=15, seconds=1),
        )

    assert challenge.recipient == "a@orchid.example"


@pytest.mark.parametrize("said", [{}, {"channel": "SMS"}])
async def test_a_code_needs_somewhere_to_go(books: Database, said: dict[str, Any]) -> None:
    principal = an_administrator(a_tenant())
    if said:
        await switch(books, principal, is_enabled=False)

    with pytest.raises(VerificationContactMissing):
        async with books.transaction(principal) as session:
            await operations.request_verification_code(
                session,
                principal=principal,
                **{"operation": ADJUST, "channel": "EMAIL", "now": NOW} | said,
            )


async def test_switching_off_needs_a_code_and_leaves_the_switch_on_without(
    books: Database,
) -> None:
    principal = an_administrator(a_tenant())
    await switch(books, principal, is_enabled=True)

    with pytest.raises(VerificationRequired):
        await switch(books, principal, is_enabled=False)
    with pytest.raises(VerificationRequired):
        await check(books, principal)
