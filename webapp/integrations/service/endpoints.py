"""Endpoints: registered, changed, paused, resumed, their secrets rotated, taken away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from webapp.integrations import queries, rules
from webapp.integrations.permissions import WEBHOOKS_MANAGE
from webapp.integrations.service import shared
from webapp.kit import clock, context, crypto, errors, ids, journal, wakes
from webapp.kit import secrets as kept_secrets
from webapp.kit.db import add
from webapp.kit.permissions import demand
from webapp.models import WebhookDelivery, WebhookEndpoint

kept_secrets.declare(WebhookEndpoint, "sealed")

RUN = "webhooks.run"  # the job that wakes a courier for an organization
MOST = 5_000  # endpoints of one organization
SHOWN = (
    "url",
    "description",
    "events",
    "enabled",
    "paused_why",
    "in_order",
    "concurrency",
    "rate_per_second",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an endpoint shall be. `rate_per_second` 0 is as fast as it answers."""

    url: str
    events: tuple[str, ...]
    description: str = ""
    in_order: bool = False
    concurrency: int = 5
    rate_per_second: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """An endpoint and its secret, which is never seen again. `resolves`: whether its host has an address now."""

    endpoint: WebhookEndpoint
    secret: str
    resolves: bool = True


def register(wanted: Wanted, api: str, *, hook_event: str = "") -> Made:
    """Send events to an address from now on.

    Raises Invalid for an address that may not be called and for unknown events, Conflict for an address that is
    registered already.
    """
    demand(WEBHOOKS_MANAGE)
    url, resolves = shared.address(wanted.url)
    names = shared.event_names(wanted.events)
    twin = queries.by_url(api, url, hook_event)
    if twin is not None:
        number = str(twin.public_id) if api == "growth" else twin.id
        raise errors.Conflict(
            f"This address is registered already, as webhook {number}. Change that one instead."
        )
    if queries.count() >= MOST:
        raise errors.Conflict(f"There are {MOST:,} webhooks already, which is the most.")
    head, secret, who = queries.journal_head(), _new_secret(), context.principal()
    made = add(WebhookEndpoint(
        api=api, url=url, hook_event=hook_event, description=wanted.description.strip(), events=names,
        sealed=_sealed([rules.Secret(secret)]), secret_prefix=secret[:12], in_order=wanted.in_order,
        concurrency=wanted.concurrency, rate_per_second=wanted.rate_per_second, cursor_seq=head.event_seq,
        audit_cursor=head.audit_seq if rules.AUDIT in names else None,
        created_by=who.id if who.kind == "user" else None,
    ))  # fmt: skip
    _told("webhook.registered", made, dict.fromkeys(SHOWN))
    wakes.wake(RUN)  # something may have happened while this was decided
    return Made(made, secret, resolves)


def change(endpoint: WebhookEndpoint, wanted: Wanted) -> bool:
    """Change an endpoint; whether its host has an address now. Raises as :func:`register`."""
    demand(WEBHOOKS_MANAGE)
    row = _locked(endpoint)
    url, resolves = shared.address(wanted.url) if wanted.url != row.url else (row.url, True)
    names = shared.event_names(wanted.events)
    twin = queries.by_url(row.api, url, row.hook_event)
    if twin is not None and twin.id != row.id:
        raise errors.Conflict("Another webhook has this address already.")
    before = _shown(row)
    row.url, row.events, row.description = url, names, wanted.description.strip()
    row.in_order, row.concurrency, row.rate_per_second = (
        wanted.in_order,
        wanted.concurrency,
        wanted.rate_per_second,
    )
    if rules.AUDIT not in names:
        row.audit_cursor = None
    elif row.audit_cursor is None:
        row.audit_cursor = queries.journal_head().audit_seq
    _told("webhook.changed", row, before)
    wakes.wake(RUN)
    return resolves


def pause(endpoint: WebhookEndpoint) -> None:
    """Send nothing until it is resumed; what happens meanwhile is kept. Pausing a paused one changes nothing."""
    demand(WEBHOOKS_MANAGE)
    row = _locked(endpoint)
    if row.enabled:
        _pause(row, "person")


def pause_by_itself(endpoint_id: int, why: str) -> None:
    """Pause an endpoint that is gone or does nothing but fail, and tell the owners. For the courier."""
    row = queries.live(endpoint_id, lock=True)
    if row is None or not row.enabled:
        return
    _pause(row, why)
    title = f"Webhook paused: {queries.host_of(row.url)}"
    text = f"{shared.WHY[why]}. Nothing is lost: resume it and it gets what happened since."
    shared.tell_paused("webhook", row.id, row.created_by, title=title, text=text, url=f"/settings/webhooks/{row.id}",
                       begins=f"Events are no longer sent to {row.url}.")  # fmt: skip


def _pause(row: WebhookEndpoint, why: str) -> None:
    before = _shown(row)
    shared.pause(row, why)
    _told("webhook.paused", row, before)


def resume(endpoint: WebhookEndpoint, *, skip_missed: bool = False) -> None:
    """Send again: what happened while it was paused first, unless that is to be skipped."""
    demand(WEBHOOKS_MANAGE)
    row = _locked(endpoint)
    if row.enabled:
        return
    before = _shown(row)
    shared.go_on(row)
    if skip_missed:
        head = queries.journal_head()
        row.cursor_seq = head.event_seq
        row.audit_cursor = head.audit_seq if row.audit_cursor is not None else None
        shared.cancel(WebhookDelivery, WebhookDelivery.endpoint_id == row.id)
    _told("webhook.resumed", row, before, skipped=skip_missed)
    shared.settle_paused("webhook", row.id, row.created_by)
    wakes.wake(RUN)


def remove(endpoint: WebhookEndpoint) -> None:
    """Stop sending at once and for good."""
    demand(WEBHOOKS_MANAGE)
    row = _locked(endpoint)
    before = _shown(row)
    row.enabled, row.deleted_at = False, clock.now()
    shared.cancel(WebhookDelivery, WebhookDelivery.endpoint_id == row.id)
    _told("webhook.deleted", row, before)


def rotate(endpoint: WebhookEndpoint) -> Made:
    """A new secret; the present one signs on for 24 hours. Raises Conflict after too many within these."""
    demand(WEBHOOKS_MANAGE)
    row = _locked(endpoint)
    now, secret = clock.now(), _new_secret()
    secrets = rules.rotated(secrets_of(row.sealed), secret, now)
    if len(secrets) > rules.MOST_SECRETS:
        raise errors.Conflict(
            "The secret was rotated too often today; the older ones still sign. Wait for them to end."
        )
    row.sealed, row.secret_prefix = _sealed(secrets), secret[:12]
    _told("webhook.secret_rotated", row, _shown(row))
    return Made(row, secret)


def test(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Send a test event now. Raises Conflict for a paused endpoint."""
    demand(WEBHOOKS_MANAGE)
    row = _locked(endpoint)
    if not row.enabled:
        raise errors.Conflict("This webhook is paused. Resume it first.")
    now = clock.now()
    made = add(WebhookDelivery(
        endpoint_id=row.id, event=rules.TEST, event_id=ids.uuid4(), event_at=now, record_type="webhook",
        record_id=row.id, data={"message": "Hello from Truckroll."}, next_attempt_at=now,
    ))  # fmt: skip
    wakes.wake(RUN)
    return made


# Secrets ----------------------------------------------------------------------------------------------------------


def secrets_of(sealed: bytes) -> list[rules.Secret]:
    """An endpoint's secrets, newest first, also those whose overlap is over."""
    found = orjson.loads(crypto.decrypt(sealed))
    return [rules.Secret(text, datetime.fromisoformat(until) if until else None) for text, until in found]


def _sealed(secrets: Sequence[rules.Secret]) -> bytes:
    return crypto.encrypt(orjson.dumps([[s.text, s.until] for s in secrets]))


def _new_secret() -> str:
    # letters and digits are base64 too: the whole is a Standard Webhooks secret of 24 bytes
    return f"whsec_{ids.token(32)}"


# Rows -------------------------------------------------------------------------------------------------------------


def _locked(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    # whoever adds deliveries or takes them away holds it: the courier lets go of an endpoint under the same lock
    row = queries.live(endpoint.id, lock=True)
    if row is None:
        raise errors.NotFound("This webhook does not exist any more.")
    return row


def _shown(row: WebhookEndpoint) -> dict[str, Any]:
    return {name: getattr(row, name) for name in SHOWN}


def _told(action: str, row: WebhookEndpoint, before: dict[str, Any], **more: Any) -> None:
    diff = journal.difference(before, _shown(row))
    journal.audit(action, record_type="webhook", record_id=row.id, diff=diff, **more)
