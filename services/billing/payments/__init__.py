"""Payments: what was taken for orders and for usage, given back, or repaid, and from where (支付).

An order is paid at once (PAID), or HELD → PAID | CANCELLED | EXPIRED; past its expiry a held one is
EXPIRED without anybody saying so. Usage waits in `usages` until a run charges it: it is then a
consumption detail, and what the run took for a customer and month is one payment.
What always holds: the amounts of a payment are its legs', and its legs the ledger's transfers; no
more is taken than a line costs, a coupon may give or an account has; an unpaid order holds what it
would take and no more; no more is given back than was taken; of each customer and month, what was
rated is what was charged and less than a hundredth.
"""
