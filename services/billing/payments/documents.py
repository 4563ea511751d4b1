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
from services.billing.payments.orders import Order, money_of, total_list
from services.kit.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfers:
    """How the transfers of one request are named."""

    tenant_id: UUID
    method: str
    request_id: str

    def name(self, leg: object) -> UUID:
        return transfer_id(
            self.tenant_id, method=self.method, request_id=self.request_id, leg=leg
        )

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


def usage_payment(
    *,
    tenant_id: UUID,
    holder: Holder,
    billing_cycle: date,
    currency_code: str,
    listed: Decimal,
    legs: Sequence[Leg],
    now: datetime,
) -> dict[str, Any]:
    """Write what usage of a customer and month takes as the columns of a payment."""
    parts: dict[Source, int] = {}
    for leg in legs:
        parts[leg.source] = parts.get(leg.source, 0) + leg.units
    return amounts(currency_code, listed=listed, parts=parts) | {
        "tenant_id": tenant_id,
        "id": new_id(),
        "partner_id": holder.partner_id,
        "customer_id": holder.id,
        "kind": PaymentKind.USAGE,
        "payer": "CUSTOMER",
        "billing_cycle": billing_cycle,
        "lines": [],
        "create_time": now,
        "state": PaymentState.PAID,
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
    } | {
        column: _amount(parts.get(source, 0), currency_code) for source, column in COLUMNS.items()
    }


def leg_json(leg: Leg, *, to_account_id: UUID, name: UUID, is_held: bool = False) -> dict[str, Any]:
    """Write a leg: the account that it is taken from, the one that it goes to, its transfer."""
    return {
        "source": leg.source,
        "account_id": str(leg.account_id),
        "to_account_id": str(to_account_id),
        "unit": leg.unit,
        "units": leg.units,
        "voucher_id": None if leg.voucher_id is None else str(leg.voucher_id),
        "hold_id" if is_held else "transfer_id": str(name),
    }


def legs_json(
    legs: Sequence[Leg], *, books: Books, holder: Holder, names: Transfers, is_held: bool = False
) -> list[dict[str, Any]]:
    return [
        leg_json(
            leg,
            to_account_id=books.counterpart(leg, holder),
            name=names.name(number),
            is_held=is_held,
        )
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
        posting(
            UUID(leg[key]),
            code=code or CODES[Source(leg["source"])],
            debit_account_id=UUID(leg["account_id"]),
            credit_account_id=UUID(leg["to_account_id"]),
            units=leg["units"],
            unit=Unit.parse(leg["unit"]),
            trade_detail=trade_detail,
            group_id=group_id,
        )
        for leg in legs
    ]


def posting(
    name: UUID,
    *,
    code: TransferCode,
    debit_account_id: UUID,
    credit_account_id: UUID,
    units: int,
    unit: Unit,
    trade_detail: TradeDetail,
    group_id: UUID | None = None,
) -> Posting:
    return Posting(
        id=name,
        code=code,
        debit_account_id=debit_account_id,
        credit_account_id=credit_account_id,
        amount=money_of(units, unit.currency_code),
        unit=unit,
        trade_detail=trade_detail,
        group_id=group_id,
    )


def _amount(units: int, currency_code: str) -> Decimal:
    return money_of(units, currency_code).amount
