"""The page Downloads, the dialog Export, and the signed addresses of files."""

from typing import Any

from flask import Blueprint, Response, request

from webapp.downloads import queries, service
from webapp.downloads.registry import find
from webapp.kit import context, errors, files, listing, pages, permissions, tenancy
from webapp.kit.listing import Sort
from webapp.models import Download

bp = Blueprint("downloads", __name__)
SORTS = {"asked": Sort(Download.created_at, descending=True), "title": Sort(Download.title)}
COLUMNS = [
    {"key": "title", "label": "What", "kind": "cell", "sort": "title", "always": True},
    {"key": "status", "label": "State", "kind": "cell", "always": True},
    {"key": "size", "label": "Size", "kind": "cell", "align": "end"},
    {"key": "created_at", "label": "Asked for", "kind": "when", "sort": "asked"},
    {"key": "expires_at", "label": "Kept until", "kind": "date"},
    {
        "key": "actions",
        "label": "Actions",
        "kind": "cell",
        "align": "end",
        "hide_label": True,
        "always": True,
    },
]
NOT_ARGUMENTS = {
    "kind",
    "title",
    "csrf_token",
    "next",
    "sort",
    "dir",
    "cols",
    "view",
    "after",
    "before",
    "format",
}


@bp.get("/downloads")
@permissions.signed_in
def index() -> Response:
    """My downloads, newest first; those under way show how far they are."""
    query = listing.read(SORTS, "asked")
    page = listing.rows(queries.mine(), query, SORTS, Download.id, total=queries.count())
    page.rows = queries.shown(page.rows)
    return pages.render(
        "downloads/list.html",
        block={"results": "results"},
        page_title="Downloads",
        page=page,
        query=query,
        columns=COLUMNS,
        kept_days=service.KEPT_DAYS,
    )


@bp.get("/downloads/<int:download_id>")
@permissions.signed_in
def show(download_id: int) -> Response:
    """Where notices and the audit log lead: the list, which has this one in it."""
    queries.own(download_id)
    return pages.redirect("/downloads")


@bp.get("/downloads/<int:download_id>/progress")
@permissions.signed_in
def progress(download_id: int) -> Response:
    """How far one is: asked every second; the list reads itself anew once it is over."""
    download = queries.one(download_id)
    if not pages.is_htmx():
        return pages.redirect("/downloads")
    if download.status != "preparing":
        pages.trigger(**{"downloads-changed": True})
    return pages.render("downloads/progress.html", block="progress", row=download)


@bp.get("/downloads/<int:download_id>/file")
@permissions.signed_in
def file(download_id: int) -> Response:
    """The file itself, by way of an address that is good for an hour and needs no cookie."""
    return Response(status=303, headers={"Location": service.address(download_id)})


@bp.post("/downloads/<int:download_id>/retry")
@permissions.signed_in
def retry(download_id: int) -> Response:
    """Prepare a failed or expired one anew."""
    download = service.retry(download_id)
    pages.toast(f"Preparing {download.title} anew.", "info")
    return pages.done("downloads-changed") if pages.is_htmx() else pages.redirect("/downloads")


@bp.post("/downloads/<int:download_id>/delete")
@permissions.signed_in
def delete(download_id: int) -> Response:
    """Remove one with its file, or stop preparing it."""
    service.delete(download_id)
    pages.toast("Download removed.")
    return pages.done("downloads-changed") if pages.is_htmx() else pages.redirect("/downloads")


@bp.get("/downloads/new")
@permissions.signed_in
def new() -> Response:
    """The dialog Export: `/downloads/new?kind=sales.csv&status=approved`, opened by any list as an action."""
    kind = request.args.get("kind", "")
    exporter = find(kind)
    permissions.demand(exporter.permission)
    args = arguments(request.args)
    return pages.render(
        "downloads/new.html",
        block={"dialog": "dialog"},
        page_title=f"Export {exporter.title}",
        exporter=exporter,
        words=exporter.words(args) if exporter.words else "",
        pairs=[(k, v) for k, vs in request.args.lists() if k not in NOT_ARGUMENTS for v in vs],
        back=pages.back("/downloads"),
        kept_days=service.KEPT_DAYS,
    )


@bp.post("/downloads")
@permissions.signed_in
def create() -> Response:
    """Ask for an export."""
    download = service.request(
        request.form.get("kind", ""), request.form.get("title", "")[:200], arguments(request.form)
    )
    if pages.is_htmx():
        pages.toast(
            f"Preparing {download.title}. It will be under Downloads, and a notice tells you when.", "info"
        )
        return pages.done("downloads-changed")
    return pages.redirect("/downloads")


def arguments(given: Any) -> dict[str, Any]:
    """An exporter's arguments from a query or form: text by name, or a list where a name is repeated."""
    found: dict[str, Any] = {}
    for name, values in given.lists():
        kept = [v for v in values if v]
        if name in NOT_ARGUMENTS or not kept:
            continue
        if any("\x00" in v for v in kept):
            raise errors.BadRequest("The address holds a NUL character.")
        found[name] = kept if len(kept) > 1 else kept[0]
    return found


@bp.get("/files/<token>")
@permissions.public("no session: the signature in the address is the permission")
def signed(token: str) -> Response:
    """A file by its signed address."""
    link = files.linked(token)
    tenancy.use(link.tenant_id)
    with context.acting(context.Principal(kind="public", tenant_id=link.tenant_id)):
        found = files.find(link.file_id)
    if request.if_none_match.contains(bytes(found.sha256).hex()[:32]):
        return Response(status=304)
    return Response(files.chunks(found), headers=files.headers(found, inline=link.inline))
