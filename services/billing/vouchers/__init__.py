"""Vouchers: cash-equivalents of restricted use that a partner issues to its customers.

INACTIVE → USABLE (effective) → USED (nothing left) | EXPIRED | RECLAIMED; USED → USABLE when a
refund returns value; EXPIRED → RECLAIMED when a job has returned what was left to the quota, which
its customer still sees as EXPIRED. The state is made from the row, the ledger's balance and the
clock whenever it is read: a voucher is usable to the second, and filters see what is shown.
What always holds: 0 <= balance <= face value; the balance is that of the voucher's own ledger
account; nothing that was agreed at issue changes later; what is reclaimed is the whole rest, and
never a part that an unpaid order holds; each issue, reclaim and refusal leaves an operation record.
"""
