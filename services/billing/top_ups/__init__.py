"""Top-ups: money that a partner pays in by a channel (充值).

A top-up is recorded by the platform's operator or by a channel's signed notice, and is there at
once: it has no states. Withdrawals send it back the way it came, bit by bit.
What always holds: a channel's number is good for one top-up; each top-up has its transaction in the
ledger and each such transaction its top-up; 0 <= returned amount <= amount - designated amount.
"""
