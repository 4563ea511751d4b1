"""Ids of details: the same for the same line, and they lead to their cycle."""

from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.billing.consumption.charges import Occurrences, SummaryBillType, cycle_of_id
from services.kit.ids import new_id
from tests.builders.consumption import a_charge

TENANT = UUID("01920000-0000-7000-8000-000000000001")


def test_the_id_of_a_line_never_changes() -> None:
    """Files imported by an earlier version must be known to a later one."""
    assert str(a_charge().id_in(TENANT)) == "5ee8d213-bcea-82cc-8c27-a3e9741c92fd"


def test_the_id_differs_by_tenant_line_and_occurrence() -> None:
    charge, other = a_charge(), a_charge(BilledCost="2")
    again = a_charge()
    again.occurrence = 1

    ids = {charge.id_in(TENANT), charge.id_in(new_id()), other.id_in(TENANT), again.id_in(TENANT)}

    assert len(ids) == 4


@given(st.dates(date(2006, 1, 1), date(2090, 12, 31)))
def test_the_id_leads_to_the_cycle(day: date) -> None:
    charge = a_charge()
    charge.billing_cycle = day.replace(day=1)

    assert cycle_of_id(charge.id_in(TENANT)) == day.replace(day=1)


@given(st.uuids())
def test_any_other_id_leads_nowhere_or_to_some_month(other: UUID) -> None:
    assert cycle_of_id(other) is None or cycle_of_id(other).day == 1


def test_occurrences_are_counted() -> None:
    occurrences = Occurrences()

    assert [occurrences.count(digest) for digest in (b"a" * 32, b"b" * 32, b"a" * 32)] == [0, 0, 1]


def test_refunds_and_writeoffs_are_told_apart_in_sums() -> None:
    assert a_charge().summary_bill_type is SummaryBillType.NORMAL
    assert a_charge(x_BillType="4").summary_bill_type is SummaryBillType.UNSUBSCRIBE
    assert a_charge(x_WriteoffAmount="1").summary_bill_type is SummaryBillType.PLATFORM_WRITEOFF
