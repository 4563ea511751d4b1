"""What payments leave in the consumption details: a row for each line bought or given back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.consumption import operations as consumption
from services.billing.consumption.charges import BillType, detail_id
from services.billing.consumption.cycles import cycle_at
from services.billing.consumption.model import AMOUNTS
from services.billing.links.model import AssociationType, CustomerLink
from services.billing.payments.deduction import Source
from services.billing.payments.model import COLUMNS, Payment
from services.billing.payments.orders import OrderType, money_of

_BILL_TYPES: Final = {
    OrderType.NEW: BillType.PURCHASE,
    OrderType.RENEW: BillType.RENEWAL,
    OrderType.CHANGE: BillType.CHANGE,
}


async def take_order(
    session: AsyncSession, *, payment: Payment, link: CustomerLink | None, now: datetime
) -> None:
    """Keep a detail of each line of an order that was paid."""
    rows = [
        _row(payment, line, link=link, now=now)
        | {
            "bill_type": _BILL_TYPES[line["order_type"]],
            "list_amount": _text(payment, line["list"]),
            "discount_amount": _text(payment, line["list"] - line["payable"]),
            "payable_amount": _text(payment, line["payable"]),
        }
        | _parts(payment, line["parts"])
        for line in payment.lines
    ]
    await _take(session, rows, now=now)


async def take_refund(
    session: AsyncSession, *, refund: Payment, link: CustomerLink | None, now: datetime
) -> None:
    """Keep a detail, below zero, of each line of which something came back."""
    rows = []
    for line in refund.lines:
        returned = {source: -units for source, units in line["parts"].items()}
        whole = _text(refund, sum(returned.values()))
        rows.append(
            _row(refund, line, link=link, now=now)
            | {
                "bill_type": BillType.UNSUBSCRIBE_REFUND,
                "list_amount": whole,
                "discount_amount": "0",
                "payable_amount": whole,
            }
            | _parts(refund, returned)
        )
    await _take(session, rows, now=now)


async def _take(session: AsyncSession, rows: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    await consumption.make_partitions(session, cycles={cycle_at(now)})
    await consumption.take_charges(session, rows=rows)


def _row(
    payment: Payment, line: Mapping[str, Any], *, link: CustomerLink | None, now: datetime
) -> dict[str, Any]:
    """Write what details of purchases and refunds have in common."""
    cycle = cycle_at(now)
    name = payment.id.bytes + int(line["line_number"]).to_bytes(4, "big")
    return {
        "tenant_id": payment.tenant_id,
        "billing_cycle": cycle,
        "id": detail_id(payment.tenant_id, billing_cycle=cycle, name=name),
        "partner_id": payment.partner_id,
        "customer_id": payment.customer_id,
        "association_type": link.association_type if link else AssociationType.RESALE,
        "account_manager_id": link.account_manager_id if link else None,
        "service_type_code": line["service_type_code"],
        "product_id": line["product_id"],
        "region_code": line["region_code"],
        "charging_mode": line["charging_mode"],
        "trade_number": payment.order_number,
        "trade_time": now,
        "consume_time": now,
        "period_type": line["period_type"],
        "period_count": line["period_count"],
        "currency_code": payment.currency_code,
        **dict.fromkeys(AMOUNTS, "0"),
    }


def _parts(payment: Payment, parts: Mapping[str, int]) -> dict[str, str]:
    return {COLUMNS[Source(source)]: _text(payment, units) for source, units in parts.items()}


def _text(payment: Payment, units: int) -> str:
    return str(money_of(units, payment.currency_code).amount)
