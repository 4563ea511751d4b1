"""Words that several services share."""

from enum import Enum

from gateway.kit.words import words
from partner.type.v1 import terms_pb2


@words(terms_pb2.AssociationType)
class AssociationType(Enum):
    """Filled from the contract."""


@words(terms_pb2.ChargingMode)
class ChargingMode(Enum):
    """Filled from the contract."""
