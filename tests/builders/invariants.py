"""What must hold of a tenant's money, as every slice of billing says it."""

import importlib
import pkgutil
from importlib.util import find_spec
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

import services.billing
from services.kit.database import Database
from tests.builders.principals import a_system

ALL: Final[dict[str, str]] = {
    f"{slice_.name}: {name}": query
    for slice_ in pkgutil.iter_modules(services.billing.__path__)
    if slice_.ispkg and find_spec(f"services.billing.{slice_.name}.invariants")
    for name, query in importlib.import_module(
        f"services.billing.{slice_.name}.invariants"
    ).INVARIANTS.items()
}


async def broken(database: Database, tenant_id: UUID) -> dict[str, Any]:
    """Give the rows of a tenant for which something does not hold, by what it is."""
    async with database.transaction(a_system(tenant_id)) as session:
        found = {name: (await session.execute(text(query))).all() for name, query in ALL.items()}
    return {name: rows for name, rows in found.items() if rows}
