"""Reading webhooks: for the courier, the APIs and the pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Select, Text, cast, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from webapp.integrations import rules
from webapp.integrations.queries import sql, targets
from webapp.kit import context, errors, journal
from webapp.kit.db import db, find
from webapp.kit.tables import Event, JournalHead
from webapp.models import Organization, User, WebhookAttempt, WebhookDelivery, WebhookEndpoint

# The courier ------------------------------------------------------------------------------------------------------


def lowest_cursor(cursor: str, head: int) -> int | None:
    """How far the endpoint is that lags most behind the journal's head; None when none does."""
    column = getattr(WebhookEndpoint, cursor)
    found: int | None = db.session.scalar(
        select(func.min(column)).where(
            WebhookEndpoint.tenant_id == context.tenant_id(), WebhookEndpoint.enabled,
            WebhookEndpoint.deleted_at.is_(None), column < head,
        )
    )  # fmt: skip
    return found


def data_of(row: Any) -> dict[str, Any]:
    """What a delivery tells, from where it is kept: a test's own, the audit entry, or the event."""
    if row.data is not None:
        return dict(row.data)
    if row.event == rules.AUDIT:
        return {"id": str(row.event_id), "organization_id": str(context.tenant_id()), "action": row.action,
                "source": row.source, "correlation_id": row.correlation_id, "payload": row.audit_payload,
                "created_at": journal.plain(row.event_at)}  # fmt: skip
    return dict(row.payload or {})


# Endpoints --------------------------------------------------------------------------------------------------------


def _mine() -> tuple[Any, ...]:
    return WebhookEndpoint.tenant_id == context.tenant_id(), WebhookEndpoint.deleted_at.is_(None)


def journal_head() -> JournalHead:
    """Where the organization's journal stands."""
    found = db.session.get(JournalHead, context.tenant_id(), populate_existing=True)
    assert found is not None  # every organization has a journal
    return found


def count() -> int:
    return int(db.session.scalar(select(func.count()).select_from(WebhookEndpoint).where(*_mine())) or 0)


def live(endpoint_id: int, *, lock: bool = False) -> WebhookEndpoint | None:
    """An endpoint that was not taken away; `lock` takes it for update and reads it afresh."""
    found = find(WebhookEndpoint, endpoint_id, lock=lock)
    return found if found is not None and found.deleted_at is None else None


def one(endpoint_id: int) -> WebhookEndpoint:
    """Raises NotFound."""
    found = live(endpoint_id)
    if found is None:
        raise errors.NotFound(f"No webhook has the number {endpoint_id}.")
    return found


def by_public_id(wanted: UUID) -> WebhookEndpoint:
    """An endpoint by the id that the growth API shows. Raises NotFound."""
    found = db.session.scalar(select(WebhookEndpoint).where(*_mine(), WebhookEndpoint.public_id == wanted))
    if found is None:
        raise errors.NotFound("No webhook has this id.")
    return found


def by_url(api: str, url: str, hook_event: str) -> WebhookEndpoint | None:
    """The endpoint of an API that has an address; of REST hooks, for the same event."""
    return db.session.scalar(
        select(WebhookEndpoint).where(*_mine(), WebhookEndpoint.api == api, WebhookEndpoint.url == url,
                                      WebhookEndpoint.hook_event == hook_event)
    )  # fmt: skip


def endpoints(api: str = "") -> Select[WebhookEndpoint]:
    """Endpoints, of one API or of both."""
    statement = select(WebhookEndpoint).where(*_mine())
    return statement.where(WebhookEndpoint.api == api) if api else statement


def listed(words: str, state: str) -> Any:
    """Endpoints for the list: by words of their address or description, by state."""
    return targets.listed(WebhookEndpoint, words, state, WebhookEndpoint.url, WebhookEndpoint.description)


def time_zone() -> str:
    """The organization's zone."""
    found = db.session.get(Organization, context.tenant_id())
    assert found is not None  # a principal's organization exists
    return found.time_zone


def owners(creator: int | None) -> list[User]:
    """Who is told when an endpoint stops: owners and admins, and who registered it."""
    people = db.session.scalars(select(User).where(User.tenant_id == context.tenant_id(), User.active))
    return [u for u in people if {"owner", "admin"} & set(u.roles) or u.id == creator]


def host_of(url: str) -> str:
    return urlsplit(url).netloc


# Deliveries -------------------------------------------------------------------------------------------------------


def deliveries(
    endpoint_id: int, statuses: Sequence[str] = (), *, event: str = "", since: datetime | None = None,
    until: datetime | None = None, before: datetime | None = None,
) -> Select[WebhookDelivery]:  # fmt: skip
    """Deliveries of an endpoint, by state, by name and by when their event happened."""
    statement = select(WebhookDelivery).where(
        WebhookDelivery.tenant_id == context.tenant_id(), WebhookDelivery.endpoint_id == endpoint_id
    )
    if statuses:
        statement = statement.where(WebhookDelivery.status.in_(statuses))
    if event:
        statement = statement.where(WebhookDelivery.event == event)
    if since is not None:
        statement = statement.where(WebhookDelivery.event_at >= since)
    if until is not None:
        statement = statement.where(WebhookDelivery.event_at <= until)
    if before is not None:
        statement = statement.where(WebhookDelivery.event_at < before)
    return statement


def searched(statement: Select[WebhookDelivery], words: str) -> Select[WebhookDelivery]:
    """Those whose id, event's id, record's number or status of HTTP somebody looks for, or whose name begins so."""
    wanted = words.strip().lower()
    if not wanted:
        return statement
    numbered = targets.by_number(wanted, WebhookDelivery)
    if numbered is not None:
        return statement.where(numbered)
    if wanted.startswith("whd_"):
        return statement.where(WebhookDelivery.public_id == wanted)
    try:
        return statement.where(WebhookDelivery.event_id == UUID(wanted))
    except ValueError:
        return statement.where(WebhookDelivery.event.startswith(wanted, autoescape=True))


def delivered_names(endpoint_id: int) -> Sequence[str]:
    """Which events the newest deliveries of an endpoint were of, for the filter."""
    return targets.event_names(deliveries(endpoint_id), WebhookDelivery)


def counts(endpoint_id: int) -> dict[str, int]:
    """How many deliveries wait and how many were given up, counted up to a thousand each."""
    return targets.backlog(deliveries(endpoint_id), WebhookDelivery)


def delivery(endpoint_id: int, public_id: str) -> WebhookDelivery:
    """One delivery of an endpoint. Raises NotFound."""
    found = db.session.scalar(deliveries(endpoint_id).where(WebhookDelivery.public_id == public_id))
    if found is None:
        raise errors.NotFound("No delivery of this webhook has this id.")
    return found


def attempts(delivery_id: int) -> list[WebhookAttempt]:
    """Every attempt of a delivery, the first one first."""
    statement = (
        select(WebhookAttempt)
        .where(WebhookAttempt.tenant_id == context.tenant_id(), WebhookAttempt.delivery_id == delivery_id)
        .order_by(WebhookAttempt.number, WebhookAttempt.id)
    )
    return list(db.session.scalars(statement))


def content(found: WebhookDelivery, api: str) -> bytes:
    """The body of a delivery, as it was sent."""
    row = db.session.execute(sql.CONTENT, {"tenant": context.tenant_id(), "id": found.id}).one()
    return rules.body(row.event_id, row.event, row.event_at, context.tenant_id(), data_of(row), api)


def newest_events(name: str, most: int) -> Sequence[Any]:
    """The last events of a name, as the journal holds them."""
    statement = (
        select(Event.id, Event.created_at, Event.payload)
        .where(Event.tenant_id == context.tenant_id(), Event.name == name)
        .order_by(Event.seq.desc())
        .limit(most)
    )
    return db.session.execute(statement).all()


def newest_of(names: Sequence[str]) -> Any:
    """The newest event of some names; None when none of them ever happened."""
    wanted = func.unnest(cast(list(names), ARRAY(Text))).table_valued("name")
    newest = (
        select(Event.seq, Event.id, Event.name, Event.created_at, Event.payload)
        .where(Event.tenant_id == context.tenant_id(), Event.name == wanted.c.name)
        .order_by(Event.seq.desc())
        .limit(1)
        .lateral()
    )
    return db.session.execute(
        select(newest).select_from(wanted.join(newest, true())).order_by(newest.c.seq.desc()).limit(1)
    ).first()
