"""Customers (客户): the cloud accounts that a partner looks after.

The states that matter here are freezes, NONE ⇄ ACCOUNT ⇄ ACCOUNT_AND_RESOURCES; who changes them
comes with the association's life cycle. What always holds: a customer belongs to one partner and
has at most one account manager, of that partner; personal data leave masked unless revealed, and
each reveal has its line; each change that billing must know of raises link_version.
"""
