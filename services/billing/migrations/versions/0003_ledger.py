"""Adds the ledger: accounts, transfers, entries, and the functions that alone may post."""

from pathlib import Path

from alembic import op

from services.kit.migrations import (
    grant,
    grant_function,
    make_immutable,
    protect,
    runtime_role,
)

revision = "0003"
down_revision = "0002"

_FOLDER = Path(__file__).parent
_CALLED = ("ledger_post(jsonb)", "ledger_post_many(jsonb)", "ledger_post_group(jsonb)")
_INNER = (
    "ledger_refuse(text, jsonb)",
    "ledger_is_same(transfers, ledger_item)",
    "ledger_refusal(accounts, accounts, ledger_item)",
    "ledger_refusal_of_second(transfers, ledger_item, timestamptz)",
    "ledger_completed(ledger_item, transfers)",
    "ledger_move(accounts, accounts, ledger_item, bigint, timestamptz)",
    "ledger_apply(ledger_item)",
    "ledger_post_plain(ledger_item[], uuid[])",
)


def upgrade() -> None:
    for name in ("tables", "functions"):
        text = (_FOLDER / f"0003_ledger_{name}.sql").read_text(encoding="utf-8")
        for statement in text.split("\n--\n"):
            # As it stands: colons in it name no parameters.
            op.get_bind().exec_driver_sql(statement)
    for table in ("accounts", "transfers", "entries"):
        protect(table)
    _hide_from_other_partners()
    # Counters start at zero and are moved by the functions only.
    grant("accounts", "SELECT", f"INSERT ({_NEW})", "UPDATE (is_closing)")
    grant("transfers", "SELECT")
    grant("entries", "SELECT")
    make_immutable("transfers")
    make_immutable("entries")
    op.execute(
        "CREATE TRIGGER accounts_are_kept BEFORE DELETE OR TRUNCATE ON accounts"
        " FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change()"
    )
    for signature in _CALLED:
        grant_function(signature)
    for signature in _INNER:
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")


_NEW = "tenant_id, id, partner_id, holder_id, kind, unit, guard"


def _hide_from_other_partners() -> None:
    """Show a reseller its own part of the ledger; the functions, run as the owner, see it all."""
    own = "SELECT id FROM accounts WHERE partner_id = (SELECT app.partner())"
    for table, rule in (
        ("accounts", "partner_id = (SELECT app.partner())"),
        ("entries", f"account_id IN ({own})"),
        ("transfers", f"debit_account_id IN ({own}) OR credit_account_id IN ({own})"),
    ):
        op.execute(
            f"CREATE POLICY {table}_partner ON {table} AS RESTRICTIVE TO {runtime_role()}"
            f" USING ((SELECT app.partner()) IS NULL OR {rule})"
        )
