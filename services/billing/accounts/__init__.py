"""Fund accounts: the money and the credit of partners, resellers and resale customers (账户).

A fund account is an account of the ledger. A holder has one of cash, a partner one more of
designated cash, and of credit one for each day on which a credit expires (a lot): the day stands
in the unit, so the ledger itself never mixes lots.
What always holds: a tenant has one currency, fixed by its first money; a holder has at most one
account of a kind and unit; a lot's limit is what is left of it plus what was used of it.
"""
