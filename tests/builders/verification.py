"""Verification codes for tests: contacts, challenges, and the codes that were sent."""

from typing import Any, Final
from uuid import uuid4

from partner.billing.v1 import verification_codes_pb2
from services.billing.verification_codes.model import Codes
from services.kit import ids
from services.kit.identity import Principal
from services.kit.secret import Secret
from tests.builders.running import RunningService

OPERATIONS: Final = verification_codes_pb2.VerificationOperation
EMAIL: Final = verification_codes_pb2.VERIFICATION_CHANNEL_EMAIL


def codes_of(billing: RunningService) -> Codes:
    """Give what makes the codes of this installation."""
    return Codes(Secret(billing.keys.billing_secret).key("verification codes"))


def a_switch(
    *, enabled: bool = False, **said: Any
) -> verification_codes_pb2.SetVerificationRequest:
    """Say how a partner's verification shall be: by default off, with a contact."""
    defaults: dict[str, Any] = {
        "request_id": str(uuid4()),
        "enabled": enabled,
        "email": "money@orchid.example",
    }
    return verification_codes_pb2.SetVerificationRequest(**defaults | said)


async def ask_for_code(
    billing: RunningService, principal: Principal, *, operation: str = "WITHDRAW"
) -> verification_codes_pb2.VerificationChallenge:
    """Ask for a code; the partner has to have a contact."""
    request = verification_codes_pb2.RequestVerificationCodeRequest(
        request_id=str(uuid4()),
        operation=OPERATIONS.Value(f"VERIFICATION_OPERATION_{operation}"),
        channel=EMAIL,
    )
    challenge: verification_codes_pb2.VerificationChallenge = await billing.call(
        request, principal=principal
    )
    return challenge


async def a_code(
    billing: RunningService, principal: Principal, *, operation: str = "WITHDRAW"
) -> verification_codes_pb2.Verification:
    """Ask for a code and give the right answer to its challenge."""
    challenge = await ask_for_code(billing, principal, operation=operation)
    return an_answer(billing, challenge)


def an_answer(
    billing: RunningService, challenge: verification_codes_pb2.VerificationChallenge
) -> verification_codes_pb2.Verification:
    code = codes_of(billing).code(ids.from_text("vch", challenge.id, field="id"))
    return verification_codes_pb2.Verification(challenge_id=challenge.id, code=code)


def a_wrong_answer(
    billing: RunningService, challenge: verification_codes_pb2.VerificationChallenge
) -> verification_codes_pb2.Verification:
    answer = an_answer(billing, challenge)
    answer.code = f"{(int(answer.code) + 1) % 1_000_000:06}"
    return answer
