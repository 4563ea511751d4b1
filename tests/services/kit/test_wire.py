"""Times, words and ids between rows and messages."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit import ids, wire
from services.kit.errors import InvalidArgument
from tests.builders.frogs import frogs_pb2

COLOURS = wire.Words(frogs_pb2.Colour, prefix="COLOUR_")


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_goes_over_the_wire_to_the_microsecond(time: datetime) -> None:
    frog = frogs_pb2.Frog(hatch_time=wire.to_timestamp(time))

    assert wire.to_time(frog, "hatch_time") == time


def test_no_time_is_none_and_never_zero() -> None:
    frog = frogs_pb2.Frog(hatch_time=wire.to_timestamp(None))

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
