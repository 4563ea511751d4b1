"""Fills one month of a tenant's consumption with very many rows, in the shape that imports give."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from services.billing.consumption.cycles import cycle_text, month_number, months_later

CUSTOMERS: Final = 1_000

# As app.make_consumption_partition does it, but attached when it is full: its indexes are then
# built at once, and nothing of it is in the log of a table that came with its transaction.
CREATE: Final = (
    "CREATE TABLE {table} (LIKE consumption_details"
    " INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS INCLUDING STORAGE)"
)
# Charges of a thousand customers, in no order of time; the amounts have the digits of FOCUS rows.
# An id begins with its month, as that of an imported charge.
INSERT: Final = """
INSERT INTO {table} (
    tenant_id, billing_cycle, id, partner_id, customer_id, association_type, service_type_code,
    service_type_name, resource_name, product_name, region_code, region_name,
    charging_mode, bill_type, consume_time, consume_end_time, usage_type, usage_amount, usage_unit,
    currency_code, list_amount, discount_amount, payable_amount, cash_amount, credit_amount,
    voucher_amount, cash_coupon_amount, stored_card_amount, debt_amount, writeoff_amount
)
SELECT
    $1, $2, overlay(md5(n::text) PLACING lpad(to_hex($3::int), 4, '0') FROM 1 FOR 4)::uuid, $1,
    overlay(md5((n % {customers})::text) PLACING '0190' FROM 1 FOR 4)::uuid, 'RESALE',
    'SKU' || n % 300, 'Elastic Compute Service', 'server-' || n % 50000,
    '$0.40 per million standard requests in tier 1', 'us-west-2', 'US West (Oregon)',
    'PAY_PER_USE', 'USAGE', place, place + interval '1 hour', 'Requests', n % 1000, 'Requests',
    'USD', amount, 0, amount, amount, 0, 0, 0, 0, 0, 0
FROM (
    SELECT
        n,
        $2::date + make_interval(secs => n * 7919 % 2592000) AS place,
        (n % 100000) * 0.00000080123 AS amount
    FROM generate_series(1, $4::bigint) AS n
) AS made
"""
ATTACH: Final = (
    "ALTER TABLE consumption_details ATTACH PARTITION {table}"
    " FOR VALUES FROM ('{first}') TO ('{end}')"
)
PROTECT: Final = (
    "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    "ANALYZE {table}",
)


async def fill(owner: Any, *, tenant_id: UUID, cycle: date, count: int) -> None:
    """Make the month's partition with so many rows of the tenant, as the owner of the tables."""
    table = f"consumption_details_{cycle_text(cycle).replace('-', '')}"
    async with owner.transaction():
        await owner.execute(CREATE.format(table=table))
        insert = INSERT.format(table=table, customers=CUSTOMERS)
        await owner.execute(insert, tenant_id, cycle, month_number(cycle), count)
        await owner.execute(ATTACH.format(table=table, first=cycle, end=months_later(cycle, 1)))
    for statement in PROTECT:
        await owner.execute(statement.format(table=table))
