"""Challenges, the partner's switch, and why an operation is not let through."""

import hmac
import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.tables import BillingTable
from services.kit.database import PartnerRow
from services.kit.errors import InvalidArgument, Refusal
from services.kit.identity import Principal
from services.kit.masking import mask_email, mask_mobile

CODE_DIGITS: Final = 6
LIFE: Final = timedelta(minutes=5)
WRONG_CODES_MAX: Final = 5
# Who asks more often is refused for a while (reliability.md 5.2).
REQUESTS_MAX: Final = 5
REQUESTS_WITHIN: Final = timedelta(minutes=15)
CONTACT_LENGTH_MAX: Final = 254

_EMAIL: Final = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+\.[^\s@<>,;\"]+")
_MOBILE: Final = re.compile(r"\+?[0-9]{5,15}")


class VerificationOperation(StrEnum):
    WITHDRAW = "WITHDRAW"
    ADJUST = "ADJUST"
    ISSUE_VOUCHERS = "ISSUE_VOUCHERS"
    RECLAIM_VOUCHERS = "RECLAIM_VOUCHERS"
    DELEGATE_QUOTA = "DELEGATE_QUOTA"
    RECLAIM_QUOTA = "RECLAIM_QUOTA"
    PAY_ORDER = "PAY_ORDER"
    SET_VERIFICATION = "SET_VERIFICATION"


# These need a code whatever the switch says.
ALWAYS: Final = frozenset({VerificationOperation.WITHDRAW})


class VerificationChannel(StrEnum):
    EMAIL = "EMAIL"
    SMS = "SMS"


class VerificationSettings(BillingTable):
    """A partner's switch, and where its codes go."""

    __tablename__ = "verification_settings"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID] = mapped_column(primary_key=True)
    is_enabled: Mapped[bool]
    email: Mapped[str | None]
    mobile: Mapped[str | None]
    update_time: Mapped[datetime]

    def contact(self, channel: str) -> str | None:
        return self.email if channel == VerificationChannel.EMAIL else self.mobile

    def would_weaken(self, *, is_enabled: bool, email: str | None, mobile: str | None) -> bool:
        """Tell whether a change switches off, or leads codes away from a known contact."""
        switches_off = self.is_enabled and not is_enabled
        replaced = (
            known is not None and given is not None and known != given
            for known, given in ((self.email, email), (self.mobile, mobile))
        )
        return switches_off or any(replaced)


class VerificationChallenge(PartnerRow, BillingTable):
    """What waits for a code from who asked for it."""

    __tablename__ = "verification_challenges"
    __table_args__ = (
        CheckConstraint("channel IN ('EMAIL', 'SMS')", name="channel"),
        CheckConstraint(f"wrong_codes BETWEEN 0 AND {WRONG_CODES_MAX}", name="wrong_codes"),
        Index("verification_challenges_subject_idx", "tenant_id", "subject", "create_time"),
        Index(
            "verification_challenges_due_idx",
            "next_send_time",
            postgresql_where=text("send_time IS NULL"),
        ),
    )

    subject: Mapped[str]
    operation: Mapped[str]
    channel: Mapped[str]
    recipient: Mapped[str]
    wrong_codes: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    expire_time: Mapped[datetime]
    use_time: Mapped[datetime | None]
    # None until the sender has taken it; then it is not sent again.
    send_time: Mapped[datetime | None]
    next_send_time: Mapped[datetime]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    def is_open_to(self, principal: Principal, now: datetime) -> bool:
        """Tell whether an answer of theirs is worth a look."""
        is_theirs = (self.subject, self.partner_id) == (principal.subject, principal.partner_id)
        is_waiting = self.use_time is None and now < self.expire_time
        return is_theirs and is_waiting and self.wrong_codes < WRONG_CODES_MAX

    @property
    def masked_recipient(self) -> str:
        return masked(self.recipient, channel=self.channel)


class Codes:
    """Makes the code of a challenge, the same each time, from what nobody without the key knows."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def code(self, challenge_id: UUID) -> str:
        # 64 bits into 20: no digit is more likely than another by more than one in 2^44.
        digest = hmac.digest(self._key, challenge_id.bytes, "sha256")[:8]
        return f"{int.from_bytes(digest) % 10**CODE_DIGITS:0{CODE_DIGITS}}"

    def is_right(self, challenge_id: UUID, code: str) -> bool:
        return hmac.compare_digest(self.code(challenge_id).encode(), code.encode())


class VerificationRequired(Refusal):
    # Not kept: the same request may come again, with a code.
    code: ClassVar[str] = "ABORTED"


class VerificationFailed(Refusal):
    # Not kept: the same request may come again, with another code.
    code: ClassVar[str] = "ABORTED"


class VerificationContactMissing(Refusal):
    pass


def masked(contact: str, *, channel: str) -> str:
    mask = mask_email if channel == VerificationChannel.EMAIL else mask_mobile
    return mask(contact) or ""


def refuse_odd_contacts(*, email: str | None, mobile: str | None) -> None:
    """Let contacts be what can be sent to.

    :raises InvalidArgument:
    """
    is_long = email is not None and len(email) > CONTACT_LENGTH_MAX
    if email is not None and (is_long or _EMAIL.fullmatch(email) is None):
        raise InvalidArgument("must be an e-mail address", field="email")
    if mobile is not None and _MOBILE.fullmatch(mobile) is None:
        raise InvalidArgument("must be 5 to 15 digits, after a plus if any", field="mobile")
