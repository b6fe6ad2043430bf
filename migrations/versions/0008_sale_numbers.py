"""Sales are numbered within each organization: the global ids told how many sales everybody else had.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import as_tenant, drop_tables, each_tenant, protect

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE number_heads (tenant_id UUID NOT NULL, kind TEXT NOT NULL, last BIGINT NOT NULL,"
        " CONSTRAINT pk_number_heads PRIMARY KEY (tenant_id, kind))"
    )
    protect("number_heads")
    op.execute("ALTER TABLE sales ADD COLUMN number BIGINT")
    for tenant in each_tenant():
        as_tenant(tenant)
        for statement in BACKFILL:
            op.get_bind().execute(sa.text(statement), {"t": tenant})
    op.execute("ALTER TABLE sales ALTER COLUMN number SET NOT NULL")
    op.execute("CREATE UNIQUE INDEX uq_sales_number ON sales (tenant_id, number)")


# in the order in which they were recorded
BACKFILL = (
    """update sales set number = counted.number from (
       select id, row_number() over (order by id) as number from sales where tenant_id = cast(:t as uuid)
    ) counted where sales.tenant_id = cast(:t as uuid) and sales.id = counted.id""",
    """insert into number_heads (tenant_id, kind, last)
    select tenant_id, 'sale', max(number) from sales where tenant_id = cast(:t as uuid) group by tenant_id""",
)


def downgrade() -> None:
    op.execute("ALTER TABLE sales DROP COLUMN number")
    drop_tables("number_heads")
