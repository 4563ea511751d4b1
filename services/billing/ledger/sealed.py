"""What of the ledger is written once: transfers, entries, and accounts but for their counters."""

from collections.abc import Sequence
from typing import Final

from services.kit.seals import SealedTable

# The entries prove the counters; whether an account is closing has no history.
SEALED: Final[Sequence[SealedTable]] = (
    SealedTable(
        name="accounts",
        changing=(
            "debits_posted",
            "credits_posted",
            "debits_pending",
            "credits_pending",
            "is_closing",
            "version",
        ),
    ),
    SealedTable(name="transfers"),
    SealedTable(name="entries", id="account_id", version="version"),
)
