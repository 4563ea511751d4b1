"""Consumption: what customers used and what it cost them, for watching, not a bill.

A detail is one charge line of one billing cycle. It has no states: it is imported once and never
changed. What always holds: payable = list - discount; payable = cash + credit + voucher + cash
coupon + stored card + debt; the same line of the same file is kept once; the sums of a customer
and cycle are the sums of its details, to the last decimal.
"""
