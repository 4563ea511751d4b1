"""Payments as they are written down, with their transfers, and as the ledger posts them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.billing.accounts.model import Holder
from services.billing.ledger.chart import TradeDetail, TransferCode, Unit
from services.billing.ledger.model import Posting, transfer_id
from services.billing.payments.books import CODES, Books
from services.billing.payments.deduction import Deduction, Leg, PaidLine, Source
from services.billing.payments.model import COLUMNS, PaymentKind, PaymentState
from services.billing.payments.orders import Order, Payer, money_of, total_list
from services.kit.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfers:
    """How the transfers of one request are named."""

    tenant_id: UUID
    method: str
    request_id: str

    def name(self, leg: object) -> UUID:
        return transfer_id(self.tenant_id, method=self.method, request_id=self.request_id, leg=leg)

    @property
    def group_id(self) -> UUID:
        return self.name("group")


def order_payment(
    order: Order, deduction: Deduction, *, holder: Holder, tenant_id: UUID, now: datetime
) -> dict[str, Any]:
    """Write what an order takes as the columns of a payment, but for its state, legs and group."""
    listed = total_list(order.lines)
    return amounts(
        order.currency_code,
        listed=_amount(listed, order.currency_code),
        parts={source: deduction.of(source) for source in Source},
    ) | {
        "tenant_id": tenant_id,
        "id": new_id(),
        "partner_id": holder.partner_id,
        "customer_id": order.customer_id,
        "kind": PaymentKind.ORDER,
        "payer": order.payer,
        "order_number": order.number,
        "lines": [line_json(line) for line in deduction.lines],
        "create_time": now,
    }


def settled_payment(
    kind: PaymentKind,
    *,
    holder: Holder,
    names: Transfers,
    currency_code: str,
    parts: Mapping[Source, int],
    now: datetime,
    listed: Decimal | None = None,
    billing_cycle: date | None = None,
) -> dict[str, Any]:
    """Write what usage of a customer and month takes, or what it owed, as a payment's columns."""
    listed = _amount(sum(parts.values()), currency_code) if listed is None else listed
    return amounts(currency_code, listed=listed, parts=parts) | {
        "tenant_id": names.tenant_id,
        "id": UUID(names.request_id),
        "partner_id": holder.partner_id,
        "customer_id": holder.id,
        "kind": kind,
        "state": PaymentState.PAID,
        "payer": Payer.CUSTOMER,
        "billing_cycle": billing_cycle,
        "lines": [],
        "transaction_id": names.group_id,
        "create_time": now,
        "pay_time": now,
    }


def amounts(
    currency_code: str, *, listed: Decimal, parts: Mapping[Source, int], forfeited: int = 0
) -> dict[str, Any]:
    """Write the amounts of a payment: the payable is the sum of the parts."""
    payable = _amount(sum(parts.values()) + forfeited, currency_code)
    return {
        "currency_code": currency_code,
        "list_amount": listed,
        "discount_amount": listed - payable,
        "payable_amount": payable,
        "forfeited_amount": _amount(forfeited, currency_code),
        "refunded_amount": Decimal(0),
    } | {column: _amount(parts.get(source, 0), currency_code) for source, column in COLUMNS.items()}


def legs_json(
    legs: Sequence[Leg], *, books: Books, holder: Holder, names: Transfers, is_held: bool = False
) -> list[dict[str, Any]]:
    """Write legs: the accounts that they are taken from and go to, and their transfers."""
    return [
        {
            "source": leg.source,
            "account_id": str(leg.account_id or books.receivable(holder.id)),
            "to_account_id": str(books.counterpart(leg, holder)),
            "unit": leg.unit,
            "units": leg.units,
            "voucher_id": None if leg.voucher_id is None else str(leg.voucher_id),
            "hold_id" if is_held else "transfer_id": str(names.name(number)),
        }
        for number, leg in enumerate(legs)
    ]


def line_json(paid: PaidLine) -> dict[str, Any]:
    line = paid.line
    return {
        "line_number": line.number,
        "service_type_code": line.service_type_code,
        "region_code": line.region_code,
        "product_id": line.product_id,
        "charging_mode": line.charging_mode,
        "period_type": line.period_type,
        "period_count": line.period_count,
        "order_type": line.order_type,
        "list": line.list_units,
        "payable": paid.payable,
        "parts": dict(paid.parts),
        # What was refunded of each part, or forfeited.
        "refunded": {},
    }


def postings(
    legs: Sequence[Mapping[str, Any]],
    *,
    trade_detail: TradeDetail,
    key: str = "transfer_id",
    code: TransferCode | None = None,
    group_id: UUID | None = None,
) -> list[Posting]:
    """Write legs as what the ledger posts; `key` names what its transfers are called by."""
    return [
        Posting(
            id=UUID(leg[key]),
            code=code or CODES[Source(leg["source"])],
            debit_account_id=UUID(leg["account_id"]),
            credit_account_id=UUID(leg["to_account_id"]),
            amount=money_of(leg["units"], (unit := Unit.parse(leg["unit"])).currency_code),
            unit=unit,
            trade_detail=trade_detail,
            group_id=group_id,
        )
        for leg in legs
    ]


def _amount(units: int, currency_code: str) -> Decimal:
    return money_of(units, currency_code).amount
