"""Owns the partners and their people, customers, and the resources that customers run.

Promises: a customer belongs to one partner of one tenant; personal data leave it masked,
and unmasked only with a line in the audit.
Leans on billing, for what customers spent: billing's job tells it.
"""
