"""Statements: what came into and went out of fund accounts (收支明细).

A line is an entry of the ledger with its transfer, in the words of a partner; nothing is kept here.
What always holds: lines of an account come in the order in which they were posted, and the balance
behind each is the balance behind the one before it plus its change.
"""
