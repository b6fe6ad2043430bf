"""The phone: whether a photo shows before or after, and the key pair that push services know the company by.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

from migrations.helpers import drop_tables, protect, statements

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SQL = """
ALTER TABLE job_files ADD COLUMN stage TEXT NOT NULL DEFAULT '';

ALTER TABLE job_files ALTER COLUMN stage DROP DEFAULT;

ALTER TABLE job_files ADD CONSTRAINT ck_job_files_stage CHECK (stage in ('', 'before', 'after'));

CREATE TABLE push_keys (
    tenant_id UUID NOT NULL,
    public_key TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_push_keys PRIMARY KEY (tenant_id)
);
"""


def upgrade() -> None:
    for statement in statements(SQL):
        op.execute(statement)
    protect("push_keys")


def downgrade() -> None:
    drop_tables("push_keys")
    op.execute("ALTER TABLE job_files DROP COLUMN stage")
