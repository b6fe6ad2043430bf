"""Who suits a job: a fragment for the board and the job's page, with buttons that send."""

from datetime import datetime
from typing import Any

from flask import Response, request

from webapp.dispatch.permissions import DISPATCH_ASSIGN, DISPATCH_READ
from webapp.dispatch.service.placing import Clashing
from webapp.kit import errors, pages, permissions
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import DispatchJob
from webapp.routing import service
from webapp.routing.rules import lanes
from webapp.routing.views import bp

SHOWN = 5  # at first; the rest behind a link
WIDTHS = {"skills": "Skills", "zone": "Zone", "distance": "Distance", "availability": "Time", "workload": "Load",
          "history": "History"}  # fmt: skip


@bp.get("/jobs/<int:job_id>/suggestions")
@requires(DISPATCH_READ)
def suggestions(job_id: int) -> Response:
    """The technicians who suit a job, each with the reasons. `?all=1` shows everybody, `?ask=` asks a reason for one."""
    return _shown(job_id, asking=request.args.get("ask", type=int))


@bp.post("/jobs/<int:job_id>/suggestions/<int:technician_id>")
@requires(DISPATCH_ASSIGN)
def send(job_id: int, technician_id: int) -> Response:
    """Send a suggested technician; what is in the way is shown, and a reason accepts it."""
    try:
        visit, token = service.send(
            job_id, technician_id, starts_at=_moment(request.form.get("starts_at", "")),
            override_reason=request.form.get("override_reason", ""), version=request.form.get("version", type=int),
        )  # fmt: skip
    except Clashing as refused:
        return _shown(job_id, asking=technician_id, refused=refused, status=422)
    name = next((s.name for s in service.suggestions(job_id).ranked if s.technician_id == technician_id), "")
    pages.toast(
        f"{name or 'The technician'} is sent.",
        undo_url=f"/dispatch/undo/{token}?next=/jobs/{job_id}" if token else "",
    )
    if pages.is_htmx():
        pages.trigger(**{"dispatch-changed": True})
        return _shown(visit.job_id)
    return pages.redirect(f"/jobs/{job_id}")


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise errors.BadRequest("The suggested time cannot be read.")
    return found


def _shown(
    job_id: int, *, asking: int | None = None, refused: Clashing | None = None, status: int = 200
) -> Response:
    job = get(DispatchJob, job_id, what="job")
    found, over = None, job.status in ("completed", "cancelled")
    if not over:
        found = service.suggestions(job_id)
    ranked = found.ranked if found else []
    everybody = request.args.get("all") == "1" or asking not in (
        None,
        *(s.technician_id for s in ranked[:SHOWN]),
    )
    return pages.render(
        "routing/suggestions.html", block="suggestions", status=status, page_title=f"Who suits job {job.id}", job=job,
        found=found, rows=[_row(s, found) for s in (ranked if everybody else ranked[:SHOWN])], more=len(ranked) - SHOWN,
        everybody=everybody, asking=asking, refused=refused, sends=permissions.may(DISPATCH_ASSIGN), over=over,
    )  # fmt: skip


def _row(one: Any, found: Any) -> dict[str, Any]:
    starts = lanes.moment(one.starts) if one.starts is not None and not found.at_a_time else None
    return {
        "id": one.technician_id, "name": one.name, "score": one.score, "why": one.why, "missing": one.missing,
        "starts": starts, "starts_at": starts.isoformat() if starts else "", "drive": one.drive, "added": one.added,
        "parts": [{"label": WIDTHS[key], "score": part.score, "why": part.why} for key, part in one.parts.items()],
    }  # fmt: skip
