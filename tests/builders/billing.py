"""Links, quotas and vouchers for tests, made through billing's own rpcs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.timestamp_pb2 import Timestamp

from partner.billing.v1 import links_pb2, voucher_quotas_pb2, vouchers_pb2
from partner.type.v1 import money_pb2, terms_pb2
from services.billing.ledger import operations
from services.billing.ledger.chart import AccountKind, TransferCode
from services.billing.links import queries as links
from services.billing.links.model import CustomerLink
from services.billing.voucher_quotas.model import VoucherQuota, unit_of
from services.kit import ids, wire
from services.kit.ids import new_id
from services.kit.money import Money
from tests.builders.ledger import TenantLedger
from tests.builders.principals import a_system, an_administrator, an_operator
from tests.builders.running import RunningService


def money(text: str) -> money_pb2.Money:
    """Read an amount as people write it: "10 CNY"."""
    amount, currency_code = text.split()
    return money_pb2.Money(amount=amount, currency_code=currency_code)


def in_days(days: float) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(datetime.now(UTC) + timedelta(days=days))
    return timestamp


def a_link(
    *,
    customer_id: UUID | None = None,
    partner_id: UUID,
    association_type: terms_pb2.AssociationType.ValueType = terms_pb2.ASSOCIATION_TYPE_RESALE,
    account_manager_id: UUID | None = None,
    customer_name: str | None = "Orchid",
    partner_name: str = "Harbour",
    version: int = 1,
) -> links_pb2.CustomerLink:
    """Give a link of a new resale customer."""
    return links_pb2.CustomerLink(
        customer_id=ids.to_text("cus", customer_id or new_id()),
        version=version,
        partner_id=ids.to_text("ptr", partner_id),
        partner_name=partner_name,
        association_type=association_type,
        account_manager_id=wire.id_text("mgr", account_manager_id),
        account_manager_name=None if account_manager_id is None else "Min",
        customer_name=customer_name,
        account_name="orchid",
    )


async def put_links(
    billing: RunningService, tenant_id: UUID, links: Sequence[links_pb2.CustomerLink]
) -> list[str]:
    """Tell billing of customers, as the customers service does; give their ids."""
    request = links_pb2.PutCustomerLinksRequest(request_id=str(uuid4()), links=links)
    await billing.call(request, principal=a_system(tenant_id))
    return [link.customer_id for link in links]


async def some_customers(
    billing: RunningService, tenant_id: UUID, count: int, *, partner_id: UUID | None = None
) -> list[str]:
    """Tell billing of so many new resale customers of the root partner, or of a reseller."""
    links = [a_link(partner_id=partner_id or tenant_id) for _ in range(count)]
    return await put_links(billing, tenant_id, links)


async def grant_quota(
    billing: RunningService, tenant_id: UUID, *, face_total: str = "1000 CNY", **fields: Any
) -> voucher_quotas_pb2.VoucherQuota:
    """Grant a quota to the root partner, valid since yesterday and for a year."""
    defaults: dict[str, Any] = {
        "request_id": str(uuid4()),
        "coupon_type": vouchers_pb2.COUPON_TYPE_VOUCHER,
        "face_total": money(face_total),
        "effective_time": in_days(-1),
        "expire_time": in_days(365),
    }
    request = voucher_quotas_pb2.GrantVoucherQuotaRequest(**defaults | fields)
    quota: voucher_quotas_pb2.VoucherQuota = await billing.call(
        request, principal=an_operator(tenant_id)
    )
    return quota


def an_issue(
    quota_id: str, customer_ids: Sequence[str], *, face_value: str = "10 CNY", **fields: Any
) -> vouchers_pb2.IssueVouchersRequest:
    """Ask for a voucher for each customer."""
    defaults: dict[str, Any] = {
        "request_id": str(uuid4()),
        "quota_id": quota_id,
        "customer_ids": customer_ids,
        "face_value": money(face_value),
    }
    return vouchers_pb2.IssueVouchersRequest(**defaults | fields)


def a_limit(key: str, value1: str, value2: str | None = None) -> vouchers_pb2.UseLimit:
    """Give a limit by the name of its key, like SERVICE_TYPE."""
    number = vouchers_pb2.LimitKey.Value(f"LIMIT_KEY_{key}")
    return vouchers_pb2.UseLimit(key=number, value1=value1, value2=value2)


async def delegate_quota(
    billing: RunningService,
    tenant_id: UUID,
    quota: voucher_quotas_pb2.VoucherQuota,
    *,
    partner_id: UUID,
    face_total: str,
) -> str:
    """Give a reseller a part of a quota, which no rpc does as yet; give its id."""
    ledger = TenantLedger(billing.database, tenant_id)
    parent_id = ids.from_text("quo", quota.id, field="id")
    amount = Money.from_message(money(face_total), field="face_total")
    unit = unit_of(parent_id, currency_code=amount.currency_code)
    account_id = await ledger.open(AccountKind.VQ_AVAILABLE, unit=unit, partner_id=partner_id)
    async with ledger.transaction() as session:
        parent = await session.get_one(VoucherQuota, (tenant_id, parent_id))
        given = VoucherQuota(
            tenant_id=tenant_id,
            partner_id=partner_id,
            parent_quota_id=parent_id,
            account_id=account_id,
            coupon_type=parent.coupon_type,
            currency_code=parent.currency_code,
            face_total=amount.amount,
            state=parent.state,
            effective_time=parent.effective_time,
            expire_time=parent.expire_time,
            limits=parent.limits,
            customer_ids=[],
        )
        session.add(given)
        await session.flush()
        posting = ledger.posting(
            parent.account_id,
            account_id,
            unit.count(amount),
            unit=unit,
            code=TransferCode.VQ_DELEGATE,
        )
        await operations.post(session, posting=posting)
    return ids.to_text("quo", given.id)


async def known_link(
    billing: RunningService, tenant: UUID, customer_id: str, *, partner_id: UUID | None = None
) -> CustomerLink | None:
    """Give what billing knows of a customer, as its partner sees it."""
    principal = an_administrator(tenant, partner_id=partner_id)
    wanted = ids.from_text("cus", customer_id, field="id")
    async with billing.database.transaction(principal) as session:
        found = await links.batch_get(session, scope=principal.scope, customer_ids=[wanted])
    return found.get(wanted)
