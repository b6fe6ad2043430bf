"""Deliveries: the list, one with its attempts, sent again one by one or a range."""

from datetime import timedelta
from typing import Any

import orjson
from flask import Response, request

from webapp.integrations import queries, rules, shapes
from webapp.integrations.forms import RangeForm
from webapp.integrations.permissions import WEBHOOKS_MANAGE, WEBHOOKS_READ
from webapp.integrations.service import deliveries as service
from webapp.integrations.service.deliveries import Range
from webapp.integrations.views import bp
from webapp.integrations.views.endpoints import PATH
from webapp.integrations.views.health import DELIVERY_TONES, look_again
from webapp.kit import clock, errors, listing, lists, pages
from webapp.kit.db import db, find
from webapp.kit.listing import ListQuery, Sort
from webapp.kit.permissions import may, requires
from webapp.models import WebhookDelivery, WebhookEndpoint

SORTS = {"id": Sort(WebhookDelivery.id, descending=True)}
STATUSES = {"pending": "On its way", "retrying": "Trying again", "delivered": "Delivered", "dead_letter": "Given up",
            "cancelled": "Cancelled"}  # fmt: skip
COLUMNS: list[dict[str, Any]] = [
    {"key": "event_at", "label": "Happened", "kind": "when", "always": True},
    {"key": "event", "label": "Event", "kind": "cell", "always": True},
    {"key": "status", "label": "State", "kind": "cell"},
    {"key": "answer", "label": "Answer", "kind": "cell"},
    {"key": "latency_ms", "label": "Took, ms", "kind": "number"},
    {"key": "tries", "label": "Attempts", "kind": "number"},
    {"key": "next_attempt_at", "label": "Next attempt", "kind": "when"},
    {"key": "delivered_at", "label": "Delivered", "kind": "when", "hidden": True},
]
LABELS = {"status": "State", "event": "Event", "from": "Since", "to": "Until"}


@bp.get("/settings/webhooks/<int:endpoint_id>/deliveries")
@requires(WEBHOOKS_READ)
def deliveries(endpoint_id: int) -> Response:
    """What was sent, newest first."""
    endpoint = queries.one(endpoint_id)
    query = listing.read(SORTS, "id", labels=LABELS, words={"status": STATUSES})
    statement = _filtered(endpoint, query)
    page = listing.rows(statement, query, SORTS, WebhookDelivery.id, total=lists.total(statement))
    page.rows = [_row(endpoint, row.WebhookDelivery) for row in page.rows]
    return pages.render("integrations/deliveries.html", block={"results": "results"}, row=endpoint, page=page, query=query,
                        columns=COLUMNS, statuses=list(STATUSES.items()), may_manage=may(WEBHOOKS_MANAGE),
                        names=[(n, n) for n in queries.delivered_names(endpoint.id)],
                        host=queries.host_of(endpoint.url), page_title="Deliveries")  # fmt: skip


def _filtered(endpoint: WebhookEndpoint, query: ListQuery) -> Any:
    zone = queries.time_zone()
    start, end = query.date("from"), query.date("to")
    statement = queries.deliveries(
        endpoint.id, [s for s in query.getlist("status") if s in STATUSES], event=query.get("event"),
        since=clock.day_bounds(start, zone)[0] if start else None,
        before=clock.day_bounds(end, zone)[1] if end else None,
    )  # fmt: skip
    return queries.searched(statement, query.get("q")).add_columns(WebhookDelivery.id.label("id"))


def _row(endpoint: WebhookEndpoint, row: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": row.id, "url": f"{PATH}/{endpoint.id}/deliveries/{row.public_id}", "event_at": row.event_at,
        "event": row.event, "record": f"{row.record_type} {row.record_id}" if row.record_id else "",
        "status": row.status, "status_words": STATUSES[row.status], "tone": DELIVERY_TONES[row.status],
        "response_status": row.response_status, "error": row.error, "latency_ms": row.latency_ms, "tries": row.tries,
        "next_attempt_at": row.next_attempt_at, "delivered_at": row.delivered_at,
    }  # fmt: skip


@bp.get("/settings/webhooks/<int:endpoint_id>/deliveries/<delivery_id>")
@requires(WEBHOOKS_READ)
def delivery(endpoint_id: int, delivery_id: str) -> Response:
    """One delivery: what was sent, and what came back each time."""
    endpoint = queries.one(endpoint_id)
    found = queries.delivery(endpoint.id, delivery_id)
    here = request.headers.get("HX-Current-URL", "").partition("?")[0].endswith(request.path)
    if here and request.args.get("tries", "") not in ("", str(found.tries)):
        return Response(headers={"HX-Refresh": "true"})  # an attempt was made since: the whole page shows it
    content = queries.content(found, endpoint.api)
    made = [shapes.attempt(endpoint, found, content, a) for a in queries.attempts(found.id)]
    return pages.render(
        "integrations/delivery.html", block={"delivery-state": "state"}, row=endpoint, delivery=found, attempts=made[::-1],
        status_words=STATUSES[found.status], tone=DELIVERY_TONES[found.status], host=queries.host_of(endpoint.url),
        moving=found.status in rules.UNSETTLED and endpoint.enabled, look_again=look_again(found.next_attempt_at),
        body=orjson.dumps(orjson.loads(content), option=orjson.OPT_INDENT_2).decode(), may_manage=may(WEBHOOKS_MANAGE),
        page_title=found.event,
    )  # fmt: skip


@bp.post("/settings/webhooks/<int:endpoint_id>/deliveries/<delivery_id>/replay")
@requires(WEBHOOKS_MANAGE)
def replay(endpoint_id: int, delivery_id: str) -> Response:
    """Send one again."""
    found = queries.delivery(queries.one(endpoint_id).id, delivery_id)
    service.replay(found)
    pages.toast("It is sent again, under its own id.")
    return pages.redirect(f"{PATH}/{endpoint_id}/deliveries/{delivery_id}")


@bp.post("/settings/webhooks/<int:endpoint_id>/deliveries/bulk/replay")
@requires(WEBHOOKS_MANAGE)
def replay_several(endpoint_id: int) -> Response:
    """Send the ticked ones again."""
    endpoint = queries.one(endpoint_id)
    query = listing.read(SORTS, "id", labels=LABELS)
    ids = lists.selected(
        lambda most: [row.id for row in db.session.execute(_filtered(endpoint, query).limit(most))]
    )
    done, refused = 0, ""
    for number in ids:
        one = find(WebhookDelivery, number)
        if one is None or one.endpoint_id != endpoint.id:
            continue
        try:
            service.replay(one)
            done += 1
        except errors.Conflict as problem:
            refused = problem.message
    if done:
        pages.toast(f"{done} sent again.")
    if refused:
        pages.toast(f"{len(ids) - done} not sent again. {refused}", "warning")
    return pages.redirect(lists.back_to(f"{PATH}/{endpoint.id}/deliveries", query))


@bp.get("/settings/webhooks/<int:endpoint_id>/replay")
@requires(WEBHOOKS_MANAGE)
def range_form(endpoint_id: int) -> Response:
    """Which deliveries to send again."""
    return _range(queries.one(endpoint_id), RangeForm(formdata=None))


@bp.post("/settings/webhooks/<int:endpoint_id>/replay")
@requires(WEBHOOKS_MANAGE)
def replay_range(endpoint_id: int) -> Response:
    """Send a range again."""
    endpoint, form = queries.one(endpoint_id), RangeForm()
    if form.validate():
        zone, status = queries.time_zone(), form.status.data
        since = clock.day_bounds(form.since.data, zone)[0] if form.since.data else None
        until = (
            clock.day_bounds(form.until.data, zone)[1] - timedelta(microseconds=1)
            if form.until.data
            else None
        )
        count = service.replay_range(
            endpoint, Range(since, until, (status,) if status else (), form.event.data)
        )
        pages.toast(
            f"{count:,} sent again." if count else "Nothing of that range is settled.",
            "success" if count else "info",
        )
        return pages.redirect(f"{PATH}/{endpoint.id}/deliveries")
    return _range(endpoint, form, 422)


def _range(endpoint: WebhookEndpoint, form: RangeForm, status: int = 200) -> Response:
    return pages.render("integrations/range.html", block={"dialog": "dialog"} if status == 200 else "form", status=status,
                        row=endpoint, form=form, page_title="Send again", host=queries.host_of(endpoint.url))  # fmt: skip
