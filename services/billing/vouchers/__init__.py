"""Vouchers: cash-equivalents of restricted use that a partner issues to its customers.

INACTIVE → USABLE (effective) → USED (nothing left) | EXPIRED | RECLAIMED; USED → USABLE when a
refund returns value. The state is made from the row, the ledger's balance and the clock whenever
it is read: a voucher is usable to the second, and filters see exactly what is shown.
What always holds: 0 <= balance <= face value; the balance is that of the voucher's own ledger
account; nothing that was agreed at issue changes later; each issue and each refusal of a
customer leaves an operation record.
"""
