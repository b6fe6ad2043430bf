"""What every migration needs: policies, grants, partitions. Migrations never import the models."""

from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

POLICY = "tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)"


def statements(sql: str) -> Iterator[str]:
    """The statements of a script, colons escaped as SQLAlchemy's text wants them."""
    for part in sql.split(";\n"):
        if part.strip():
            yield part.strip().rstrip(";").replace(":", "\\:")


def protect(table: str) -> None:
    """Row-level security on and forced: a session sees and writes its own organization's rows only."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    policy = POLICY.replace(":", "\\:")
    op.execute(f"CREATE POLICY tenant ON {table} USING ({policy}) WITH CHECK ({policy})")


def create_audit_partitions(months_back: int, months_ahead: int) -> None:
    """Monthly partitions of the audit log around the present month, and a default one for anything else."""
    now = datetime.now(UTC)
    for offset in range(-months_back, months_ahead + 1):
        audit_partition(now.year * 12 + now.month - 1 + offset)
    _attach("audit_entries_rest", "DEFAULT")


def audit_partition(month: int) -> None:
    """The partition of one month, counted from year 0."""
    first = f"{month // 12:04d}-{month % 12 + 1:02d}-01"
    after = f"{(month + 1) // 12:04d}-{(month + 1) % 12 + 1:02d}-01"
    _attach(f"audit_entries_{first[:4]}_{first[5:7]}", f"FOR VALUES FROM ('{first}') TO ('{after}')")


def _attach(name: str, bounds: str) -> None:
    op.execute(f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF audit_entries {bounds}")
    # reached through the parent only: no grants, and a policy of its own should anybody grant one
    protect(name)


def each_tenant() -> list[str]:
    """Every organization, for backfills: set each in turn, since a forced owner sees no rows without."""
    rows = op.get_bind().execute(
        sa.text("select distinct tenant_id::text from directory where kind = 'organization'")
    )
    return [row[0] for row in rows]


def as_tenant(tenant_id: str) -> None:
    """Bind the migration's transaction to one organization."""
    op.get_bind().execute(sa.text("select set_config('app.tenant_id', :t, true)"), {"t": tenant_id})


def drop_tables(*tables: str) -> None:
    for table in tables:
        op.execute(f"DROP TABLE IF EXISTS {table} CASCADE")
