"""What always holds of payments, each as a query that gives the rows where it does not."""

from collections.abc import Mapping
from typing import Final

# Codes that only payments post: consumption, refunds and repayments of customers.
_CODES: Final = "5, 6, 7, 8, 11, 22"

# Currencies that have no hundredths: of them, whole units are charged.
_WHOLE: Final = "('JPY', 'KRW', 'VND', 'CLP')"

_LEGS: Final = """
    SELECT p.tenant_id, p.id AS payment_id, p.kind, p.state, p.transaction_id,
        leg ->> 'source' AS source, (leg ->> 'units')::numeric AS units, leg ->> 'unit' AS unit,
        (leg ->> 'account_id')::uuid AS account_id,
        (leg ->> 'to_account_id')::uuid AS to_account_id,
        (leg ->> 'transfer_id')::uuid AS transfer_id, (leg ->> 'hold_id')::uuid AS hold_id
    FROM payments p CROSS JOIN jsonb_array_elements(p.legs) AS leg
"""

PAID_LEGS_HAVE_THEIR_TRANSFERS: Final = f"""
    SELECT l.payment_id, l.transfer_id FROM ({_LEGS}) l
    LEFT JOIN transfers t ON t.tenant_id = l.tenant_id AND t.id = l.transfer_id
    WHERE l.state = 'PAID' AND (
        t.id IS NULL OR t.phase NOT IN (1, 3) OR t.group_id IS DISTINCT FROM l.transaction_id
        OR t.debit_account_id <> l.account_id OR t.credit_account_id <> l.to_account_id
        OR t.amount <> l.units * 10 ^ greatest(split_part(l.unit, '/', 2)::integer - 2, 0)
    )
"""  # noqa: S608 - our own text

HELD_LEGS_HAVE_THEIR_HOLDS: Final = f"""
    SELECT l.payment_id, l.hold_id FROM ({_LEGS}) l
    LEFT JOIN transfers t ON t.tenant_id = l.tenant_id AND t.id = l.hold_id
    LEFT JOIN transfers r ON r.tenant_id = t.tenant_id AND r.pending_id = t.id
    WHERE l.kind = 'ORDER' AND l.hold_id IS NOT NULL AND (
        t.id IS NULL OR t.phase <> 2 OR t.code <> 81
        OR (l.state = 'PAID') <> coalesce(r.phase = 3, false)
        OR (l.state = 'CANCELLED') <> coalesce(r.phase = 4, false)
    )
"""  # noqa: S608 - our own text

TRANSFERS_HAVE_THEIR_PAYMENT: Final = f"""
    SELECT t.id, t.code FROM transfers t
    WHERE (t.code IN ({_CODES}) AND t.phase IN (1, 3) OR t.code = 81 AND t.phase = 2)
        AND NOT EXISTS (
            SELECT FROM ({_LEGS}) l
            WHERE l.tenant_id = t.tenant_id AND t.id IN (l.transfer_id, l.hold_id)
        )
"""  # noqa: S608 - our own text

AMOUNTS_ARE_THE_LEGS: Final = f"""
    SELECT p.id, p.kind, p.payable_amount FROM payments p
    LEFT JOIN LATERAL (
        SELECT sum(l.units) FILTER (WHERE l.source = 'VOUCHER') AS voucher,
            sum(l.units) FILTER (WHERE l.source = 'CASH_COUPON') AS cash_coupon,
            sum(l.units) FILTER (WHERE l.source = 'CASH') AS cash,
            sum(l.units) FILTER (WHERE l.source = 'CREDIT') AS credit,
            sum(l.units) FILTER (WHERE l.source = 'DEBT') AS debt
        FROM ({_LEGS}) l WHERE l.tenant_id = p.tenant_id AND l.payment_id = p.id
    ) s ON true
    CROSS JOIN LATERAL (
        SELECT CASE WHEN p.currency_code IN {_WHOLE} THEN 1 ELSE 100 END AS step
    ) c
    WHERE p.voucher_amount * step <> coalesce(voucher, 0)
        OR p.cash_coupon_amount * step <> coalesce(cash_coupon, 0)
        OR p.cash_amount * step <> coalesce(cash, 0)
        OR p.credit_amount * step <> coalesce(credit, 0)
        OR p.kind <> 'ARREARS' AND p.debt_amount * step <> coalesce(debt, 0)
"""  # noqa: S608 - our own text

REFUNDS_ARE_WHAT_CAME_BACK: Final = """
    SELECT p.id, p.refunded_amount, sum(r.payable_amount) AS refunds FROM payments p
    LEFT JOIN payments r ON r.tenant_id = p.tenant_id AND r.refunded_payment_id = p.id
    WHERE p.kind = 'ORDER'
    GROUP BY p.tenant_id, p.id HAVING p.refunded_amount <> coalesce(sum(r.payable_amount), 0)
"""

# Invariant 9 of reliability 2.4.
RATED_IS_CHARGED_AND_RESIDUE: Final = f"""
    SELECT coalesce(t.customer_id, d.customer_id) AS customer_id, t.rated_amount, d.rated,
        t.charged_amount, d.charged
    FROM usage_totals t
    FULL JOIN (
        SELECT tenant_id, customer_id, billing_cycle, currency_code,
            sum(rated_amount) AS rated, sum(payable_amount) AS charged
        FROM consumption_details WHERE rated_amount IS NOT NULL
        GROUP BY tenant_id, customer_id, billing_cycle, currency_code
    ) d USING (tenant_id, customer_id, billing_cycle, currency_code)
    WHERE t.rated_amount IS DISTINCT FROM d.rated OR t.charged_amount IS DISTINCT FROM d.charged
        OR t.rated_amount - t.charged_amount < 0
        OR t.rated_amount - t.charged_amount
            >= CASE WHEN currency_code IN {_WHOLE} THEN 1 ELSE 0.01 END
"""  # noqa: S608 - our own text

CHARGED_USAGE_IS_PAID: Final = """
    SELECT d.customer_id, d.cash, p.cash AS paid_cash FROM (
        SELECT tenant_id, customer_id, billing_cycle, sum(voucher_amount) AS voucher,
            sum(cash_coupon_amount) AS cash_coupon, sum(cash_amount) AS cash,
            sum(credit_amount) AS credit, sum(debt_amount) AS debt
        FROM consumption_details WHERE rated_amount IS NOT NULL
        GROUP BY tenant_id, customer_id, billing_cycle
    ) d
    FULL JOIN (
        SELECT tenant_id, customer_id, billing_cycle, sum(voucher_amount) AS voucher,
            sum(cash_coupon_amount) AS cash_coupon, sum(cash_amount) AS cash,
            sum(credit_amount) AS credit, sum(debt_amount) AS debt
        FROM payments WHERE kind = 'USAGE' GROUP BY tenant_id, customer_id, billing_cycle
    ) p USING (tenant_id, customer_id, billing_cycle)
    WHERE coalesce(d.voucher, 0) <> coalesce(p.voucher, 0)
        OR coalesce(d.cash_coupon, 0) <> coalesce(p.cash_coupon, 0)
        OR coalesce(d.cash, 0) <> coalesce(p.cash, 0)
        OR coalesce(d.credit, 0) <> coalesce(p.credit, 0)
        OR coalesce(d.debt, 0) <> coalesce(p.debt, 0)
"""

DEBTS_ARE_WHAT_IS_RECEIVABLE: Final = """
    SELECT a.holder_id, a.debits_posted - a.credits_posted AS receivable, owed.amount
    FROM accounts a
    LEFT JOIN (
        SELECT l.tenant_id, p.customer_id,
            sum(CASE WHEN p.kind = 'USAGE' THEN t.amount ELSE -t.amount END) AS amount
        FROM payments p
        CROSS JOIN LATERAL (
            SELECT p.tenant_id, (leg ->> 'transfer_id')::uuid AS transfer_id
            FROM jsonb_array_elements(p.legs) AS leg
        ) l
        JOIN transfers t ON t.tenant_id = l.tenant_id AND t.id = l.transfer_id
        JOIN accounts r ON r.tenant_id = t.tenant_id AND r.kind = 5
            AND r.id IN (t.debit_account_id, t.credit_account_id)
        GROUP BY l.tenant_id, p.customer_id
    ) owed ON owed.tenant_id = a.tenant_id AND owed.customer_id = a.holder_id
    WHERE a.kind = 5
        AND (a.debits_posted - a.credits_posted <> coalesce(owed.amount, 0)
            OR a.debits_posted < a.credits_posted)
"""

INVARIANTS: Final[Mapping[str, str]] = {
    "paid legs have their transfers": PAID_LEGS_HAVE_THEIR_TRANSFERS,
    "held legs have their holds": HELD_LEGS_HAVE_THEIR_HOLDS,
    "transfers have their payment": TRANSFERS_HAVE_THEIR_PAYMENT,
    "amounts are the legs": AMOUNTS_ARE_THE_LEGS,
    "refunds are what came back": REFUNDS_ARE_WHAT_CAME_BACK,
    "rated is charged and residue": RATED_IS_CHARGED_AND_RESIDUE,
    "charged usage is paid": CHARGED_USAGE_IS_PAID,
    "debts are what is receivable": DEBTS_ARE_WHAT_IS_RECEIVABLE,
}
