"""Owns what partners earn beside their sales: incentive details and their bills.

Promises: a line of incentive stays inside its partner.
Leans on nobody.
"""
