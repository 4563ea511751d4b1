"""Demo data: two partners with customers, funds and 18 months of consumption, by rpc.

The same every time but for ids and for "today", which the months are counted from.
"""
