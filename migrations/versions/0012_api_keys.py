"""API keys: scopes, allowed addresses, two secrets while one is rotated, and how much they are used.

Revision ID: 0012
Revises: 0011
"""

from alembic import op

from migrations.helpers import drop_tables, protect, statements

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SQL = """
ALTER TABLE api_keys
    ADD COLUMN access TEXT NOT NULL DEFAULT 'full',
    ADD COLUMN scopes TEXT[] NOT NULL DEFAULT '{}',
    ADD COLUMN allowed TEXT[] NOT NULL DEFAULT '{}',
    ADD COLUMN secret_end TEXT NOT NULL DEFAULT '',
    ADD COLUMN previous_hash BYTEA,
    ADD COLUMN previous_end TEXT NOT NULL DEFAULT '',
    ADD COLUMN previous_until TIMESTAMP WITH TIME ZONE,
    ADD COLUMN previous_used_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN rotated_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN reminded SMALLINT NOT NULL DEFAULT 0,
    ADD COLUMN last_address TEXT NOT NULL DEFAULT '',
    ADD COLUMN last_route TEXT NOT NULL DEFAULT '',
    ADD CONSTRAINT ck_api_keys_access CHECK (access in ('full', 'read', 'chosen'));

ALTER TABLE organizations ADD COLUMN sandbox_id UUID;

CREATE TABLE api_usage (
    tenant_id UUID NOT NULL,
    key_id BIGINT NOT NULL,
    day DATE NOT NULL,
    route TEXT NOT NULL,
    outcome TEXT NOT NULL,
    requests BIGINT NOT NULL,
    CONSTRAINT pk_api_usage PRIMARY KEY (tenant_id, key_id, day, route, outcome),
    CONSTRAINT ck_api_usage_outcome CHECK (outcome in ('ok', 'refused', 'limited', 'failed')),
    CONSTRAINT fk_api_usage_tenant_id_key_id FOREIGN KEY(tenant_id, key_id)
        REFERENCES api_keys (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX ix_api_usage_day ON api_usage (tenant_id, day);

CREATE TABLE api_usage_marks (
    tenant_id UUID NOT NULL,
    batch TEXT NOT NULL,
    CONSTRAINT pk_api_usage_marks PRIMARY KEY (tenant_id)
);
"""

COLUMNS = ("access", "scopes", "allowed", "secret_end", "previous_hash", "previous_end", "previous_until",
           "previous_used_at", "rotated_at", "reminded", "last_address", "last_route")  # fmt: skip


def upgrade() -> None:
    # the defaults stay for as long as the version before this one may still insert
    for statement in statements(SQL):
        op.execute(statement)
    protect("api_usage")
    protect("api_usage_marks")


def downgrade() -> None:
    drop_tables("api_usage", "api_usage_marks")
    op.execute("ALTER TABLE organizations DROP COLUMN sandbox_id")
    op.execute("ALTER TABLE api_keys " + ", ".join(f"DROP COLUMN {name}" for name in COLUMNS))
