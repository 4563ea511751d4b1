"""The statements of the monolith: whose rows may be seen, and the four lists of the query."""

from typing import Final

SAY_WHO: Final = (
    "SELECT set_config('app.tenant', $1, true), set_config('app.partner', $2, true),"
    " set_config('app.role', $3, true), set_config('app.subject', $4, true)"
)
# Names are masked and amounts written as the services do it.
CUSTOMERS: Final = """
SELECT
    id, left(name, 1) || '***' AS name, left(account_name, 1) || '***' AS account_name,
    association_type, associate_time, level, tags,
    trim_scale(month_to_date_spend)::text AS spend, currency_code
FROM customers
WHERE tenant_id = $1 AND partner_id = $2
ORDER BY associate_time DESC, id DESC
LIMIT $3
"""
RESOURCES: Final = """
SELECT first.*
FROM unnest($2::uuid[]) WITH ORDINALITY AS asked (id, place)
CROSS JOIN LATERAL (
    SELECT
        customer_id, cloud_resource_id, resource_name, service_type_name, state, expire_time
    FROM resources
    WHERE tenant_id = $1 AND customer_id = asked.id AND state <> 'CLOSED'
    ORDER BY expire_time, id
    LIMIT 6
) AS first
ORDER BY asked.place
"""
DETAILS: Final = """
SELECT first.*
FROM unnest($3::uuid[]) WITH ORDINALITY AS asked (id, place)
CROSS JOIN LATERAL (
    SELECT
        customer_id, service_type_name, consume_time,
        trim_scale(payable_amount)::text AS payable, currency_code
    FROM consumption_details
    WHERE
        tenant_id = $1 AND partner_id = $2 AND customer_id = asked.id AND billing_cycle = $4
    ORDER BY consume_time DESC, id DESC
    LIMIT 10
) AS first
ORDER BY asked.place
"""
VOUCHERS: Final = """
SELECT first.*
FROM unnest($2::uuid[]) WITH ORDINALITY AS asked (id, place)
CROSS JOIN LATERAL (
    SELECT
        customer_id, trim_scale(face_value)::text AS face, currency_code, expire_time,
        trim_scale((credits_posted - debits_posted)::numeric / 100)::text AS balance,
        CASE
            WHEN reclaim_time IS NOT NULL THEN 'RECLAIMED'
            WHEN credits_posted = debits_posted THEN 'USED'
            WHEN expire_time <= now() THEN 'EXPIRED'
            WHEN effective_time > now() THEN 'INACTIVE'
            ELSE 'USABLE'
        END AS state
    FROM vouchers
    JOIN accounts ON accounts.tenant_id = vouchers.tenant_id AND accounts.id = account_id
    WHERE
        vouchers.tenant_id = $1 AND customer_id = asked.id
        AND expire_time >= now() - interval '12 months'
    ORDER BY vouchers.create_time DESC, vouchers.id DESC
    LIMIT 3
) AS first
ORDER BY asked.place
"""
