"""Sends the codes of new challenges, outside any transaction."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update

from services.billing.verification_codes import queries
from services.billing.verification_codes.model import LIFE, Codes, VerificationChallenge
from services.billing.verification_codes.senders import CodeMessage, Sender
from services.kit import log
from services.kit.database import Database
from services.kit.jobs import Job, over_tenants, system_principal

AT_ONCE: Final = 50
# Who took a challenge has this long to send it; then it is another's turn.
TAKEN_FOR: Final = timedelta(seconds=30)

_log: Final = log.logger("verification_codes")


def send_codes(sender: Sender, codes: Codes) -> Job:
    async def run(database: Database, now: datetime) -> int:
        async with over_tenants(database) as session:
            due = await queries.list_due(session, now=now, at_most=AT_ONCE)
            for challenge in due:
                challenge.next_send_time = now + TAKEN_FOR
        sent = 0
        for challenge in due:
            sent += await _send(database, challenge, sender=sender, codes=codes, now=now)
        return sent

    return Job(name="verification_codes.send", every=timedelta(seconds=1), run=run)


async def _send(
    database: Database,
    challenge: VerificationChallenge,
    *,
    sender: Sender,
    codes: Codes,
    now: datetime,
) -> bool:
    message = CodeMessage(
        channel=challenge.channel,
        recipient=challenge.recipient,
        operation=challenge.operation,
        code=codes.code(challenge.id),
        minutes=LIFE.seconds // 60,
    )
    try:
        await sender.send(message)
    except OSError as error:
        # It stays due: whoever runs next tries again, until it has expired.
        _log.warning("code not sent", challenge=str(challenge.id), error=type(error).__name__)
        return False
    principal = system_principal("billing", tenant_id=challenge.tenant_id)
    async with database.transaction(principal) as session:
        await session.execute(
            update(VerificationChallenge)
            .where(
                VerificationChallenge.tenant_id == challenge.tenant_id,
                VerificationChallenge.id == challenge.id,
            )
            .values(send_time=now)
        )
    return True
