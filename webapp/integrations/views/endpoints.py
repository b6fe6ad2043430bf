"""The list of webhooks, one webhook with its health, registering, changing, pausing."""

from datetime import timedelta
from typing import Any

from flask import Response, request

from webapp.audit import queries as audit
from webapp.integrations import queries, rules
from webapp.integrations.forms import EndpointForm
from webapp.integrations.permissions import WEBHOOKS_MANAGE, WEBHOOKS_READ
from webapp.integrations.queries import figures
from webapp.integrations.service import endpoints as service
from webapp.integrations.service import shared
from webapp.integrations.service.endpoints import Wanted
from webapp.integrations.views import bp
from webapp.integrations.views.health import CHART_COLUMNS, DAYS, STATES, TONES, chart, state_of
from webapp.kit import clock, errors, listing, lists, pages
from webapp.kit.listing import Sort
from webapp.kit.permissions import may, requires
from webapp.models import WebhookEndpoint

PATH = "/settings/webhooks"
SORTS = {"url": Sort(WebhookEndpoint.url), "added": Sort(WebhookEndpoint.created_at, descending=True),
         "last": Sort(WebhookEndpoint.last_delivery_at, descending=True)}  # fmt: skip
COLUMNS: list[dict[str, Any]] = [
    {"key": "url", "label": "Address", "kind": "cell", "sort": "url", "always": True},
    {"key": "events", "label": "Events", "kind": "cell"},
    {"key": "state", "label": "State", "kind": "cell"},
    {"key": "health", "label": "Last 24 hours", "kind": "cell"},
    {"key": "last_delivery_at", "label": "Last delivery", "kind": "ago", "sort": "last"},
    {"key": "created_at", "label": "Added", "kind": "date", "sort": "added", "hidden": True},
]


@bp.get("/settings/webhooks")
@requires(WEBHOOKS_READ)
def webhooks() -> Response:
    """Every webhook, with how it fares."""
    query = listing.read(SORTS, "added", labels={"state": "State"}, words={"state": STATES})
    statement = queries.listed(query.get("q"), query.get("state"))
    page = listing.rows(statement, query, SORTS, WebhookEndpoint.id, total=lists.total(statement))
    day = figures.sums([row.id for row in page.rows], clock.now() - timedelta(hours=24))
    page.rows = [_row(row.WebhookEndpoint, day.get(row.id)) for row in page.rows]
    return pages.render("integrations/list.html", block={"results": "results"}, page=page, query=query, columns=COLUMNS,
                        states=list(STATES.items()), may_manage=may(WEBHOOKS_MANAGE), page_title="Webhooks")  # fmt: skip


def _row(row: WebhookEndpoint, day: figures.Sum | None) -> dict[str, Any]:
    state = state_of(row)
    return {"id": row.id, "address": row.url, "description": row.description, "events": row.events,
            "state": state, "state_words": STATES[state], "tone": TONES[state], "delivered": day.delivered if day else 0,
            "failed": day.failed if day else 0, "last_delivery_at": row.last_delivery_at, "created_at": row.created_at,
            "row_class": "muted" if state == "paused" else ""}  # fmt: skip


@bp.get("/settings/webhooks/new")
@requires(WEBHOOKS_MANAGE)
def new_webhook() -> Response:
    """The form of a new webhook."""
    return _form(EndpointForm(formdata=None))


@bp.post("/settings/webhooks")
@requires(WEBHOOKS_MANAGE)
def register() -> Response:
    """Register it, send a test event, and show the secret, this once."""
    form = EndpointForm()
    if form.validate():
        try:
            made = service.register(_wanted(form), form.api.data)
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            delivery = service.test(made.endpoint)
            return _shown(made, "Webhook registered", delivery)
    return _form(form, status=422)


def _wanted(form: EndpointForm) -> Wanted:
    return Wanted(form.url.data, tuple(form.events.data or ()), form.description.data, form.in_order.data,
                  form.concurrency.data, form.rate_per_second.data)  # fmt: skip


def _form(form: EndpointForm, row: WebhookEndpoint | None = None, status: int = 200) -> Response:
    title = "Change the webhook" if row else "New webhook"
    return pages.render("integrations/form.html", block="form" if status != 200 else None, status=status, form=form, row=row,
                        groups=form.groups(), everything="*" in (form.events.data or ()), page_title=title)  # fmt: skip


def _shown(made: service.Made, title: str, delivery: Any = None) -> Response:
    return pages.render("integrations/made.html", made=made, row=made.endpoint, delivery=delivery, page_title=title,
                        header=rules.SIGNATURE_HEADER[made.endpoint.api])  # fmt: skip


@bp.get("/settings/webhooks/<int:endpoint_id>")
@requires(WEBHOOKS_READ)
def webhook(endpoint_id: int) -> Response:
    """One webhook: how it fares, what it is sent, what was changed."""
    row = queries.one(endpoint_id)
    now = clock.now()
    today = figures.sums([row.id], now - timedelta(hours=24)).get(row.id) or figures.Sum(0, 0, 0, 0)
    state = state_of(row)
    return pages.render(
        "integrations/show.html", row=row, state=state, state_words=STATES[state], tone=TONES[state], today=today,
        why=shared.WHY.get(row.paused_why, ""), counts=queries.counts(row.id), chart=chart(row.id),
        chart_columns=CHART_COLUMNS, may_manage=may(WEBHOOKS_MANAGE), entries=audit.history("webhook", row.id),
        secrets=rules.living(service.secrets_of(row.sealed), now), host=queries.host_of(row.url), days=DAYS,
        page_title=queries.host_of(row.url),
    )  # fmt: skip


@bp.get("/settings/webhooks/<int:endpoint_id>/edit")
@requires(WEBHOOKS_MANAGE)
def edit_webhook(endpoint_id: int) -> Response:
    """The form of a webhook that is there."""
    row = queries.one(endpoint_id)
    return _form(EndpointForm(formdata=None, obj=row), row)


@bp.post("/settings/webhooks/<int:endpoint_id>")
@requires(WEBHOOKS_MANAGE)
def change_webhook(endpoint_id: int) -> Response:
    """Change it."""
    row = queries.one(endpoint_id)
    form = EndpointForm()
    form.api.data = row.api  # what it speaks stays
    if form.validate():
        try:
            resolves = service.change(row, _wanted(form))
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            pages.toast("The webhook is changed." if resolves else
                        "The webhook is changed. Its host has no address yet: deliveries wait.")  # fmt: skip
            return pages.redirect(f"{PATH}/{row.id}")
    return _form(form, row, status=422)


@bp.post("/settings/webhooks/<int:endpoint_id>/test")
@requires(WEBHOOKS_MANAGE)
def test_webhook(endpoint_id: int) -> Response:
    """Send a test event, and look at it."""
    row = queries.one(endpoint_id)
    made = service.test(row)
    return pages.redirect(f"{PATH}/{row.id}/deliveries/{made.public_id}")


@bp.post("/settings/webhooks/<int:endpoint_id>/rotate")
@requires(WEBHOOKS_MANAGE)
def rotate_secret(endpoint_id: int) -> Response:
    """A new secret, shown this once."""
    return _shown(service.rotate(queries.one(endpoint_id)), "Secret rotated")


@bp.post("/settings/webhooks/<int:endpoint_id>/pause")
@requires(WEBHOOKS_MANAGE)
def pause_webhook(endpoint_id: int) -> Response:
    """Send nothing for now."""
    row = queries.one(endpoint_id)
    service.pause(row)
    pages.toast("Paused. What happens meanwhile is kept for it.", undo_url=f"{PATH}/{row.id}/resume")
    return pages.redirect(f"{PATH}/{row.id}")


@bp.post("/settings/webhooks/<int:endpoint_id>/resume")
@requires(WEBHOOKS_MANAGE)
def resume_webhook(endpoint_id: int) -> Response:
    """Go on, with or without what happened meanwhile."""
    row = queries.one(endpoint_id)
    skip = request.args.get("skip") == "1"
    service.resume(row, skip_missed=skip)
    pages.toast("Resumed from here on." if skip else "Resumed: what happened meanwhile is sent first.")
    return pages.redirect(f"{PATH}/{row.id}")


@bp.post("/settings/webhooks/<int:endpoint_id>/delete")
@requires(WEBHOOKS_MANAGE)
def delete_webhook(endpoint_id: int) -> Response:
    """Take it away."""
    row = queries.one(endpoint_id)
    service.remove(row)
    pages.toast(f"Nothing is sent to {queries.host_of(row.url)} any more.")
    return pages.redirect(PATH)
