"""Why the incentives service refuses, as user errors."""

from enum import Enum

from gateway.kit.words import words
from gateway.kit.writes import UserError, user_error
from partner.incentives.v1 import errors_pb2


@words(errors_pb2.ErrorReason, description="Why the incentives service refuses.")
class IncentiveErrorCode(Enum):
    """Filled from the contract."""


@user_error(errors_pb2.DESCRIPTOR)
class IncentiveUserError(UserError):
    code: IncentiveErrorCode
