"""Saved views: a list's filters, order and columns under a name, for oneself or for everybody."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from webapp.accounts.permissions import COMPANY_EDIT
from webapp.kit import clock, context, errors, journal, pages, permissions
from webapp.kit.db import db, get
from webapp.models import SavedView

KEPT_OUT = {"after", "before", "format", "csrf_token", "view"}


def save(path: str, name: str, query: str, *, shared: bool = False) -> SavedView:
    """Keep a list under a name; the same name again replaces it. Raises Invalid."""
    who = context.principal()
    name = " ".join(name.split())
    if not 1 <= len(name) <= 60:
        raise errors.Invalid.one("name", "Give the view a name of 1 to 60 characters.")
    if not pages.is_ours(path) or len(path) > 200:
        raise errors.Invalid.one("path", "This is not a list.")
    if shared:
        permissions.demand(COMPANY_EDIT)
    kept = urlencode([(k, v) for k, v in parse_qsl(query[:2000]) if k not in KEPT_OUT])
    values = {"query": kept, "shared": shared}
    found = db.session.scalar(
        insert(SavedView)
        .values(
            tenant_id=context.tenant_id(),
            user_id=who.id,
            path=path,
            name=name,
            created_at=clock.now(),
            **values,
        )
        .on_conflict_do_update(index_elements=["tenant_id", "user_id", "path", "name"], set_=values)
        .returning(SavedView.id)
    )
    assert found is not None
    journal.audit(
        "saved_view.saved", record_type="saved_view", record_id=found, path=path, name=name, shared=shared
    )
    return get(SavedView, found)


def remove(view_id: int) -> SavedView:
    """Remove one's own view, or a shared one when one may change the company."""
    view = get(SavedView, view_id, what="saved view")
    if view.user_id != context.principal().id:
        if not view.shared:
            raise errors.NotFound("There is no such saved view.")
        permissions.demand(COMPANY_EDIT)
    db.session.execute(
        delete(SavedView).where(SavedView.tenant_id == view.tenant_id, SavedView.id == view.id)
    )
    journal.audit("saved_view.removed", record_type="saved_view", record_id=view.id, path=view.path, name=view.name,
                  shared=view.shared)  # fmt: skip
    return view


def listed(path: str) -> list[dict[str, Any]]:
    """The views of a list that the present user sees, for `ui.views`."""
    who = context.principal()
    statement = (
        select(SavedView)
        .where(SavedView.tenant_id == context.tenant_id(), SavedView.path == path,
               or_(SavedView.user_id == who.id, SavedView.shared))
        .order_by(SavedView.name, SavedView.id)
    )  # fmt: skip
    return [
        {"key": f"saved-{v.id}", "label": v.name, "url": f"{path}?{v.query}&view=saved-{v.id}" if v.query else
         f"{path}?view=saved-{v.id}", "delete_url": f"/saved-views/{v.id}/delete" if v.user_id == who.id else None}
        for v in db.session.scalars(statement)
    ]  # fmt: skip
