"""Scalars: what comes out is what went in, to the last digit."""

from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, decimal_pb2
from graphql import GraphQLError, parse, validate
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.reference import core_schema
from gateway.kit import scalars
from gateway.kit.scalars import SCALARS, Date, DateTime, Decimal
from gateway.schema import schema

FIRST, LAST = -62_135_596_800, 253_402_300_799


def read(scalar: object, value: object) -> object:
    parse = SCALARS[scalar].parse_value
    assert parse is not None
    return parse(value)


@given(seconds=st.integers(FIRST, LAST), nanos=st.integers(0, 999_999_999))
def test_a_time_is_written_as_protobuf_writes_it_and_read_back(seconds: int, nanos: int) -> None:
    time = Timestamp(seconds=seconds, nanos=nanos)

    text = scalars.date_time_text(time)

    assert text == time.ToJsonString()
    assert read(DateTime, text) == time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-08-31T00:00:00+08:00", datetime(2026, 8, 30, 16, tzinfo=UTC).timestamp()),
        ("2026-08-31t00:00:00z", datetime(2026, 8, 31, tzinfo=UTC).timestamp()),
    ],
)
def test_a_time_is_read_from_any_offset(text: str, seconds: float) -> None:
    assert read(DateTime, text) == Timestamp(seconds=int(seconds))


@pytest.mark.parametrize(
    "value",
    [
        "2026-08-31",
        "2026-08-31T00:00:00",
        "2026-02-30T00:00:00Z",
        "2026-08-31T24:00:01Z",
        "0001-01-01T00:00:00+14:00",
        "\u0662026-08-31T00:00:00Z",
        " 2026-08-31T00:00:00Z",
        1,
        None,
        "",
    ],
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        read(DateTime, value)


def test_a_day_is_written_and_read() -> None:
    day = date_pb2.Date(year=2026, month=2, day=3)

    assert scalars.date_text(day) == "2026-02-03"
    assert read(Date, "2026-02-03") == day


@pytest.mark.parametrize("value", ["2026-2-3", "2026-02-30", "20260203", 20260203, "2026-13-01"])
def test_what_is_no_day_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        read(Date, value)


def test_a_decimal_passes_as_text() -> None:
    assert scalars.decimal_text(decimal_pb2.Decimal(value="0.000000000000001")) == (
        "0.000000000000001"
    )
    assert read(Decimal, "-12.30") == "-12.30"


@pytest.mark.parametrize("value", [0.15, 1, "1e3", "NaN", "+1", "1.", ".5", "", "1" * 21, "\u0661"])
def test_what_is_no_plain_decimal_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        read(Decimal, value)


def test_a_refused_literal_tells_where_it_stands() -> None:
    document = parse('{ customers(filter: {associateTimeFrom: "today"}) { nodes { id } } }')

    [error] = validate(core_schema(schema), document)

    assert [node.loc and node.loc.start for node in error.nodes or ()] == [40]
