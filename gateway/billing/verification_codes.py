"""Codes that confirm sensitive operations (验证码验证)."""

from enum import Enum

import strawberry

from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import single
from gateway.kit.scalars import DateTime
from gateway.kit.shows import shows
from gateway.kit.words import words
from gateway.kit.writes import Payload, answers, writing
from partner.billing.v1 import verification_codes_pb2

CODES = rpcs(verification_codes_pb2.DESCRIPTOR, "VerificationCodeService")


@words(verification_codes_pb2.VerificationOperation)
class VerificationOperation(Enum):
    """Filled from the contract."""


@words(verification_codes_pb2.VerificationChannel)
class VerificationChannel(Enum):
    """Filled from the contract."""


@shows(verification_codes_pb2.VerificationChallenge)
class VerificationChallenge:
    id: strawberry.ID
    operation: VerificationOperation
    channel: VerificationChannel
    recipient: str
    expire_time: DateTime
    create_time: DateTime


@shows(verification_codes_pb2.VerificationSettings)
class VerificationSettings:
    enabled: bool
    email: str | None
    mobile: str | None
    update_time: DateTime | None


@takes(verification_codes_pb2.Verification)
class VerificationInput:
    challenge_id: strawberry.ID
    code: str


@takes(verification_codes_pb2.RequestVerificationCodeRequest)
class RequestVerificationCodeInput:
    request_id: strawberry.ID
    operation: VerificationOperation
    channel: VerificationChannel


@takes(verification_codes_pb2.SetVerificationRequest)
class SetVerificationInput:
    request_id: strawberry.ID
    enabled: bool
    email: str | None
    mobile: str | None
    verification: VerificationInput | None


@answers(CODES["RequestVerificationCode"])
class RequestVerificationCodePayload(Payload):
    verification_challenge: VerificationChallenge | None


@answers(CODES["SetVerification"])
class SetVerificationPayload(Payload):
    verification_settings: VerificationSettings | None


@strawberry.type
class VerificationCodeQuery:
    verification_settings: VerificationSettings | None = single(CODES["GetVerificationSettings"])


@strawberry.type
class VerificationCodeMutation:
    request_verification_code: RequestVerificationCodePayload | None = writing(
        CODES["RequestVerificationCode"], RequestVerificationCodeInput
    )
    set_verification: SetVerificationPayload | None = writing(
        CODES["SetVerification"], SetVerificationInput
    )
