"""Incentive lines (激励明细): what a partner earns on the spend of a customer in a period.

States: ESTIMATED → CONFIRMED → AVAILABLE → IN_PAYOUT → PAID, with FROZEN, OFFSET and EXPIRED aside.
What always holds: a line is earned by the root partner, for a reseller is paid by its distributor;
its three amounts share one currency; the incentive is settled at two decimals; a line that is
FROZEN is frozen, and only a frozen one has a reason for it.
"""
