"""The page of the sandbox: what is in it, what it kept instead of sending, a fresh one."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from webapp.accounts.permissions import KEYS_MANAGE
from webapp.accounts.service import sandboxes
from webapp.kit import context, errors, pages, tenancy
from webapp.kit.permissions import requires
from webapp.sandbox import queries

bp = Blueprint("sandbox", __name__)
PATH = "/settings/sandbox"


@bp.get(PATH)
@requires(KEYS_MANAGE)
def sandbox() -> Response:
    """What the test keys of the organization work on."""
    found = sandboxes.present(context.tenant_id())
    return pages.render("sandbox/show.html", block={"sandbox": "state"}, page_title="Sandbox",
                        **(_inside(found) if found else {"there": False}))  # fmt: skip


def _inside(sandbox: UUID) -> dict[str, Any]:
    # plain values: nothing of the sandbox's own session is left when the page is drawn
    with tenancy.across(sandbox):
        return {"there": True, "filling": queries.being_filled(), "counts": queries.counts(),
                "mails": queries.kept_messages(), "calls": queries.kept_calls(),
                "connectors": queries.kept_connector_calls()}  # fmt: skip


@bp.post(f"{PATH}/reset")
@requires(KEYS_MANAGE)
def reset() -> Response:
    """A fresh sandbox with made-up data; what is in the present one goes away."""
    try:
        sandboxes.reset()
    except errors.Conflict as problem:
        pages.toast(problem.message, "danger")
    else:
        pages.toast("The sandbox is new. Test keys work on it within five seconds.")
    return pages.redirect(PATH)
