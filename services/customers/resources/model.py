"""The resource: its states by charging mode, and the refusal to move otherwise."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from services.customers.tables import CustomersTable
from services.kit.database import PartnerRow
from services.kit.errors import InvalidArgument, Refusal


class ChargingMode(StrEnum):
    PERIOD = "PERIOD"
    PAY_PER_USE = "PAY_PER_USE"


class ResourceState(StrEnum):
    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    GRACE = "GRACE"
    FROZEN = "FROZEN"
    CHANGING = "CHANGING"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"


_S: Final = ResourceState
NEXT_STATES: Final[Mapping[ChargingMode, Mapping[ResourceState, frozenset[ResourceState]]]] = {
    ChargingMode.PERIOD: {
        _S.ACTIVE: frozenset({_S.EXPIRED, _S.CLOSED}),
        _S.EXPIRED: frozenset({_S.ACTIVE, _S.FROZEN, _S.CLOSED}),
        _S.FROZEN: frozenset({_S.ACTIVE, _S.CLOSED}),
        _S.CLOSED: frozenset(),
    },
    ChargingMode.PAY_PER_USE: {
        _S.ACTIVE: frozenset({_S.GRACE, _S.CHANGING, _S.CLOSING, _S.CLOSED}),
        _S.GRACE: frozenset({_S.ACTIVE, _S.FROZEN, _S.CLOSING, _S.CLOSED}),
        _S.FROZEN: frozenset({_S.ACTIVE, _S.CLOSING, _S.CLOSED}),
        _S.CHANGING: frozenset({_S.ACTIVE, _S.CLOSING, _S.CLOSED}),
        _S.CLOSING: frozenset({_S.CLOSED}),
        _S.CLOSED: frozenset(),
    },
}
# In use, so that its expiry is still to come.
STATES_IN_USE: Final = (_S.ACTIVE, _S.CHANGING)
# What the partner sees unless it asks for more.
STATES_SHOWN: Final = tuple(state for state in _S if state is not _S.CLOSED)

OPEN: Final = text("state <> 'CLOSED'")


class StateConflict(Refusal):
    """The resource can not go from its state to the one said."""


class Resource(PartnerRow, CustomersTable):
    __tablename__ = "resources"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        UniqueConstraint("tenant_id", "customer_id", "cloud_resource_id"),
        Index("resources_expire_time_idx", "tenant_id", "customer_id", "expire_time", "id"),
        # For the usual list, which leaves out what is closed, and for the next expiry.
        Index(
            "resources_open_idx",
            "tenant_id",
            "customer_id",
            "expire_time",
            "id",
            postgresql_where=OPEN,
        ),
        CheckConstraint(
            "(charging_mode = 'PERIOD' AND state IN ('ACTIVE', 'EXPIRED', 'FROZEN', 'CLOSED'))"
            " OR (charging_mode = 'PAY_PER_USE' AND state IN"
            " ('ACTIVE', 'GRACE', 'FROZEN', 'CHANGING', 'CLOSING', 'CLOSED'))",
            name="state",
        ),
        CheckConstraint(
            "expire_policy IN ('GRACE', 'TO_PAY_PER_USE', 'DELETE', 'AUTO_RENEW', 'FREEZE',"
            " 'DELETE_AFTER_RETENTION') AND charging_mode = 'PERIOD' OR expire_policy IS NULL",
            name="expire_policy",
        ),
        CheckConstraint("expire_time >= effective_time", name="times"),
        CheckConstraint("cloud_resource_id <> ''", name="cloud_resource_id"),
    )

    customer_id: Mapped[UUID]
    cloud_resource_id: Mapped[str]
    resource_name: Mapped[str | None]
    charging_mode: Mapped[str]
    service_type_code: Mapped[str]
    service_type_name: Mapped[str | None]
    resource_type_code: Mapped[str]
    resource_type_name: Mapped[str | None]
    resource_spec_code: Mapped[str | None]
    product_id: Mapped[str | None]
    product_spec_desc: Mapped[str | None]
    region_code: Mapped[str | None]
    availability_zone_code: Mapped[str | None]
    project_id: Mapped[str | None]
    enterprise_project_id: Mapped[str | None]
    enterprise_project_name: Mapped[str | None]
    parent_cloud_resource_id: Mapped[str | None]
    is_primary: Mapped[bool]
    state: Mapped[str]
    effective_time: Mapped[datetime | None]
    expire_time: Mapped[datetime | None]
    update_time: Mapped[datetime]
    expire_policy: Mapped[str | None]
    spec_size: Mapped[Decimal | None]
    spec_size_measure_id: Mapped[int | None]
    order_number: Mapped[str | None]

    def can_become(self, charging_mode: ChargingMode, state: ResourceState) -> bool:
        """Tell whether this step is allowed; staying is."""
        here = ResourceState(self.state)
        if self.charging_mode != charging_mode:
            # Only an open resource is charged otherwise from now on, and it is in use then.
            return here is not _S.CLOSED and state is _S.ACTIVE
        return here is state or state in NEXT_STATES[charging_mode][here]

    def move(self, charging_mode: ChargingMode, state: ResourceState) -> None:
        """Go to a state.

        :raises StateConflict: where no allowed step leads there.
        """
        if not self.can_become(charging_mode, state):
            raise StateConflict(
                "the resource can not go to that state",
                cloud_resource_id=self.cloud_resource_id,
                **{"from": self.state, "to": state.value},
            )
        self.charging_mode, self.state = charging_mode.value, state.value

    def bring_up_to_date(self, values: Mapping[str, Any]) -> bool:
        """Take over what is known of the resource now; tell whether anything is new.

        :raises StateConflict: where no allowed step leads to its state.
        """
        news = {name: new for name, new in values.items() if getattr(self, name) != new}
        if not news.keys() - {"update_time"}:
            return False
        self.move(ChargingMode(values["charging_mode"]), ResourceState(values["state"]))
        for name, new in news.items():
            setattr(self, name, new)
        return True


def check_state(charging_mode: str, state: str, *, field: str) -> None:
    """Accept a charging mode of resources and a state that it knows.

    :raises InvalidArgument: for another one.
    """
    if charging_mode not in NEXT_STATES:
        raise InvalidArgument("must be PERIOD or PAY_PER_USE", field=f"{field}.charging_mode")
    if state not in NEXT_STATES[ChargingMode(charging_mode)]:
        raise InvalidArgument(f"must be a state of {charging_mode}", field=f"{field}.state")
