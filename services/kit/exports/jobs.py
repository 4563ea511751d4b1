"""What happens to exports by themselves: they are written, and their files deleted in time."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from services.kit.database import Database
from services.kit.exports import operations
from services.kit.exports.lists import Exports
from services.kit.exports.run import advance
from services.kit.jobs import Job, over_tenants

EXPIRE_AT_ONCE: Final = 20


def export_jobs(exports: Exports) -> list[Job]:
    return [
        Job(
            name="write exports",
            every=timedelta(seconds=1),
            run=partial(advance, exports),
            is_shared=True,
        ),
        Job(
            name="expire exports",
            every=timedelta(minutes=1),
            run=partial(expire_exports, exports),
        ),
    ]


async def expire_exports(exports: Exports, database: Database, now: datetime) -> int:
    """Delete files whose time is over; give of how many exports.

    The files go first: what was deleted and not noted is deleted again.
    """
    async with over_tenants(database) as session:
        over = await operations.list_over(session, exports.tables, now=now, at_most=EXPIRE_AT_ONCE)
        for export in over:
            await exports.storage.delete(export.folder)
            await operations.expire(session, export=export)
    return len(over)
