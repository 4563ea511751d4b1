"""Writes of customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.account_managers import queries as account_managers
from services.customers.customers import queries
from services.customers.customers.model import (
    EXTERNAL_ID_LENGTH_MAX,
    Customer,
    CustomerReveal,
    check_cycle,
    check_tags,
    cycle_of,
)
from services.customers.partners import queries as partners
from services.kit.errors import InvalidArgument, NotFound
from services.kit.identity import Principal, Scope
from services.kit.ids import new_id
from services.kit.money import Money
from services.kit.texts import check_text

REASON_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """What is known of a customer to be created."""

    external_id: str
    external_platform: str
    account_name: str | None = None
    name: str | None = None
    customer_type: str | None = None
    association_type: str | None = None
    associate_time: datetime | None = None
    indirect_partner_id: UUID | None = None
    account_manager_id: UUID | None = None
    tags: list[str]
    email: str | None = None
    mobile: str | None = None
    country_code: str | None = None
    level: str | None = None
    freeze_state: str | None = None
    new_customer_value: str | None = None
    new_customer_effective_cycle: str | None = None
    new_customer_expire_cycle: str | None = None
    verification_status: str | None = None
    enterprise_role: str | None = None

    @property
    def pair(self) -> tuple[str, str]:
        return self.external_platform, self.external_id

    def checked(self, *, field: str) -> "NewCustomer":
        """Give it with its texts accepted.

        :raises InvalidArgument: where one is blank, too long or malformed.
        """
        for name in ("account_name", "name", "email", "mobile", "country_code"):
            check_text(getattr(self, name), field=f"{field}.{name}")
        for name in ("external_id", "external_platform"):
            check_text(getattr(self, name), field=f"{field}.{name}", at_most=EXTERNAL_ID_LENGTH_MAX)
        for name in ("effective_cycle", "expire_cycle"):
            if (cycle := getattr(self, f"new_customer_{name}")) is not None:
                check_cycle(cycle, field=f"{field}.new_customer_tag.{name}")
        return replace(self, tags=check_tags(self.tags, field=f"{field}.tags"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSpend:
    """What one customer spent in one billing cycle so far."""

    customer_id: UUID
    billing_cycle: str
    amount: Money


async def ensure_customers(
    session: AsyncSession, *, scope: Scope, customers: Sequence[NewCustomer], now: datetime
) -> tuple[list[Customer], int]:
    """Create those whose external pair is unknown; give all in order, and how many are new.

    :raises IndirectPartnerForbidden: where a reseller named is not of the tenant.
    :raises AccountManagerUnknown: where an account manager named is not of the customer's partner.
    :raises NotFound: where the tenant is not open.
    """
    wanted = [
        customer.checked(field=f"customers[{index}]") for index, customer in enumerate(customers)
    ]
    root = await partners.get_root(session, scope=scope)
    resellers = {one.indirect_partner_id for one in wanted if one.indirect_partner_id is not None}
    if resellers:
        await partners.check_resellers(session, scope=scope, ids=resellers)
    managed = {
        (one.indirect_partner_id or root.id, one.account_manager_id): None
        for one in wanted
        if one.account_manager_id is not None
    }
    await account_managers.check_known(session, scope=scope, pairs=list(managed))
    pairs = {one.pair for one in wanted}
    known = await queries.batch_get_by_external_id(session, scope=scope, pairs=pairs)
    # In one order whoever asks, so that two that create the same ones never block each other.
    missing = {one.pair: one for one in reversed(wanted) if one.pair not in known}
    rows = [
        _row(missing[pair], scope=scope, currency_code=root.currency_code, now=now)
        for pair in sorted(missing)
    ]
    if rows:
        # Somebody else may be quicker with some of them; then theirs are the known ones.
        statement = insert(Customer).on_conflict_do_nothing(
            index_elements=["tenant_id", "external_platform", "external_id"]
        )
        await session.execute(statement, rows)
        known |= await queries.batch_get_by_external_id(session, scope=scope, pairs=missing.keys())
    made = {row["id"] for row in rows}
    created_count = sum(customer.id in made for customer in known.values())
    return [known[one.pair] for one in wanted], created_count


def _row(
    customer: NewCustomer, *, scope: Scope, currency_code: str, now: datetime
) -> dict[str, Any]:
    return {
        "tenant_id": scope.tenant_id,
        "id": new_id(),
        "partner_id": customer.indirect_partner_id or scope.tenant_id,
        "external_id": customer.external_id,
        "external_platform": customer.external_platform,
        "account_name": customer.account_name or customer.external_id,
        "name": customer.name,
        "customer_type": customer.customer_type,
        "verification_status": customer.verification_status,
        "association_type": customer.association_type or "RESALE",
        "associate_time": customer.associate_time or now,
        "account_manager_id": customer.account_manager_id,
        "tags": customer.tags,
        "email": customer.email,
        "mobile": customer.mobile,
        "country_code": customer.country_code,
        "freeze_state": customer.freeze_state or "NONE",
        "level": customer.level,
        "new_customer_value": customer.new_customer_value,
        "new_customer_effective_cycle": customer.new_customer_effective_cycle,
        "new_customer_expire_cycle": customer.new_customer_expire_cycle,
        "enterprise_role": customer.enterprise_role,
        "currency_code": currency_code,
        "create_time": now,
        "link_due_time": now,
    }


async def update_customer(
    session: AsyncSession, *, scope: Scope, id_: UUID, tags: list[str] | None
) -> Customer:
    """Change what the partner may change of an own customer: its tags; None leaves them.

    :raises NotFound: where the caller's partner has no such customer in scope.
    """
    customer = await queries.get_own_for_update(session, scope=scope, id_=id_, field="customer.id")
    if tags is not None:
        customer.put_tags(tags, field="customer.tags")
    return customer


async def reveal_customers(
    session: AsyncSession,
    *,
    principal: Principal,
    ids: Sequence[UUID],
    reason: str,
    request_id: str,
    now: datetime,
) -> list[Customer]:
    """Give own customers to be shown unmasked, and write the audit line of each."""
    why = check_text(reason, field="reason", at_most=REASON_LENGTH_MAX)
    shown = await queries.batch_get_own(session, scope=principal.scope, ids=ids)
    session.add_all(
        CustomerReveal(
            tenant_id=customer.tenant_id,
            partner_id=customer.partner_id,
            customer_id=customer.id,
            subject=principal.subject,
            role=principal.role.value,
            actor=principal.actor,
            reason=why,
            request_id=request_id,
            reveal_time=now,
        )
        for customer in shown
    )
    await session.flush()
    return shown


async def record_customer_spend(
    session: AsyncSession, *, scope: Scope, spends: Sequence[CustomerSpend], now: datetime
) -> None:
    """Take over what customers spent in the current billing cycle; other cycles are passed over.

    :raises NotFound: where there is no such customer.
    :raises InvalidArgument: where an amount is not in the customer's currency.
    """
    cycle = cycle_of(now)
    wanted = {spend.customer_id for spend in spends}
    known = await queries.batch_get_for_update(session, scope=scope, ids=wanted)
    current = {}
    for index, spend in enumerate(spends):
        field = f"spends[{index}]"
        customer = known.get(spend.customer_id)
        if customer is None:
            raise NotFound("customer not found", field=f"{field}.customer_id")
        if spend.amount.currency_code != customer.currency_code:
            raise InvalidArgument(
                "must be in the currency of the partner", field=f"{field}.amount.currency_code"
            )
        if check_cycle(spend.billing_cycle, field=f"{field}.billing_cycle") == cycle:
            current[spend.customer_id] = spend.amount.amount
    for id_, amount in current.items():
        known[id_].month_to_date_spend = amount
        known[id_].spend_cycle = cycle
    await session.flush()


async def put_nearest_expire_times(
    session: AsyncSession,
    *,
    customers: Mapping[UUID, Customer],
    times: Mapping[UUID, datetime | None],
) -> None:
    """Note when the next resource of each of these customers expires; the rows are locked."""
    for id_, customer in customers.items():
        customer.nearest_expire_time = times.get(id_)
    await session.flush()
