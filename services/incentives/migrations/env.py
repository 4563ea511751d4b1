"""Run by Alembic: upgrades the database of incentives as its owner."""

from services.incentives.tables import IncentivesTable
from services.kit.migrations import load_models, run_environment

load_models("incentives")
run_environment(IncentivesTable.metadata)
