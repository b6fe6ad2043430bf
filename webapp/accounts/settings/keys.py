"""API keys: made, shown once, changed, rotated, revoked."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Response

from webapp.accounts import key_rules, queries, usage_figures
from webapp.accounts.permissions import KEYS_MANAGE
from webapp.accounts.service import keyring
from webapp.accounts.service import keys as service
from webapp.accounts.service.keyring import PRODUCTS, Product
from webapp.accounts.settings import bp
from webapp.accounts.settings.forms import KeyChangeForm, KeyEditForm, KeyForm, RotateForm
from webapp.audit import queries as audit
from webapp.kit import clock, context, errors, pages, permissions, scopes
from webapp.models import ApiKey

PATH = "/settings/keys"
COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "label": "Name", "kind": "cell", "always": True},
    {"key": "product", "label": "For"},
    {"key": "prefix", "label": "Begins with", "kind": "cell"},
    {"key": "bound_to", "label": "May", "sub": "narrowed"},
    {"key": "last_used_at", "label": "Last used", "kind": "ago", "sub": "last_address"},
    {"key": "expires_at", "label": "Expires", "kind": "date"},
    {"key": "state", "label": "State", "kind": "cell"},
    {"key": "act", "label": "Revoke", "hide_label": True, "kind": "cell", "align": "end"},
]
DAY_COLUMNS: list[dict[str, Any]] = [
    {"key": "day", "label": "Day", "kind": "date"},
    {"key": "requests", "label": "Requests", "kind": "number"},
    {"key": "ok", "label": "Answered", "kind": "number"},
    {"key": "refused", "label": "Refused", "kind": "number"},
    {"key": "failed", "label": "Failed here", "kind": "number"},
    {"key": "limited", "label": "Limits hit", "kind": "number"},
]
SUMS: list[dict[str, Any]] = [
    {"key": "requests", "label": "Requests", "kind": "number"},
    {"key": "errors", "label": "Errors", "kind": "number"},
    {"key": "limited", "label": "Limits hit", "kind": "number"},
]
ROUTE_COLUMNS = [{"key": "route", "label": "Route", "kind": "cell"}, *SUMS]
KEY_COLUMNS = [{"key": "name", "label": "Key", "kind": "cell"}, *SUMS]
HEADERS = {
    "closebot": "X-CloseBot-Key",
    "fixflow": "X-FixFlow-Key",
    "ledgerpilot": "X-LedgerPilot-Key",
}
TONES = {"active": "success", "rotating": "info", "revoked": "neutral", "expired": "warning"}


@bp.get("/settings/keys")
@permissions.requires(KEYS_MANAGE)
def keys() -> Response:
    """Every key, the living ones first."""
    found = queries.listed_keys()
    seen = usage_figures.seen(row.ApiKey for row in found)
    rows = [_shape(row.ApiKey, row.name, seen[row.ApiKey.id]) for row in found]
    return pages.render("settings/keys.html", block={"results": "results"}, rows=rows, columns=COLUMNS, tones=TONES,
                        page_title="API keys")  # fmt: skip


def state_of(key: ApiKey) -> str:
    """active, rotating (two secrets work), expired or revoked."""
    if key.revoked_at:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= clock.now():
        return "expired"
    return "rotating" if service.overlapping(key) else "active"


def _bound_to(key: ApiKey) -> str:
    return key.role.title() if key.role else key.scope.title() or "Its product"


def _shape(key: ApiKey, creator: str | None, seen: usage_figures.Seen) -> dict[str, Any]:
    product, state = PRODUCTS[key.product], state_of(key)
    narrowed = key_rules.ACCESS_WORDS[key.access] if key.access != "full" else ""
    return {
        "id": key.id, "name": key.name, "product": product.title, "prefix": key.prefix, "test": product.test,
        "bound_to": _bound_to(key), "narrowed": narrowed, "creator": creator or "", "last_used_at": seen.at,
        "last_address": seen.address, "expires_at": key.expires_at, "state": state,
        "row_class": "muted" if state in ("revoked", "expired") else "",
    }  # fmt: skip


# Making and changing ------------------------------------------------------------------------------------------------


@bp.get("/settings/keys/new")
@permissions.requires(KEYS_MANAGE)
def new_key() -> Response:
    """The form of a new key."""
    return _form(KeyForm(formdata=None))


def _form(form: KeyChangeForm, row: ApiKey | None = None, status: int = 200) -> Response:
    products = [PRODUCTS[row.product]] if row else [p for p in PRODUCTS.values() if not p.test]
    bound = {by: [p.name for p in products if p.bound_to == by] for by in ("role", "scope")}
    return pages.render(
        "settings/key_form.html", block="form" if status == 422 else None, status=status, form=form, row=row,
        bound=bound, areas=[(p.name, scopes.areas(p.dialect)) for p in products], chosen=form.scopes.data or [],
        address=context.origin().address, page_title=f"Change “{row.name}”" if row else "New API key",
    )  # fmt: skip


def _scopes(form: KeyChangeForm, product: Product) -> list[str]:
    # boxes of another API may be ticked still, out of sight
    known = scopes.names(product.dialect)
    return [one for one in form.scopes.data or [] if one in known]


@bp.post("/settings/keys")
@permissions.requires(KEYS_MANAGE)
def create_key() -> Response:
    """Make a key and show it, this once."""
    form = KeyForm()
    if form.validate():
        try:
            product = PRODUCTS[form.wanted_product]
            row, key = service.create(
                form.name.data, product.name, role=form.role.data if product.bound_to == "role" else "",
                scope=form.scope.data if product.bound_to == "scope" else "",
                expires_at=form.ends(clock.now(), queries.organization().time_zone), access=form.access.data,
                chosen=_scopes(form, product), allowed=form.addresses(),
            )  # fmt: skip
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            return _shown(row, key, f"“{row.name}” is ready")
    return _form(form, status=422)


def _shown(row: ApiKey, key: str, title: str) -> Response:
    product = PRODUCTS[row.product]
    return pages.render("settings/key_made.html", row=row, key=key, title=title, page_title="API key made",
                        header=HEADERS.get(product.api), test=product.test, overlapping=service.overlapping(row))  # fmt: skip


@bp.get("/settings/keys/<int:key_id>")
@permissions.requires(KEYS_MANAGE)
def one_key(key_id: int) -> Response:
    """One key: what it may, how it is used, what was changed."""
    row, maker = queries.key_with_maker(key_id)
    zone = queries.organization().time_zone
    figures = usage_figures.read(zone, row.id)
    product = PRODUCTS[row.product]
    return pages.render(
        "settings/key.html", row=row, maker=maker, product=product, state=state_of(row), tones=TONES,
        seen=usage_figures.seen([row])[row.id], bound_to=_bound_to(row), access=key_rules.ACCESS_WORDS[row.access],
        overlapping=service.overlapping(row), stands=keyring.stands(row), figures=figures,
        chart=usage_figures.chart(figures), routes=usage_figures.rows(figures.routes, "route"),
        day_columns=DAY_COLUMNS, route_columns=ROUTE_COLUMNS, entries=audit.history("api_key", row.id),
        days=usage_figures.DAYS, page_title=row.name,
    )  # fmt: skip


@bp.get("/settings/keys/<int:key_id>/edit")
@permissions.requires(KEYS_MANAGE)
def edit_key(key_id: int) -> Response:
    """The form of a key that is there."""
    row, _ = queries.key_with_maker(key_id)
    present = {
        "name": row.name,
        "access": row.access,
        "scopes": row.scopes,
        "allowed": "\n".join(row.allowed),
    }
    form = KeyEditForm(formdata=None, data=present | {"expires": "keep"})
    form.keep_end(_end_words(row))
    return _form(form, row)


def _end_words(row: ApiKey) -> str:
    if row.expires_at is None:
        return "never"
    zone = ZoneInfo(queries.organization().time_zone)
    return row.expires_at.astimezone(zone).strftime("%b %-d, %Y at %-I:%M %p")


@bp.post("/settings/keys/<int:key_id>")
@permissions.requires(KEYS_MANAGE)
def change_key(key_id: int) -> Response:
    """Change what a key may, from where, until when."""
    row, _ = queries.key_with_maker(key_id)
    form = KeyEditForm()
    form.keep_end(_end_words(row))
    if form.validate():
        try:
            keeps = form.expires.data == "keep"
            ends = row.expires_at if keeps else form.ends(clock.now(), queries.organization().time_zone)
            wanted = service.Wanted(form.name.data, form.access.data, _scopes(form, PRODUCTS[row.product]),
                                    form.addresses(), ends)  # fmt: skip
            service.change(key_id, wanted)
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            pages.toast("The key is changed. It holds everywhere within five seconds.")
            return pages.redirect(f"{PATH}/{key_id}")
    return _form(form, row, 422)


# Two secrets --------------------------------------------------------------------------------------------------------


@bp.get("/settings/keys/<int:key_id>/rotate")
@permissions.requires(KEYS_MANAGE)
def ask_rotation(key_id: int) -> Response:
    """How long the old secret works on."""
    row, _ = queries.key_with_maker(key_id)
    return pages.render("settings/key_rotate.html", block={"dialog": "dialog"}, row=row, form=RotateForm(formdata=None),
                        page_title=f"Rotate “{row.name}”")  # fmt: skip


@bp.post("/settings/keys/<int:key_id>/rotate")
@permissions.requires(KEYS_MANAGE)
def rotate_key(key_id: int) -> Response:
    """Make a new secret and show it, this once."""
    form = RotateForm()
    if not form.validate():
        raise errors.Invalid.one("hours", "The old secret can work on for 0 to 168 hours (7 days).")
    row, key = service.rotate(key_id, form.hours.data)
    return _shown(row, key, f"“{row.name}” has a new secret")


@bp.post("/settings/keys/<int:key_id>/end-overlap")
@permissions.requires(KEYS_MANAGE)
def end_overlap(key_id: int) -> Response:
    """The old secret ends now."""
    row = service.end_overlap(key_id)
    pages.toast(f"The old secret of “{row.name}” stops working within five seconds.")
    return pages.redirect(f"{PATH}/{key_id}")


@bp.post("/settings/keys/<int:key_id>/revoke")
@permissions.requires(KEYS_MANAGE)
def revoke_key(key_id: int) -> Response:
    """End a key; programs that use it are refused within seconds."""
    row = service.revoke(key_id)
    pages.toast(f"The key “{row.name}” is revoked. It stops working within five seconds.")
    return pages.redirect(PATH)


# Use of all ---------------------------------------------------------------------------------------------------------


@bp.get("/settings/keys/usage")
@permissions.requires(KEYS_MANAGE)
def keys_usage() -> Response:
    """How all keys were used in the last month."""
    figures = usage_figures.read(queries.organization().time_zone)
    names = queries.key_names() if figures.keys else {}
    rows = usage_figures.rows(figures.keys, "id")
    return pages.render(
        "settings/keys_usage.html", figures=figures, chart=usage_figures.chart(figures), days=usage_figures.DAYS,
        keys=[row | {"name": names.get(row["id"], "")} for row in rows],
        routes=usage_figures.rows(figures.routes, "route"), day_columns=DAY_COLUMNS, route_columns=ROUTE_COLUMNS,
        key_columns=KEY_COLUMNS, page_title="Use of API keys",
    )  # fmt: skip
