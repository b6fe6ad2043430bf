"""The database itself refuses to change or remove an amount of a closed pay period.

The session refuses already, with words for a person; this holds for bulk statements and for whoever else writes.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Reopening a period thaws its lines, and in the same statement changes nothing else of them.
GUARD = """
CREATE FUNCTION refuse_frozen_pay_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NOT NEW.frozen
        AND (NEW.amount_cents, NEW.technician_id, NEW.pay_period_id, NEW.kind, NEW.state)
            IS NOT DISTINCT FROM (OLD.amount_cents, OLD.technician_id, OLD.pay_period_id, OLD.kind, OLD.state) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'pay line % is in a closed pay period', OLD.id USING ERRCODE = 'restrict_violation';
END $$
"""


def upgrade() -> None:
    op.execute(GUARD)
    op.execute(
        "CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON pay_lines FOR EACH ROW"
        " WHEN (OLD.frozen) EXECUTE FUNCTION refuse_frozen_pay_line()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER frozen ON pay_lines")
    op.execute("DROP FUNCTION refuse_frozen_pay_line()")
