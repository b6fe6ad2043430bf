"""Phone numbers are found by every end of theirs with four digits or more; before, by the last ten, seven and four.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import as_tenant, each_tenant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ENDS = """
insert into search_words (tenant_id, word, kind, record_id)
select w.tenant_id, right(w.word, n), w.kind, w.record_id
from search_words w cross join lateral generate_series(4, length(w.word) - 1) n
where w.tenant_id = cast(:t as uuid) and w.word >= '0' and w.word < ':' and w.word ~ '^[0-9]{7,10}$'
on conflict do nothing
""".replace("':'", r"'\:'")


def upgrade() -> None:
    for tenant in each_tenant():
        as_tenant(tenant)
        op.get_bind().execute(sa.text(ENDS), {"t": tenant})


def downgrade() -> None:
    """The further words do no harm to the version before."""
