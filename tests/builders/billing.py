"""Links, quotas and vouchers for tests, made through billing's own rpcs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.timestamp_pb2 import Timestamp

from partner.billing.v1 import links_pb2, voucher_quotas_pb2, vouchers_pb2
from partner.type.v1 import money_pb2, terms_pb2
from services.billing.links import queries as links
from services.billing.links.model import CustomerLink
from services.kit import ids, wire
from services.kit.ids import new_id
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
    """Give a reseller, who has a customer, a part of a quota; give its id."""
    await some_customers(billing, tenant_id, 1, partner_id=partner_id)
    request = a_sub_quota(quota.id, [partner_id], amount=face_total)
    answer = await billing.call(request, principal=an_administrator(tenant_id))
    quota_id: str = answer.results[0].quota.id
    return quota_id


def a_sub_quota(
    quota_id: str, reseller_ids: Sequence[UUID], *, amount: str = "10 CNY", **fields: Any
) -> voucher_quotas_pb2.GrantSubQuotaRequest:
    """Ask for a part of a quota for each reseller."""
    defaults: dict[str, Any] = {
        "request_id": str(uuid4()),
        "quota_id": quota_id,
        "indirect_partner_ids": [ids.to_text("ptr", one) for one in reseller_ids],
        "amount": money(amount),
    }
    return voucher_quotas_pb2.GrantSubQuotaRequest(**defaults | fields)


def a_sub_quota_reclaim(
    *quota_ids: str, **fields: Any
) -> voucher_quotas_pb2.ReclaimSubQuotasRequest:
    """Ask for quotas back from resellers."""
    defaults: dict[str, Any] = {"request_id": str(uuid4()), "quota_ids": quota_ids}
    return voucher_quotas_pb2.ReclaimSubQuotasRequest(**defaults | fields)


def a_reclaim(*voucher_ids: str, **fields: Any) -> vouchers_pb2.ReclaimVouchersRequest:
    """Ask for vouchers back."""
    defaults: dict[str, Any] = {"request_id": str(uuid4()), "voucher_ids": voucher_ids}
    return vouchers_pb2.ReclaimVouchersRequest(**defaults | fields)


async def known_link(
    billing: RunningService, tenant: UUID, customer_id: str, *, partner_id: UUID | None = None
) -> CustomerLink | None:
    """Give what billing knows of a customer, as its partner sees it."""
    principal = an_administrator(tenant, partner_id=partner_id)
    wanted = ids.from_text("cus", customer_id, field="id")
    async with billing.database.transaction(principal) as session:
        found = await links.batch_get(session, scope=principal.scope, customer_ids=[wanted])
    return found.get(wanted)
