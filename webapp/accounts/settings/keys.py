"""API keys: made, shown once, revoked."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response
from sqlalchemy import select

from webapp.accounts import queries
from webapp.accounts.permissions import KEYS_MANAGE
from webapp.accounts.service import keys as service
from webapp.accounts.settings import bp
from webapp.accounts.settings.forms import KeyForm
from webapp.kit import clock, context, errors, pages, permissions
from webapp.kit.db import db
from webapp.models import ApiKey, User

COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "label": "Name", "always": True, "sub": "creator"},
    {"key": "product", "label": "For"},
    {"key": "prefix", "label": "Begins with", "kind": "cell"},
    {"key": "bound_to", "label": "May"},
    {"key": "last_used_at", "label": "Last used", "kind": "ago"},
    {"key": "expires_at", "label": "Expires", "kind": "date"},
    {"key": "state", "label": "State", "kind": "cell"},
    {"key": "act", "label": "Revoke", "hide_label": True, "kind": "cell", "align": "end"},
]


@bp.get("/settings/keys")
@permissions.requires(KEYS_MANAGE)
def keys() -> Response:
    """Every key, the living ones first."""
    statement = (
        select(ApiKey, User.name)
        .outerjoin(User, (User.tenant_id == ApiKey.tenant_id) & (User.id == ApiKey.created_by))
        .where(ApiKey.tenant_id == context.tenant_id())
        .order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
        .limit(200)
    )
    rows = [_shape(key, name) for key, name in db.session.execute(statement)]
    return pages.render("settings/keys.html", block={"results": "results"}, rows=rows, columns=COLUMNS,
                        page_title="API keys")  # fmt: skip


def _shape(key: ApiKey, creator: str | None) -> dict[str, Any]:
    over = key.expires_at is not None and key.expires_at <= clock.now()
    product = service.PRODUCTS.get(key.product)
    return {
        "id": key.id, "name": key.name, "product": product.title if product else key.product, "prefix": key.prefix,
        "bound_to": key.role.title() if key.role else key.scope.title() or "Its product", "creator": creator or "",
        "last_used_at": key.last_used_at, "expires_at": key.expires_at,
        "state": "revoked" if key.revoked_at else "expired" if over else "active",
        "row_class": "muted" if key.revoked_at or over else "",
    }  # fmt: skip


@bp.get("/settings/keys/new")
@permissions.requires(KEYS_MANAGE)
def new_key() -> Response:
    """The form of a new key."""
    return _form(KeyForm(formdata=None))


def _form(form: KeyForm, status: int = 200) -> Response:
    bound = {by: [p.name for p in service.PRODUCTS.values() if p.bound_to == by] for by in ("role", "scope")}
    return pages.render("settings/key_form.html", block="form" if status == 422 else None, status=status, form=form,
                        bound=bound, page_title="New API key")  # fmt: skip


@bp.post("/settings/keys")
@permissions.requires(KEYS_MANAGE)
def create_key() -> Response:
    """Make a key and show it, this once."""
    form = KeyForm()
    if form.validate():
        ends = None
        if form.expires_on.data is not None:
            zone = ZoneInfo(queries.organization().time_zone)
            following = form.expires_on.data + timedelta(days=1)
            ends = datetime(following.year, following.month, following.day, tzinfo=zone).astimezone(UTC)
        try:
            bound_to = service.PRODUCTS[form.product.data].bound_to
            row, key = service.create(form.name.data, form.product.data, role=form.role.data if bound_to == "role" else "",
                                      scope=form.scope.data if bound_to == "scope" else "", expires_at=ends)  # fmt: skip
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            header = {
                "closebot": "X-CloseBot-Key",
                "fixflow": "X-FixFlow-Key",
                "ledgerpilot": "X-LedgerPilot-Key",
            }
            return pages.render("settings/key_made.html", row=row, key=key, page_title="API key made",
                                header=header.get(row.product))  # fmt: skip
    return _form(form, 422)


@bp.post("/settings/keys/<int:key_id>/revoke")
@permissions.requires(KEYS_MANAGE)
def revoke_key(key_id: int) -> Response:
    """End a key; programs that use it are refused within seconds."""
    row = service.revoke(key_id)
    pages.toast(f"The key “{row.name}” is revoked. It stops working within five seconds.")
    return pages.redirect("/settings/keys")
