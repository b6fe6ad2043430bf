"""A property's key for matching is its street alone; unit, town and ZIP code are compared from their own columns.

Keys were `123 oak st|4|33601` before. A key that held an address written on one line is made anew when it is next saved.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import as_tenant, each_tenant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _rewrite("split_part(address_key, '|', 1)", "address_key like '%|%'")


def downgrade() -> None:
    # the unit as it was written, and the first five digits of the ZIP code: near enough to be found again
    _rewrite(
        "address_key || '|' || lower(regexp_replace(unit, '[^A-Za-z0-9]', '', 'g')) || '|' || left(zip, 5)",
        "address_key not like '%|%' and address_key <> ''",
    )


def _rewrite(key: str, which: str) -> None:
    for tenant in each_tenant():
        as_tenant(tenant)
        op.get_bind().execute(
            sa.text(
                f"update properties set address_key = {key} where tenant_id = cast(:t as uuid) and {which}"
            ),
            {"t": tenant},
        )
