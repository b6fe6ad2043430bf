"""The database session, the declarative base and the few column helpers every model uses.

Tenancy is in :mod:`webapp.kit.tenancy`; this module makes a session tell PostgreSQL its tenant at the start of
each transaction, so that row-level security sees it.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from flask_sqlalchemy import SQLAlchemy
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.types.json import set_json_loads
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    MetaData,
    Row,
    Uuid,
    event,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, SessionTransaction, mapped_column, relationship
from sqlalchemy.sql import Executable

from webapp.kit import clock, context, errors

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(
    model_class=Base,
    disable_autonaming=True,
    session_options={"expire_on_commit": False},
)

T = TypeVar("T")


class Tenanted:
    """A row of one organization: `tenant_id` leads its primary key, a global `bigint` identity follows."""

    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, sort_order=-20)
    id: Mapped[int] = mapped_column(
        BigInteger, Identity(), primary_key=True, autoincrement=True, sort_order=-19
    )


class Stamped:
    """When a row was made and last changed (UTC)."""

    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), default=lambda: clock.now(), sort_order=90
    )
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True),
        default=lambda: clock.now(),
        onupdate=lambda: clock.now(),
        index=False,
        sort_order=91,
    )


def tenant_fk(*columns: str, table: str, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A foreign key that carries the tenant: another organization's row cannot even be referenced.

    `tenant_fk("customer_id", table="customers")` references `customers (tenant_id, id)`.
    """
    return ForeignKeyConstraint(
        ["tenant_id", *columns], [f"{table}.tenant_id", f"{table}.id"], ondelete=ondelete
    )


def related(target: str, column: str, *, many: bool = False, order_by: str | None = None) -> Any:
    """A view-only relationship along `column`; raises when it was not loaded on purpose.

    `related("Technician", "Sale.technician_id")` for one, `related("SaleSplit", "SaleSplit.sale_id", many=True)`
    for many. Code writes the `*_id`, never the relationship.
    """
    owner, name = column.split(".")
    if many:
        return relationship(
            target,
            viewonly=True,
            lazy="raise",
            uselist=True,
            order_by=order_by or False,
            primaryjoin=lambda: _join(owner, name, None),
            foreign_keys=lambda: [_column(owner, name), _column(owner, "tenant_id")],
        )
    return relationship(
        target,
        viewonly=True,
        lazy="raise",
        uselist=False,
        primaryjoin=lambda: _join(owner, name, target),
        foreign_keys=lambda: [_column(owner, name)],
    )


def _column(owner: str, name: str) -> Any:
    return Base.registry._class_registry[owner].__table__.c[name]  # type: ignore[union-attr]


def _join(owner: str, name: str, target: str | None) -> Any:
    table = Base.registry._class_registry[owner].__table__  # type: ignore[union-attr]
    if target is None:  # many: the child names its parent; the parent is found through its foreign key
        fk = next(f for f in table.foreign_key_constraints if name in f.columns)
        other = fk.referred_table
    else:
        other = Base.registry._class_registry[target].__table__  # type: ignore[union-attr]
    return (table.c.tenant_id == other.c.tenant_id) & (table.c[name] == other.c.id)


def get(model: type[T], record_id: int, *, what: str | None = None, lock: bool = False) -> T:
    """One record of the present organization by id; raises NotFound, also for another organization's.

    `lock` takes the row for update and reads it afresh.
    """
    found = find(model, record_id, lock=lock)
    if found is None:
        raise errors.NotFound(f"No {what or words(model)} has the number {record_id}.")
    return found


def find(model: type[T], record_id: int, *, lock: bool = False) -> T | None:
    """As :func:`get`, but None instead of an error."""
    if not 0 < record_id < 2**63:
        return None
    return db.session.get(
        model,
        (context.tenant_id(), record_id),
        with_for_update=lock or None,
        populate_existing=lock,
    )


def words(model: type[Any]) -> str:
    """`PayPeriod` → `pay period`, for sentences."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in model.__name__).strip()


def add(record: T) -> T:
    """Add a row of the present organization and flush it, so that its id is known."""
    if getattr(record, "tenant_id", "") is None:
        record.tenant_id = context.tenant_id()  # type: ignore[attr-defined]  # every Tenanted row has it
    db.session.add(record)
    db.session.flush()
    return record


def _loads(text: str | bytes) -> Any:
    """JSON of a column. Most lists are empty: they need no parser."""
    return [] if text == b"[]" else json.loads(text)


set_json_loads(_loads)


def rows(statement: Executable, params: dict[str, Any] | None = None) -> Sequence[Row[Any]]:
    return db.session.execute(statement, params or {}).all()


def columns(statement: Executable, params: dict[str, Any] | None = None) -> Sequence[Row[Any]]:
    """Rows of plain columns, without the mapper between: for hundreds of rows of a statement that loads no models.

    A statement that is made once, with `bindparam` for what changes, spares its making and its reading as well.
    """
    db.session.flush()
    return db.session.connection().execute(statement, params or {}).all()


@event.listens_for(Session, "after_begin")
def _tell_the_tenant(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    tenant = session.info.get("tenant_id")
    # local: the setting ends with the transaction, so a pooled connection never carries a tenant over
    telling = f"set local app.tenant_id = '{UUID(str(tenant)) if tenant else ''}'"
    link: psycopg.Connection[Any] = connection.connection.dbapi_connection  # type: ignore[assignment]
    # one round trip begins and tells; psycopg alone would take one for each
    fresh = link.pgconn.transaction_status == TransactionStatus.IDLE
    if fresh and link.pgconn.exec_(f"begin; {telling}".encode()).status == ExecStatus.COMMAND_OK:
        return
    connection.exec_driver_sql(telling)  # of a connection that is lost it says so, and the pool learns it
