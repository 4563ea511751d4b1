"""What always holds of fund accounts, each as a query that gives the rows where it does not.

They see the tenant of the transaction that they run in (reliability.md 2.4).
"""

from collections.abc import Mapping
from typing import Final

CHANGES_HAVE_THEIR_TRANSFERS: Final = """
    SELECT c.id FROM credit_changes c
    LEFT JOIN transfers t ON t.tenant_id = c.tenant_id AND t.id = c.transaction_id
        AND t.amount = c.amount
        AND t.code = CASE c.change WHEN 'GRANT' THEN 20 WHEN 'REDUCE' THEN 23 ELSE 21 END
        AND c.account_id = CASE c.change
            WHEN 'GRANT' THEN t.credit_account_id ELSE t.debit_account_id END
    WHERE t.id IS NULL
"""

TRANSFERS_HAVE_THEIR_CHANGES: Final = """
    SELECT t.id FROM transfers t
    LEFT JOIN credit_changes c ON c.tenant_id = t.tenant_id AND c.transaction_id = t.id
    WHERE t.code IN (20, 21, 23) AND c.id IS NULL
"""

MONEY_IS_OF_ONE_CURRENCY: Final = """
    SELECT a.id, a.unit FROM accounts a
    LEFT JOIN tenant_currencies c ON c.tenant_id = a.tenant_id
    WHERE a.kind IN (2, 3, 4, 21, 22)
        AND split_part(reverse(split_part(reverse(a.unit), ':', 1)), '/', 1)
            IS DISTINCT FROM c.currency_code
"""

LOTS_ADD_UP_TO_WHAT_WAS_GRANTED: Final = """
    SELECT a.unit, sum(a.credits_posted - a.debits_posted) FROM accounts a
    WHERE a.kind BETWEEN 20 AND 23
    GROUP BY a.tenant_id, a.unit
    HAVING sum(a.credits_posted - a.debits_posted) <> 0
"""

INVARIANTS: Final[Mapping[str, str]] = {
    "changes of credit have their transfers": CHANGES_HAVE_THEIR_TRANSFERS,
    "transfers of credit have their changes": TRANSFERS_HAVE_THEIR_CHANGES,
    "money is of one currency": MONEY_IS_OF_ONE_CURRENCY,
    "lots add up to what was granted": LOTS_ADD_UP_TO_WHAT_WAS_GRANTED,
}
