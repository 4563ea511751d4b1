"""The state machines of resources (domain.md 5.5), step by step."""

from datetime import UTC, datetime
from typing import Any

import pytest

from partner.customers.v1 import errors_pb2, resources_pb2
from services.customers.resources.model import (
    ChargingMode,
    Resource,
    ResourceState,
    StateConflict,
    check_state,
)
from services.kit.errors import InvalidArgument

PERIOD, PAY_PER_USE = ChargingMode.PERIOD, ChargingMode.PAY_PER_USE
ALLOWED = {
    PERIOD: "ACTIVE>EXPIRED EXPIRED>FROZEN FROZEN>CLOSED EXPIRED>ACTIVE FROZEN>ACTIVE"
    " ACTIVE>CLOSED EXPIRED>CLOSED",
    PAY_PER_USE: "ACTIVE>GRACE GRACE>FROZEN FROZEN>CLOSED GRACE>ACTIVE FROZEN>ACTIVE"
    " ACTIVE>CHANGING CHANGING>ACTIVE ACTIVE>CLOSING GRACE>CLOSING FROZEN>CLOSING"
    " CHANGING>CLOSING CLOSING>CLOSED ACTIVE>CLOSED GRACE>CLOSED CHANGING>CLOSED",
}
STATES = {
    PERIOD: ["ACTIVE", "EXPIRED", "FROZEN", "CLOSED"],
    PAY_PER_USE: ["ACTIVE", "GRACE", "FROZEN", "CHANGING", "CLOSING", "CLOSED"],
}
STEPS = [(mode, here, there) for mode in STATES for here in STATES[mode] for there in STATES[mode]]


def a_resource(**known: Any) -> Resource:
    values = {"cloud_resource_id": "vm-1", "charging_mode": "PERIOD", "state": "ACTIVE"}
    return Resource(**values | known)


@pytest.mark.parametrize(("mode", "here", "there"), STEPS)
def test_move_takes_allowed_steps_and_refuses_all_others(
    mode: ChargingMode, here: str, there: str
) -> None:
    resource = a_resource(charging_mode=mode.value, state=here)

    if here == there or f"{here}>{there}" in ALLOWED[mode].split():
        resource.move(mode, ResourceState(there))
        assert resource.state == there
    else:
        with pytest.raises(StateConflict) as refused:
            resource.move(mode, ResourceState(there))
        assert refused.value.metadata == {
            "cloud_resource_id": "vm-1",
            "from": here,
            "to": there,
        }
        assert resource.state == here


def test_an_expired_resource_may_go_over_to_pay_per_use_and_is_active_then() -> None:
    resource = a_resource(state="EXPIRED")

    resource.move(PAY_PER_USE, ResourceState.ACTIVE)

    assert (resource.charging_mode, resource.state) == ("PAY_PER_USE", "ACTIVE")


@pytest.mark.parametrize(("here", "there"), [("CLOSED", "ACTIVE"), ("ACTIVE", "FROZEN")])
def test_no_other_way_leads_from_one_charging_mode_to_the_other(here: str, there: str) -> None:
    with pytest.raises(StateConflict):
        a_resource(state=here).move(PAY_PER_USE, ResourceState(there))


def test_bring_up_to_date_tells_whether_anything_is_new() -> None:
    resource = a_resource(resource_name="old")
    same = {"charging_mode": "PERIOD", "state": "ACTIVE", "resource_name": "old"}
    later = datetime(2024, 9, 1, tzinfo=UTC)

    assert not resource.bring_up_to_date(same | {"update_time": later})
    assert resource.bring_up_to_date(same | {"update_time": later, "resource_name": "new"})

    assert (resource.resource_name, resource.update_time) == ("new", later)


@pytest.mark.parametrize(
    ("mode", "state"), [("PERIOD", "GRACE"), ("PERIOD", "CLOSING"), ("PAY_PER_USE", "EXPIRED")]
)
def test_check_state_refuses_a_state_of_the_other_charging_mode(mode: str, state: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_state(mode, state, field="resources[0]")

    assert refused.value.field == "resources[0].state"


def test_states_are_those_of_the_contract() -> None:
    names = {
        name.removeprefix("RESOURCE_STATE_")
        for name in resources_pb2.ResourceState.DESCRIPTOR.values_by_name
    }

    assert names - {"UNSPECIFIED"} == {state.value for state in ResourceState}


def test_the_refusal_is_called_as_in_the_contract() -> None:
    assert (
        f"ERROR_REASON_{StateConflict('no').reason}"
        in errors_pb2.ErrorReason.DESCRIPTOR.values_by_name
    )
