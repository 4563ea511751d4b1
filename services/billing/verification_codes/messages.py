"""Challenges and settings as messages, and the answers to challenges that requests bring."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from google.protobuf.message import Message

from partner.billing.v1 import verification_codes_pb2
from services.billing.verification_codes import operations
from services.billing.verification_codes.model import Codes
from services.kit import ids, wire
from services.kit.database import Database
from services.kit.fields import Field, Fields
from services.kit.identity import Principal
from services.kit.masking import mask_email, mask_mobile

OPERATIONS: Final = wire.Words(
    verification_codes_pb2.VerificationOperation, prefix="VERIFICATION_OPERATION_"
)
CHANNELS: Final = wire.Words(
    verification_codes_pb2.VerificationChannel, prefix="VERIFICATION_CHANNEL_"
)

CHALLENGE: Final = Fields(
    verification_codes_pb2.VerificationChallenge,
    id=Field(partial(ids.to_text, "vch")),
    operation=Field(OPERATIONS.number),
    channel=Field(CHANNELS.number),
    recipient=Field(None, "masked_recipient"),
    expire_time=Field(wire.time_parts),
    create_time=Field(wire.time_parts),
)

SETTINGS: Final = Fields(
    verification_codes_pb2.VerificationSettings,
    enabled=Field(None, "is_enabled"),
    email=Field(mask_email),
    mobile=Field(mask_mobile),
    update_time=Field(wire.time_parts),
)

_FIELD: Final = "verification"


def to_answer(request: Any) -> dict[str, Any]:
    """Read a request's answer to a challenge as `operations.check` takes it, if it brings one.

    :raises InvalidArgument:
    """
    if not request.HasField(_FIELD):
        return {"challenge_id": None, "code": None}
    answer: verification_codes_pb2.Verification = request.verification
    return {"challenge_id": _challenge_id(answer), "code": answer.code}


class SecondFactor:
    """Looks at the answer to a challenge that a write brings, before its transaction begins."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes

    async def __call__(
        self, database: Database, request: Message, principal: Principal, now: datetime
    ) -> Principal:
        """Note in the principal which challenge it answered rightly, if it did.

        :raises InvalidArgument:
        """
        if _FIELD not in request.DESCRIPTOR.fields_by_name or not request.HasField(_FIELD):
            return principal
        answer: verification_codes_pb2.Verification = request.verification  # type: ignore[attr-defined]
        challenge_id = _challenge_id(answer)
        async with database.transaction(principal) as session:
            is_right = await operations.count_answer(
                session,
                principal=principal,
                codes=self._codes,
                challenge_id=challenge_id,
                code=answer.code,
                now=now,
            )
        return replace(principal, second_factor=challenge_id) if is_right else principal


def _challenge_id(answer: verification_codes_pb2.Verification) -> UUID:
    return ids.from_text("vch", answer.challenge_id, field=f"{_FIELD}.challenge_id")
