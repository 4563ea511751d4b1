"""Puts incentives together: settings, database, servicers, jobs; serves or migrates."""

from collections.abc import Sequence

from services.incentives.incentives.servicer import IncentiveServicer
from services.kit.jobs import Job
from services.kit.rpc import Servicer
from services.kit.seals import sealing
from services.kit.server import Parts, run

# One line for each slice.
SERVICERS: Sequence[type[Servicer]] = (IncentiveServicer,)


def compose(parts: Parts) -> tuple[list[Servicer], list[Job]]:
    """Make what this process runs."""
    servicers = [servicer(parts.database, parts.pages) for servicer in SERVICERS]
    return servicers, [sealing("incentives")]


if __name__ == "__main__":
    run("incentives", compose)
