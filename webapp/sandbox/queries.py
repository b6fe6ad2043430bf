"""What a sandbox holds and what it kept instead of sending. Each function reads the present organization."""

from typing import Any

import orjson
from sqlalchemy import and_, func, select

from webapp.integrations import queries as hooks
from webapp.integrations import rules
from webapp.kit import clean, context
from webapp.kit.db import db
from webapp.kit.tables import AuditEntry, Event, Job
from webapp.messaging import queries as messages
from webapp.models import (
    Connector,
    ConnectorCall,
    Customer,
    DispatchJob,
    Message,
    Sale,
    Technician,
    WebhookDelivery,
    WebhookEndpoint,
)
from webapp.sandbox.service import FILL

SHOWN = 20  # messages, and deliveries
COUNTED: dict[str, Any] = {"Technicians": Technician, "Customers": Customer, "Jobs": DispatchJob, "Sales": Sale,
           "Messages kept": Message, "Calls kept": WebhookDelivery}  # fmt: skip


def counts() -> dict[str, int]:
    """How much there is of everything, by its name for people; one statement."""
    columns = [
        select(func.count()).select_from(model).where(model.tenant_id == context.tenant_id()).scalar_subquery().label(name)
        for name, model in COUNTED.items()
    ]  # fmt: skip
    row = db.session.execute(select(*columns)).one()
    return {name: int(value) for name, value in zip(COUNTED, row, strict=True)}


def being_filled() -> bool:
    """Whether the job that fills it is still to be done."""
    statement = select(Job.id).where(
        Job.tenant_id == context.tenant_id(), Job.kind == FILL, Job.status.in_(("waiting", "running"))
    )
    return db.session.scalar(statement.limit(1)) is not None


def kept_messages() -> list[dict[str, Any]]:
    """The newest messages, with their texts but for links that sign somebody in."""
    found = db.session.scalars(
        select(Message)
        .where(Message.tenant_id == context.tenant_id())
        .order_by(Message.id.desc())
        .limit(SHOWN)
    ).all()
    return [_message(m) for m in found]


def _message(found: Message) -> dict[str, Any]:
    body = "It holds a sign-in link or a code." if found.secret else messages.content(found).body
    to = clean.phone_words(found.to_address) if found.channel == "sms" else found.to_address
    return {"id": found.id, "to": to, "at": found.created_at, "body": body, "why": found.why,
            "subject": found.subject or f"Text: {body[:60]}{'…' if len(body) > 60 else ''}"}  # fmt: skip


def kept_calls() -> list[dict[str, Any]]:
    """The newest deliveries to webhooks, with the bytes that would have been sent; one statement."""
    d, tenant = WebhookDelivery, context.tenant_id()
    of_audit = d.event == rules.AUDIT
    found = db.session.execute(
        select(d.public_id, d.event, d.event_id, d.event_at, d.data, d.error, WebhookEndpoint.api, WebhookEndpoint.url,
               Event.payload, AuditEntry.action, AuditEntry.source, AuditEntry.correlation_id,
               AuditEntry.payload.label("audit_payload"))
        .join(WebhookEndpoint, and_(WebhookEndpoint.tenant_id == d.tenant_id, WebhookEndpoint.id == d.endpoint_id))
        .outerjoin(Event, and_(Event.tenant_id == d.tenant_id, Event.seq == d.event_seq, ~of_audit))
        .outerjoin(AuditEntry, and_(AuditEntry.tenant_id == d.tenant_id, AuditEntry.seq == d.event_seq,
                                    AuditEntry.created_at == d.event_at, of_audit))
        .where(d.tenant_id == tenant)
        .order_by(d.id.desc())
        .limit(SHOWN)
    ).all()  # fmt: skip
    return [
        {"id": row.public_id, "event": row.event, "url": row.url, "at": row.event_at, "why": row.error,
         "body": rules.body(row.event_id, row.event, row.event_at, tenant, hooks.data_of(row), row.api).decode()}
        for row in found
    ]  # fmt: skip


def kept_connector_calls() -> list[dict[str, Any]]:
    """The newest calls of connectors, with their inputs; one statement."""
    found = db.session.execute(
        select(ConnectorCall.public_id, ConnectorCall.inputs, ConnectorCall.error, ConnectorCall.created_at, Connector.name,
               Connector.url)
        .join(Connector, and_(Connector.tenant_id == ConnectorCall.tenant_id, Connector.id == ConnectorCall.connector_id))
        .where(ConnectorCall.tenant_id == context.tenant_id())
        .order_by(ConnectorCall.id.desc())
        .limit(SHOWN)
    ).all()  # fmt: skip
    return [
        {"id": row.public_id, "event": row.name, "url": row.url, "at": row.created_at, "why": row.error,
         "body": orjson.dumps(row.inputs, option=orjson.OPT_INDENT_2).decode()}
        for row in found
    ]  # fmt: skip
