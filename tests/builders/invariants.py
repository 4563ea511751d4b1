"""What must hold of a tenant's money, as every slice of billing says it."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from partner_center.verification import invariants_in
from services.kit.database import Database
from tests.builders.principals import a_system

ALL: Final[dict[str, str]] = {
    f"{slice_}: {name}": query
    for slice_, queries in invariants_in("billing").items()
    for name, query in queries.items()
}


async def broken(database: Database, tenant_id: UUID) -> dict[str, Any]:
    """Give the rows of a tenant for which something does not hold, by what it is."""
    async with database.transaction(a_system(tenant_id)) as session:
        found = {name: (await session.execute(text(query))).all() for name, query in ALL.items()}
    return {name: rows for name, rows in found.items() if rows}
