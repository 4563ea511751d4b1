"""What always holds of voucher quotas, each as a query that gives the rows where it does not.

They see the tenant of the transaction that they run in (domain.md 6.6, reliability.md 2.4).
"""

from collections.abc import Mapping
from typing import Final

from services.billing.ledger.chart import AccountKind, TransferCode

_GRANTS: Final = f"{TransferCode.VQ_GRANT:d}, {TransferCode.VQ_DELEGATE:d}"

QUOTAS_HAVE_THEIR_GRANT: Final = f"""
    SELECT coalesce(q.id, t.id) AS id FROM voucher_quotas q
    FULL JOIN (SELECT * FROM transfers WHERE code IN ({_GRANTS})) t
        ON t.tenant_id = q.tenant_id AND t.credit_account_id = q.account_id
    WHERE q.id IS NULL OR t.id IS NULL OR t.amount <> q.face_total * 100
        OR (t.code = {TransferCode.VQ_DELEGATE:d}) <> (q.parent_quota_id IS NOT NULL)
"""  # noqa: S608 - numbers of ours

# What was granted is there, or was issued and did not return, or went to resellers and did not
# come back, or went back to the quota above, or was lost when the quota expired.
FACE_TOTALS_ARE_ACCOUNTED_FOR: Final = f"""
    SELECT q.id, q.face_total, there.amount AS balance, issued.amount AS issued,
        returned.amount AS returned, given.amount AS given, back.amount AS back
    FROM voucher_quotas q
    CROSS JOIN LATERAL (
        SELECT (credits_posted - debits_posted) / 100.0 AS amount FROM accounts a
        WHERE a.tenant_id = q.tenant_id AND a.id = q.account_id
    ) there
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(face_value), 0) AS amount FROM vouchers v
        WHERE v.tenant_id = q.tenant_id AND v.quota_id = q.id
    ) issued
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount), 0) AS amount FROM voucher_operations o
        WHERE o.tenant_id = q.tenant_id AND o.quota_id = q.id AND o.result = 'SUCCESS'
            AND o.operation_type NOT IN ('ISSUE', 'GRANT_SUB_QUOTA', 'RECLAIM_SUB_QUOTA')
    ) returned
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(face_total), 0) AS amount FROM voucher_quotas part
        WHERE part.tenant_id = q.tenant_id AND part.parent_quota_id = q.id
    ) given
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount) FILTER (WHERE o.quota_id = q.id), 0)
            - coalesce(sum(amount) FILTER (WHERE o.sub_quota_id = q.id), 0) AS amount
        FROM voucher_operations o
        WHERE o.tenant_id = q.tenant_id AND q.id IN (o.quota_id, o.sub_quota_id)
            AND o.result = 'SUCCESS' AND o.operation_type = 'RECLAIM_SUB_QUOTA'
    ) back
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(-e.amount), 0) / 100.0 AS amount FROM entries e
        JOIN transfers t ON t.tenant_id = e.tenant_id AND t.id = e.transfer_id
        WHERE e.tenant_id = q.tenant_id AND e.account_id = q.account_id
            AND t.code = {TransferCode.VQ_EXPIRE:d}
    ) lost
    WHERE q.face_total <> there.amount + issued.amount - returned.amount
        + given.amount - back.amount + lost.amount
"""  # noqa: S608 - numbers of ours

# Of each root quota: granted = available here and at resellers + on vouchers + used, expired
# and withdrawn; nothing of its unit lies elsewhere.
AMOUNTS_OF_A_ROOT_ARE_CONSERVED: Final = f"""
    SELECT q.id FROM voucher_quotas q
    JOIN accounts own ON own.tenant_id = q.tenant_id AND own.id = q.account_id
    JOIN (
        SELECT tenant_id, unit, sum(credits_posted - debits_posted) AS units
        FROM accounts WHERE kind <> {AccountKind.VQ_GRANTED:d} GROUP BY tenant_id, unit
    ) held ON held.tenant_id = q.tenant_id AND held.unit = own.unit
    WHERE q.parent_quota_id IS NULL AND held.units <> q.face_total * 100
"""  # noqa: S608 - numbers of ours

INVARIANTS: Final[Mapping[str, str]] = {
    "voucher quotas have their grant": QUOTAS_HAVE_THEIR_GRANT,
    "face totals are accounted for": FACE_TOTALS_ARE_ACCOUNTED_FOR,
    "amounts of a root quota are conserved": AMOUNTS_OF_A_ROOT_ARE_CONSERVED,
}
