"""Run by Alembic: upgrades the database of customers as its owner."""

from services.customers.tables import CustomersTable
from services.kit.migrations import load_models, run_environment

load_models("customers")
run_environment(CustomersTable.metadata)
