"""What always holds of top-ups, each as a query that gives the rows where it does not.

They see the tenant of the transaction that they run in (reliability.md 2.4).
"""

from collections.abc import Mapping
from typing import Final

TOP_UPS_HAVE_THEIR_TRANSFERS: Final = """
    SELECT u.id FROM top_ups u
    LEFT JOIN transfers t ON t.tenant_id = u.tenant_id AND t.group_id = u.transaction_id
        AND t.code = 1
    LEFT JOIN accounts a ON a.tenant_id = t.tenant_id AND a.id = t.credit_account_id
        AND a.holder_id = u.partner_id
    GROUP BY u.tenant_id, u.id, u.amount, u.designated_amount
    HAVING coalesce(sum(t.amount), 0) <> u.amount
        OR coalesce(sum(t.amount) FILTER (WHERE a.kind = 3), 0) <> u.designated_amount
        OR coalesce(sum(t.amount) FILTER (WHERE a.kind = 2), 0) <> u.amount - u.designated_amount
"""

TRANSFERS_HAVE_THEIR_TOP_UPS: Final = """
    SELECT t.id FROM transfers t
    LEFT JOIN top_ups u ON u.tenant_id = t.tenant_id AND u.transaction_id = t.group_id
    WHERE t.code = 1 AND t.phase = 1 AND u.id IS NULL
"""

INVARIANTS: Final[Mapping[str, str]] = {
    "top-ups have their transfers": TOP_UPS_HAVE_THEIR_TRANSFERS,
    "transfers of top-ups have their top-up": TRANSFERS_HAVE_THEIR_TOP_UPS,
}
