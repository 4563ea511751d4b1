"""Run by Alembic: upgrades the database of programs as its owner."""

from services.kit.migrations import load_models, run_environment
from services.programs.tables import ProgramsTable

load_models("programs")
run_environment(ProgramsTable.metadata)
