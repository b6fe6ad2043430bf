"""Several visits placed at once: what is in the way is looked for when all of them are where they are to be."""

from collections.abc import Collection, Mapping

from webapp.dispatch.permissions import DISPATCH_ASSIGN
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.rules import statuses
from webapp.dispatch.service import current, placing
from webapp.kit import errors, journal, locks
from webapp.kit.db import db, get
from webapp.kit.permissions import demand
from webapp.models import DispatchJob, Visit


def place_all(
    moves: Mapping[int, placing.Placement],
    *,
    reason: str = "",
    ignore: Collection[str] = (),
    override: str = "",
) -> list[Visit]:
    """Move several visits in one go; all of them, or none. `reason` stands in the history of each.

    Two that change places are no clash, as they would be one after the other. `ignore`: kinds of clashes that count as
    nothing, for a caller that knows better (travel, where a road server was asked). `override`: why clashes that can be
    accepted are accepted.
    Raises as :func:`placing.place`: Stale naming every visit that was changed meanwhile, Clashing, Conflict, NotFound.
    """
    demand(DISPATCH_ASSIGN)
    found = _locked(moves)
    stale = [(j, v) for j, v in found if moves[v.id].version not in (None, v.version)]
    if stale:
        titles = ", ".join(f"“{job.title}”" for job, _ in stale)
        raise placing.Stale(f"{titles} {'was' if len(stale) == 1 else 'were'} changed meanwhile.",
                            details={"visits": [placing.brief(v) for _, v in stale]})  # fmt: skip
    over = next(((j, v) for j, v in found if v.status in (*statuses.OVER, *statuses.STARTED)), None)
    if over is not None:
        raise errors.Conflict(f"“{over[0].title}” is {statuses.WORDS[over[1].status]}; it cannot be moved.")
    sent = reading.sent([v.id for _, v in found])
    was = {v.id: [s.technician_id for s in sent[v.id]] for _, v in found}
    crews = {
        v.id: list(dict.fromkeys(to.technician_ids))
        if (to := moves[v.id]).technician_ids is not None
        else was[v.id]
        for _, v in found
    }
    for technician_id in sorted({n for each in (*was.values(), *crews.values()) for n in each}):
        locks.hold("lane", technician_id)
    placing._check_crew(sorted({n for each in crews.values() for n in each}))
    before = {v.id: (journal.snapshot(v), journal.snapshot(j)) for j, v in found}
    for job, visit in found:
        visit.scheduled_start, visit.scheduled_end = placing._span(job, visit, moves[visit.id])
        placing._send(visit, crews[visit.id], "")
    for job, visit in found:
        if crews[visit.id] and visit.scheduled_start is not None and visit.scheduled_end is not None:
            clashing = placing.clashes_of(job, crews[visit.id], visit.scheduled_start, visit.scheduled_end,
                                          without_visit=visit.id)  # fmt: skip
            kept = {n: [c for c in each if c.kind not in ignore] for n, each in clashing.items()}
            placing._refuse_clashes({n: each for n, each in kept.items() if each}, override)
    for job, visit in found:
        _finish(job, visit, before[visit.id], was[visit.id], crews[visit.id], reason)
    return [visit for _, visit in found]


def _locked(moves: Mapping[int, placing.Placement]) -> list[tuple[DispatchJob, Visit]]:
    """Every job, then its visits, in the order of their numbers: no two callers can wait for each other."""
    jobs = sorted({get(Visit, n).job_id for n in moves})
    held = {n: get(DispatchJob, n, lock=True) for n in jobs}
    visits = [get(Visit, n, lock=True) for n in sorted(moves)]
    return [(held[v.job_id], v) for v in visits]


def _finish(
    job: DispatchJob, visit: Visit, before: tuple[dict[str, object], dict[str, object]], was: list[int], crew: list[int],
    reason: str,
) -> None:  # fmt: skip
    visit_before, job_before = before
    placing._follow_status(job, visit, crew, was)
    db.session.flush()
    if visit_before == journal.snapshot(visit) and crew == was:
        return
    if visit.scheduled_start != visit_before["scheduled_start"]:
        job.confirmed_at = None  # what the customer confirmed was another time
    visit.version += 1
    current.refresh(job)
    placing._tell(job, visit, visit_before, job_before, was, crew, reason)
