"""When a promise is warned of, and which occurrence of a recurring job a job is.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

from migrations.helpers import statements

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SQL = """
ALTER TABLE sla_clocks ADD COLUMN response_warn_at TIMESTAMP WITH TIME ZONE;

ALTER TABLE sla_clocks ADD COLUMN resolution_warn_at TIMESTAMP WITH TIME ZONE;

CREATE INDEX ix_sla_clocks_response_warn_at ON sla_clocks (tenant_id, response_warn_at)
    WHERE response_met_at is null and ended_at is null;

CREATE INDEX ix_sla_clocks_resolution_warn_at ON sla_clocks (tenant_id, resolution_warn_at)
    WHERE resolution_met_at is null and ended_at is null;

CREATE INDEX ix_sla_clocks_started_at ON sla_clocks (tenant_id, started_at, job_id);

ALTER TABLE recurring_jobs ADD COLUMN weeks_ahead SMALLINT NOT NULL DEFAULT 4;

ALTER TABLE recurring_jobs ADD COLUMN skipped JSONB NOT NULL DEFAULT '[]';

ALTER TABLE recurring_jobs ADD COLUMN ended_at TIMESTAMP WITH TIME ZONE;

ALTER TABLE recurring_jobs ADD CONSTRAINT ck_recurring_jobs_weeks_ahead CHECK (weeks_ahead between 1 and 52);

ALTER TABLE dispatch_jobs ADD COLUMN occurrence_at TIMESTAMP WITH TIME ZONE;

CREATE UNIQUE INDEX uq_dispatch_jobs_occurrence ON dispatch_jobs (tenant_id, recurring_id, occurrence_at)
    WHERE occurrence_at is not null;
"""


def upgrade() -> None:
    for statement in statements(SQL):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX uq_dispatch_jobs_occurrence")
    op.execute("ALTER TABLE dispatch_jobs DROP COLUMN occurrence_at")
    op.execute("ALTER TABLE recurring_jobs DROP CONSTRAINT ck_recurring_jobs_weeks_ahead")
    op.execute(
        "ALTER TABLE recurring_jobs DROP COLUMN ended_at, DROP COLUMN skipped, DROP COLUMN weeks_ahead"
    )
    op.execute("DROP INDEX ix_sla_clocks_started_at")
    op.execute("ALTER TABLE sla_clocks DROP COLUMN resolution_warn_at, DROP COLUMN response_warn_at")
