"""Reads that are prepared: made once for each shape, and never with one call's values in them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import DateTime, Select, bindparam, literal, null, select
from sqlalchemy.dialects.postgresql import JSONB

from services.kit.database import Database
from services.kit.identity import Scope
from services.kit.ids import new_id
from services.kit.prepared import KNOWN_MAX, Prepared, named, values_of
from services.kit.wire import time_parts
from tests.builders.frogs import Frog, a_frog
from tests.builders.principals import a_director, a_tenant, an_administrator, an_operator


def of_scope(scope: Scope, columns: Sequence[str]) -> Select[Any]:
    chosen = [getattr(Frog, column) for column in columns]
    return select(*chosen).where(*scope.covers(Frog)).order_by(Frog.name)


async def test_each_tenant_gets_its_own_rows_by_one_statement(pond: Database) -> None:
    shapes: list[Scope] = []

    def make(scope: Scope, columns: Sequence[str]) -> Select[Any]:
        shapes.append(scope)
        return of_scope(scope, columns)

    prepared = Prepared(make)
    found = {}
    tenants = [a_tenant() for _ in range(3)]
    for tenant in tenants:
        principal = an_administrator(tenant, partner_id=tenant)
        async with pond.transaction(principal) as session:
            session.add(a_frog(str(tenant), tenant_id=tenant))
        async with pond.reading(principal) as session:
            found[tenant] = await prepared.fetch(
                session, named(principal.scope), ("name",), values=values_of(principal.scope)
            )

    assert {tenant: [row[0] for row in rows] for tenant, rows in found.items()} == {
        tenant: [str(tenant)] for tenant in tenants
    }
    assert len(shapes) == 1


async def test_a_session_that_may_write_is_given_the_same_rows(pond: Database) -> None:
    tenant = a_tenant()
    principal = an_administrator(tenant, partner_id=tenant)
    prepared = Prepared(of_scope)

    async with pond.transaction(principal) as session:
        session.add(a_frog("new", tenant_id=tenant))
        rows = await prepared.fetch(
            session, named(principal.scope), ("name",), values=values_of(principal.scope)
        )

    assert [tuple(row) for row in rows] == [("new",)]


def test_a_scope_of_another_kind_is_another_shape() -> None:
    tenant = a_tenant()
    root = an_administrator(tenant, partner_id=tenant).scope
    reseller = an_administrator(tenant, partner_id=new_id()).scope
    operator = an_operator(tenant).scope

    shapes = {named(scope) for scope in (root, reseller, operator)}

    assert len(shapes) == 3
    assert named(root) is named(an_administrator(a := a_tenant(), partner_id=a).scope)


def test_a_scope_of_a_team_has_no_shape() -> None:
    assert named(a_director(a_tenant(), team=(new_id(),)).scope) is None


@pytest.mark.parametrize("value", [new_id(), datetime(2026, 1, 1, tzinfo=UTC)])
async def test_values_of_one_call_are_refused_in_a_statement_for_all(
    pond: Database, value: object
) -> None:
    prepared = Prepared(lambda: select(literal(value)))

    async with pond.reading(an_administrator(a_tenant())) as session:
        with pytest.raises(TypeError, match="prepared statement for all"):
            await prepared.fetch(session, values={})


async def test_a_value_that_is_not_given_is_no_null(pond: Database) -> None:
    prepared = Prepared(lambda: select(bindparam("time", type_=DateTime(timezone=True))))

    async with pond.reading(an_administrator(a_tenant())) as session:
        with pytest.raises(Exception, match="value is required for bind parameter 'time'"):
            await prepared.fetch(session, values={})


async def test_json_is_read_and_null_stays_none(pond: Database) -> None:
    prepared = Prepared(
        lambda: select(literal("some"), literal('[1, {"a": null}]').cast(JSONB), null().cast(JSONB))
    )

    async with pond.reading(an_administrator(a_tenant())) as session:
        [row] = await prepared.fetch(session, values={})

    assert list(row) == ["some", [1, {"a": None}], None]


@pytest.mark.parametrize(("word", "year"), [("infinity", 9999), ("-infinity", 1)])
async def test_infinite_times_are_the_first_and_the_last(
    pond: Database, word: str, year: int
) -> None:
    prepared = Prepared(lambda: select(literal(word).cast(DateTime(timezone=True))))

    async with pond.reading(an_administrator(a_tenant())) as session:
        [row] = await prepared.fetch(session, values={})

    parts = time_parts(row[0])
    assert parts is not None
    assert datetime.fromtimestamp(parts["seconds"], UTC).year == year


async def test_ever_new_shapes_do_not_grow_for_ever(pond: Database) -> None:
    made: list[int] = []

    def make(number: int) -> Select[Any]:
        made.append(number)
        return select(literal(number))

    prepared = Prepared(make)
    async with pond.reading(an_administrator(a_tenant())) as session:
        for number in [*range(KNOWN_MAX + 1), 0]:
            [row] = await prepared.fetch(session, number, values={})
            assert row[0] == number

    assert made.count(0) == 2
