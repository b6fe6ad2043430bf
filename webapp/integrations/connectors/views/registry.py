"""The list of connectors, one connector with its health and rules, describing, changing, pausing."""

from datetime import timedelta
from typing import Any

from flask import Response, request

from webapp.audit import queries as audit
from webapp.integrations.connectors import describing, queries
from webapp.integrations.connectors.forms import PARTS, ConnectorForm, Described, hint
from webapp.integrations.connectors.rows import KINDS
from webapp.integrations.connectors.service import registry as service
from webapp.integrations.permissions import CONNECTORS_MANAGE, CONNECTORS_READ
from webapp.integrations.queries import figures
from webapp.integrations.service import shared
from webapp.integrations.views import bp
from webapp.integrations.views.health import CHART_COLUMNS, DAYS, STATES, TONES, chart, state_of
from webapp.kit import clock, errors, listing, lists, pages
from webapp.kit.listing import Sort
from webapp.kit.permissions import may, requires
from webapp.models import Connector, ConnectorHour

PATH = "/settings/connectors"
SORTS = {"name": Sort(Connector.name), "added": Sort(Connector.created_at, descending=True),
         "last": Sort(Connector.last_delivery_at, descending=True)}  # fmt: skip
COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "label": "Name", "kind": "cell", "sort": "name", "always": True},
    {"key": "address", "label": "Address", "kind": "cell"},
    {"key": "rules", "label": "Called when", "kind": "cell"},
    {"key": "state", "label": "State", "kind": "cell"},
    {"key": "health", "label": "Last 24 hours", "kind": "cell"},
    {"key": "last_delivery_at", "label": "Last call", "kind": "ago", "sort": "last"},
    {"key": "created_at", "label": "Added", "kind": "date", "sort": "added", "hidden": True},
]
SCHEMA_COLUMNS = [
    {"key": "name", "label": "Name", "kind": "cell"},
    {"key": "kind", "label": "Type", "kind": "text"},
    {"key": "needed", "label": "Required", "kind": "text"},
    {"key": "about", "label": "Description", "kind": "text"},
]


@bp.get("/settings/connectors")
@requires(CONNECTORS_READ)
def connectors() -> Response:
    """Every connector, with how it fares."""
    query = listing.read(SORTS, "name", labels={"state": "State"}, words={"state": STATES})
    statement = queries.listed(query.get("q"), query.get("state"))
    page = listing.rows(statement, query, SORTS, Connector.id, total=lists.total(statement))
    numbers = [row.id for row in page.rows]
    day = figures.sums(numbers, clock.now() - timedelta(hours=24), ConnectorHour)
    rules = queries.rules_of(numbers)
    page.rows = [_row(row.Connector, day.get(row.id), rules[row.id]) for row in page.rows]
    return pages.render("integrations/connectors/list.html", block={"results": "results"}, page=page, query=query,
                        columns=COLUMNS, states=list(STATES.items()), may_manage=may(CONNECTORS_MANAGE),
                        page_title="Connectors")  # fmt: skip


def _row(row: Connector, day: figures.Sum | None, rules: list[Any]) -> dict[str, Any]:
    state = state_of(row)
    return {"id": row.id, "name": row.name, "description": row.description, "method": row.method, "address": row.url,
            "rules": [r.name for r in rules if r.enabled], "state": state, "state_words": STATES[state],
            "tone": TONES[state], "delivered": day.delivered if day else 0, "failed": day.failed if day else 0,
            "last_delivery_at": row.last_delivery_at, "created_at": row.created_at,
            "row_class": "muted" if state == "paused" else ""}  # fmt: skip


@bp.get("/settings/connectors/new")
@requires(CONNECTORS_MANAGE)
def new_connector() -> Response:
    """The form of a new connector."""
    return _form(ConnectorForm(formdata=None), [Described(part, describing.EMPTY) for part in PARTS])


@bp.post("/settings/connectors")
@requires(CONNECTORS_MANAGE)
def create_connector() -> Response:
    """Describe an API, and go on to its test console."""
    return _saved(None)


@bp.get("/settings/connectors/<int:connector_id>/edit")
@requires(CONNECTORS_MANAGE)
def edit_connector(connector_id: int) -> Response:
    """The form of a connector that is there."""
    row = queries.one(connector_id)
    parts = [Described("inputs", row.inputs), Described("outputs", row.outputs)]
    return _form(ConnectorForm(formdata=None, obj=row), parts, row)


@bp.post("/settings/connectors/<int:connector_id>")
@requires(CONNECTORS_MANAGE)
def change_connector(connector_id: int) -> Response:
    """Change it."""
    return _saved(queries.one(connector_id))


def _saved(row: Connector | None) -> Response:
    form, parts = ConnectorForm(), [Described.posted(part) for part in PARTS]
    if any(request.form.get(name) for name in ("add", "drop", "switch")):
        for part in parts:
            part.reshape()
        return _form(form, parts, row)
    inputs, outputs = (part.schema() for part in parts)
    if form.validate() and inputs is not None and outputs is not None:
        wanted = form.wanted(inputs, outputs)
        try:
            made = service.change(row, wanted) if row else service.create(wanted)
        except (errors.Invalid, errors.Conflict) as problem:
            named = problem.details.get("fields") or {}
            for part in parts:
                part.error = named.get(part.part, "")
            form.blame(problem)
            form.form_errors = [e for e in form.form_errors if e not in [p.error for p in parts]]
        else:
            later = "" if made.resolves else " Its host has no address yet."
            pages.toast(
                f"The connector is changed.{later}" if row else f"The connector is there. Try it now.{later}"
            )
            return pages.redirect(f"{PATH}/{made.connector.id}" + ("" if row else "/console"))
    return _form(form, parts, row, 422)


def _form(
    form: ConnectorForm, parts: list[Described], row: Connector | None = None, status: int = 200
) -> Response:
    title = "Change the connector" if row else "New connector"
    wrong = [f"{p.part.capitalize()}: {p.error}" for p in parts if p.error]
    return pages.render("integrations/connectors/form.html", block="form" if request.method == "POST" else None,
                        status=status, form=form, row=row, parts=parts, wrong=wrong if status == 422 else [],
                        kinds=[(k, words) for k, (words, _) in KINDS.items()], page_title=title)  # fmt: skip


@bp.get("/settings/connectors/<int:connector_id>")
@requires(CONNECTORS_READ)
def connector(connector_id: int) -> Response:
    """One connector: how it fares, what it takes and gives, when it is called."""
    row = queries.one(connector_id)
    sums = figures.sums([row.id], clock.now() - timedelta(hours=24), ConnectorHour)
    state = state_of(row)
    return pages.render(
        "integrations/connectors/show.html", row=row, state=state, state_words=STATES[state], tone=TONES[state],
        today=sums.get(row.id) or figures.Sum(0, 0, 0, 0), why=shared.WHY.get(row.paused_why, ""),
        counts=queries.counts(row.id), chart=chart(row.id, ConnectorHour, "Answered"), chart_columns=CHART_COLUMNS, days=DAYS,
        may_manage=may(CONNECTORS_MANAGE), entries=audit.history("connector", row.id),
        inputs=_described(row.inputs), outputs=_described(row.outputs), schema_columns=SCHEMA_COLUMNS,
        rules=queries.rules_of([row.id])[row.id], page_title=row.name,
    )  # fmt: skip


def _described(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", ())
    return [
        {"name": name, "kind": hint({k: v for k, v in inner.items() if k != "description"}) if isinstance(inner, dict) else "",
         "needed": "Yes" if name in required else "",
         "about": _about(inner) if isinstance(inner, dict) else ""}
        for name, inner in schema.get("properties", {}).items()
    ]  # fmt: skip


def _about(inner: dict[str, Any]) -> str:
    choices = ", ".join(describing.parameter_words(v) for v in inner.get("enum", ())[:12])
    told = str(inner.get("description", ""))
    return f"{told} One of {choices}." if choices and told else f"One of {choices}." if choices else told


@bp.post("/settings/connectors/<int:connector_id>/pause")
@requires(CONNECTORS_MANAGE)
def pause_connector(connector_id: int) -> Response:
    """Call nothing for now."""
    row = queries.one(connector_id)
    service.pause(row)
    pages.toast("Paused. What happens meanwhile is kept for it.", undo_url=f"{PATH}/{row.id}/resume")
    return pages.redirect(f"{PATH}/{row.id}")


@bp.post("/settings/connectors/<int:connector_id>/resume")
@requires(CONNECTORS_MANAGE)
def resume_connector(connector_id: int) -> Response:
    """Go on, with or without what happened meanwhile."""
    row = queries.one(connector_id)
    skip = request.args.get("skip") == "1"
    service.resume(row, skip_missed=skip)
    pages.toast("Resumed from here on." if skip else "Resumed: the calls that wait are made first.")
    return pages.redirect(f"{PATH}/{row.id}")


@bp.post("/settings/connectors/<int:connector_id>/delete")
@requires(CONNECTORS_MANAGE)
def delete_connector(connector_id: int) -> Response:
    """Take it away."""
    row = queries.one(connector_id)
    service.remove(row)
    pages.toast(f"“{row.name}” is not called any more.")
    return pages.redirect(PATH)
