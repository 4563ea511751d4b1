"""Flaws found on arrival, and the canonical form of what a client said."""

from typing import Any

import pytest

from services.kit.errors import InvalidArgument
from services.kit.requests import canonical, validate
from tests.builders.frogs import frogs_pb2, hatch

FLAWS = {
    "colour": hatch("x", request_id="1", colour=99),
    "name": hatch("x" * 10_001, request_id="1"),
    "note": hatch("x", request_id="1", note="a\0b"),
    "friends": hatch("x", request_id="1", friends=["f"] * 501),
    "friends[3]": hatch("x", request_id="1", friends=["a", "b", "c", "\0"]),
    "marks": hatch("x", request_id="1", marks={"a": "\0"}),
    "hatch_time": hatch("x", request_id="1", hatch_time={"seconds": 10**12}),
    "picture": hatch("x", request_id="1", picture=b"x" * 1_048_577),
    "filter.colours[1]": frogs_pb2.ListFrogsRequest(filter={"colours": [1, 3]}),
    "filter.hatch_time_from": frogs_pb2.ListFrogsRequest(
        filter={"hatch_time_from": {"seconds": 0, "nanos": -1}}
    ),
    "filter.moult_date": frogs_pb2.ListFrogsRequest(
        filter={"moult_date": {"year": 2026, "month": 2, "day": 29}}
    ),
    "order_by": frogs_pb2.ListFrogsRequest(order_by=77),
}


@pytest.mark.parametrize(("field", "request_"), FLAWS.items(), ids=FLAWS.keys())
def test_a_flaw_is_named_by_its_path(field: str, request_: Any) -> None:
    with pytest.raises(InvalidArgument) as caught:
        validate(request_)

    assert caught.value.field == field


@pytest.mark.parametrize(
    "request_",
    [
        hatch("客户 🐸", request_id="1", colour=2, friends=["f"] * 500, marks={"a": "b"}),
        hatch("x" * 10_000, request_id="1", hatch_time={"seconds": 253_402_300_799}),
        frogs_pb2.ListFrogsRequest(
            filter={"moult_date": {"year": 2028, "month": 2, "day": 29}, "colours": [0, 1, 2]}
        ),
    ],
    ids=["all kinds", "longest", "leap day"],
)
def test_a_good_request_passes(request_: Any) -> None:
    validate(request_)


def test_unset_is_absent_and_set_to_nothing_is_not() -> None:
    assert canonical(hatch("", request_id="")) == {}
    assert canonical(hatch("", request_id="", note="")) == {"note": ""}


def test_what_is_told_in_confidence_is_left_out() -> None:
    assert canonical(hatch("x", request_id="1", whisper="a secret")) == canonical(
        hatch("x", request_id="1", whisper="another")
    )
    assert "whisper" not in canonical(hatch("x", request_id="1", whisper="a secret"))


def test_equal_decimals_are_written_equally() -> None:
    first = hatch("x", request_id="1", price={"amount": "10.00"}, weight={"value": "1.50"})
    second = hatch("x", request_id="1", price={"amount": "10"}, weight={"value": "1.5"})

    assert canonical(first) == canonical(second)


def test_a_malformed_decimal_stays_as_it_is() -> None:
    assert canonical(hatch("x", request_id="1", price={"amount": "ten"}))["price"] == {
        "amount": "ten"
    }
