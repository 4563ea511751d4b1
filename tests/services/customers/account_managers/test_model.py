"""The refusals about account managers."""

import pytest

from partner.customers.v1 import errors_pb2
from services.customers.account_managers.model import AccountManagerUnknown, AccountNameTaken
from services.kit.errors import Refusal


@pytest.mark.parametrize("refusal", [AccountManagerUnknown, AccountNameTaken])
def test_a_refusal_is_called_as_in_the_contract(refusal: type[Refusal]) -> None:
    assert (
        f"ERROR_REASON_{refusal('no').reason}" in errors_pb2.ErrorReason.DESCRIPTOR.values_by_name
    )
