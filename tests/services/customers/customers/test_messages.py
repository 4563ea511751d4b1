"""How customers are written, where it takes more than their columns as they are."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from partner.customers.v1 import customers_pb2
from partner.type.v1 import money_pb2
from services.customers.customers.messages import (
    money_parts,
    to_indirect_partner_id,
    to_new_customer_tag,
)
from services.kit.ids import to_text

NOW = datetime(2024, 9, 1, tzinfo=UTC)
TENANT, RESELLER = UUID(int=1), UUID(int=2)


def test_a_customer_of_the_root_partner_has_no_indirect_partner() -> None:
    assert to_indirect_partner_id(TENANT, TENANT) is None


def test_a_resellers_customer_names_it() -> None:
    assert to_indirect_partner_id(RESELLER, TENANT) == to_text("ptr", RESELLER)


@pytest.mark.parametrize(
    ("amount", "text"), [("12.345678901234567", "12.345678901234567"), ("0E-15", "0")]
)
def test_money_is_written_exactly_and_plainly(amount: str, text: str) -> None:
    expected = money_pb2.Money(amount=text, currency_code="CNY")

    assert money_pb2.Money(**money_parts(Decimal(amount), "CNY") or {}) == expected


def test_the_tag_of_a_new_customer_is_out_of_date_after_its_last_month() -> None:
    tag = to_new_customer_tag("YES", "VERIFIED", "2024-01", "2024-08", NOW)

    assert tag == customers_pb2.Customer.NewCustomerTag(
        value=customers_pb2.NEW_CUSTOMER_VALUE_NO,
        effective_cycle="2024-01",
        expire_cycle="2024-08",
    )


def test_customers_that_are_not_verified_have_no_tag() -> None:
    assert to_new_customer_tag("YES", "IN_REVIEW", None, None, NOW) is None
