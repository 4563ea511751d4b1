"""Voucher quotas: amounts granted to a partner, out of which it issues vouchers.

NORMAL ⇄ ADJUSTING | FROZEN by the platform; any of them → INVALID, disabled by the platform;
a reseller's → RECLAIMED. Past its expiry a quota is INVALID without anybody saying so: the state
shown is made from the row and the clock, so no job can be late, and filters see what is shown.
What always holds: face_total = balance + what was issued and not reclaimed + what resellers got
and still have. The balance is the ledger's, read by a join; no second copy can drift from it.
"""
