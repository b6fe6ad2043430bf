"""The field API of commission rates: each place of the hierarchy has its address."""

from collections.abc import Callable
from typing import Any

from webapp.kit import errors, paging
from webapp.kit.api import Api
from webapp.kit.db import db
from webapp.kit.dialects import FIELD
from webapp.models import CommissionRate
from webapp.sales import rate_schemas as schemas
from webapp.sales import rules
from webapp.sales.permissions import COMMISSION_EDIT, COMMISSION_READ
from webapp.sales.queries import figures
from webapp.sales.queries import rates as queries
from webapp.sales.queries.rates import Place
from webapp.sales.service import rates as service

api = Api(
    "commission_api",
    __name__,
    dialect=FIELD,
    url_prefix="/api/v1/admin/commission-config",
    tag="Commission rates",
)


@api.get("", permission=COMMISSION_READ, query=schemas.RateQuery, returns=schemas.RateOut, paged=True)
def list_rates(query: schemas.RateQuery) -> Any:
    """List all commission rates, the most general first."""
    statement = queries.listed()
    for name in ("technician_id", "item_id", "category_id", "level"):
        value = getattr(query, name)
        if value is not None:
            statement = statement.where(getattr(CommissionRate, name) == value)
    if query.updated_since is not None:
        statement = statement.where(CommissionRate.updated_at >= query.updated_since)
    return paging.numbered(statement, query, schemas.shape)


@api.get("/resolve", permission=COMMISSION_READ, query=schemas.ResolveQuery, returns=schemas.ResolveOut)
def resolve_rate(query: schemas.ResolveQuery) -> dict[str, Any]:
    """Say which rate applies when a technician sells an item, and why."""
    basis = figures.basis(query.technician_id, query.item_id)
    sold, who = basis.item, basis.people[query.technician_id]
    facts = rules.SaleFacts(
        sold_on=basis.calendar.today(), sale_price_cents=0, technician=rules.SaleTechnician(who.id, who.name)
    )
    snapshot = rules.calculate(facts, basis.rates, basis.scale)
    rule, override = snapshot.rule, snapshot.override.source
    return {
        "technician_id": who.id,
        "item_id": sold.id,
        "level": None if rule is rules.NO_RATE else rule.level,
        "rate_id": rule.id,
        "label": rule.label,
        **{name: value for name, value in schemas.terms(rule).items() if name != "ov_rate_bps"},
        "ov_rate_bps": (override.ov_rate_bps or 0) if override else 0,
        "ov_rate_from": override.label if override else None,
        "considered": [
            {"id": one.rule.id, "level": one.rule.level, "label": one.rule.label,
             "description": rules.describe_rate(one.rule), "used": one.used, "why": one.why}
            for one in snapshot.considered if one.rule is not rules.NO_RATE
        ],
    }  # fmt: skip


@api.get("/discount-scale", permission=COMMISSION_READ, returns=schemas.ScaleOut)
def get_scale() -> dict[str, Any]:
    """The company's discount scale, for rates that use one and name none."""
    return {"discount_scale": [step.as_json() for step in figures.default_scale()]}


@api.put("/discount-scale", permission=COMMISSION_EDIT, body=schemas.ScaleIn, returns=schemas.ScaleOut)
def set_scale(body: schemas.ScaleIn) -> dict[str, Any]:
    """Set the company's discount scale, for sales recorded from now on."""
    service.set_default_scale(schemas.steps_of(body.discount_scale))
    return get_scale()


def _get(place: Place) -> dict[str, Any]:
    db.session.flush()
    row = queries.named(place)
    if row is None:
        raise errors.NotFound(f"No rate is set for {service.named(place).label}.")
    return schemas.shape(row)


def _put(place: Place, body: schemas.RateIn) -> dict[str, Any]:
    try:
        service.set_rate(place, schemas.rate_of(body))
    except rules.InvalidRule as problem:
        raise schemas.renamed(problem) from None
    return _get(place)


def _delete(place: Place) -> dict[str, Any]:
    service.remove_rate(place)
    return {"removed": True}


PLACES: tuple[tuple[str, str, str], ...] = (
    ("/tech/<int:technician_id>/item/<int:item_id>", "technician_item", "a technician on an item"),
    (
        "/tech/<int:technician_id>/category/<int:category_id>",
        "technician_category",
        "a technician on a category",
    ),
    ("/tech/<int:technician_id>", "technician", "everything a technician sells"),
    ("/item/<int:item_id>", "item", "everyone on an item"),
    ("/category/<int:category_id>", "category", "everyone on a category"),
    ("/company", "company", "everything that has no other rate"),
)


def _routes(path: str, name: str, words: str) -> None:
    """GET, PUT and DELETE of one level of the hierarchy."""

    def view(act: Callable[..., dict[str, Any]], verb: str, sentence: str) -> Callable[..., dict[str, Any]]:
        def call(**given: Any) -> dict[str, Any]:
            body = {"body": given.pop("body")} if "body" in given else {}
            return act(Place(**given), **body)

        call.__name__, call.__doc__ = f"{verb}_{name}_rate", sentence
        return call

    api.get(path, permission=COMMISSION_READ, returns=schemas.RateOut)(
        view(_get, "get", f"The rate for {words}.")
    )
    api.put(path, permission=COMMISSION_EDIT, body=schemas.RateIn, returns=schemas.RateOut)(
        view(_put, "set", f"Set the rate for {words}; it counts for sales recorded from now on.")
    )
    api.delete(path, permission=COMMISSION_EDIT, returns=schemas.Removed)(
        view(_delete, "remove", f"Remove the rate for {words}; the next less specific one applies again.")
    )


for _place in PLACES:
    _routes(*_place)
