"""The test console, and the recorded calls: the list, one with its attempts, made again."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Response, request

from webapp.integrations.connectors import forms, queries, rules
from webapp.integrations.connectors.service import calls as service
from webapp.integrations.connectors.views.registry import PATH
from webapp.integrations.permissions import CONNECTORS_MANAGE, CONNECTORS_READ
from webapp.integrations.queries import time_zone
from webapp.integrations.rules import UNSETTLED
from webapp.integrations.views import bp
from webapp.integrations.views.health import DELIVERY_TONES, look_again
from webapp.kit import clock, errors, ids, listing, lists, pages
from webapp.kit.db import db, find
from webapp.kit.listing import ListQuery, Sort
from webapp.kit.permissions import may, requires
from webapp.models import Connector, ConnectorCall

SORTS = {"id": Sort(ConnectorCall.id, descending=True)}
STATUSES = {"pending": "On its way", "retrying": "Trying again", "delivered": "Answered", "dead_letter": "Given up",
            "cancelled": "Cancelled"}  # fmt: skip
ORIGINS = {"event": "An event", "console": "Test console", "again": "Called again"}
COLUMNS: list[dict[str, Any]] = [
    {"key": "created_at", "label": "Made", "kind": "when", "always": True},
    {"key": "connector", "label": "Connector", "kind": "cell", "always": True},
    {"key": "cause", "label": "Because of", "kind": "cell"},
    {"key": "status", "label": "State", "kind": "cell"},
    {"key": "answer", "label": "Answer", "kind": "cell"},
    {"key": "latency_ms", "label": "Took, ms", "kind": "number"},
    {"key": "tries", "label": "Attempts", "kind": "number"},
    {"key": "next_attempt_at", "label": "Next attempt", "kind": "when", "hidden": True},
    {"key": "idempotency_key", "label": "Idempotency key", "kind": "text", "hidden": True},
]
LABELS = {"connector": "Connector", "status": "State", "origin": "Because of", "event": "Event", "from": "Since",
          "to": "Until", "misfit": "Answer"}  # fmt: skip
MISFIT = {"1": "Not as described"}


# The console ------------------------------------------------------------------------------------------------------


@bp.get("/settings/connectors/<int:connector_id>/console")
@requires(CONNECTORS_MANAGE)
def console(connector_id: int) -> Response:
    """Try a connector: its inputs as fields; those of an earlier call with `?from=`."""
    row = queries.one(connector_id)
    values = forms.first_values(row)
    earlier = request.args.get("from", "")
    if earlier:
        call = queries.call(earlier)
        if call.connector_id == row.id:
            values = forms.console_values(row, call.inputs)
    return _console(row, values)


@bp.post("/settings/connectors/<int:connector_id>/console")
@requires(CONNECTORS_MANAGE)
def use_console(connector_id: int) -> Response:
    """Show the request as it would be sent, or send it."""
    row = queries.one(connector_id)
    names = row.inputs.get("properties", {})
    text = {name: request.form.get(f"input-{name}", "") for name in names}
    try:
        inputs, text = forms.posted_inputs(row)
        if request.form.get("action") == "preview":
            return _console(row, text, preview=_preview(row, service.checked(row, inputs)))
        made = service.make(row, inputs, once=request.form.get("retry") != "1")
    except (errors.Invalid, errors.Conflict) as problem:
        return _console(row, text, status=422, problem=problem)
    return pages.redirect(f"{PATH}/calls/{made.public_id}")


def _preview(row: Connector, built: rules.Built) -> dict[str, Any]:
    now = clock.now()
    key, keys = ids.prefixed("idem", 24), queries.keys()
    present, upcoming = rules.present(keys, now), rules.upcoming(keys, now)
    assert present is not None  # made with the first connector
    stamp = int(now.timestamp())
    headers = rules.headers(built, present.text, key, stamp, upcoming.text if upcoming else None)
    lines = [f"{built.method} {built.url}", *(f"{name}: {value}" for name, value in headers.items())]
    body = ["", built.content.decode()] if built.content else []
    return {
        "text": "\n".join([*lines, *body]),
        "canonical": rules.canonical(built.base, key, stamp, built.signed),
    }


def _console(row: Connector, values: Mapping[str, str], *, status: int = 200, preview: dict[str, Any] | None = None,
             problem: errors.AppError | None = None) -> Response:  # fmt: skip
    named = (problem.details.get("fields") or {}) if problem else {}
    fields = forms.console_fields(row, values, named)
    shown = {f["name"] for f in fields}
    wrong = [{"text": sentence, "id": next((f["id"] for f in fields if f["name"] == name), "")}
             for name, sentence in named.items()] or ([{"text": problem.message, "id": ""}] if problem else [])  # fmt: skip
    return pages.render("integrations/connectors/console.html", block="form" if request.method == "POST" else None,
                        status=status, row=row, fields=fields, preview=preview, wrong=wrong, shown=shown,
                        retry=request.form.get("retry") == "1", page_title=f"Test: {row.name}")  # fmt: skip


# The calls --------------------------------------------------------------------------------------------------------


@bp.get("/settings/connectors/calls")
@requires(CONNECTORS_READ)
def connector_calls() -> Response:
    """Every call that was made, newest first."""
    names = queries.names()
    words = {
        "status": STATUSES,
        "origin": ORIGINS,
        "misfit": MISFIT,
        "connector": {str(i): n for i, n in names},
    }
    query = listing.read(SORTS, "id", labels=LABELS, words=words)
    statement = _filtered(query)
    page = listing.rows(statement, query, SORTS, ConnectorCall.id, total=lists.total(statement))
    named = queries.named([row.ConnectorCall.connector_id for row in page.rows])
    page.rows = [_row(row.ConnectorCall, named) for row in page.rows]
    return pages.render("integrations/connectors/calls.html", block={"results": "results"}, page=page, query=query,
                        columns=COLUMNS, statuses=list(STATUSES.items()), origins=list(ORIGINS.items()),
                        connectors=[(str(i), n) for i, n in names], events=[(n, n) for n in queries.called_for()],
                        misfits=list(MISFIT.items()), may_manage=may(CONNECTORS_MANAGE), page_title="Calls")  # fmt: skip


def _filtered(query: ListQuery) -> Any:
    zone = time_zone()
    start, end = query.date("from"), query.date("to")
    number = query.get("connector")
    statement = queries.calls(
        int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None,
        [s for s in query.getlist("status") if s in STATUSES], event=query.get("event"),
        origins=[o for o in query.getlist("origin") if o in ORIGINS],
        since=clock.day_bounds(start, zone)[0] if start else None,
        before=clock.day_bounds(end, zone)[1] if end else None, misfits=query.get("misfit") == "1",
    )  # fmt: skip
    return queries.searched(statement, query.get("q")).add_columns(ConnectorCall.id.label("id"))


def _row(row: ConnectorCall, named: Mapping[int, str]) -> dict[str, Any]:
    return {
        "id": row.id, "url": f"{PATH}/calls/{row.public_id}", "created_at": row.created_at, "cause": cause(row),
        "connector": named.get(row.connector_id, ""), "status": row.status, "status_words": STATUSES[row.status],
        "record": f"{row.record_type} {row.record_id}" if row.event and row.record_id else "",
        "tone": DELIVERY_TONES[row.status], "response_status": row.response_status, "error": row.error, "misfit": row.misfit,
        "latency_ms": row.latency_ms, "tries": row.tries, "next_attempt_at": row.next_attempt_at,
        "idempotency_key": row.idempotency_key,
    }  # fmt: skip


def cause(row: ConnectorCall) -> str:
    """What made a call, in words."""
    return row.event if row.origin == "event" else ORIGINS[row.origin]


@bp.get("/settings/connectors/calls/<call_id>")
@requires(CONNECTORS_READ)
def connector_call(call_id: str) -> Response:
    """One call: what was sent, and what came back each time."""
    found = queries.call(call_id)
    row = find(Connector, found.connector_id)
    assert row is not None  # a call goes with its connector
    here = request.headers.get("HX-Current-URL", "").partition("?")[0].endswith(request.path)
    if here and request.args.get("tries", "") not in ("", str(found.tries)):
        return Response(headers={"HX-Refresh": "true"})  # an attempt was made since: the whole page shows it
    live = row.deleted_at is None
    return pages.render(
        "integrations/connectors/call.html", block={"call-state": "state"}, row=row, call=found, live=live,
        status_words=STATUSES[found.status], tone=DELIVERY_TONES[found.status], cause=cause(found),
        attempts=queries.attempts(found.id)[::-1], moving=found.status in UNSETTLED and row.enabled,
        look_again=look_again(found.next_attempt_at),
        inputs=json.dumps(found.inputs, indent=2, ensure_ascii=False), may_manage=may(CONNECTORS_MANAGE),
        rule=queries.rule_name(found.rule_id), window=int(rules.WINDOW.total_seconds() // 60), page_title=row.name,
    )  # fmt: skip


@bp.post("/settings/connectors/calls/<call_id>/again")
@requires(CONNECTORS_MANAGE)
def call_again(call_id: str) -> Response:
    """Make it once more, under a key of its own."""
    made = service.again(queries.call(call_id))
    pages.toast("It is called again, as a new call under a new key.")
    return pages.redirect(f"{PATH}/calls/{made.public_id}")


@bp.post("/settings/connectors/calls/bulk/again")
@requires(CONNECTORS_MANAGE)
def call_several_again() -> Response:
    """Make the ticked ones once more."""
    query = listing.read(SORTS, "id", labels=LABELS)
    numbers = lists.selected(
        lambda most: [row.id for row in db.session.execute(_filtered(query).limit(most))]
    )
    done, refused = 0, ""
    for number in sorted(numbers):
        one = find(ConnectorCall, number)
        if one is None:
            continue
        try:
            service.again(one)
            done += 1
        except (errors.Conflict, errors.NotFound, errors.Invalid) as problem:
            refused = problem.message
    if done:
        pages.toast(f"{done} called again.")
    if refused:
        pages.toast(f"{len(numbers) - done} not called again. {refused}", "warning")
    return pages.redirect(lists.back_to(f"{PATH}/calls", query))
