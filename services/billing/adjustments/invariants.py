"""What always holds between adjustments and the ledger, each as a query for where it does not.

They see the tenant of the transaction that they run in (reliability.md 2.4, no. 8).
"""

from collections.abc import Mapping
from typing import Final

# Codes of transfers: 2 allocates, 3 reclaims, 4 reclaims at disassociation. Kinds of accounts: cash
# of a partner is 2, of a customer 4; the others of these holders are of credit.
ADJUSTMENTS_ARE_MOVED: Final = """
    SELECT a.id, a.amount, sum(t.amount) AS moved
    FROM adjustments a
    LEFT JOIN LATERAL (
        SELECT t.amount / 10::numeric ^ split_part(d.unit, '/', 2)::integer AS amount,
            t.phase = 1 AND d.unit = c.unit
            AND t.code = CASE a.operation_type
                WHEN 'ALLOCATE' THEN 2
                WHEN 'RECLAIM' THEN 3
                ELSE 4 END
            AND ARRAY[d.holder_id, c.holder_id] = CASE a.operation_type
                WHEN 'ALLOCATE' THEN ARRAY[a.partner_id, target.id]
                ELSE ARRAY[target.id, a.partner_id] END AS is_right
        FROM (
            SELECT * FROM transfers
            WHERE tenant_id = a.tenant_id AND id = a.transaction_id
            UNION ALL
            SELECT * FROM transfers
            WHERE tenant_id = a.tenant_id AND group_id = a.transaction_id
        ) t
        JOIN accounts d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
        JOIN accounts c ON c.tenant_id = t.tenant_id AND c.id = t.credit_account_id
        CROSS JOIN (SELECT coalesce(a.customer_id, a.target_partner_id) AS id) AS target
        WHERE (d.kind IN (2, 4)) = (a.kind = 'CASH')
    ) t ON true
    GROUP BY a.tenant_id, a.id
    HAVING coalesce(sum(t.amount), 0) <> a.amount OR NOT bool_and(t.is_right)
"""

TRANSFERS_HAVE_THEIR_ADJUSTMENT: Final = """
    SELECT t.id FROM transfers t
    WHERE t.code IN (2, 3, 4) AND NOT EXISTS (
        SELECT FROM adjustments a
        WHERE a.tenant_id = t.tenant_id AND a.transaction_id = coalesce(t.group_id, t.id)
    )
"""

INVARIANTS: Final[Mapping[str, str]] = {
    "adjustments are what was moved": ADJUSTMENTS_ARE_MOVED,
    "transfers of adjustments have their adjustment": TRANSFERS_HAVE_THEIR_ADJUSTMENT,
}
