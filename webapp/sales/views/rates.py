"""The matrix of commission rates: edited in place, with what a change would have paid last month."""

from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from webapp.kit import crypto, csv, errors, listing, money, pages
from webapp.kit.permissions import requires
from webapp.models import Item
from webapp.sales import rules
from webapp.sales.permissions import COMMISSION_EDIT, COMMISSION_READ
from webapp.sales.queries import figures
from webapp.sales.queries import rates as queries
from webapp.sales.queries.rates import Place
from webapp.sales.rate_forms import RateForm, ScaleForm
from webapp.sales.service import effect
from webapp.sales.service import rates as service
from webapp.sales.views import rates_bp as bp

PER_PAGE = 25
UNDO_SECONDS = 24 * 3600
FROM = {
    "technician_item": "set for this technician on this item",
    "technician_category": "from this technician on {category}",
    "item": "from everyone on this item",
    "category": "from everyone on {category}",
    "technician": "from the technician's default",
    "company": "from the company default",
}


@bp.get("")
@requires(COMMISSION_READ)
def index() -> Response:
    """Technicians against items or categories, with what applies in each cell and where it comes from."""
    query = listing.read({"name": listing.Sort(Item.name)}, "name")
    if query.get("format") == "csv":
        return csv.response(queries.file(), "commission-rates")
    kind = "categories" if query.get("by") == "categories" else "items"
    page = max(1, min(10_000, request.args.get("page", 1, type=int)))
    matrix = queries.matrix(kind, query.get("q"), page, PER_PAGE)
    return pages.render(
        "sales/rates.html",
        block={"matrix": "matrix"},
        page_title="Commission rates",
        query=query,
        kind=kind,
        matrix=matrix,
        where=where,
        cell_url=cell_url,
        pages_total=-(-matrix.total // PER_PAGE),
        scale=figures.default_scale(),
    )


def where(cell: queries.Cell) -> str:
    """Where a cell's rate comes from, in words."""
    if cell.rule is rules.NO_RATE:
        return "no rate is set"
    said = rules.describe_rate(cell.rule)
    if cell.rule.ov_rate_bps:
        said += f" and {money.percent(cell.rule.ov_rate_bps)} to the supervisor"
    if cell.own:
        return f"{said}, set here"
    return f"{said}, {FROM[cell.rule.level].format(category=cell.rule.label.rpartition(' on ')[2])}"


def cell_url(place: Place, verb: str = "edit") -> str:
    """The address of a cell's dialog."""
    named = {"technician": place.technician_id, "item": place.item_id, "category": place.category_id}
    given = {name: value for name, value in named.items() if value is not None}
    return f"/commission-rates/{verb}" + (f"?{urlencode(given)}" if given else "")


def _place() -> Place:
    """The place that the address names. Raises BadRequest for one that is no place of the hierarchy."""
    given = {}
    for name in ("technician", "item", "category"):
        text = request.args.get(name, "")
        if text and not (text.isascii() and text.isdigit() and len(text) < 19):
            raise errors.BadRequest(f"{name} must be a number.")
        given[name] = int(text) if text else None
    if given["item"] is not None and given["category"] is not None:
        raise errors.BadRequest("A rate is for an item or for a category, not for both.")
    return Place(given["technician"], given["item"], given["category"])


@bp.get("/edit")
@requires(COMMISSION_EDIT)
def edit() -> Response:
    """The dialog of one cell."""
    place = _place()
    form = RateForm(None)
    own = queries.named(place)
    if own is not None:
        form.show(queries.rule_of_named(own))
    return _dialog(form, place, own)


@bp.post("/edit")
@requires(COMMISSION_EDIT)
def save() -> Response:
    """Set the rate of a cell."""
    place, form = _place(), RateForm()
    own = queries.named(place)
    if form.validate():
        try:
            service.set_rate(place, form.rate())
        except errors.Invalid as problem:
            form.blame(problem)
        else:
            return _saved(place, own, "is set")
    return _dialog(form, place, own, status=422)


@bp.post("/remove")
@requires(COMMISSION_EDIT)
def remove() -> Response:
    """Take the rate of a cell away."""
    place = _place()
    own = queries.named(place)
    service.remove_rate(place)
    return _saved(place, own, "is removed")


def _saved(place: Place, own: Any, done: str) -> Response:
    label = service.named(place).label
    before = None if own is None else _plain(queries.rule_of_named(own))
    token = crypto.sign("commission-rates.undo", [asdict(place), before])
    pages.toast(f"The rate for {label} {done}. It counts for sales recorded from now on.",
                undo_url=f"/commission-rates/undo/{token}")  # fmt: skip
    return pages.done("rates-changed") if pages.is_htmx() else pages.redirect("/commission-rates")


def _plain(rule: rules.RateRule) -> dict[str, Any]:
    kept = (
        "structure",
        "rate_bps",
        "flat_cents",
        "tiers",
        "discount_scale_enabled",
        "discount_scale",
        "ov_rate_bps",
    )
    return {name: value for name, value in rule.as_json().items() if name in kept}


@bp.post("/undo/<token>")
@requires(COMMISSION_EDIT)
def undo(token: str) -> Response:
    """Put the rate back that a change replaced."""
    payload = crypto.unsign("commission-rates.undo", token, max_age_seconds=UNDO_SECONDS)
    if payload is None:
        raise errors.Conflict("This is too long ago to be undone. Set the rate by hand.")
    place, before = Place(**payload[0]), payload[1]
    if before is None:
        service.remove_rate(place)
    else:
        tiers = tuple(rules.Tier(**t) for t in before.pop("tiers"))
        scale = tuple(rules.ScaleStep(**s) for s in before.pop("discount_scale"))
        service.set_rate(place, service.Rate(tiers=tiers, discount_scale=scale, **before))
    pages.toast("The rate is as it was.")
    return pages.done("rates-changed") if pages.is_htmx() else pages.redirect("/commission-rates")


def _dialog(form: RateForm, place: Place, own: Any, status: int = 200) -> Response:
    named = service.named(place)
    first, _ = effect.last_month()
    return pages.render(
        "sales/rate_dialog.html",
        block="form" if status == 422 else {"dialog": "dialog"},
        status=status,
        page_title=f"Commission: {named.label}",
        form=form,
        named=named,
        own=own,
        inherited=_inherited(place),
        month=f"{first:%B}",
        action=cell_url(place),
        effect_url=cell_url(place, "effect"),
        remove_url=cell_url(place, "remove"),
    )


def _inherited(place: Place) -> str:
    """What applies where no rate is set at a place, in words; empty for the company's default."""
    if place == Place():
        return ""
    category = figures.item(place.item_id).category_id if place.item_id is not None else place.category_id
    above = [step for step in queries.chain(place, category) if step != place]
    found = next((row for row in map(queries.named, above) if row is not None), None)
    if found is None:
        return "no commission"
    rule = queries.rule_of_named(found)
    return f"{rules.describe_rate(rule)} ({rule.label[0].lower()}{rule.label[1:]})"


# What a change would have paid ----------------------------------------------------------------------------------------


@bp.post("/effect")
@requires(COMMISSION_EDIT)
def rate_effect() -> Response:
    """What the rate as it stands in the form would have paid on last month's sales."""
    place, form = _place(), RateForm()
    if not form.validate():
        return _effect(None, "Correct the amounts first.")
    try:
        rule = service.as_rule(form.rate(), service.named(place))
    except errors.Invalid as problem:
        return _effect(None, " ".join(p.message for p in problem.problems))
    return _effect(effect.of_rate(place, rule), "")


@bp.post("/remove/effect")
@requires(COMMISSION_EDIT)
def remove_effect() -> Response:
    """What last month's sales would have paid without the rate."""
    return _effect(effect.of_rate(_place(), None), "")


@bp.post("/scale/effect")
@requires(COMMISSION_EDIT)
def scale_effect() -> Response:
    """What another discount scale would have paid on last month's sales."""
    form = ScaleForm()
    if not form.validate():
        return _effect(None, "Correct the percentages first.")
    try:
        return _effect(effect.of_scale(form.scale()), "")
    except errors.Invalid as problem:
        return _effect(None, " ".join(p.message for p in problem.problems))


def _effect(result: effect.Effect | None, why_not: str) -> Response:
    period = "" if result is None else rules.label(result.first, result.last)
    return pages.render("sales/rate_effect.html", block="effect", page_title="Effect of the change", result=result,
                        why_not=why_not, period=period)  # fmt: skip


# The discount scale ---------------------------------------------------------------------------------------------------


@bp.route("/scale", methods=["GET", "POST"])
@requires(COMMISSION_EDIT)
def scale() -> Response:
    """The company's discount scale."""
    form = ScaleForm(request.form if request.method == "POST" else None)
    if request.method == "GET":
        form.show_scale(figures.default_scale())
    elif form.validate():
        try:
            service.set_default_scale(form.scale())
        except errors.Invalid as problem:
            form.blame(problem)
        else:
            pages.toast("The discount scale is saved. It counts for sales recorded from now on.")
            return pages.done("rates-changed") if pages.is_htmx() else pages.redirect("/commission-rates")
    refused = request.method == "POST"
    return pages.render(
        "sales/rate_scale.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title="Discount scale",
        form=form,
        month=f"{effect.last_month()[0]:%B}",
    )
