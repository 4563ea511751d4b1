"""Masked personal data: enough to recognise what one knows."""

import pytest

from services.kit.masking import mask_email, mask_mobile, mask_name


@pytest.mark.parametrize(
    ("name", "masked"), [("张三", "张***"), ("Ada Lovelace", "A***"), ("", ""), (None, None)]
)
def test_a_name_keeps_its_first_character(name: str | None, masked: str | None) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("mobile", "masked"),
    [("13812345678", "138***5678"), ("110", "***"), ("123456789", "***"), ("", ""), (None, None)],
)
def test_a_mobile_number_never_shows_most_of_itself(mobile: str | None, masked: str | None) -> None:
    assert mask_mobile(mobile) == masked


@pytest.mark.parametrize(
    ("email", "masked"),
    [
        ("ada@example.org", "a***@example.org"),
        ("no-address", "n***"),
        ("", ""),
        (None, None),
    ],
)
def test_an_email_keeps_its_domain(email: str | None, masked: str | None) -> None:
    assert mask_email(email) == masked
