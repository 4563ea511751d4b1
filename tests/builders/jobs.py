"""Jobs in tests: run as a process runs them, over all that other tests have left to do."""

from datetime import datetime

from services.kit.database import Database
from services.kit.jobs import Job


async def run_out(job: Job, database: Database, now: datetime) -> int:
    """Run a job until nothing is due, since each run takes a few tenants; give what it did."""
    total = 0
    while done := await job.run(database, now):
        total += done
    return total
