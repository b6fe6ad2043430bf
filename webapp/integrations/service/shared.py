"""What webhooks and connectors have in common: addresses, names of events, pausing and going on, telling the owners."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, update

from webapp.accounts.service import notices
from webapp.integrations import queries, rules
from webapp.kit import clock, context, errors, outbound
from webapp.kit.db import db
from webapp.messaging import service as messaging
from webapp.models import Connector, ConnectorCall, WebhookDelivery, WebhookEndpoint

MOST_NAMES = 100
WHY = {
    "person": "Paused by hand",
    "gone": "It answered 410 Gone",
    "failing": "Nothing but failures for five days",
}


def address(url: str) -> tuple[str, bool]:
    """An address as it will be called, and whether its host resolves now. Raises Invalid for one that may not be called."""
    try:
        found = outbound.check(url.strip())
    except outbound.Refused as problem:
        raise errors.Invalid.one("url", problem.message) from None
    return found.url, found.resolves


def event_names(given: Sequence[str]) -> list[str]:
    """Names and groups of events, in order, each once. Raises Invalid for none, too many, and unknown ones."""
    names = sorted({name.strip() for name in given} - {""})
    if not names:
        raise errors.Invalid.one("events", "Choose at least one event.")
    if len(names) > MOST_NAMES:
        raise errors.Invalid.one("events", f"Choose at most {MOST_NAMES} events, or a group such as sale.*.")
    unknown = [name for name in names if not rules.known(name)]
    if unknown:
        shown = ", ".join(f"“{name[:60]}”" for name in unknown[:5])
        raise errors.Invalid.one("events", f"There is no event {shown}.")
    return names


def pause(row: WebhookEndpoint | Connector, why: str) -> None:
    """Nothing is sent to it any more. `why`: one of :data:`WHY`."""
    row.enabled, row.paused_why, row.paused_at = False, why, clock.now()


def go_on(row: WebhookEndpoint | Connector) -> None:
    """It is sent to again, as if it had never failed."""
    row.enabled, row.paused_why, row.paused_at = True, "", None
    row.failing_since, row.failures, row.not_before = None, 0, None


def cancel(sent: type[WebhookDelivery] | type[ConnectorCall], *of: ColumnElement[bool]) -> None:
    """What is not over of some deliveries or calls is not sent."""
    db.session.execute(
        update(sent)
        .where(sent.tenant_id == context.tenant_id(), sent.status.in_(rules.UNSETTLED), *of)
        .values(status="cancelled", next_attempt_at=None)
        .execution_options(synchronize_session=False)
    )


def tell_paused(
    kind: str, number: int, creator: int | None, *, title: str, text: str, begins: str, url: str
) -> None:
    """Tell owners and admins, and who made it, that something was paused by itself: a notice, and a mail to owners.
    `begins`: the mail's first sentence."""
    for user in queries.owners(creator):
        notices.notify(user.id, "warning", title, text, url, dedupe_key=f"{kind}:{number}")
        if user.email and "owner" in user.roles:
            messaging.send_email(
                user.email, user.name, title, f"{begins}\n\n{text}\n", template=f"{kind}_paused",
                record_type=kind, record_id=number,
            )  # fmt: skip


def settle_paused(kind: str, number: int, creator: int | None) -> None:
    """It goes on: the notices of its pause are over."""
    for user in queries.owners(creator):
        notices.settle(user.id, f"{kind}:{number}")
