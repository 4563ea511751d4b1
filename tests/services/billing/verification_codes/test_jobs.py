"""Codes are sent once, outside transactions, and again where sending failed."""

import asyncio
import email
import smtplib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default

import pytest

from services.billing.settings import BillingSettings
from services.billing.verification_codes.jobs import send_codes
from services.billing.verification_codes.model import LIFE, VerificationChannel
from services.billing.verification_codes.senders import (
    CodeMessage,
    LogSender,
    NoSender,
    SmtpSender,
)
from services.kit import deadlines, ids
from services.kit.config import ServiceSettings, SettingsRefused
from tests.builders.jobs import run_out
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService
from tests.builders.verification import a_switch, ask_for_code, codes_of

MESSAGE = CodeMessage(
    channel="EMAIL", recipient="a@orchid.example", operation="WITHDRAW", code="012345", minutes=5
)


@dataclass
class Box:
    """Where codes arrive; it is full for somebody, if it is told so."""

    channels: Collection[str] = frozenset(VerificationChannel)
    full_for: str = ""
    messages: list[CodeMessage] = field(default_factory=list)
    in_transaction: bool = False

    async def send(self, message: CodeMessage) -> None:
        self.in_transaction |= deadlines.transaction_open.get()
        if message.recipient == self.full_for:
            raise smtplib.SMTPServerDisconnected
        self.messages.append(message)

    def codes_for(self, recipient: str) -> list[str]:
        return [one.code for one in self.messages if one.recipient == recipient]


async def test_a_code_is_sent_once(billing: RunningService) -> None:
    principal = an_administrator(a_tenant())
    await billing.call(a_switch(email="once@orchid.example"), principal=principal)
    challenge = await ask_for_code(billing, principal)
    box, codes = Box(), codes_of(billing)
    job = send_codes(box, codes)

    now = datetime.now(UTC)
    for minutes in (0, 0, 1):
        await run_out(job, billing.database, now + timedelta(minutes=minutes))

    wanted = ids.from_text("vch", challenge.id, field="id")
    assert box.codes_for("once@orchid.example") == [codes.code(wanted)]
    assert not box.in_transaction


async def test_a_code_that_could_not_be_sent_is_sent_later(billing: RunningService) -> None:
    principal = an_administrator(a_tenant())
    await billing.call(a_switch(email="later@orchid.example"), principal=principal)
    await ask_for_code(billing, principal)
    box = Box(full_for="later@orchid.example")
    job = send_codes(box, codes_of(billing))
    sent = []

    now = datetime.now(UTC)
    for seconds in (0, 29, 31):
        await run_out(job, billing.database, now + timedelta(seconds=seconds))
        sent.append(len(box.codes_for("later@orchid.example")))
        box.full_for = ""

    assert sent == [0, 0, 1]


async def test_a_code_that_has_expired_is_not_sent_any_more(billing: RunningService) -> None:
    principal = an_administrator(a_tenant())
    await billing.call(a_switch(email="late@orchid.example"), principal=principal)
    await ask_for_code(billing, principal)
    box = Box()

    await run_out(send_codes(box, codes_of(billing)), billing.database, datetime.now(UTC) + LIFE)

    assert box.codes_for("late@orchid.example") == []


class MailServer:
    """As much of an SMTP server as takes one mail after the other."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            command = line[:4].upper().strip()
            if command == b"DATA":
                writer.write(b"354 go on\r\n")
                text = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(email.message_from_bytes(text[:-3], policy=default))
                writer.write(b"250 taken\r\n")
            elif command == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 yes\r\n")
        writer.close()
        await writer.wait_closed()


async def test_a_mail_carries_the_code_to_its_recipient() -> None:
    mail_server = MailServer()
    listening = await asyncio.start_server(mail_server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    sender = SmtpSender(
        host="127.0.0.1",
        port=port,
        sender="codes@center.example",
        user=None,
        password=None,
        starts_tls=False,
    )

    async with listening:
        await sender.send(MESSAGE)

    (mail,) = mail_server.mails
    assert (mail["From"], mail["To"]) == ("codes@center.example", "a@orchid.example")
    assert "012345" not in mail["Subject"]
    assert "012345 is your code to confirm: withdraw" in mail.get_content()
    assert sender.channels == {"EMAIL"}


async def test_a_demo_writes_codes_into_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    await LogSender().send(MESSAGE)

    assert "012345" in "".join(capsys.readouterr())


async def test_where_nothing_can_be_sent_sending_fails() -> None:
    with pytest.raises(OSError, match="no way to send by EMAIL"):
        await NoSender().send(MESSAGE)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"ENVIRONMENT": "production"}, NoSender),
        ({"ENVIRONMENT": "demo"}, LogSender),
        ({"BILLING_SMTP": "mail:25", "BILLING_SMTP_SENDER": "a@b.example"}, SmtpSender),
    ],
)
def test_the_sender_follows_from_the_settings(
    environment: dict[str, str], said: dict[str, str], kind: type
) -> None:
    known = {"BILLING_DATABASE_URL": "postgresql://x@y/z"}

    settings = ServiceSettings.from_environment("billing", environment | known | said)

    assert isinstance(BillingSettings.of(settings).sender, kind)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"BILLING_SECRET_KEY": ""}, "BILLING_SECRET_KEY"),
        ({"BILLING_SECRET_KEY": "/nowhere"}, "BILLING_SECRET_KEY"),
        ({"BILLING_SMTP": "mail"}, "BILLING_SMTP"),
        ({"BILLING_SMTP": "mail:25"}, "BILLING_SMTP_SENDER"),
        ({"BILLING_SMTP": "mail:25", "BILLING_SMTP_USER": "u"}, "BILLING_SMTP_PASSWORD"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(
    environment: dict[str, str], said: dict[str, str], name: str
) -> None:
    known = {"BILLING_DATABASE_URL": "postgresql://x@y/z"}
    settings = ServiceSettings.from_environment("billing", environment | known | said)

    with pytest.raises(SettingsRefused, match=name):
        BillingSettings.of(settings)
