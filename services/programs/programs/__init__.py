"""Programs (伙伴计划): what partners join, their applications (已申请) and memberships (已加入).

States of a program: OPEN ⇄ CLOSED. Of an application: DRAFT → UNDER_REVIEW or DISTRIBUTOR_REVIEW →
APPROVED or REJECTED, and WITHDRAWN before that. Of a membership: ACTIVE → EXITED, or EXPIRED, by
itself, when its time is over.
What always holds: a code names one program of a tenant; a partner has one open application of a
kind for a program, and one active membership in it; tiers are the program's. Everybody sees the
catalogue, and applications and memberships of the own partner only: a distributor does not see
its resellers'.
"""
