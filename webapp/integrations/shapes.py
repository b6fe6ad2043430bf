"""Endpoints and deliveries as the APIs show them."""

from datetime import UTC, datetime
from typing import Any

from webapp.integrations import queries, rules, schemas
from webapp.integrations.service import endpoints
from webapp.integrations.service.deliveries import Range
from webapp.integrations.service.endpoints import Made, Wanted
from webapp.kit import events
from webapp.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def changed(row: WebhookEndpoint, body: schemas.EndpointChange) -> Wanted:
    """What an endpoint shall be after a partial change."""
    given = body.model_dump(exclude_none=True, exclude={"enabled", "skip_missed"})
    now: dict[str, Any] = {"url": row.url, "events": tuple(row.events), "description": row.description, "in_order": row.in_order,
           "concurrency": row.concurrency, "rate_per_second": row.rate_per_second}  # fmt: skip
    return Wanted(**(now | given))


def apply(row: WebhookEndpoint, body: schemas.EndpointChange) -> None:
    """Make a partial change, and pause or resume where that is asked for."""
    if set(body.model_fields_set) - {"enabled", "skip_missed"}:
        endpoints.change(row, changed(row, body))
    if body.enabled is False:
        endpoints.pause(row)
    elif body.enabled:
        endpoints.resume(row, skip_missed=body.skip_missed)


def wanted_range(body: schemas.RangeIn) -> Range:
    """Which deliveries a caller wants again. A day before there were any is as good as the first one."""
    return Range(
        _moment(body.since), _moment(body.until), (body.status,) if body.status else (), body.event or ""
    )


def _moment(given: datetime | None) -> datetime | None:
    return None if given is None else max(min(given, LAST), FIRST)


def field(row: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": row.id, "url": row.url, "events": row.events, "description": row.description,
        "signing_secret_prefix": row.secret_prefix, "enabled": row.enabled, "paused_reason": row.paused_why or None,
        "in_order": row.in_order, "concurrency": row.concurrency, "rate_per_second": row.rate_per_second,
        "failing_since": row.failing_since, "last_delivery_at": row.last_delivery_at,
        "last_delivery_status": row.last_delivery_status, "created_at": row.created_at, "updated_at": row.updated_at,
    }  # fmt: skip


def field_made(made: Made, warning: str = schemas.WARNING) -> dict[str, Any]:
    more = {"resolves": made.resolves, "signing_secret": made.secret, "_warning": warning}
    return field(made.endpoint) | more


def growth(row: WebhookEndpoint) -> dict[str, Any]:
    return _growth(row) | {
        "last_delivery_at": row.last_delivery_at,
        "last_delivery_status": row.last_delivery_status,
    }


def _growth(row: WebhookEndpoint) -> dict[str, Any]:
    return {"id": row.public_id, "url": row.url, "events": row.events, "description": row.description,
            "signing_secret_prefix": row.secret_prefix, "enabled": row.enabled, "created_at": row.created_at}  # fmt: skip


def growth_settings(row: WebhookEndpoint) -> dict[str, Any]:
    return growth(row) | {"paused_reason": row.paused_why or None, "in_order": row.in_order,
                          "concurrency": row.concurrency, "rate_per_second": row.rate_per_second}  # fmt: skip


def growth_made(made: Made) -> dict[str, Any]:
    return _growth(made.endpoint) | {"signing_secret": made.secret, "_warning": schemas.WARNING}


def growth_rotated(made: Made) -> dict[str, Any]:
    row = made.endpoint
    return {"id": row.public_id, "url": row.url, "signing_secret_prefix": row.secret_prefix,
            "signing_secret": made.secret, "_warning": schemas.WARNING + schemas.OVERLAP}  # fmt: skip


def field_delivery(row: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": row.public_id, "event": row.event, "event_id": row.event_id, "record_type": row.record_type,
        "record_id": row.record_id, "status": row.status, "attempt": row.attempt, "response_status": row.response_status,
        "latency_ms": row.latency_ms, "error": row.error or None, "created_at": row.created_at,
        "next_attempt_at": row.next_attempt_at, "delivered_at": row.delivered_at,
    }  # fmt: skip


def growth_delivery(row: WebhookDelivery) -> dict[str, Any]:
    return {"id": row.public_id, "event": row.event, "status": row.status, "response_status": row.response_status,
            "latency_ms": row.latency_ms, "attempt": row.attempt, "delivered_at": row.delivered_at}  # fmt: skip


def whole(endpoint: WebhookEndpoint, row: WebhookDelivery) -> dict[str, Any]:
    """What was sent, and every attempt."""
    content = queries.content(row, endpoint.api)
    made = queries.attempts(row.id)
    return {"request_body": content.decode(), "attempts": [attempt(endpoint, row, content, a) for a in made]}


def attempt(
    endpoint: WebhookEndpoint, row: WebhookDelivery, content: bytes, made: WebhookAttempt
) -> dict[str, Any]:
    """One attempt. Its headers follow from the moment; of the signatures only the beginning is shown."""
    secrets = endpoints.secrets_of(endpoint.sealed)
    sent = rules.headers(endpoint.api, secrets[:1], row.event_id, int(made.at.timestamp()), content)
    return {
        "number": made.number, "at": made.at, "response_status": made.status, "latency_ms": made.latency_ms,
        "error_kind": made.error_kind or None, "error": made.error or None,
        "request_headers": rules.shown_headers(sent), "response_headers": made.response_headers,
        "response_body": made.response_body,
    }  # fmt: skip


def event(kind: events.EventKind) -> dict[str, Any]:
    return {"name": kind.name, "description": kind.description, "data_schema": events.schema(kind),
            "example": dict(kind.example)}  # fmt: skip
