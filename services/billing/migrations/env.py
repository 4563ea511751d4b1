"""Run by Alembic: upgrades the database of billing as its owner."""

from services.billing.tables import BillingTable
from services.kit.migrations import load_models, run_environment

load_models("billing")
run_environment(BillingTable.metadata)
