"""Rows of many parents' lists are put to their parents."""

from services.kit.groups import by_parent
from services.kit.ids import new_id


def test_rows_go_to_their_parents_and_a_parent_without_rows_has_an_empty_list() -> None:
    first, second, row_id = new_id(), new_id(), new_id()
    rows = [("frog", second, "x", row_id), ("toad", second, "y", row_id)]

    groups = by_parent(rows, [first, second])

    assert groups == {first: [], second: rows}
    assert list(groups) == [first, second]
