"""A tenant whose customers have cash, a voucher each, and usage that waits to be charged."""

from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from services.billing.accounts.model import Holder
from services.billing.consumption.operations import make_partitions
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, TransferCode, Unit
from services.billing.ledger.model import NewAccount, Posting
from services.billing.links import operations as links
from services.billing.voucher_quotas import operations as quotas
from services.billing.vouchers import operations as vouchers
from services.kit.database import Database
from services.kit.identity import Principal, Role
from services.kit.ids import new_id
from services.kit.jobs import system_principal
from services.kit.money import Money

CYCLE: Final = date(2026, 11, 1)
NOW: Final = datetime(2026, 11, 28, tzinfo=UTC)
VALID_UNTIL: Final = datetime(2027, 6, 1, tzinfo=UTC)
# As much as a run never uses up.
CASH: Final = Money.from_minor_units(10**9, "CNY", exponent=2)
FACE_VALUE: Final = Money.from_minor_units(500, "CNY", exponent=2)
AT_ONCE: Final = 500
RECIPIENTS: Final = 10
# Charges with the digits of real ones, in no order of time, of six service types.
INSERT: Final = """
INSERT INTO usages (
    tenant_id, billing_cycle, id, partner_id, customer_id, usage_number, service_type_code,
    service_type_name, resource_name, product_name, region_code, usage_type, usage_amount,
    usage_unit, consume_time, consume_end_time, currency_code, list_amount, discount_amount
)
SELECT
    $1, $2, overlay(md5($4::text || n || c.id) PLACING '5f52' FROM 1 FOR 4)::uuid, $1, c.id,
    $4::text || n, 'SKU' || n % 6, 'Elastic Compute Service', 'server-' || n % 50000,
    '$0.40 per million standard requests in tier 1', 'us-west-2', 'Requests', n % 1000, 'Requests',
    place, place + interval '1 hour', 'CNY', (n * 7919 % 100000) * 0.00000080123, 0
FROM unnest($3::uuid[]) AS c (id)
CROSS JOIN generate_series(1, $5::bigint) AS n
CROSS JOIN LATERAL (
    SELECT $2::date + make_interval(secs => n * 7919 % 2592000) AS place
) AS times
"""


class Meters:
    """Customers of one tenant, and the usage that their meters bring."""

    def __init__(self, database: Database, *, customers: int) -> None:
        self.database = database
        self.tenant_id = new_id()
        self.customer_ids = [new_id() for _ in range(customers)]
        self._round = 0

    async def prepare(self) -> None:
        """Give each customer cash and a voucher."""
        async with self.database.transaction(self._system) as session:
            await make_partitions(session, cycles=[CYCLE])
        for start in range(0, len(self.customer_ids), AT_ONCE):
            await self._enter(self.customer_ids[start : start + AT_ONCE])

    async def bring(self, owner: Any, *, each: int) -> None:
        """Let so many rows wait for each customer, written by the owner of the tables."""
        self._round += 1
        await owner.execute(
            INSERT, self.tenant_id, CYCLE, self.customer_ids, f"{self._round}-", each
        )
        await owner.execute("ANALYZE usages")

    @property
    def _system(self) -> Principal:
        return system_principal("billing", tenant_id=self.tenant_id)

    async def _enter(self, customer_ids: list[UUID]) -> None:
        unit = Unit.cash("CNY")
        holders = [Holder.customer(one, partner_id=self.tenant_id) for one in customer_ids]
        async with self.database.transaction(self._system) as session:
            await links.put_customer_links(
                session, tenant_id=self.tenant_id, links=[self._link(one) for one in customer_ids]
            )
            clearing, *purses = await ledger.open_accounts(
                session,
                tenant_id=self.tenant_id,
                accounts=[
                    NewAccount(
                        holder_id=self.tenant_id,
                        kind=AccountKind.CASH_CLEARING,
                        unit=unit,
                        partner_id=None,
                    ),
                    *[
                        NewAccount(
                            holder_id=one.id, kind=one.cash, unit=unit, partner_id=self.tenant_id
                        )
                        for one in holders
                    ],
                ],
            )
            await ledger.post_many(
                session,
                postings=[
                    Posting(
                        id=new_id(),
                        code=TransferCode.ALLOCATE,
                        debit_account_id=clearing,
                        credit_account_id=purse,
                        amount=CASH,
                        unit=unit,
                    )
                    for purse in purses
                ],
            )
        await self._issue(customer_ids)

    async def _issue(self, customer_ids: list[UUID]) -> None:
        terms = quotas.Terms(
            coupon_type="VOUCHER",
            face_total=FACE_VALUE * len(customer_ids),
            effective_time=datetime(2026, 1, 1, tzinfo=UTC),
            expire_time=VALID_UNTIL,
            limits=[],
            customer_ids=[],
        )
        async with self.database.transaction(self._system) as session:
            quota_id = await quotas.grant_voucher_quota(
                session,
                tenant_id=self.tenant_id,
                request_id=str(new_id()),
                terms=terms,
                now=NOW,
            )
        issuer = Principal(
            "bench", Role.ADMINISTRATOR, tenant_id=self.tenant_id, partner_id=self.tenant_id
        )
        for start in range(0, len(customer_ids), RECIPIENTS):
            async with self.database.transaction(issuer) as session:
                await vouchers.issue_vouchers(
                    session,
                    scope=issuer.scope,
                    operator="bench",
                    request_id=str(new_id()),
                    quota_id=quota_id,
                    customer_ids=customer_ids[start : start + RECIPIENTS],
                    terms=vouchers.Terms(
                        face_value=FACE_VALUE,
                        effective_time=None,
                        expire_time=None,
                        min_order_amount=None,
                        service_type_codes=["SKU1", "SKU2"],
                        product_ids=[],
                        memo=None,
                    ),
                    now=NOW,
                )

    def _link(self, customer_id: UUID) -> dict[str, Any]:
        return {
            "customer_id": customer_id,
            "version": 1,
            "partner_id": self.tenant_id,
            "partner_name": "Harbour",
            "association_type": "RESALE",
            "account_manager_id": None,
            "account_manager_name": None,
            "customer_name": "Orchid",
            "account_name": "orchid",
        }
