"""The first page of each of many parents' lists, by one statement."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, func, literal, select, true

from services.kit.paging import Direction


def parents(ids: Sequence[UUID]) -> ColumnElement[Any]:
    """Give parents' ids as a value of a statement."""
    return literal(list(ids), ARRAY(Uuid()))


def first_of_each(
    listed: Select[Any], *, parent: Any, parent_ids: ColumnElement[Any], direction: Direction
) -> Select[Any]:
    """Ask for a list once for each parent, whose id is in the column `parent` of its rows.

    The list's rows end with their place; the parent's id comes to stand before that.
    """
    asked = (
        func.unnest(parent_ids)
        .table_valued("parent_id", with_ordinality="n", name="asked")
        .render_derived()
    )
    firsts = listed.where(parent == asked.c.parent_id).correlate(asked).lateral("firsts")
    *chosen, sort_value, row_id = firsts.c
    order = [key.asc() if direction == "asc" else key.desc() for key in (sort_value, row_id)]
    return (
        select(*chosen, asked.c.parent_id, sort_value, row_id)
        .select_from(asked.join(firsts, true()))
        .order_by(asked.c.n, *order)
    )


def by_parent(
    rows: Iterable[Sequence[Any]], ids: Sequence[UUID]
) -> dict[UUID, list[Sequence[Any]]]:
    """Put rows to their parents, in the order asked; one without rows has an empty list."""
    groups: dict[UUID, list[Sequence[Any]]] = {one: [] for one in ids}
    for row in rows:
        groups[row[-3]].append(row)
    return groups
