"""Notices of payment channels: signed, lately, by the channel's own key."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from services.billing.top_ups.model import NoticeNotValid
from services.billing.top_ups.notices import KEYS_VARIABLE, ChannelKeys, Notice
from services.kit.config import SettingsRefused
from services.kit.money import Money

NOW = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
KEYS = ChannelKeys({"ALIPAY": b"a" * 32, "WECHAT": b"w" * 32})
NOTICE = Notice(
    partner_id="ptr_01h455vb4pex5vsknk084sn02q",
    channel="ALIPAY",
    channel_number="2026112800001",
    amount=Money(Decimal("100.50"), "CNY"),
    pay_time=NOW - timedelta(minutes=3),
    send_time=NOW,
)


def test_what_is_signed_is_told_in_the_contract() -> None:
    assert NOTICE.signed() == (
        b"ptr_01h455vb4pex5vsknk084sn02q\nALIPAY\n2026112800001\n100.5\nCNY\n1795852620\n1795852800"
    )
    # Any client can compute it: printf '…' | openssl dgst -sha256 -hmac aaaaaaaa…
    assert KEYS.sign(NOTICE) == ("9dfacd7204add97bcd71d7f8f6a752f2eac0e597dccd7d8bb35fb26324ad535e")


def test_a_notice_is_good_for_five_minutes() -> None:
    signature = KEYS.sign(NOTICE)

    for late in (timedelta(0), timedelta(minutes=5), timedelta(minutes=-5)):
        KEYS.verify(NOTICE, signature, now=NOW + late)
    for late in (timedelta(minutes=5, seconds=1), timedelta(minutes=-5, seconds=-1)):
        with pytest.raises(NoticeNotValid):
            KEYS.verify(NOTICE, signature, now=NOW + late)


@pytest.mark.parametrize(
    "forged",
    [
        replace(NOTICE, partner_id="ptr_01h455vb4pex5vsknk084sn02r"),
        replace(NOTICE, channel="WECHAT"),
        replace(NOTICE, channel="UNIONPAY"),
        replace(NOTICE, channel_number="2026112800002"),
        replace(NOTICE, amount=Money(Decimal("1000.50"), "CNY")),
        replace(NOTICE, amount=Money(Decimal("100.50"), "USD")),
        replace(NOTICE, pay_time=NOW),
        replace(NOTICE, send_time=NOW + timedelta(seconds=1)),
    ],
)
def test_a_signature_fits_no_other_notice(forged: Notice) -> None:
    with pytest.raises(NoticeNotValid):
        KEYS.verify(forged, KEYS.sign(NOTICE), now=NOW)


@pytest.mark.parametrize("signature", ["", "ä", "0" * 64])
def test_what_is_no_signature_is_refused_alike(signature: str) -> None:
    with pytest.raises(NoticeNotValid, match=r"^the notice is not valid$"):
        KEYS.verify(NOTICE, signature, now=NOW)


def test_without_keys_nobody_can_give_notice() -> None:
    with pytest.raises(NoticeNotValid):
        ChannelKeys.from_environment({}).verify(NOTICE, "", now=NOW)


def test_keys_are_read_from_the_file_that_the_environment_names(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"ALIPAY": (b"a" * 32).hex()}))

    read = ChannelKeys.from_environment({KEYS_VARIABLE: str(file)})

    assert read.sign(NOTICE) == KEYS.sign(NOTICE)


@pytest.mark.parametrize(
    "content", ['{"ALIPAY": "61"}', '{"CHEQUE": "61"}', "[1]", '{"ALIPAY": 1}']
)
def test_a_process_does_not_start_with_odd_keys(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)

    with pytest.raises(SettingsRefused, match=KEYS_VARIABLE):
        ChannelKeys.from_environment({KEYS_VARIABLE: str(file)})
    with pytest.raises(SettingsRefused, match=KEYS_VARIABLE):
        ChannelKeys.from_environment({KEYS_VARIABLE: str(tmp_path / "none")})
