"""Writes of resources: what the cloud says of them is taken over."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.customers import operations as customers
from services.customers.customers import queries as customer_queries
from services.customers.customers.model import Customer
from services.customers.resources import queries
from services.customers.resources.model import Resource, check_state
from services.kit.errors import InvalidArgument, NotFound
from services.kit.identity import Scope
from services.kit.ids import new_id
from services.kit.texts import check_text


async def ensure_resources(
    session: AsyncSession,
    *,
    scope: Scope,
    resources: Sequence[Mapping[str, Any]],
    keep_known: bool,
    now: datetime,
) -> tuple[int, int]:
    """Create or bring up to date, by customer and cloud id; give how many are new, and changed.

    With keep_known, known ones stay as they are.

    :raises NotFound: where a customer is not in scope.
    :raises StateConflict: where no allowed step leads to the state said.
    :raises InvalidArgument: where one is named twice; with keep_known the first one counts.
    """
    for index, values in enumerate(resources):
        check_resource(values, field=f"resources[{index}]")
    wanted = _by_key(resources, first_counts=keep_known)
    # The locks keep others from adding to the same customers until the next expiry is written.
    owners = await customer_queries.batch_get_for_update(
        session, scope=scope, ids={customer_id for customer_id, _ in wanted}
    )
    for index, values in enumerate(resources):
        if values["customer_id"] not in owners:
            raise NotFound("customer not found", field=f"resources[{index}].customer_id")
    known = await queries.batch_get_for_update(session, scope=scope, keys=wanted.keys())
    updated_count = 0
    if not keep_known:
        for key, resource in known.items():
            updated_count += resource.bring_up_to_date(_said(wanted[key], now=now))
        await session.flush()
    new = [
        _said(values, now=now) | _owned_by(owners[values["customer_id"]])
        for key, values in wanted.items()
        if key not in known
    ]
    if new:
        await session.execute(insert(Resource), new)
    if new or updated_count:
        times = await queries.list_nearest_expire_times(
            session, scope=scope, customer_ids=owners.keys()
        )
        await customers.put_nearest_expire_times(session, customers=owners, times=times)
    return len(new), updated_count


def check_resource(values: Mapping[str, Any], *, field: str) -> None:
    """Accept what is said of a resource.

    :raises InvalidArgument: where a code is blank, or state, policy and times do not fit.
    """
    for name in ("cloud_resource_id", "service_type_code", "resource_type_code"):
        check_text(values[name], field=f"{field}.{name}", at_most=512)
    check_state(values["charging_mode"], values["state"], field=field)
    if values["expire_policy"] is not None and values["charging_mode"] != "PERIOD":
        raise InvalidArgument("is for PERIOD only", field=f"{field}.expire_policy")
    begin, end = values["effective_time"], values["expire_time"]
    if begin is not None and end is not None and end < begin:
        raise InvalidArgument("must not be before effective_time", field=f"{field}.expire_time")


def _by_key(
    resources: Sequence[Mapping[str, Any]], *, first_counts: bool
) -> dict[tuple[UUID, str], Mapping[str, Any]]:
    wanted: dict[tuple[UUID, str], Mapping[str, Any]] = {}
    for index, values in enumerate(resources):
        key = (values["customer_id"], values["cloud_resource_id"])
        if key in wanted and not first_counts:
            raise InvalidArgument("is named twice", field=f"resources[{index}].cloud_resource_id")
        wanted.setdefault(key, values)
    return wanted


def _said(values: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    return {**values, "update_time": values["update_time"] or now}


def _owned_by(owner: Customer) -> dict[str, Any]:
    return {"tenant_id": owner.tenant_id, "id": new_id(), "partner_id": owner.partner_id}
