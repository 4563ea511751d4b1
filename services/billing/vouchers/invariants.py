"""What always holds of vouchers, each as a query that gives the rows where it does not.

They see the tenant of the transaction that they run in (reliability.md 2.4, numbers 5 and 6).
"""

from collections.abc import Mapping
from typing import Final

from services.billing.ledger.chart import TransferCode

_OWN: Final = ", ".join(
    str(int(code))
    for code in (
        TransferCode.VOUCHER_ISSUE,
        TransferCode.VOUCHER_RECLAIM,
        TransferCode.VOUCHER_EXPIRE,
    )
)

# Face value - what records took back - what orders and charges used = what is there.
BALANCES_ARE_WHAT_DOCUMENTS_SAY: Final = f"""
    SELECT v.id FROM vouchers v
    JOIN accounts a ON a.tenant_id = v.tenant_id AND a.id = v.account_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount), 0) AS amount FROM voucher_operations o
        WHERE o.tenant_id = v.tenant_id AND o.voucher_id = v.id AND o.result = 'SUCCESS'
            AND o.operation_type <> 'ISSUE'
    ) reclaimed
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(-e.amount), 0) AS units FROM entries e
        JOIN transfers t ON t.tenant_id = e.tenant_id AND t.id = e.transfer_id
        WHERE e.tenant_id = v.tenant_id AND e.account_id = v.account_id AND t.code NOT IN ({_OWN})
    ) used
    WHERE a.credits_posted - a.debits_posted
        <> (v.face_value - reclaimed.amount) * 100 - used.units
"""  # noqa: S608 - numbers of ours

BALANCES_ARE_WITHIN_FACE_VALUES: Final = """
    SELECT v.id FROM vouchers v
    JOIN accounts a ON a.tenant_id = v.tenant_id AND a.id = v.account_id
    WHERE NOT a.credits_posted - a.debits_posted BETWEEN 0 AND v.face_value * 100
"""

# A refund may still bring value back, and then it returns to the quota.
NOTHING_IS_TAKEN_AFTER_EXPIRY: Final = f"""
    SELECT v.id, t.id AS transfer_id FROM vouchers v
    JOIN transfers t ON t.tenant_id = v.tenant_id AND t.debit_account_id = v.account_id
    WHERE t.phase IN (1, 2) AND t.effective_time >= v.expire_time
        AND t.code NOT IN ({TransferCode.VOUCHER_EXPIRE:d}, {TransferCode.REVERSAL:d})
"""  # noqa: S608 - numbers of ours

INVARIANTS: Final[Mapping[str, str]] = {
    "balances of vouchers are what documents say": BALANCES_ARE_WHAT_DOCUMENTS_SAY,
    "balances of vouchers are within face values": BALANCES_ARE_WITHIN_FACE_VALUES,
    "nothing is taken from vouchers after expiry": NOTHING_IS_TAKEN_AFTER_EXPIRY,
}
