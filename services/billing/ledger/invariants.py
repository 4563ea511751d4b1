"""What always holds in the ledger, each as a query that gives the rows where it does not.

They see the tenant of the transaction that they run in (reliability.md 2.4).
"""

from collections.abc import Mapping
from typing import Final

UNITS_BALANCE: Final = """
    SELECT unit, sum(credits_posted - debits_posted) AS posted,
        sum(credits_pending - debits_pending) AS pending
    FROM accounts GROUP BY tenant_id, unit
    HAVING sum(credits_posted - debits_posted) <> 0
        OR sum(credits_pending - debits_pending) <> 0
"""

COUNTERS_ARE_SUMS_OF_ENTRIES: Final = """
    SELECT a.id, a.version, a.debits_posted, a.credits_posted
    FROM accounts a
    CROSS JOIN LATERAL (
        SELECT coalesce(-sum(amount) FILTER (WHERE amount < 0), 0) AS debits,
            coalesce(sum(amount) FILTER (WHERE amount > 0), 0) AS credits
        FROM entries e WHERE e.tenant_id = a.tenant_id AND e.account_id = a.id
    ) sums
    LEFT JOIN LATERAL (
        SELECT version, balance FROM entries e
        WHERE e.tenant_id = a.tenant_id AND e.account_id = a.id
        ORDER BY version DESC LIMIT 1
    ) last ON true
    WHERE a.debits_posted <> sums.debits OR a.credits_posted <> sums.credits
        OR coalesce(last.version, 0) <> a.version
        OR coalesce(last.balance, 0) <> a.credits_posted - a.debits_posted
"""

ENTRIES_ARE_A_CHAIN: Final = """
    SELECT account_id, version FROM (
        SELECT account_id, version, amount, balance,
            coalesce(lag(version) OVER chain, 0) AS version_before,
            coalesce(lag(balance) OVER chain, 0) AS balance_before
        FROM entries
        WINDOW chain AS (PARTITION BY tenant_id, account_id ORDER BY version)
    ) links
    WHERE version <> version_before + 1 OR balance - amount <> balance_before
"""

GUARDS_HOLD: Final = """
    SELECT id::text FROM accounts
    WHERE (guard = 1 AND debits_posted + debits_pending > credits_posted)
        OR (guard = 2 AND credits_posted + credits_pending > debits_posted)
    UNION ALL
    SELECT name FROM unnest(ARRAY['accounts_guard_check', 'accounts_counters_check']) AS name
    WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conname = name AND convalidated)
"""

TRANSFERS_HAVE_TWO_ENTRIES: Final = """
    SELECT t.id FROM transfers t
    LEFT JOIN entries e ON e.tenant_id = t.tenant_id AND e.transfer_id = t.id
    GROUP BY t.tenant_id, t.id
    HAVING count(e.version) <> CASE WHEN t.phase IN (1, 3) THEN 2 ELSE 0 END
        OR coalesce(sum(e.amount), 0) <> 0
        OR count(*) FILTER (WHERE abs(e.amount) <> t.amount) > 0
"""

HELD_IS_WHAT_IS_UNRESOLVED: Final = """
    SELECT a.id FROM accounts a
    LEFT JOIN (
        SELECT p.tenant_id, side.account_id,
            coalesce(sum(p.amount) FILTER (WHERE side.is_debit), 0) AS debits,
            coalesce(sum(p.amount) FILTER (WHERE NOT side.is_debit), 0) AS credits
        FROM transfers p
        CROSS JOIN LATERAL (
            VALUES (p.debit_account_id, true), (p.credit_account_id, false)
        ) AS side (account_id, is_debit)
        WHERE p.phase = 2 AND NOT EXISTS (
            SELECT FROM transfers r WHERE r.tenant_id = p.tenant_id AND r.pending_id = p.id
        )
        GROUP BY p.tenant_id, side.account_id
    ) held ON held.tenant_id = a.tenant_id AND held.account_id = a.id
    WHERE a.debits_pending <> coalesce(held.debits, 0)
        OR a.credits_pending <> coalesce(held.credits, 0)
"""

INVARIANTS: Final[Mapping[str, str]] = {
    "units balance": UNITS_BALANCE,
    "counters are sums of entries": COUNTERS_ARE_SUMS_OF_ENTRIES,
    "entries are a chain": ENTRIES_ARE_A_CHAIN,
    "guards hold": GUARDS_HOLD,
    "transfers have two entries": TRANSFERS_HAVE_TWO_ENTRIES,
    "what is held is what is unresolved": HELD_IS_WHAT_IS_UNRESOLVED,
}
