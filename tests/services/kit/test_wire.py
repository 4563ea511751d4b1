"""Times, words and ids between rows and messages."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from google.type import decimal_pb2
from hypothesis import given
from hypothesis import strategies as st

from partner.type.v1 import money_pb2
from services.kit import ids, wire
from services.kit.errors import InvalidArgument
from tests.builders.frogs import frogs_pb2

COLOURS = wire.Words(frogs_pb2.Colour, prefix="COLOUR_")


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_goes_over_the_wire_to_the_microsecond(time: datetime) -> None:
    frog = frogs_pb2.Frog(hatch_time=wire.time_parts(time))

    assert wire.to_time(frog, "hatch_time") == time


def test_no_time_is_none_and_never_zero() -> None:
    frog = frogs_pb2.Frog(hatch_time=wire.time_parts(None))

    assert not frog.HasField("hatch_time")
    assert wire.to_time(frog, "hatch_time") is None


def test_words_in_the_database_are_numbers_on_the_wire() -> None:
    assert COLOURS.number("BLUE") == frogs_pb2.COLOUR_BLUE
    assert COLOURS.number(None) == frogs_pb2.COLOUR_UNSPECIFIED
    assert COLOURS.word(frogs_pb2.COLOUR_GREEN) == "GREEN"
    assert COLOURS.word(frogs_pb2.COLOUR_UNSPECIFIED) is None
    assert COLOURS.required_words([1, 2], field="colours") == ["GREEN", "BLUE"]


def test_a_word_that_must_be_given_is_named() -> None:
    with pytest.raises(InvalidArgument) as caught:
        COLOURS.required_words([1, 0], field="filter.colours")

    assert caught.value.field == "filter.colours[1]"


def test_an_optional_id_is_read_or_named() -> None:
    frog_id = ids.new_id()
    text = wire.id_text("pnd", frog_id)

    given_one = frogs_pb2.FrogFilter(pond_id=text)
    assert wire.to_id(given_one, "pond_id", "pnd", path="filter") == frog_id
    assert wire.to_id(frogs_pb2.FrogFilter(), "pond_id", "pnd", path="filter") is None
    assert wire.id_text("pnd", None) is None
    for text_given in ("", "x", wire.id_text("frg", frog_id)):
        with pytest.raises(InvalidArgument) as caught:
            wire.to_id(frogs_pb2.FrogFilter(pond_id=text_given), "pond_id", "pnd", path="filter")
        assert caught.value.field == "filter.pond_id"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("12.340000000000000", "12.34"),
        ("-0.00", "0"),
        ("1E+3", "1000"),
        ("0.000000000000001", "0.000000000000001"),
        ("12345678901234567890123.100000000000000", "12345678901234567890123.1"),
    ],
)
def test_amounts_and_numbers_are_written_plain_and_exact(written: str, text: str) -> None:
    value = Decimal(written)

    assert decimal_pb2.Decimal(**wire.decimal_parts(value) or {}) == decimal_pb2.Decimal(value=text)
    assert money_pb2.Money(**wire.money_parts(value, "CNY") or {}) == money_pb2.Money(
        amount=text, currency_code="CNY"
    )


def test_no_amount_and_no_number_are_none_and_never_zero() -> None:
    assert wire.money_parts(None, "CNY") is None
    assert wire.decimal_parts(None) is None
