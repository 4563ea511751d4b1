"""Owns money: the ledger, fund accounts, top-ups, withdrawals, vouchers, consumption, contracts.

Promises: every movement is a transfer between two accounts; no balance falls below its
floor; history is never changed.
Leans on customers, for which customers exist: customers' job tells it.
"""
