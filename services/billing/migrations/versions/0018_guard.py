"""Makes posting cheaper: the guard of an account is a function.

PostgreSQL reads the text of a CHECK anew in each statement that writes to its table, but compiles a
function once in a session. This CHECK was the longest one, and every posting writes two accounts:
it took a seventh of `ledger_post`.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

COUNTERS = ("debits_posted", "credits_posted", "debits_pending", "credits_pending")


def upgrade() -> None:
    op.execute(
        f"""
        CREATE FUNCTION ledger_guard_holds(
            guard smallint, {", ".join(f"{counter} bigint" for counter in COUNTERS)}
        ) RETURNS boolean
        LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
        BEGIN
            RETURN CASE guard
                WHEN 0 THEN true
                WHEN 1 THEN debits_posted + debits_pending <= credits_posted
                WHEN 2 THEN credits_posted + credits_pending <= debits_posted
                ELSE false
            END;
        END
        $$
        """
    )
    op.execute(
        "ALTER TABLE accounts DROP CONSTRAINT accounts_guard_check,"
        " ADD CONSTRAINT accounts_guard_check"
        f" CHECK (ledger_guard_holds(guard, {', '.join(COUNTERS)}))"
    )
