"""Writes of resources: what the cloud says of them is taken over."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.customers import operations as customers
from services.customers.customers import queries as customer_queries
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

    Resources that are named twice are taken one after the other. With keep_known, known ones stay
    as they are.

    :raises NotFound: where a customer is not in scope.
    :raises StateConflict: where no allowed step leads to the state said.
    """
    for index, values in enumerate(resources):
        check_resource(values, field=f"resources[{index}]")
    # The locks keep others from adding to the same customers until the next expiry is written.
    owners = await customer_queries.batch_get_for_update(
        session, scope=scope, ids={values["customer_id"] for values in resources}
    )
    for index, values in enumerate(resources):
        if values["customer_id"] not in owners:
            raise NotFound("customer not found", field=f"resources[{index}].customer_id")
    keys = {_key(values) for values in resources}
    known = await queries.batch_get_for_update(session, scope=scope, keys=keys)
    new: dict[tuple[UUID, str], Resource] = {}
    changed: set[tuple[UUID, str]] = set()
    for values in resources:
        key = _key(values)
        said = {**values, "update_time": values["update_time"] or now}
        if (there := known.get(key) or new.get(key)) is None:
            owner = owners[values["customer_id"]]
            new[key] = Resource(
                tenant_id=owner.tenant_id, id=new_id(), partner_id=owner.partner_id, **said
            )
        elif not keep_known and there.bring_up_to_date(said) and key in known:
            changed.add(key)
    await _insert(session, list(new.values()))
    await session.flush()
    if new or changed:
        times = await queries.list_nearest_expire_times(
            session, scope=scope, customer_ids=owners.keys()
        )
        await customers.put_nearest_expire_times(session, customers=owners, times=times)
    return len(new), len(changed)


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


async def _insert(session: AsyncSession, resources: Sequence[Resource]) -> None:
    if resources:
        columns = Resource.__table__.columns.keys()
        rows = [{name: getattr(one, name) for name in columns} for one in resources]
        await session.execute(insert(Resource), rows)


def _key(values: Mapping[str, Any]) -> tuple[UUID, str]:
    return values["customer_id"], values["cloud_resource_id"]
