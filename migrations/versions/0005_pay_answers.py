"""What technicians say of their pay: approved, or what is wrong with it.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

from migrations.helpers import drop_tables, protect, statements

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQL = """
CREATE TABLE pay_answers (
    tenant_id UUID NOT NULL,
    pay_period_id BIGINT NOT NULL,
    technician_id BIGINT NOT NULL,
    answer TEXT NOT NULL,
    total_cents BIGINT NOT NULL,
    note TEXT NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reply TEXT NOT NULL,
    replied_at TIMESTAMP WITH TIME ZONE,
    replied_by BIGINT,
    CONSTRAINT pk_pay_answers PRIMARY KEY (tenant_id, pay_period_id, technician_id),
    CONSTRAINT ck_pay_answers_answer CHECK (answer in ('approved', 'disputed', 'answered')),
    CONSTRAINT fk_pay_answers_tenant_id_pay_period_id FOREIGN KEY(tenant_id, pay_period_id)
        REFERENCES pay_periods (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_pay_answers_tenant_id_technician_id FOREIGN KEY(tenant_id, technician_id)
        REFERENCES technicians (tenant_id, id),
    CONSTRAINT fk_pay_answers_tenant_id_replied_by FOREIGN KEY(tenant_id, replied_by) REFERENCES users (tenant_id, id)
);

CREATE INDEX ix_pay_answers_technician_id ON pay_answers (tenant_id, technician_id);

CREATE INDEX ix_pay_answers_replied_by ON pay_answers (tenant_id, replied_by);
"""


def upgrade() -> None:
    for statement in statements(SQL):
        op.execute(statement)
    protect("pay_answers")


def downgrade() -> None:
    drop_tables("pay_answers")
