"""Adjustments: money and credit moved between a partner and its customers or resellers (调账).

ALLOCATE gives, RECLAIM takes back what is not spent, UNBIND_RECLAIM takes back all at
disassociation. An adjustment has no states: it is done or it is not there.
What always holds: it is never changed, only answered by its opposite; kind and day of expiry stay
what they were on both sides; each has its transfers in the ledger and each such transfer has its
adjustment; between the same two, one runs at a time.
"""
