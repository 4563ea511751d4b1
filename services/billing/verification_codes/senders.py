"""Ways to bring a code to somebody: into the log of a demo, or by mail."""

import asyncio
import smtplib
from collections.abc import Collection
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final, Protocol

from services.billing.verification_codes.model import VerificationChannel
from services.kit import log

SMTP_TIMEOUT_SECONDS: Final = 10

_log: Final = log.logger("verification_codes")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMessage:
    """What somebody is to be told."""

    channel: str
    recipient: str
    operation: str
    code: str
    minutes: int

    @property
    def text(self) -> str:
        operation = self.operation.replace("_", " ").lower()
        return (
            f"{self.code} is your code to confirm: {operation}."
            f" It is good for {self.minutes} minutes. Never pass it on.\n"
            f"您的验证码为 {self.code},{self.minutes} 分钟内有效,请勿泄露。\n"
        )


class Sender(Protocol):
    """Takes codes over; it raises OSError where it can not."""

    @property
    def channels(self) -> Collection[str]:
        """Say which ways it knows."""

    async def send(self, message: CodeMessage) -> None: ...


class LogSender:
    """Writes codes into the log, where the people of a demo find them; never in production."""

    channels: Collection[str] = frozenset(VerificationChannel)

    async def send(self, message: CodeMessage) -> None:
        _log.info(
            "verification code",
            recipient=message.recipient,
            operation=message.operation,
            code=message.code,
        )


class NoSender:
    """Stands where an installation was told of no way to send."""

    channels: Collection[str] = frozenset()

    async def send(self, message: CodeMessage) -> None:
        message_ = f"there is no way to send by {message.channel}"
        raise ConnectionError(message_)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSender:
    """Sends codes by mail."""

    host: str
    port: int
    sender: str
    # Both or none.
    user: str | None
    password: str | None
    # Without it the server is trusted to be on this machine or network.
    starts_tls: bool

    @property
    def channels(self) -> Collection[str]:
        return frozenset({VerificationChannel.EMAIL})

    async def send(self, message: CodeMessage) -> None:
        await asyncio.to_thread(self._send, message)

    def _send(self, message: CodeMessage) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"] = self.sender, message.recipient
        mail["Subject"] = "Verification code 验证码"
        mail.set_content(message.text)
        with smtplib.SMTP(self.host, self.port, timeout=SMTP_TIMEOUT_SECONDS) as server:
            if self.starts_tls:
                server.starttls()
            if self.user is not None and self.password is not None:
                server.login(self.user, self.password)
            server.send_message(mail)
