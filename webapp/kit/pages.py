"""Answering the browser: a whole page, or the named block of the same template for an HTMX request; toasts; redirects."""

import json
from collections.abc import Mapping
from typing import Any

from flask import (
    Response,
    current_app,
    flash,
    g,
    get_flashed_messages,
    make_response,
    render_template,
    request,
)
from jinja2_fragments.flask import render_block

from webapp.kit import context, errors


def is_htmx() -> bool:
    """Whether HTMX asks for a fragment; a boosted or history request wants the whole page."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-Boosted") != "true"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def render(
    template: str, /, *, block: str | Mapping[str, str] | None = None, status: int = 200, **values: Any
) -> Response:
    """The page, or for HTMX the block of it.

    `block` is a name, or a mapping from the id of the HX-Target to a name (`{"results": "results", "dialog": "dialog"}`).
    """
    name = block.get(request.headers.get("HX-Target", "")) if isinstance(block, Mapping) else block
    if is_htmx() and name:
        answer = make_response(render_block(template, name, **values), status)
    else:
        answer = make_response(render_template(template, **values), status)
    answer.headers["Vary"] = "HX-Request"
    if is_htmx():
        _send_toasts(answer)
    return answer


def toast(text: str, kind: str = "success", *, undo_url: str = "", undo_label: str = "Undo") -> None:
    """Show a toast with this answer, or with the next page after a redirect. Kinds: success, info, warning, danger."""
    message = {"kind": kind, "text": text}
    if undo_url:
        message |= {"undo_url": undo_url, "undo_label": undo_label}
    g.setdefault("toasts", []).append(message)


def trigger(**events: Any) -> None:
    """Send browser events with an HTMX answer: `trigger(closeDialog=True, **{"sales-changed": True})`."""
    g.setdefault("triggers", {}).update(events)


def _send_toasts(answer: Response) -> None:
    events: dict[str, Any] = dict(g.pop("triggers", {}))
    toasts = g.pop("toasts", [])
    if toasts:
        events["toast"] = toasts
    if events:
        answer.headers["HX-Trigger"] = json.dumps(events)


def redirect(url: str) -> Response:
    """Go to another page after a success: 303, or `HX-Redirect` for HTMX. Toasts travel along."""
    for message in g.pop("toasts", []):
        flash(json.dumps(message), "toast")
    if is_htmx():
        answer = Response(status=204)
        answer.headers["HX-Redirect"] = url
        return answer
    return Response(status=303, headers={"Location": url})


def done(*events: str, close_dialog: bool = True) -> Response:
    """An empty success for HTMX: closes the dialog and tells regions to fetch themselves anew (204)."""
    answer = Response(status=204)
    trigger(**dict.fromkeys(events, True))
    if close_dialog:
        trigger(closeDialog=True)
    _send_toasts(answer)
    return answer


def messages() -> list[dict[str, Any]]:
    """The toasts of a whole page: of this request and of the one that redirected here."""
    waiting = [json.loads(str(m)) for m in get_flashed_messages(category_filter=["toast"])]
    return waiting + list(g.pop("toasts", []))


def back(default: str) -> str:
    """The page a form asks to return to (`next`), only ever on this site."""
    target = request.values.get("next", "")
    return target if is_ours(target) else default


def is_ours(target: str) -> bool:
    """Whether an address that somebody gave leads to a page of this site."""
    # browsers drop tabs and line ends from an address, and read a backslash as a slash
    return (
        target.startswith("/") and not target.startswith("//") and target.isprintable() and "\\" not in target
    )


def error_page(error: errors.AppError) -> Response:
    """An error for a person: a toast for HTMX, else a page of its own."""
    if is_htmx():
        answer = Response(status=error.status)
        answer.headers["HX-Trigger"] = json.dumps({"toast": [{"kind": "danger", "text": error.message}]})
    else:
        known = {400, 403, 404, 405, 409, 413, 422, 429, 500, 503}
        name = error.status if error.status in known else 400 if error.status < 500 else 500
        try:
            body = render_template(f"errors/{name}.html", error=error, message=error.message,
                                   reference=context.origin().correlation_id, plain_error=error.status == 503)  # fmt: skip
        except Exception:  # the error page must not fail because of what broke the page
            current_app.logger.exception("error page %s", name)
            body = f"<!doctype html><title>{error.status}</title><h1>{error.status}</h1>"
        answer = make_response(body, error.status)
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(error.retry_after)
    answer.headers["Vary"] = "HX-Request"
    return answer
