"""Exports of customers: files made of its lists.

QUEUED → RUNNING → COMPLETED → EXPIRED | FAILED. All but the lists is in `services/kit/exports`,
the same for every service, with what always holds.
"""
