"""What the prepared backends know: a thousand customers, made of rows of the FOCUS sample."""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from google.type import decimal_pb2

from partner.billing.v1 import consumption_pb2, vouchers_pb2
from partner.customers.v1 import customers_pb2, resources_pb2
from partner.type.v1 import money_pb2, terms_pb2
from services.kit import ids

SAMPLE: Final = Path(__file__).parents[2] / "examples" / "focus" / "focus_1.0_sample.csv"
CUSTOMERS: Final = 1_000
RESOURCES: Final = 5
DETAILS: Final = 10
VOUCHERS: Final = 3
CYCLE: Final = "2026-11"

Row = dict[str, str]
# The milliseconds of November 2026 at the beginning of a UUIDv7, and its version and variant.
_BORN: Final = 0x019E_4B2C_0000 << 80 | 7 << 76 | 2 << 62
_AMOUNTS: Final = (
    "discount_amount",
    "credit_amount",
    "voucher_amount",
    "cash_coupon_amount",
    "stored_card_amount",
    "debt_amount",
    "writeoff_amount",
)


def an_id(prefix: str, number: int) -> str:
    """Give the id of the thing of a kind that has this number."""
    return ids.to_text(prefix, UUID(int=_BORN | number))


class Rows:
    """Makes every thing by its number, the same each time."""

    def __init__(self) -> None:
        with SAMPLE.open(encoding="utf-8", newline="") as file:
            self._rows: Sequence[Row] = [
                {name: "" if text == "NULL" else text for name, text in row.items()}
                for row in csv.DictReader(file)
            ]

    def customer(self, number: int) -> customers_pb2.Customer:
        row = self._row(number * 7)
        name = row["SubAccountName"]
        return customers_pb2.Customer(
            id=an_id("cus", number),
            account_name=f"{name.lower().replace(' ', '-')}-{number}",
            name=name if number % 4 else f"{name} 云计算有限公司",
            customer_type=customers_pb2.CUSTOMER_TYPE_ENTERPRISE,
            verification_status=customers_pb2.VERIFICATION_STATUS_VERIFIED,
            association_type=terms_pb2.ASSOCIATION_TYPE_RESALE,
            associate_time=_time(row["ChargePeriodStart"]),
            partner_id=an_id("ptr", 1),
            account_manager_id=an_id("mgr", number % 4),
            tags=[row["ServiceCategory"], row["ProviderName"]],
            email=f"it@customer-{number}.example",
            mobile=f"138{number:08}",
            country_code="CN",
            freeze_state=customers_pb2.FREEZE_STATE_NONE,
            level=1 + number % 6,  # type: ignore[arg-type] # any of the six
            external_id=row["SubAccountId"],
            external_platform=row["ProviderName"],
            month_to_date_spend=_money(row, "ListCost"),
            enterprise_role=customers_pb2.ENTERPRISE_ROLE_NONE,
            create_time=_time(row["ChargePeriodStart"]),
        )

    def resource(self, customer: int, place: int) -> resources_pb2.Resource:
        number = customer * RESOURCES + place
        row = self._row(number)
        return resources_pb2.Resource(
            id=an_id("res", number),
            cloud_resource_id=row["ResourceId"] or f"resource-{number}",
            resource_name=row["ResourceName"] or f"{row['ServiceCategory']}-{number}",
            customer_id=an_id("cus", customer),
            charging_mode=terms_pb2.CHARGING_MODE_PAY_PER_USE,
            service_type_code=row["SkuId"],
            service_type_name=row["ServiceName"],
            resource_type_code=row["ResourceType"] or "unknown",
            resource_type_name=row["ResourceType"] or None,
            region_code=row["RegionId"],
            availability_zone_code=row["AvailabilityZone"] or None,
            is_primary=True,
            state=resources_pb2.RESOURCE_STATE_ACTIVE,
            effective_time=_time(row["ChargePeriodStart"]),
            expire_time=_time(row["BillingPeriodEnd"]) if place % 2 else None,
            update_time=_time(row["ChargePeriodEnd"]),
            spec_size=decimal_pb2.Decimal(value="40"),
        )

    def detail(self, customer: int, place: int) -> consumption_pb2.ConsumptionDetail:
        number = customer * DETAILS + place
        row = self._row(number)
        nothing: dict[str, Any] = {
            name: money_pb2.Money(amount="0", currency_code="USD") for name in _AMOUNTS
        }
        return consumption_pb2.ConsumptionDetail(
            id=an_id("con", number),
            billing_cycle=CYCLE,
            customer_id=an_id("cus", customer),
            partner_id=an_id("ptr", 1),
            association_type=terms_pb2.ASSOCIATION_TYPE_RESALE,
            service_type_code=row["SkuId"],
            service_type_name=row["ServiceName"],
            cloud_resource_id=row["ResourceId"] or None,
            resource_name=row["ResourceName"] or None,
            product_id=row["SkuPriceId"] or None,
            product_name=row["ChargeDescription"],
            region_code=row["RegionId"],
            region_name=row["RegionName"],
            charging_mode=terms_pb2.CHARGING_MODE_PAY_PER_USE,
            bill_type=consumption_pb2.BILL_TYPE_USAGE,
            trade_number=f"T{number:012}",
            consume_time=_time(row["ChargePeriodStart"]),
            consume_end_time=_time(row["ChargePeriodEnd"]),
            usage_amount=decimal_pb2.Decimal(value=_plain(row["ConsumedQuantity"])),
            usage_unit=row["ConsumedUnit"] or None,
            list_amount=_money(row, "ListCost"),
            payable_amount=_money(row, "BilledCost"),
            cash_amount=_money(row, "BilledCost"),
            **nothing,
        )

    def voucher(self, customer: int, place: int) -> vouchers_pb2.Voucher:
        number = customer * VOUCHERS + place
        row = self._row(number)
        return vouchers_pb2.Voucher(
            id=an_id("cpn", number),
            quota_id=an_id("quo", 1),
            issuer_id=an_id("ptr", 1),
            customer_id=an_id("cus", customer),
            coupon_type=vouchers_pb2.COUPON_TYPE_VOUCHER,
            face_value=money_pb2.Money(amount="500", currency_code="USD"),
            balance=money_pb2.Money(amount=f"{number % 500}.25", currency_code="USD"),
            state=vouchers_pb2.VOUCHER_STATE_USABLE,
            effective_time=_time(row["BillingPeriodStart"]),
            expire_time=_time(row["BillingPeriodEnd"]),
            create_time=_time(row["BillingPeriodStart"]),
            memo=row["ChargeDescription"],
        )

    def _row(self, number: int) -> Row:
        return self._rows[number % len(self._rows)]


def _time(text: str) -> Timestamp:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return Timestamp(seconds=int(moment.timestamp()))


def _money(row: Row, column: str) -> Any:
    return money_pb2.Money(amount=_plain(row[column]), currency_code=row["BillingCurrency"])


def _plain(text: str) -> str:
    """Write a number as the services do: all its digits, no zeros behind them."""
    return f"{Decimal(text or '0').normalize():f}"
