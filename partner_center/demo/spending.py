"""What the demo's partners do with their money: allocate it, give quotas, and pay orders."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from google.type.decimal_pb2 import Decimal as DecimalMessage

from partner.billing.v1 import (
    adjustments_pb2,
    adjustments_pb2_grpc,
    consumption_pb2,
    payments_pb2,
    payments_pb2_grpc,
    voucher_quotas_pb2,
    voucher_quotas_pb2_grpc,
)
from partner.customers.v1 import customers_pb2
from partner.type.v1 import money_pb2, terms_pb2
from partner_center.demo.people import moment
from partner_center.demo.rpcs import Rpcs, Tenant
from services.kit import ids

CASH, CREDIT = adjustments_pb2.ADJUSTMENT_KIND_CASH, adjustments_pb2.ADJUSTMENT_KIND_CREDIT
# To how many of the customers of resale, of what, and how much to each.
ALLOCATIONS = ((12, CASH, "800"), (4, CREDIT, "300"))
# Of so many customers, each has a server paid for a year.
ORDERED_BY = 8
LIST_AMOUNT, PROMOTION = "240", "0.85"


async def spend(
    rpcs: Rpcs, tenant: Tenant, customers: Sequence[customers_pb2.Customer], *,
    vouchers: Mapping[str, str], currency_code: str, today: date,
) -> None:  # fmt: skip
    """Allocate to customers of resale and reclaim a part; let some of them pay for servers.

    `vouchers` gives a voucher of a customer by the customer's id. Of the orders one is given back
    in part, and one more waits for its payment.
    """
    resale = [
        customer.id
        for customer in customers
        if customer.association_type == terms_pb2.ASSOCIATION_TYPE_RESALE
    ]
    for count, kind, amount in ALLOCATIONS:
        await _adjust(rpcs, tenant, "BatchAllocate", adjustments_pb2.BatchAllocateRequest(
            request_id=tenant.request_id("allocate", kind),
            targets=[adjustments_pb2.AdjustmentTarget(customer_id=one) for one in resale[:count]],
            kind=kind,
            amount=money_pb2.Money(amount=amount, currency_code=currency_code),
            memo="Demo",
        ))  # fmt: skip
    await _adjust(rpcs, tenant, "Reclaim", adjustments_pb2.ReclaimRequest(
        request_id=tenant.request_id("reclaim"),
        target=adjustments_pb2.AdjustmentTarget(customer_id=resale[ORDERED_BY]),
        kind=CASH,
        amount=money_pb2.Money(amount="150.25", currency_code=currency_code),
        memo="Demo",
    ))  # fmt: skip
    payments = [
        await _pay(rpcs, tenant, "PayOrder", payments_pb2.PayOrderRequest(
            request_id=tenant.request_id("order", number),
            order=_order(customer_id, number, currency_code=currency_code,
                         # Every second one has a voucher to spend.
                         voucher_ids=[vouchers[customer_id]] if number % 2 else []),
        ))
        for number, customer_id in enumerate(resale[:ORDERED_BY])
    ]  # fmt: skip
    await _pay(rpcs, tenant, "RefundOrder", payments_pb2.RefundOrderRequest(
        request_id=tenant.request_id("refund"),
        payment_id=payments[0].id,
        lines=[payments_pb2.RefundOrderRequest.RefundLine(
            line_number=1, amount=money_pb2.Money(amount="99.99", currency_code=currency_code)
        )],
    ))  # fmt: skip
    await _pay(rpcs, tenant, "HoldOrder", payments_pb2.HoldOrderRequest(
        request_id=tenant.request_id("hold"),
        order=_order(resale[ORDERED_BY], ORDERED_BY, currency_code=currency_code),
        expire_time=moment(today + timedelta(days=20)),
    ))  # fmt: skip


async def share_with_resellers(
    rpcs: Rpcs, tenant: Tenant, resellers: Sequence[UUID], *, quota_id: str, currency_code: str
) -> None:
    """Give resellers cash, and parts of a quota."""
    named = [ids.to_text("ptr", reseller) for reseller in resellers]
    await _adjust(rpcs, tenant, "BatchAllocate", adjustments_pb2.BatchAllocateRequest(
        request_id=tenant.request_id("share"),
        targets=[adjustments_pb2.AdjustmentTarget(indirect_partner_id=one) for one in named],
        kind=CASH,
        amount=money_pb2.Money(amount="6000", currency_code=currency_code),
        memo="Demo",
    ))  # fmt: skip
    await rpcs(
        "billing",
        voucher_quotas_pb2_grpc.VoucherQuotaServiceStub,
        "GrantSubQuota",
        voucher_quotas_pb2.GrantSubQuotaRequest(
            request_id=tenant.request_id("sub-quota"),
            quota_id=quota_id,
            indirect_partner_ids=named,
            amount=money_pb2.Money(amount="4000", currency_code=currency_code),
            memo="Demo",
        ),
        principal=tenant.administrator,
    )


def _order(
    customer_id: str, number: int, *, currency_code: str, voucher_ids: Sequence[str] = ()
) -> payments_pb2.Order:
    """Order a server for a year, with a promotion."""
    return payments_pb2.Order(
        customer_id=customer_id,
        order_number=f"CS26{number:09d}",
        payer=payments_pb2.PAYER_CUSTOMER,
        currency_code=currency_code,
        lines=[
            payments_pb2.OrderLine(
                line_number=1,
                service_type_code="elastic-cloud-server",
                charging_mode=terms_pb2.CHARGING_MODE_PERIOD,
                period_type=consumption_pb2.PERIOD_TYPE_YEAR,
                period_count=1,
                order_type=payments_pb2.ORDER_TYPE_NEW,
                list_amount=money_pb2.Money(amount=LIST_AMOUNT, currency_code=currency_code),
            )
        ],
        discount=payments_pb2.Discount(
            kind=payments_pb2.DISCOUNT_KIND_PROMOTION, ratio=DecimalMessage(value=PROMOTION)
        ),
        voucher_ids=voucher_ids,
    )


async def _adjust(rpcs: Rpcs, tenant: Tenant, rpc: str, request: Any) -> None:
    stub = adjustments_pb2_grpc.AdjustmentServiceStub
    await rpcs("billing", stub, rpc, request, principal=tenant.administrator)


async def _pay(rpcs: Rpcs, tenant: Tenant, rpc: str, request: Any) -> Any:
    stub = payments_pb2_grpc.PaymentServiceStub
    return await rpcs("billing", stub, rpc, request, principal=tenant.operator)
