"""The ledger: accounts, and the transfers between them; the only place where balances change.

A transfer names its debit and its credit account in one row, so nothing unbalanced can be
written. It is posted at once, or goes PENDING → POSTED | VOIDED | EXPIRED; the resolution is a
transfer of its own that names the pending one.
What always holds: transfers and entries are never changed; a guarded account never falls below
zero, pending amounts counted; entries of an account are numbered without gaps and each says the
balance behind it; a transfer's id is used once for ever, whoever repeats it.
"""
