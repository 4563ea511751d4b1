"""Keys derived from one secret."""

from pathlib import Path

import pytest

from services.kit.secret import Secret

TEXT = b"a secret of more than thirty-two bytes"


def test_a_key_is_the_same_each_time_and_another_for_each_purpose() -> None:
    secret = Secret(TEXT)

    assert secret.key("codes") == Secret(TEXT).key("codes")
    assert secret.key("codes") != secret.key("cards")
    assert secret.key("codes") != Secret(TEXT + b"!").key("codes")
    assert len(secret.key("codes")) == 32


def test_a_secret_is_read_from_a_file_without_its_last_line_break(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(TEXT + b"\n")

    assert Secret.from_file(file).key("codes") == Secret(TEXT).key("codes")


def test_a_short_secret_is_none() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Secret(b"short")
