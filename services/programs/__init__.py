"""Owns the programs that partners join, their applications and memberships.

Promises: a partner has at most one running membership of a program.
Leans on nobody.
"""
