"""Rules of a connector: when it is called, with what; with a preview against what happened last."""

import json
from typing import Any

from flask import Response, request

from webapp.integrations.connectors import describing, forms, mapping, queries
from webapp.integrations.connectors.forms import RuleForm
from webapp.integrations.connectors.mapping import Condition
from webapp.integrations.connectors.service import acting as service
from webapp.integrations.connectors.views.registry import PATH
from webapp.integrations.permissions import CONNECTORS_MANAGE
from webapp.integrations.views import bp
from webapp.kit import errors, pages
from webapp.kit.permissions import requires
from webapp.models import Connector, ConnectorRule


@bp.get("/settings/connectors/<int:connector_id>/rules/new")
@requires(CONNECTORS_MANAGE)
def new_rule(connector_id: int) -> Response:
    """The form of a new rule."""
    return _form(queries.one(connector_id), RuleForm(formdata=None), service.Wanted("", ()))


@bp.post("/settings/connectors/<int:connector_id>/rules")
@requires(CONNECTORS_MANAGE)
def create_rule(connector_id: int) -> Response:
    """Call the connector from now on when something happens."""
    return _saved(queries.one(connector_id), None)


@bp.get("/settings/connectors/<int:connector_id>/rules/<int:rule_id>")
@requires(CONNECTORS_MANAGE)
def edit_rule(connector_id: int, rule_id: int) -> Response:
    """The form of a rule that is there."""
    row, rule = queries.one(connector_id), queries.rule(connector_id, rule_id)
    return _form(row, RuleForm(formdata=None, obj=rule), forms.rule_as_wanted(rule), rule)


@bp.post("/settings/connectors/<int:connector_id>/rules/<int:rule_id>")
@requires(CONNECTORS_MANAGE)
def change_rule(connector_id: int, rule_id: int) -> Response:
    """Change it."""
    return _saved(queries.one(connector_id), queries.rule(connector_id, rule_id))


def _saved(row: Connector, rule: ConnectorRule | None) -> Response:
    form = RuleForm()
    wanted = forms.posted_rule(row, form)
    if request.form.get("add") == "conditions":
        return _form(row, form, wanted, rule, more=True)
    problem: errors.AppError | None = None
    if form.validate():
        try:
            if rule:
                service.change(row, rule, wanted)
            else:
                service.create(row, wanted)
        except (errors.Invalid, errors.Conflict) as refused:
            problem = refused
        else:
            pages.toast("The rule is changed." if rule else "From now on it is called when that happens.")
            return pages.redirect(f"{PATH}/{row.id}")
    return _form(row, form, wanted, rule, status=422, problem=problem)


def _form(row: Connector, form: RuleForm, wanted: service.Wanted, rule: ConnectorRule | None = None, *,
          status: int = 200, more: bool = False, problem: errors.AppError | None = None) -> Response:  # fmt: skip
    named = dict((problem.details.get("fields") or {}) if problem else {})
    if problem is not None:
        form.blame(problem)
        # said beside their rows, and above in one line each
        form.form_errors = list(dict.fromkeys(form.form_errors))
    conditions = list(wanted.conditions) or []
    if more or not conditions:
        conditions = [*conditions, Condition("", "is")]
    sources = wanted.mapping or {}
    inputs = [
        {"name": name, "number": number, "required": name in row.inputs.get("required", ()), "hint": forms.hint(schema),
         "kind": sources[name].kind if name in sources else "", "value": sources[name].value if name in sources else "",
         "error": named.get(f"mapping-{name}")}
        for number, (name, schema) in enumerate(row.inputs.get("properties", {}).items())
    ]  # fmt: skip
    return pages.render(
        "integrations/connectors/rule.html", block="form" if request.method == "POST" else None, status=status, row=row,
        form=form, rule=rule, groups=form.groups(), everything="*" in (form.events.data or ()), conditions=conditions,
        operators=list(mapping.OPERATORS.items()), sources=list(mapping.SOURCES.items()), inputs=inputs, named=named,
        shown=_shown(row, wanted), page_title="Change the rule" if rule else "New rule",
    )  # fmt: skip


def _shown(row: Connector, wanted: service.Wanted) -> dict[str, Any] | None:
    """The preview as the page shows it; None while no event is chosen."""
    try:
        found = service.preview(row, wanted)
    except errors.Invalid:
        return None
    return {
        "event": found.event, "real": found.real, "holds": found.holds, "problems": [p.words for p in found.problems],
        "body": json.dumps(found.body, indent=2, ensure_ascii=False),
        "inputs": json.dumps(found.inputs, indent=2, ensure_ascii=False),
        "paths": [(path, describing.parameter_words(value)[:80]) for path, value in mapping.paths(found.body)][:200],
    }  # fmt: skip


@bp.post("/settings/connectors/<int:connector_id>/rules/preview")
@requires(CONNECTORS_MANAGE)
def preview_rule(connector_id: int) -> Response:
    """What the rule as it stands in the form makes of what happened last."""
    row = queries.one(connector_id)
    shown = _shown(row, forms.posted_rule(row, RuleForm()))
    return pages.render(
        "integrations/connectors/preview.html", block="preview", row=row, shown=shown, page_title="Preview"
    )


@bp.post("/settings/connectors/<int:connector_id>/rules/<int:rule_id>/switch")
@requires(CONNECTORS_MANAGE)
def switch_rule(connector_id: int, rule_id: int) -> Response:
    """Turn it off or on."""
    rule = queries.rule(queries.one(connector_id).id, rule_id)
    on = not rule.enabled
    service.switch(rule, on=on)
    pages.toast(f"“{rule.name}” is {'on' if on else 'off'}.")
    return pages.redirect(f"{PATH}/{connector_id}")


@bp.post("/settings/connectors/<int:connector_id>/rules/<int:rule_id>/delete")
@requires(CONNECTORS_MANAGE)
def delete_rule(connector_id: int, rule_id: int) -> Response:
    """Take it away."""
    rule = queries.rule(queries.one(connector_id).id, rule_id)
    service.remove(rule)
    pages.toast(f"“{rule.name}” is deleted.")
    return pages.redirect(f"{PATH}/{connector_id}")
