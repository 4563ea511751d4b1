"""The words of operation records are the contract's."""

import pytest

from partner.billing.v1 import vouchers_pb2
from services.billing.voucher_operations.model import VoucherOperationResult, VoucherOperationType
from services.billing.voucher_operations.queries import VoucherOperationOrder


@pytest.mark.parametrize(
    ("ours", "contract", "prefix"),
    [
        (VoucherOperationType, vouchers_pb2.VoucherOperationType, "VOUCHER_OPERATION_TYPE_"),
        (VoucherOperationResult, vouchers_pb2.VoucherOperationResult, "VOUCHER_OPERATION_RESULT_"),
        (VoucherOperationOrder, vouchers_pb2.VoucherOperationOrder, "VOUCHER_OPERATION_ORDER_"),
    ],
)
def test_our_words_are_the_contracts(ours: type, contract: object, prefix: str) -> None:
    names = {name.removeprefix(prefix) for name in contract.keys()}  # type: ignore[attr-defined] # noqa: SIM118

    assert {one.value for one in ours} == names - {"UNSPECIFIED"}  # type: ignore[attr-defined]
