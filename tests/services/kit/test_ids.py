"""Ids as text: one form, refused otherwise, always naming the field."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.errors import InvalidArgument
from services.kit.ids import first_of, from_text, many_from_text, new_id, to_text

# The examples of the TypeID specification.
KNOWN = [
    ("prefix", "00000000-0000-0000-0000-000000000000", "prefix_00000000000000000000000000"),
    ("prefix", "00000000-0000-0000-0000-000000000001", "prefix_00000000000000000000000001"),
    ("prefix", "00000000-0000-0000-0000-00000000000a", "prefix_0000000000000000000000000a"),
    ("prefix", "00000000-0000-0000-0000-000000000020", "prefix_00000000000000000000000010"),
    ("prefix", "ffffffff-ffff-ffff-ffff-ffffffffffff", "prefix_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("prefix", "0110c853-1d09-52d8-d73e-1194e95b5f19", "prefix_0123456789abcdefghjkmnpqrs"),
    ("prefix", "01890a5d-ac96-774b-bcce-b302099a8057", "prefix_01h455vb4pex5vsknk084sn02q"),
]


@pytest.mark.parametrize(("prefix", "value", "text"), KNOWN)
def test_the_text_is_that_of_the_specification(prefix: str, value: str, text: str) -> None:
    assert to_text(prefix, UUID(value)) == text
    assert from_text(prefix, text, field="id") == UUID(value)


@given(st.uuids())
def test_text_and_back_is_the_same_id(value: UUID) -> None:
    assert from_text("cus", to_text("cus", value), field="id") == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cus",
        "cus_",
        "vop_01h455vb4pex5vsknk084sn02q",
        "01h455vb4pex5vsknk084sn02q",
        "cus_01H455VB4PEX5VSKNK084SN02Q",
        "cus_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        "cus_01h455vb4pex5vsknk084sn02",
        "cus_01h455vb4pex5vsknk084sn02qq",
        "cus_01h455vb4pex5vsknk084sn02l",
        "cus_01h455vb4pex5vsknk084sn02q\n",
        "cus_\u0660\u06611h455vb4pex5vsknk084sn02",
        "x" * 100_000,
    ],
)
def test_another_text_is_refused_with_one_message(text: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        from_text("cus", text, field="filter.customer_id")

    assert caught.value.field == "filter.customer_id"
    assert caught.value.message == "must be an id like cus_…"


def test_many_ids_keep_their_order_and_come_once() -> None:
    first, second = new_id(), new_id()
    texts = [to_text("cus", value) for value in (second, first, second)]

    assert many_from_text("cus", texts, field="ids", at_most=3) == [second, first]


def test_a_bad_id_among_many_is_named_by_its_place() -> None:
    good = to_text("cus", new_id())

    with pytest.raises(InvalidArgument) as caught:
        many_from_text("cus", [good, good, "x"], field="ids", at_most=3)

    assert caught.value.field == "ids[2]"


@pytest.mark.parametrize("count", [0, 4])
def test_none_or_too_many_ids_are_refused(count: int) -> None:
    with pytest.raises(InvalidArgument) as caught:
        many_from_text("cus", [to_text("cus", new_id())] * count, field="ids", at_most=3)

    assert caught.value.field == "ids"


def test_ids_sort_by_their_birth() -> None:
    born = [new_id() for _ in range(1000)]

    assert sorted(born) == born
    assert sorted(to_text("cus", value) for value in born) == [
        to_text("cus", value) for value in born
    ]


def test_ids_of_before_and_after_a_time_are_told_apart() -> None:
    now = datetime.now(UTC)

    assert first_of(now - timedelta(seconds=10)) < new_id() < first_of(now + timedelta(seconds=10))
