"""What billing alone is told by its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from services.billing.verification_codes.senders import LogSender, NoSender, Sender, SmtpSender
from services.billing.withdrawals.providers import PayoutProvider, SimulatedBank
from services.billing.withdrawals.routes import ChannelWindows
from services.kit.config import ServiceSettings, SettingsRefused, host_and_port, needed
from services.kit.secret import Secret


@dataclass(frozen=True, kw_only=True)
class BillingSettings:
    # All keys of billing's own are derived from it.
    secret: Secret
    # Brings verification codes to people.
    sender: Sender
    # For how long payment channels take money back.
    windows: ChannelWindows
    # Pays withdrawals; without one, approved withdrawals wait.
    payout_provider: PayoutProvider | None

    @classmethod
    def of(cls, settings: ServiceSettings) -> Self:
        """Read them from where the service's other settings come from.

        :raises SettingsRefused: naming the variable.
        """
        given = settings.environ
        path = Path(needed(given, "BILLING_SECRET_KEY"))
        try:
            secret = Secret.from_file(path)
        except (OSError, ValueError) as error:
            raise SettingsRefused(f"BILLING_SECRET_KEY: {error}") from None
        return cls(
            secret=secret,
            sender=_sender(given, is_production=settings.is_production),
            windows=ChannelWindows.from_text(given.get("BILLING_CHANNEL_WINDOWS", "")),
            # A bank that pays with money that is not there has no place in production.
            payout_provider=None if settings.is_production else SimulatedBank(),
        )


def _sender(given: Mapping[str, str], *, is_production: bool) -> Sender:
    address = given.get("BILLING_SMTP")
    if not address:
        return NoSender() if is_production else LogSender()
    host, port = host_and_port(address, name="BILLING_SMTP")
    user, password = given.get("BILLING_SMTP_USER"), given.get("BILLING_SMTP_PASSWORD")
    if bool(user) != bool(password):
        raise SettingsRefused("BILLING_SMTP_USER and BILLING_SMTP_PASSWORD go together")
    return SmtpSender(
        host=host,
        port=port,
        sender=needed(given, "BILLING_SMTP_SENDER"),
        user=user or None,
        password=Path(password).read_text(encoding="utf-8").strip() if password else None,
        starts_tls=given.get("BILLING_SMTP_TLS", "on") != "off",
    )
