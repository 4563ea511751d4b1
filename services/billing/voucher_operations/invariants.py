"""What always holds of operation records, each as a query that gives the rows where it does not.

They see the tenant of the transaction that they run in (reliability.md 2.4, number 8).
"""

from collections.abc import Mapping
from typing import Final

from services.billing.ledger.chart import TransferCode
from services.billing.voucher_operations.model import VoucherOperationType

# By which transfer each kind of operation moves its amount; all others are reclaims of vouchers.
_CODES: Final = {
    VoucherOperationType.ISSUE: TransferCode.VOUCHER_ISSUE,
    VoucherOperationType.GRANT_SUB_QUOTA: TransferCode.VQ_DELEGATE,
    VoucherOperationType.RECLAIM_SUB_QUOTA: TransferCode.VQ_UNDELEGATE,
}
_RECLAIMS: Final = (TransferCode.VOUCHER_RECLAIM, TransferCode.VOUCHER_EXPIRE)
_ALL_CODES: Final = ", ".join(str(int(code)) for code in (*_CODES.values(), *_RECLAIMS))
_CODES_OF_TYPE: Final = (
    "CASE o.operation_type "
    + " ".join(f"WHEN '{kind}' THEN ARRAY[{code:d}]" for kind, code in _CODES.items())
    + f" ELSE ARRAY[{', '.join(str(int(code)) for code in _RECLAIMS)}] END"
)

RECORDS_HAVE_THEIR_TRANSFERS: Final = f"""
    SELECT o.id FROM voucher_operations o
    LEFT JOIN transfers t ON t.tenant_id = o.tenant_id AND t.id = o.transaction_id
    WHERE CASE WHEN o.result = 'FAILURE' OR o.amount = 0
        THEN o.transaction_id IS NOT NULL
        ELSE t.id IS NULL OR t.amount <> o.amount * 100
            OR t.code <> ALL ({_CODES_OF_TYPE})
        END
"""  # noqa: S608 - words and numbers of ours

TRANSFERS_HAVE_THEIR_RECORD: Final = f"""
    SELECT t.id FROM transfers t
    LEFT JOIN voucher_operations o ON o.tenant_id = t.tenant_id AND o.transaction_id = t.id
    WHERE t.code IN ({_ALL_CODES})
    GROUP BY t.tenant_id, t.id HAVING count(o.id) <> 1
"""  # noqa: S608 - numbers of ours

INVARIANTS: Final[Mapping[str, str]] = {
    "operation records have their transfers": RECORDS_HAVE_THEIR_TRANSFERS,
    "transfers of vouchers have their operation record": TRANSFERS_HAVE_THEIR_RECORD,
}
