"""What always holds of withdrawals, each as a query that gives the rows where it does not.

They see the tenant of the transaction that they run in (reliability.md 2.4).
"""

from collections.abc import Mapping
from typing import Final

FROZEN_IS_HELD: Final = """
    SELECT coalesce(f.account_id, h.account_id) AS account_id, f.units, h.units AS held
    FROM (
        SELECT w.tenant_id, w.account_id, sum(f.amount) AS units
        FROM withdrawal_flows f
        JOIN withdrawals w ON w.tenant_id = f.tenant_id AND w.id = f.withdrawal_id
        WHERE f.state IN ('HELD', 'PAYING')
        GROUP BY w.tenant_id, w.account_id
    ) f
    FULL JOIN (
        SELECT p.tenant_id, p.debit_account_id AS account_id, sum(p.amount) AS units
        FROM transfers p
        WHERE p.code = 82 AND p.phase = 2 AND NOT EXISTS (
            SELECT FROM transfers r WHERE r.tenant_id = p.tenant_id AND r.pending_id = p.id
        )
        GROUP BY p.tenant_id, p.debit_account_id
    ) h ON h.tenant_id = f.tenant_id AND h.account_id = f.account_id
    WHERE f.units IS DISTINCT FROM h.units
"""

FLOWS_HAVE_THEIR_TRANSFERS: Final = """
    SELECT f.id, f.state, t.phase, r.phase AS resolution
    FROM withdrawal_flows f
    JOIN withdrawals w ON w.tenant_id = f.tenant_id AND w.id = f.withdrawal_id
    LEFT JOIN transfers t ON t.tenant_id = f.tenant_id AND t.id = f.transaction_id
        AND t.code = 82 AND t.phase = 2 AND t.expire_time IS NULL
        AND t.debit_account_id = w.account_id AND t.amount = f.amount
    LEFT JOIN transfers r ON r.tenant_id = t.tenant_id AND r.pending_id = t.id
        AND (r.phase <> 3 OR r.amount = f.amount)
    WHERE t.id IS NULL OR r.phase IS DISTINCT FROM
        CASE f.state WHEN 'PAID' THEN 3 WHEN 'FAILED' THEN 4 WHEN 'RELEASED' THEN 4 END
"""

TRANSFERS_HAVE_THEIR_FLOWS: Final = """
    SELECT t.id FROM transfers t
    WHERE t.code = 82 AND NOT EXISTS (
        SELECT FROM withdrawal_flows f
        WHERE f.tenant_id = t.tenant_id AND f.transaction_id = coalesce(t.pending_id, t.id)
    )
"""

WITHDRAWALS_ARE_THEIR_FLOWS: Final = """
    SELECT w.id, w.state, w.amount, w.paid_amount
    FROM withdrawals w
    LEFT JOIN withdrawal_flows f ON f.tenant_id = w.tenant_id AND f.withdrawal_id = w.id
    GROUP BY w.tenant_id, w.id
    HAVING coalesce(sum(f.amount), 0) <> w.amount
        OR coalesce(sum(f.amount) FILTER (WHERE f.state = 'PAID'), 0) <> w.paid_amount
        OR NOT CASE
            WHEN w.state IN ('SUBMITTED', 'UNDER_REVIEW', 'APPROVED')
                THEN bool_and(f.state = 'HELD')
            WHEN w.state IN ('REJECTED', 'CANCELLED') THEN bool_and(f.state = 'RELEASED')
            WHEN w.state = 'PAYING' THEN bool_or(f.state IN ('HELD', 'PAYING'))
            WHEN w.state = 'COMPLETED' THEN bool_and(f.state = 'PAID')
            WHEN w.state = 'FAILED' THEN bool_and(f.state = 'FAILED')
            ELSE bool_and(f.state IN ('PAID', 'FAILED')) AND bool_or(f.state = 'PAID')
                AND bool_or(f.state = 'FAILED')
        END
"""

RETURNED_IS_WHAT_FLOWS_TOOK: Final = """
    SELECT u.id, u.returned_amount FROM top_ups u
    LEFT JOIN withdrawal_flows f ON f.tenant_id = u.tenant_id AND f.top_up_id = u.id
        AND f.state IN ('HELD', 'PAYING', 'PAID')
    GROUP BY u.tenant_id, u.id
    HAVING coalesce(sum(f.amount), 0) <> u.returned_amount
"""

INVARIANTS: Final[Mapping[str, str]] = {
    "what withdrawals froze is what is held": FROZEN_IS_HELD,
    "flows have their transfers": FLOWS_HAVE_THEIR_TRANSFERS,
    "transfers of withdrawals have their flow": TRANSFERS_HAVE_THEIR_FLOWS,
    "withdrawals are their flows": WITHDRAWALS_ARE_THEIR_FLOWS,
    "what was returned of top-ups is what flows took": RETURNED_IS_WHAT_FLOWS_TOOK,
}
