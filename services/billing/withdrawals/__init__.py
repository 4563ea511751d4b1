"""Withdrawals: money that a root partner takes out of its cash (提现).

SUBMITTED → UNDER_REVIEW → APPROVED → PAYING → COMPLETED | PARTIALLY_COMPLETED | FAILED;
UNDER_REVIEW → REJECTED, which its partner may delete; SUBMITTED | UNDER_REVIEW → CANCELLED.
A withdrawal is made of flows, each one payment: HELD → PAYING → PAID | FAILED; HELD → RELEASED.
What always holds: the amount of a flow that is HELD or PAYING is frozen by a pending transfer of
its own, which never expires; it is posted when the provider says paid and voided when it says
failed, never because it says nothing; no top-up goes back twice; a partner has one unfinished
withdrawal of a kind; a bank account's number is readable with the installation's secret only.
"""
