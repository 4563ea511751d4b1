"""Texts that people enter."""

import pytest

from services.kit.errors import InvalidArgument
from services.kit.texts import check_text


@pytest.mark.parametrize("text", ["Ada", "张 三", "x" * 128, None])
def test_a_good_text_is_taken_as_it_is(text: str | None) -> None:
    assert check_text(text, field="name") == text


@pytest.mark.parametrize("text", ["", " ", " Ada", "Ada\t", "x" * 129])
def test_a_blank_or_endless_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_text(text, field="customers[3].name")

    assert caught.value.field == "customers[3].name"
