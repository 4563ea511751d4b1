"""Closings: a customer's accounts on the way to its leaving the partner, step by step (解绑回收).

CLOSED → VOUCHERS_RECLAIMED → BALANCES_RETURNED; CLOSED | VOUCHERS_RECLAIMED → REOPENED. A higher
fence begins anew: any → CLOSED, BALANCES_RETURNED → REOPENED for a new association.
What always holds: a customer has one closing at most and its fence only rises; while it is not
REOPENED, nothing is given to the customer and no order waits for its payment, but it spends and
repays to the end; once balances are returned, there is no way back under the same fence.
"""
