"""What exports are called, whose they are, and when there is a file."""

from datetime import UTC, datetime

import pytest

from services.billing.exports.model import Export
from services.kit.exports.model import (
    ExportNotReady,
    ExportState,
    file_name,
    principal_of,
    requester_of,
)
from services.kit.ids import new_id
from tests.builders.principals import a_director, a_tenant

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def an_export(state: ExportState) -> Export:
    return Export(tenant_id=a_tenant(), id=new_id(), state=state)


@pytest.mark.parametrize("state", set(ExportState) - {ExportState.COMPLETED})
def test_only_a_completed_export_has_a_file(state: ExportState) -> None:
    with pytest.raises(ExportNotReady) as refused:
        an_export(state).refuse_without_file()

    assert refused.value.metadata == {"state": state}


def test_a_file_is_named_after_what_it_lists_and_when() -> None:
    assert file_name("VOUCHER_OPERATIONS", "XLSX", NOON) == (
        "voucher-operations-20261128T120000Z.xlsx"
    )


def test_who_asked_is_the_same_in_whichever_order_a_team_is_named() -> None:
    tenant, first, second = a_tenant(), new_id(), new_id()

    one = requester_of(a_director(tenant, team=(first, second)))
    other = requester_of(a_director(tenant, team=(second, first)))

    assert one == other
    assert set(principal_of(one, service="billing").account_manager_ids) == {first, second}
