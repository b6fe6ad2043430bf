"""Search and notices."""

from typing import Any

from flask import Response, request
from sqlalchemy import select

from webapp.accounts.permissions import OFFICE_USE
from webapp.accounts.service import notices
from webapp.desk import find
from webapp.desk.today import bp
from webapp.kit import context, listing, pages, streams
from webapp.kit.listing import Sort
from webapp.kit.permissions import requires, signed_in
from webapp.models import Notice

SORTS = {"when": Sort(Notice.created_at, descending=True)}
ICONS = {"info": "info", "success": "circle-check", "warning": "triangle-alert", "danger": "circle-alert"}


@bp.get("/search")
@requires(OFFICE_USE)
def search() -> Response:
    """Ctrl-K asks here for the list alone; as a page it works without JavaScript."""
    query = request.args.get("q", "").replace("\x00", "")
    template = "desk/found.html" if pages.is_htmx() else "desk/search.html"
    return pages.render(template, page_title="Search", groups=find.groups(query), q=query)


@bp.get("/stream")
@signed_in
def stream() -> Response:
    """What happens in the company, as events without content: pages fetch what they may see."""
    return streams.for_pages(context.principal(), streams.last_seen(request.headers.get("Last-Event-ID")))


@bp.get("/notices")
@signed_in
def all_notices() -> Response:
    """What I should know, newest first."""
    query = listing.read(SORTS, "when")
    who = context.principal()
    statement = select(
        Notice.id, Notice.kind, Notice.title, Notice.text, Notice.url, Notice.created_at, Notice.read_at
    ).where(Notice.tenant_id == context.tenant_id(), Notice.user_id == who.id)
    page = listing.rows(statement, query, SORTS, Notice.id, per_page=30)
    return pages.render("desk/notices.html", block={"notices": "notices"}, page_title="Notices", page=page, query=query,
                        icons=ICONS, unread=notices.unread_count(), phone=not who.may(OFFICE_USE))  # fmt: skip


@bp.get("/notices/<int:notice_id>")
@signed_in
def open_notice(notice_id: int) -> Response:
    """Go where a notice points; it counts as read from then on."""
    notice = notices.read(notice_id)
    return pages.redirect(notice.url if _ours(notice.url) else "/notices")


def _ours(url: str) -> bool:
    return url.startswith("/") and not url.startswith(("//", "/\\"))


@bp.post("/notices/<int:notice_id>/read")
@signed_in
def read_notice(notice_id: int) -> Response:
    """Mark one notice as read."""
    notices.read(notice_id)
    return pages.redirect("/notices")


@bp.post("/notices/read-all")
@signed_in
def read_all() -> Response:
    """Mark all of my notices as read."""
    amount = notices.read_all()
    if amount:
        pages.toast("All read.")
    return pages.redirect("/notices")


class UnreadCount:
    """The number behind the bell, read when a template shows it and not before."""

    _amount: int | None = None

    def _read(self) -> int:
        if self._amount is None:
            self._amount = notices.unread_count()
        return self._amount

    def __bool__(self) -> bool:
        return self._read() > 0

    def __str__(self) -> str:
        return str(self._read()) if self._read() < 100 else "99+"


def shell_values() -> dict[str, Any]:
    """What the shells show of notices."""
    return {"notices_count": UnreadCount(), "stream_url": "/stream"}
