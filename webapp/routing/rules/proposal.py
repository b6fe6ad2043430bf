"""A plan as it is kept and shown: per technician the stops before and after, what it saves, who exchanges visits with whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.kit import clock
from webapp.routing.rules import checker, lanes, reasons
from webapp.routing.rules import day as days
from webapp.routing.rules.problem import Plan, Problem, Step, Worker


@dataclass(frozen=True, slots=True)
class Routes:
    """Routes with their times, and the checker's verdict."""

    plan: Plan
    verdict: checker.Verdict


def compose(
    day: days.Day, midnight: int, team: Sequence[lanes.Lane], visits: Sequence[days.Visit], before: Routes, after: Routes, *,
    kept: bool, note: str, roads: str,
) -> dict[str, Any]:  # fmt: skip
    """All that a plan says, as JSON. `kept`: nothing better was found, so it changes nothing."""
    names = {lane.technician_id: lane.name for lane in team}
    by_visit = {v.visit_id: v for v in visits}
    shown = _Shown(day, midnight, names, by_visit)
    technicians = []
    for worker in day.problem.workers:
        first, second = before.plan.get(worker.id, ()), after.plan.get(worker.id, ())
        stops = shown.stops(worker, second)
        technicians.append(
            {
                "technician_id": worker.id, "name": worker.name, "from": _iso(midnight, worker.begins),
                "until": _iso(midnight, worker.ends), "begun": [shown.begun(v) for v in day.begun.get(worker.id, ())],
                "before": {**_size(before.verdict, worker), "stops": shown.stops(worker, first, marked=False)},
                "after": {**_size(after.verdict, worker), "stops": stops},
                "changed": any(s["changed"] for s in stops) or _visits(first) != _visits(second),
            }
        )  # fmt: skip
    group(technicians)
    names_of_skills = {n: name for v in visits for n, (name, _) in v.needs.items()}
    return {
        "technicians": technicians,
        "unassigned": _unassigned(day, after.verdict, names, by_visit, names_of_skills),
        "placed": len([n for n in after.verdict.done - before.verdict.done if n > 0]),
        "kept": kept,
        "note": note,
        "roads": roads,
        "warnings": [*day.alone.values(), *_warnings(day.problem, after.verdict, by_visit)],
        "solved": _solved(before.verdict, after.verdict),
        "base": base(team, visits),
    }


@dataclass(frozen=True, slots=True)
class _Shown:
    day: days.Day
    midnight: int
    names: Mapping[int, str]
    visits: Mapping[int, days.Visit]

    def stops(self, worker: Worker, steps: Sequence[Step], *, marked: bool = True) -> list[dict[str, Any]]:
        """A route's steps in words and numbers; `marked`: each says what a plan changes of it."""
        tasks = {t.id: t for t in self.day.problem.tasks}
        rests = {r.id: r for r in worker.rests}
        found, place = [], worker.start
        for step in steps:
            times = {"starts_at": _iso(self.midnight, step.begins), "ends_at": _iso(self.midnight, step.ends)}
            if step.kind == "rest":
                rest = rests.get(step.id)
                found.append(
                    {
                        "kind": "rest",
                        "title": rest.title[:1].upper() + rest.title[1:] if rest else "Break",
                        **times,
                        "changed": False,
                    }
                )
                continue
            task = tasks[step.id]
            visit = self.visits[days.visit_of(step.id)[0]]
            drive = self.day.problem.drive[place][task.place] if place is not None else None
            place = task.place
            was = visit.crew[0] if visit.crew else None
            moved = visit.starts is None or (visit.starts - self.midnight) * 60 != step.begins
            fixed = "pinned" if visit.pinned else "together" if len(visit.crew) > 1 else ""
            found.append(
                {
                    "kind": "visit", **self._of(visit), **times, "drive_minutes": None if drive is None else round(drive / 60),
                    "fixed": fixed, "changed": marked and not fixed and (moved or was != worker.id),
                    "moved_from": self.names.get(was, "somebody else") if marked and was not in (None, worker.id) and not fixed
                    else None,
                    "new": marked and was is None,
                    "was_at": _iso(self.midnight, (visit.starts - self.midnight) * 60) if visit.starts is not None else None,
                }
            )  # fmt: skip
        return found

    def begun(self, visit: days.Visit) -> dict[str, Any]:
        starts = visit.starts or self.midnight
        return {"kind": "visit", **self._of(visit), "starts_at": _iso(self.midnight, (starts - self.midnight) * 60),
                "ends_at": _iso(self.midnight, (starts + visit.minutes - self.midnight) * 60), "status": visit.status}  # fmt: skip

    def _of(self, visit: days.Visit) -> dict[str, Any]:
        latitude, longitude = visit.place or (None, None)
        return {"visit_id": visit.visit_id, "job_id": visit.job_id, "title": visit.title, "customer": visit.customer,
                "address": visit.address, "priority": visit.priority, "latitude": latitude, "longitude": longitude}  # fmt: skip


def _size(verdict: checker.Verdict, worker: Worker) -> dict[str, int]:
    drive, metres = verdict.by_worker.get(worker.id, (0, 0))
    return {"minutes": round(drive / 60), "metres": metres}


def _visits(steps: Sequence[Step]) -> list[int]:
    return [s.id for s in steps if s.kind == "task"]


def _iso(midnight: int, seconds: int) -> str:
    return clock.iso(lanes.moment(midnight + seconds // 60))


def group(technicians: Sequence[dict[str, Any]]) -> None:
    """Give those who exchange visits the same `group`: their changes hold together and are accepted together."""
    of_visit: dict[int, int] = {}
    groups = {t["technician_id"]: t["technician_id"] for t in technicians}
    for key in ("before", "after"):
        for one in technicians:
            for stop in one[key]["stops"]:
                if stop["kind"] != "visit" or stop.get("fixed"):
                    continue
                other = of_visit.setdefault(stop["visit_id"], one["technician_id"])
                mine, theirs = groups[one["technician_id"]], groups[other]
                if mine != theirs:
                    groups = {n: mine if g == theirs else g for n, g in groups.items()}
    for one in technicians:
        one["group"] = groups[one["technician_id"]]


def _unassigned(
    day: days.Day, verdict: checker.Verdict, names: Mapping[int, str], visits: Mapping[int, days.Visit],
    skills: Mapping[int, str],
) -> list[dict[str, Any]]:  # fmt: skip
    tasks = {t.id: t for t in day.problem.tasks}
    found = []
    for visit_id, visit in visits.items():
        reason = day.left.get(visit_id, "")
        if not reason and visit_id in day.moves and visit_id not in verdict.done:
            reason = reasons.why_left(day.problem, tasks[visit_id], skills, visit.zone_name)
        if reason:
            found.append({"visit_id": visit_id, "job_id": visit.job_id, "title": visit.title, "customer": visit.customer,
                          "priority": visit.priority, "optional": visit.optional, "reason": reason,
                          "technician": ", ".join(names.get(n, "") for n in visit.crew if n in names)})  # fmt: skip
    return found


def _warnings(problem: Problem, verdict: checker.Verdict, visits: Mapping[int, days.Visit]) -> list[str]:
    """What is wrong with the routes as the checker sees them, in sentences."""
    names = {w.id: w.name for w in problem.workers}
    said = []
    for one in verdict.violations:
        name = names.get(one.worker_id, "")
        if one.task_id is None:
            said.append(f"{name} {one.sentence}")
        else:
            visit = visits.get(days.visit_of(one.task_id)[0])
            said.append(f"{name}: “{visit.title if visit else one.task_id}” {one.sentence}")
    return list(dict.fromkeys(said))


def _solved(before: checker.Verdict, after: checker.Verdict) -> int:
    return max(0, len(before.violations) - len(after.violations))


# What a plan was made from -------------------------------------------------------------------------------------------


def base(team: Sequence[lanes.Lane], visits: Sequence[days.Visit]) -> dict[str, Any]:
    """The board as a plan saw it: versions of visits, and what else is on each lane."""
    return {
        "visits": {
            str(v.visit_id): {"version": v.version, "title": v.title, "status": v.status, "crew": list(v.crew),
                              "needs": sorted([n, level] for n, (_, level) in v.needs.items()),
                              "window": list(v.window) if v.window else None, "confirmed": v.confirmed}
            for v in visits
        },
        "blocks": {str(lane.technician_id): sorted([s.starts, s.ends, s.title or s.kind] for s in lane.stops if s.kind != "visit")
                   for lane in team},
        "names": {str(lane.technician_id): lane.name for lane in team},
    }  # fmt: skip


def changes(
    then: Mapping[str, Any], now: Mapping[str, Any], chosen: set[int], proposed: Mapping[str, Any]
) -> list[str]:
    """What changed of all that concerns some technicians, each in a sentence; empty when a plan still fits the board."""
    concerned = {
        str(stop["visit_id"])
        for one in proposed["technicians"]
        if one["technician_id"] in chosen
        for key in ("before", "after")
        for stop in one[key]["stops"]
        if stop["kind"] == "visit"
    }
    said = []
    for visit_id in sorted(concerned, key=int):
        was, present = then["visits"][visit_id], now["visits"].get(visit_id)
        if present is None:
            said.append(f"“{was['title']}” is not on this day any more.")
        elif present != was:
            said.append(f"“{was['title']}” was changed.")
    for visit_id, present in now["visits"].items():
        was = then["visits"].get(visit_id)
        if (
            visit_id not in concerned
            and chosen & set(present["crew"])
            and (was is None or not chosen & set(was["crew"]))
        ):
            said.append(
                f"“{present['title']}” is new on the day of {_names(now, chosen & set(present['crew']))}."
            )
    return said + [
        f"The blocked times of {_names({**then, **now}, {technician_id})} were changed."
        for technician_id in sorted(chosen)
        if now["blocks"].get(str(technician_id), []) != then["blocks"].get(str(technician_id), [])
    ]


def _names(of: Mapping[str, Any], technician_ids: set[int]) -> str:
    return ", ".join(of["names"].get(str(n), f"technician {n}") for n in sorted(technician_ids))
