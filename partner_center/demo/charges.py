"""The demo's consumption as a FOCUS file: 18 months up to today for each customer."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Final

from partner_center.demo.catalogue import DemoResource, resources_of
from partner_center.demo.companies import Company

MONTHS: Final = 18
PROVIDER: Final = "OpenCloud"
# Billing cycles are calendar months in the site's zone (domain.md 1).
SITE_ZONE: Final = timezone(timedelta(hours=8))
CENT: Final = Decimal("0.01")
NANO: Final = Decimal("0.000000001")
COLUMNS: Final = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency",
    "BillingPeriodStart", "BillingPeriodEnd", "ChargeCategory", "ChargeClass",
    "ChargeDescription", "ChargeFrequency", "ChargePeriodStart", "ChargePeriodEnd",
    "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "EffectiveCost",
    "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory",
    "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "RegionId", "RegionName",
    "ResourceId", "ResourceName", "ResourceType", "ServiceCategory", "ServiceName", "SkuId",
    "SubAccountId", "SubAccountName", "Tags", "x_BillType", "x_TradeId",
    "x_CashAmount", "x_VoucherAmount",
)  # fmt: skip


def focus_file(
    companies: Iterable[Company], *, partner_name: str, currency_code: str, today: date
) -> Iterator[bytes]:
    """Give the file in pieces of one customer each, the header first."""
    yield _lines([dict(zip(COLUMNS, COLUMNS, strict=True))])
    for company in companies:
        account = {
            "BillingAccountId": f"partner-{currency_code.lower()}",
            "BillingAccountName": partner_name,
            "BillingCurrency": currency_code,
            "InvoiceIssuerName": partner_name,
            "ProviderName": PROVIDER,
            "PublisherName": PROVIDER,
            "SubAccountId": company.external_id,
            "SubAccountName": company.name,
        }
        yield _lines([account | charge for charge in _charges(company.external_id, today=today)])


def _lines(rows: Iterable[dict[str, str]]) -> bytes:
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS, restval="NULL").writerows(rows)
    return text.getvalue().encode()


def _charges(external_id: str, *, today: date) -> Iterator[dict[str, str]]:
    draw = Random(f"charges of {external_id}")  # noqa: S311 - sample data, the same each time
    size = Decimal(draw.randrange(20, 400)) / 100
    for month in _months(today):
        for resource in resources_of(external_id):
            if resource.by_period:
                yield _renewal(resource, month=month, draw=draw)
            for day in (draw.randrange(1, 15), draw.randrange(15, 29)):
                if month.replace(day=day) < today:
                    yield _usage(resource, day=month.replace(day=day), size=size, draw=draw)


def _months(today: date) -> list[date]:
    first = today.year * 12 + today.month - MONTHS
    return [date(number // 12, number % 12 + 1, 1) for number in range(first, first + MONTHS)]


def _usage(resource: DemoResource, *, day: date, size: Decimal, draw: Random) -> dict[str, str]:
    quantity = (size * draw.randrange(50, 5000)).quantize(Decimal("0.0001"))
    cost = (quantity * resource.product.price).quantize(NANO)
    paid = (cost * draw.choice((Decimal(1), Decimal("0.9"), Decimal("0.85")))).quantize(NANO)
    vouchers = (paid / 4).quantize(NANO) if draw.random() < 0.2 else Decimal(0)  # noqa: PLR2004 - one in five
    begin = datetime(day.year, day.month, day.day, draw.randrange(0, 23), tzinfo=SITE_ZONE)
    return _row(resource, day=day, begin=begin, end=begin + timedelta(hours=1)) | {
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{resource.product.service}, {resource.product.unit}",
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": str(quantity),
        "ConsumedUnit": resource.product.unit,
        "PricingQuantity": str(quantity),
        "ListUnitPrice": str(resource.product.price),
        "ListCost": str(cost),
        "BilledCost": str(paid),
        "ContractedCost": str(paid),
        "EffectiveCost": str(paid),
        "x_BillType": "5",
        "x_CashAmount": str(paid - vouchers),
        "x_VoucherAmount": str(vouchers),
        "x_TradeId": f"T{draw.getrandbits(48):015d}",
    }


def _renewal(resource: DemoResource, *, month: date, draw: Random) -> dict[str, str]:
    price = resource.product.monthly or Decimal(0)
    paid = (price * draw.choice((Decimal(1), Decimal("0.9")))).quantize(CENT)
    begin = datetime(month.year, month.month, 1, tzinfo=SITE_ZONE)
    return _row(resource, day=month, begin=begin, end=_month_end(month)) | {
        "ChargeCategory": "Purchase",
        "ChargeDescription": f"{resource.product.service}, one month",
        "ChargeFrequency": "Recurring",
        "PricingQuantity": "1",
        "ListUnitPrice": str(price),
        "ListCost": str(price),
        "BilledCost": str(paid),
        "ContractedCost": str(paid),
        "EffectiveCost": str(paid),
        "x_BillType": "8",
        "x_CashAmount": str(paid),
        "x_VoucherAmount": "0",
        "x_TradeId": f"CS{draw.getrandbits(40):013d}",
    }


def _row(resource: DemoResource, *, day: date, begin: datetime, end: datetime) -> dict[str, str]:
    cycle = datetime(day.year, day.month, 1, tzinfo=SITE_ZONE)
    return {
        "BillingPeriodStart": _text(cycle),
        "BillingPeriodEnd": _text(_month_end(day)),
        "ChargePeriodStart": _text(begin),
        "ChargePeriodEnd": _text(end),
        "PricingCategory": "Standard",
        "PricingUnit": resource.product.unit if not resource.by_period else "Months",
        "RegionId": resource.region_code,
        "RegionName": resource.region_name,
        "ResourceId": resource.cloud_resource_id,
        "ResourceName": resource.name,
        "ResourceType": resource.product.resource_type,
        "ServiceCategory": resource.product.category,
        "ServiceName": resource.product.service,
        "SkuId": resource.product.product_id,
        "Tags": json.dumps({"env": "prod", "team": resource.name}),
    }


def _month_end(day: date) -> datetime:
    number = day.year * 12 + day.month
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=SITE_ZONE)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
