"""Voucher quotas: amounts granted to a partner, out of which it issues vouchers.

NORMAL ⇄ ADJUSTING | FROZEN by the platform; any of them → INVALID, disabled by the platform;
a reseller's → RECLAIMED. Past its expiry a quota is INVALID without anybody saying so: the state
shown is made from the row and the clock, so no job can be late, and filters see what is shown.
What is left of an expired quota, and what returns later to one that is no more, is due, and a job
moves it on: to what is lost, or to the quota above.
What always holds: face_total = balance + what was issued and did not return + what resellers got
and did not give back + what was lost or went back to the quota above (`invariants.py`).
The balance is the ledger's, read by a join; no second copy can drift from it.
"""
