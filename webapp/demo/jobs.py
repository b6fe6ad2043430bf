"""Jobs of the demo companies: three weeks done, a day half done, the week to come, and what waits beside the board.

Every job is booked, assigned and worked through dispatch's own services, at the moments at which people would have.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from webapp.appointments.service import telling
from webapp.demo import routes, setting, work
from webapp.demo.routes import Stop
from webapp.demo.world import World, acting, as_
from webapp.dispatch import service
from webapp.dispatch.queries import jobs as reading
from webapp.kit import clock, errors
from webapp.kit.db import add
from webapp.models import DispatchJob, LaneBlock, OnCallTurn

HISTORY = 20  # days of jobs before today
AHEAD = 6  # days of jobs after it
THOROUGH = 2  # days from whose jobs every step is known; of older ones the technician reported arriving and being done
LATE_TODAY = 2  # tech3 runs late
DRIVING_TODAY = 1  # tech2 has just set off
SILENT_TODAY = 5  # tech6 has not acknowledged the next job


def day(world: World, day: date, today: date) -> None:
    """What happens to jobs on one day of the story."""
    back = min(HISTORY, world.plot.days // 4)
    if day < today - timedelta(days=back):
        return
    chance = Random(f"{world.plot.code} jobs {day}")  # noqa: S311  # a story, the same every time
    with acting(world, "dispatcher"), telling.silent():
        if day == today - timedelta(days=back):
            setting.settle(world, day)
        if day == today - timedelta(days=min(back, THOROUGH)):
            setting.checklists()
        if day < today:
            _past(world, day, today, chance)
        else:
            _today(world, today, chance)
            _week(world, today, chance)
            _waiting(world, today, chance)


def _past(world: World, day: date, today: date, chance: Random) -> None:
    thorough = today - day <= timedelta(days=THOROUGH)
    share = 1.0 if thorough else 0.25  # of the technicians' days: enough for a history, and soon told
    at_work = [p for p in setting.at_work(world, day, today) if chance.random() < share]
    for stop in routes.of_day(world, day, at_work, chance, fill=0.9 if thorough else 0.6):
        job = _booked(world, stop, chance)
        luck = chance.random()
        if luck < 0.05:
            with clock.at(stop.starts_at - timedelta(hours=chance.randint(2, 30))), as_(world, "dispatcher"):
                service.cancel(job.id, chance.choice(work.CANCELS))
            continue
        late = chance.randint(25, 70) if luck > 0.93 else 0
        if luck > 0.8 and day == today - timedelta(days=1) and stop.work.kind == "repair":
            _further(world, job, stop)
        _worked(
            world,
            job,
            stop,
            chance,
            Course.of(stop, chance, late=late, thorough=thorough),
            stop.ends_at + timedelta(hours=8),
        )
        if not thorough and luck > 0.88:
            with clock.at(stop.ends_at + timedelta(minutes=40)), as_(world, "dispatcher"):
                service.write_note(job.id, chance.choice(work.NOTES))


def _further(world: World, job: DispatchJob, stop: Stop) -> None:
    """It needs a part: a second visit, for which there is no time yet."""
    with clock.at(stop.starts_at + timedelta(minutes=25)), as_(world, "dispatcher"):
        visit = service.add_visit(job.id, reason="Part ordered, comes back to fit it")
        world.further.append((visit.id, stop.crew[0]))


@dataclass(frozen=True, slots=True)
class Course:
    """When the steps of a visit were taken; what was passed over is not there."""

    steps: Sequence[tuple[str, datetime]] = field(default_factory=tuple)

    @classmethod
    def of(cls, stop: Stop, chance: Random, *, late: int = 0, thorough: bool = True) -> "Course":
        """`late`: minutes by which the technician came later than planned."""
        arrived = stop.starts_at + timedelta(minutes=late + chance.randint(-6, 6))
        length = stop.minutes * chance.randint(82, 104) // 100
        steps = [("on_site", arrived), ("in_progress", arrived + timedelta(minutes=chance.randint(2, 5))),
                 ("completed", arrived + timedelta(minutes=length))]  # fmt: skip
        if thorough:
            leaving = arrived - timedelta(minutes=stop.drive + chance.randint(0, 4))
            steps = [
                ("acknowledged", leaving - timedelta(minutes=chance.randint(4, 50))),
                ("en_route", leaving),
                *steps,
            ]
        return cls(steps)


def _booked(world: World, stop: Stop, chance: Random) -> DispatchJob:
    """The call a few days before, as the dispatcher took it down."""
    with clock.at(stop.booked_at), as_(world, "dispatcher"):
        return service.create(
            service.NewJob(
                values={
                    "title": stop.work.title, "job_type": stop.work.kind, "expected_minutes": stop.minutes,
                    "description": chance.choice(stop.work.said), "priority": stop.priority,
                    "window_start": stop.window_start, "window_end": stop.window_start + timedelta(hours=2),
                    "price_cents": stop.price_cents, "tags": list(stop.tags),
                },
                customer_id=stop.place.customer_id, property_id=stop.place.property_id,
                scheduled_start=stop.starts_at, scheduled_end=stop.ends_at,
                technician_ids=[world.technicians[p] for p in stop.crew],
                skills=[service.SkillNeed(world.skills[name], level) for name, level in stop.work.needs],
                equipment_ids=stop.place.units(stop.work.unit), source="web",
            )
        )  # fmt: skip


def _worked(
    world: World, job: DispatchJob, stop: Stop, chance: Random, course: Course, until: datetime
) -> None:
    """The technician's day on a visit, as far as it has come."""
    visit = reading.visits(job.id)[0]
    for status, at in course.steps:
        if at > until:
            return
        with clock.at(at), as_(world, f"tech{stop.crew[0] + 1}"):
            done = status == "completed"
            if done:
                setting.tick(job.id)
            service.report(
                visit.id,
                service.Report(status=status, outcome=chance.choice(stop.work.done) if done else None,
                               latitude=stop.place.at[0] if status == "on_site" else None,
                               longitude=stop.place.at[1] if status == "on_site" else None),
            )  # fmt: skip


# Today --------------------------------------------------------------------------------------------------------------


def _today(world: World, today: date, chance: Random) -> None:
    now = clock.now()
    at_work = setting.at_work(world, today, today)
    stops = list(routes.of_day(world, today, at_work, chance, fill=0.95))
    setting.lunches(world, today, stops, at_work)
    free_at: dict[int, datetime] = {}
    for stop in stops:
        job = _booked(world, stop, chance)
        lead = stop.crew[0]
        late = max(
            0,
            int(
                (
                    free_at.get(lead, stop.starts_at) + timedelta(minutes=stop.drive) - stop.starts_at
                ).total_seconds()
                // 60
            ),
        )
        if lead == LATE_TODAY and lead not in free_at:
            late = 50
        course = Course.of(stop, chance, late=late)
        if lead == DRIVING_TODAY and timedelta(0) < stop.starts_at - now < timedelta(minutes=100):
            course = Course(
                [("acknowledged", now - timedelta(minutes=31)), ("en_route", now - timedelta(minutes=7))]
            )
        free_at[lead] = course.steps[-1][1]
        until = now
        if lead == SILENT_TODAY and stop.starts_at > now - timedelta(minutes=90):
            until = stop.booked_at  # the phone lies in the van
        _worked(world, job, stop, chance, course, until)
        if stop.starts_at > now and chance.random() < 0.8:
            with clock.at(max(stop.booked_at, now - timedelta(hours=20))), as_(world, "dispatcher"):
                service.confirm(job.id)
    setting.seen(world, stops, at_work, now, DRIVING_TODAY)


def _week(world: World, today: date, chance: Random) -> None:
    now = clock.now()
    for number in range(1, AHEAD + 1):
        there = today + timedelta(days=number)
        at_work = setting.at_work(world, there, today)
        stops = list(
            routes.of_day(world, there, at_work, chance, fill=max(0.2, 0.75 - number / 8), before=now)
        )
        if number <= 2:
            setting.lunches(world, there, stops, at_work)
        for stop in stops:
            job = _booked(world, stop, chance)
            if number == 1:  # enough for the Outbox
                with clock.at(stop.booked_at + timedelta(minutes=2)):
                    telling.tell_standing(reading.visits(job.id)[0].id)
            if chance.random() < (0.6 if number == 1 else 0.2):
                service.confirm(job.id)
    _come_back(world, today)
    _blocks(world, today)


def _come_back(world: World, today: date) -> None:
    """The parts have come for all but one: the second visits go where there is room."""
    for visit_id, who in world.further[1:]:
        for number in range(3 * AHEAD):
            start = world.at(today + timedelta(days=1 + number // 3), (8, 13, 15)[number % 3])
            try:
                service.place(
                    visit_id, service.Placement(starts_at=start, technician_ids=(world.technicians[who],))
                )
            except errors.Conflict:
                continue
            break


def _blocks(world: World, today: date) -> None:
    """A meeting, a parts run, training, time off asked for and granted, and who is on call."""
    people = world.technicians

    def block(
        who: int, kind: str, title: str, days: int, hour: int, minutes: int, status: str = "approved"
    ) -> None:
        start = world.at(today + timedelta(days=days), hour)
        add(LaneBlock(technician_id=people[who], kind=kind, title=title, starts_at=start,
                      ends_at=start + timedelta(minutes=minutes), status=status))  # fmt: skip

    for who in range(len(people)):
        block(who, "meeting", "Team meeting", (4 - today.weekday()) % 7 or 7, 7, 30)
    block(6, "time_off", "Dentist", 1, 15, 120)
    block(3, "time_off", "Family trip", 9, 0, 3 * 24 * 60, "requested")
    block(7, "time_off", "Vacation", 7, 0, 5 * 24 * 60)
    block(0, "training", "Heat pump certification", 8, 8, 240)
    monday = today - timedelta(days=today.weekday())
    for week in range(-1, 4):
        start = world.at(monday + timedelta(weeks=week), 17)
        add(OnCallTurn(technician_id=people[(week + 2) % len(people)], starts_at=start,
                       ends_at=start + timedelta(days=7)))  # fmt: skip


def _waiting(world: World, today: date, chance: Random) -> None:
    """What lies in the tray: calls of this morning and of the last days, some urgent, and jobs on hold."""
    now = clock.now()
    calls: tuple[tuple[str, str, int], ...] = (
        ("Main drain backing up", "urgent", 35), ("AC not cooling", "high", 80), ("Breaker keeps tripping", "normal", 130),
        ("Water leaking at the air handler", "high", 22), ("AC tune-up", "low", 60 * 26), ("Duct cleaning", "low", 60 * 49),
        ("Leak under the kitchen sink", "normal", 95), ("Whole-home inspection", "normal", 60 * 5),
    )  # fmt: skip
    for title, priority, ago in calls:
        for stop in routes.loose(world, title, today, chance):
            with clock.at(now - timedelta(minutes=ago)), as_(world, "dispatcher"):
                service.create(
                    service.NewJob(
                        values={"title": title, "job_type": stop.work.kind, "expected_minutes": stop.minutes, "priority": priority,
                                "description": chance.choice(stop.work.said), "price_cents": stop.price_cents,
                                "optional": priority == "low",
                                "window_start": stop.window_start, "window_end": stop.window_start + timedelta(hours=4)},
                        customer_id=stop.place.customer_id, property_id=stop.place.property_id,
                        equipment_ids=stop.place.units(stop.work.unit),
                        skills=[service.SkillNeed(world.skills[n], level) for n, level in stop.work.needs],
                    )
                )  # fmt: skip
    for position, reason in enumerate(work.HOLDS):
        for stop in routes.loose(
            world, "AC not cooling" if position else "Refrigerant leak search", today, chance
        ):
            with clock.at(now - timedelta(days=2 + position)), as_(world, "dispatcher"):
                job = service.create(
                    service.NewJob(values={"title": stop.work.title, "job_type": stop.work.kind, "expected_minutes": stop.minutes,
                                           "description": chance.choice(stop.work.said)},
                                   customer_id=stop.place.customer_id, property_id=stop.place.property_id,
                                   equipment_ids=stop.place.units(stop.work.unit))
                )  # fmt: skip
            with clock.at(now - timedelta(days=1, hours=position)), as_(world, "dispatcher"):
                service.hold(
                    job.id,
                    reason,
                    now + (timedelta(hours=2) if position == 0 else timedelta(days=3 + position)),
                )
