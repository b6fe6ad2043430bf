"""The audit log over the growth API."""

from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID

from flask import Response
from sqlalchemy import ColumnElement, Select, Text, case, cast, func, select

from webapp.audit import queries
from webapp.audit.permissions import AUDIT_READ
from webapp.audit.schemas import AuditEntryOut, AuditExport, AuditFilter, AuditQuery, Source
from webapp.kit import context, csv, errors, paging
from webapp.kit.api import Api
from webapp.kit.db import db
from webapp.kit.dialects import GROWTH
from webapp.kit.paging import Slice
from webapp.kit.tables import AuditEntry

api = Api("audit_api", __name__, dialect=GROWTH, url_prefix="/api/v1", tag="Audit log")


@api.get(
    "/audit-log", permission=AUDIT_READ, scope="read", query=AuditQuery, returns=AuditEntryOut, paged=True
)
def entries(query: AuditQuery) -> Slice[dict[str, Any]]:
    """List audit entries, newest first.

    Filter by `action`, `source` and the range of `created_at`; pass the answer's `next_cursor` as `cursor`.
    """
    statement = queries.entries(_wanted(query))
    if query.cursor:
        statement = statement.where(_before(query.cursor))
    ordered = statement.order_by(AuditEntry.created_at.desc(), AuditEntry.seq.desc()).limit(query.limit + 1)
    found = db.session.execute(ordered).all()
    shown = found[: query.limit]
    cursor = None
    if len(found) > query.limit:
        cursor = paging.encode({"created_at": shown[-1].created_at, "id": str(shown[-1].public_id)})
    return Slice([_shape(row.public_id, row) for row in shown], cursor)


@api.get(
    "/audit-log/export.csv", permission=AUDIT_READ, scope="read", query=AuditExport, media_type="text/csv"
)
def export(query: AuditExport) -> Response:
    """Stream the audit log as CSV, oldest first, with the filters of the list."""
    return csv.response(export_statement(_wanted(query), AS_DOCUMENTED, query.limit), "audit-log")


@api.get("/audit-log/<entry_id>", permission=AUDIT_READ, scope="read", returns=AuditEntryOut)
def entry(entry_id: str) -> dict[str, Any]:
    """Fetch a single entry with its full payload."""
    try:
        found = queries.by_id(UUID(entry_id))
    except ValueError:
        found = None
    if found is None:
        raise errors.NotFound("No audit entry has this id.")
    return _shape(found.id, found)


def _wanted(query: AuditFilter) -> queries.Filter:
    return queries.Filter(
        action=query.action or "", sources=tuple(s for s in _KEPT_AS[query.source]) if query.source else (),
        start_at=query.start_at, end_at=query.end_at,
    )  # fmt: skip


# the document knows no browser: what people do on its pages goes through its API
AS_DOCUMENTED: Any = case((AuditEntry.source == "web", "api"), else_=AuditEntry.source)
_KEPT_AS: dict[str, tuple[str, ...]] = {source: (source,) for source in get_args(Source)} | {
    "api": ("api", "web")
}


def _before(cursor: str) -> ColumnElement[bool]:
    """Further on than a cursor `{"created_at", "id"}`: the id finds its entry, whose place is exact."""
    values = paging.decode(cursor)
    try:
        moment, entry_id = datetime.fromisoformat(str(values["created_at"])), UUID(str(values["id"]))
    except (KeyError, ValueError):
        raise errors.BadRequest("cursor is not one that this API gave out.") from None
    if moment.tzinfo is None:
        raise errors.BadRequest("cursor is not one that this API gave out.")
    # the cursor's moment has milliseconds, as the document shows it; the bounds let the index be used
    place = db.session.execute(
        select(AuditEntry.created_at, AuditEntry.seq).where(
            AuditEntry.tenant_id == context.tenant_id(), AuditEntry.id == entry_id,
            AuditEntry.created_at.between(moment, moment + timedelta(milliseconds=1)),
        )
    ).one_or_none()  # fmt: skip
    if place is None:
        raise errors.BadRequest("cursor is not one that this API gave out.")
    order: Any = [(AuditEntry.created_at, place.created_at, True), (AuditEntry.seq, place.seq, True)]
    return paging.after(order)


def _shape(entry_id: UUID, row: Any) -> dict[str, Any]:
    return {"id": entry_id, "organization_id": context.tenant_id(), "action": row.action,
            "source": "api" if row.source == "web" else row.source,
            "correlation_id": row.correlation_id, "payload": row.payload, "created_at": row.created_at}  # fmt: skip


def export_statement(
    wanted: queries.Filter, source: Any = AuditEntry.source, newest: int | None = None
) -> Select[Any]:
    """The columns of the CSV: those of the API, then who, from where, and the place in the chain.

    `newest`: so many entries at most.
    """
    found = queries.conditions(wanted)
    if newest is not None:
        last = select(AuditEntry.seq).where(*found).order_by(AuditEntry.seq.desc()).limit(newest)
        found.append(AuditEntry.seq.in_(last))
    moment = func.to_char(func.timezone("UTC", AuditEntry.created_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    return (
        select(
            cast(AuditEntry.id, Text).label("id"),
            cast(AuditEntry.tenant_id, Text).label("organization_id"),
            csv.safe(AuditEntry.action).label("action"),
            source.label("source"),
            csv.safe(AuditEntry.correlation_id).label("correlation_id"),
            csv.safe(cast(AuditEntry.payload, Text)).label("payload"),
            moment.label("created_at"),
            csv.safe(AuditEntry.actor).label("actor"),
            csv.safe(AuditEntry.actor_name).label("actor_name"),
            csv.safe(AuditEntry.address).label("address"),
            AuditEntry.seq.label("position"),
            func.encode(AuditEntry.hash, "hex").label("hash"),
        )
        .where(*found)
        .order_by(AuditEntry.created_at, AuditEntry.seq)
    )
