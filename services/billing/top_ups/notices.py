"""Tells a channel's own notice of a payment from anybody else's: by its signature and its age."""

import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Self

from services.billing.top_ups.model import Channel, NoticeNotValid
from services.kit.config import SettingsRefused
from services.kit.money import Money, decimal_text

# In either direction, as clocks go.
AGE_MAX: Final = timedelta(minutes=5)
KEY_BYTES_MIN: Final = 32
KEYS_VARIABLE: Final = "TOP_UP_CHANNEL_KEYS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a channel says of a payment."""

    partner_id: str
    channel: str
    channel_number: str
    amount: Money
    pay_time: datetime
    send_time: datetime

    def signed(self) -> bytes:
        """Write what is signed: one field a line, in the contract's order."""
        lines = (
            self.partner_id,
            self.channel,
            self.channel_number,
            decimal_text(self.amount.amount),
            self.amount.currency_code,
            str(int(self.pay_time.timestamp())),
            str(int(self.send_time.timestamp())),
        )
        return "\n".join(lines).encode()


class ChannelKeys:
    """The keys that channels sign with; a channel without one can give no notice."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        for channel, key in keys.items():
            if channel not in Channel.__members__:
                raise SettingsRefused(f"{KEYS_VARIABLE}: there is no channel {channel}")
            if len(key) < KEY_BYTES_MIN:
                raise SettingsRefused(
                    f"{KEYS_VARIABLE}: the key of {channel} needs {KEY_BYTES_MIN} bytes"
                )
        self._keys = dict(keys)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the file that the environment names: a JSON object, channel → key in hexadecimal.

        :raises SettingsRefused: naming the variable.
        """
        path = (os.environ if environ is None else environ).get(KEYS_VARIABLE)
        if not path:
            return cls({})
        try:
            read: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
            keys = {channel: bytes.fromhex(key) for channel, key in read.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            raise SettingsRefused(f"{KEYS_VARIABLE} names no file of keys") from None
        return cls(keys)

    def sign(self, notice: Notice) -> str:
        return hmac.new(self._keys[notice.channel], notice.signed(), sha256).hexdigest()

    def verify(self, notice: Notice, signature: str, *, now: datetime) -> None:
        """Let a notice pass that its channel signed, and lately.

        :raises NoticeNotValid: always with the same words; why is nobody's business.
        """
        is_known = notice.channel in self._keys
        expected = self.sign(notice) if is_known else ""
        is_signed = hmac.compare_digest(expected.encode(), signature.encode())
        if not is_known or not is_signed or abs(now - notice.send_time) > AGE_MAX:
            raise NoticeNotValid("the notice is not valid")
