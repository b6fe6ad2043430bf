"""What is asked alike of webhooks with their deliveries and of connectors with their calls."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from webapp.integrations.rules import UNSETTLED
from webapp.kit import context
from webapp.kit.db import db
from webapp.models import Connector, ConnectorCall, WebhookDelivery, WebhookEndpoint

Target = type[WebhookEndpoint] | type[Connector]
Sent = type[WebhookDelivery] | type[ConnectorCall]
COUNTED = 1000  # a backlog beyond this is "and more"
NEWEST = 500  # deliveries that a filter takes its names from


def listed(target: Target, words: str, state: str, *columns: Any) -> Any:
    """Targets for their list: by words of some columns, and by state (`active`, `failing`, `paused`)."""
    statement = select(target).where(target.tenant_id == context.tenant_id(), target.deleted_at.is_(None))
    if wanted := words.strip():
        statement = statement.where(or_(*(column.icontains(wanted, autoescape=True) for column in columns)))
    if state == "paused":
        statement = statement.where(~target.enabled)
    elif state in ("active", "failing"):
        failing = target.failing_since.is_not(None)
        statement = statement.where(target.enabled, failing if state == "failing" else ~failing)
    return statement.add_columns(target.id.label("id"))


def backlog(sent: Select[Any], of: Sent) -> dict[str, int]:
    """How much of what a target was sent waits and how much was given up, counted up to a thousand each."""

    def number(*statuses: str) -> int:
        few = sent.where(of.status.in_(statuses)).with_only_columns(of.id).limit(COUNTED)
        return int(db.session.scalar(select(func.count()).select_from(few.subquery())) or 0)

    return {"waiting": number(*UNSETTLED), "dead": number("dead_letter")}


def by_number(words: str, of: Sent) -> ColumnElement[bool] | None:
    """What a number somebody looks for is: the record's, or a status of HTTP. None for words that are none."""
    if not (words.isascii() and words.isdigit() and len(words) < 19):
        return None
    number = int(words)
    return or_(of.record_id == number, of.response_status == (number if number < 1000 else -1))


def event_names(sent: Select[Any], of: Sent) -> Sequence[str]:
    """Which events the newest of what was sent was of, for the filter."""
    newest = (
        sent.where(of.event != "").with_only_columns(of.event).order_by(of.id.desc()).limit(NEWEST).subquery()
    )
    return sorted(db.session.scalars(select(newest.c.event).distinct()))
