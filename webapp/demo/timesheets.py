"""When the demo's technicians worked: ninety days of clocking, weeks approved, one clock-out forgotten, two corrections asked."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from webapp.demo.world import World, acting, moment
from webapp.kit import clock, context
from webapp.kit.db import db
from webapp.models import LaneBlock, TimeEntry
from webapp.timesheets import queries, service
from webapp.timesheets.service.bulk import Worked

FORGETFUL = 4  # tech5, by position: clocked in yesterday, and never out
LATE, ABSENT = 2, 5  # tech3 and tech6 ask for corrections
SLOW = 3  # tech4 has not submitted last week yet, nor have those after
WEEK = timedelta(days=7)


def day(world: World, day: date, today: date) -> None:
    """What happens to working time on one day of the story."""
    if day == today:
        _today(world, today)
        return
    if day.weekday() == 6 or day == today - timedelta(days=1):
        with moment(world, day, 20, 0), acting(world, "admin"):
            service.bulk.add_entries(_week(world, day, today))
    if day.weekday() == 6 and today - day <= WEEK:
        for number in range(1, SLOW + 1):
            with moment(world, day, 20, 10 * number), acting(world, f"tech{number}"):
                mine = queries.sheets.sheet(world.technicians[number - 1], queries.week_of(day).start)
                if (
                    mine is not None
                ):  # a story that begins in the middle of a week has none for the one before
                    service.sheets.submit(mine.id)
    monday = day - timedelta(days=day.weekday())
    if day.weekday() == 2 and monday < today - timedelta(
        days=today.weekday()
    ):  # last week waits for whoever tries it
        with moment(world, day, 20, 30), acting(world, "payroll"):
            if found := _sheets(monday - WEEK):
                service.sheets.approve_many(found)


def _sheets(monday: date) -> list[int]:
    return [s.id for s, _ in db.session.execute(queries.sheets.numbered(date_from=monday, date_to=monday))]


def _week(world: World, last: date, today: date) -> list[Worked]:
    """The entries from Monday until a day."""
    monday = last - timedelta(days=last.weekday())
    found: list[Worked] = []
    for number in range((last - monday).days + 1):
        found += _worked(world, monday + timedelta(days=number), today)
    return found


def _worked(world: World, day: date, today: date) -> list[Worked]:
    """One day of everybody: most work from before eight until five, some on Saturdays, some are called out at night."""
    chance = Random(f"{world.plot.seed} {day}")  # noqa: S311  # a story, the same every time
    if day < today - timedelta(days=world.plot.days):
        return []
    found = []
    for position, technician_id in enumerate(world.technicians):
        at_work = day.weekday() < 5 or (day.weekday() == 5 and position % 3 == day.toordinal() // 7 % 3)
        if (
            chance.random() < 0.05
            or not at_work
            or (position == FORGETFUL and day == today - timedelta(days=1))
        ):
            continue
        start = world.at(day, 7, 20 + chance.randint(0, 45))
        end = world.at(day, 13 if day.weekday() == 5 else 16, 10 + chance.randint(0, 100))
        lunch = world.at(day, 11, 40 + chance.randint(0, 60))
        pauses = [("lunch", lunch, lunch + timedelta(minutes=chance.choice((30, 30, 35, 45))))]
        if chance.random() < 0.3 and end > world.at(day, 15, 30):
            pauses.append(("rest", world.at(day, 14, 30), world.at(day, 14, 42)))
        found.append(Worked(technician_id, start, end, tuple(pauses)))
        if chance.random() < 0.04:  # called out in the evening, now and then until after midnight
            out = world.at(day, 21, chance.randint(0, 40))
            if day != today - timedelta(days=1):
                found.append(Worked(technician_id, out, out + timedelta(minutes=chance.randint(60, 240))))
    return found


# Today ----------------------------------------------------------------------------------------------------


def _today(world: World, today: date) -> None:
    now = clock.now()
    yesterday = today - timedelta(days=1)
    with acting(world, f"tech{FORGETFUL + 1}"), clock.at(world.at(yesterday, 9, 12)):
        service.clock_in(service.Punch(latitude="27.950600", longitude="-82.457200"))
    if today.weekday() < 5:
        for position in range(len(world.technicians)):
            if position not in (FORGETFUL, ABSENT):
                with acting(world, f"tech{position + 1}"):
                    _morning(world, position, today, now)
    with acting(world, f"tech{LATE + 1}"):
        _came_earlier(world, world.technicians[LATE], today)
    with acting(world, f"tech{ABSENT + 1}"):
        _forgot_all(world, yesterday if yesterday.weekday() < 5 else yesterday - timedelta(days=1))
    with acting(world, "admin"):
        service.missing.find()


def _morning(world: World, position: int, today: date, now: datetime) -> None:
    """Who is at work clocked in, once their day has begun."""
    at = world.at(today, 7, 22 + 6 * position)
    if at <= now:
        with clock.at(at):
            service.clock_in(_place(world, today, position))


def _place(world: World, today: date, position: int) -> service.Punch:
    chance = Random(f"{world.plot.seed} {today} {position}")  # noqa: S311  # a story, the same every time
    return service.Punch(
        latitude=f"27.9{chance.randint(1000, 9999)}", longitude=f"-82.4{chance.randint(1000, 9999)}"
    )


def lunch_and_home(world: World, today: date) -> None:
    """Lunch where the board has it, and the way home, as far as the day has come; told once the day's jobs are known."""
    if today.weekday() >= 5:
        return
    with acting(world, "admin"):
        begins = {
            block.technician_id: block.starts_at
            for block in db.session.scalars(
                select(LaneBlock).where(
                    LaneBlock.tenant_id == context.tenant_id(), LaneBlock.kind == "lunch",
                    LaneBlock.starts_at >= world.at(today, 0), LaneBlock.starts_at < world.at(today, 23),
                )
            )
        }  # fmt: skip
    for position, technician_id in enumerate(world.technicians):
        if position not in (FORGETFUL, ABSENT):
            with acting(world, f"tech{position + 1}"):
                _afternoon(world, position, today, begins.get(technician_id))


def _afternoon(world: World, position: int, today: date, lunch: datetime | None) -> None:
    now, lunch = clock.now(), lunch or world.at(today, 12, 30)
    end = world.at(today, 16, 20 + 9 * position)
    steps: tuple[tuple[datetime, Callable[[], Any]], ...] = (
        (lunch, lambda: service.start_break(service.Punch())),
        (lunch + timedelta(minutes=30), lambda: service.end_break(service.Punch())),
        (end, lambda: service.clock_out(_place(world, today, position))),
    )
    for at, step in steps:
        if at <= now:
            with clock.at(at):
                step()


def _came_earlier(world: World, technician_id: int, today: date) -> None:
    """The latest finished entry began half an hour before it was clocked."""
    entry = db.session.scalars(
        select(TimeEntry)
        .where(TimeEntry.technician_id == technician_id, TimeEntry.clock_out.is_not(None),
               TimeEntry.clock_in < world.at(today, 0, 0))
        .order_by(TimeEntry.clock_in.desc()).limit(1)
    ).one_or_none()  # fmt: skip
    if entry is None:  # a story of one day
        return
    service.corrections.request(
        service.Ask(entry_id=entry.id, clock_in=entry.clock_in - timedelta(minutes=30),
                    reason="Loaded the truck at the shop before I clocked in")
    )  # fmt: skip


def _forgot_all(world: World, day: date) -> None:
    service.corrections.request(
        service.Ask(clock_in=world.at(day, 18, 30), clock_out=world.at(day, 20, 15),
                    reason="Leak at the Keller house after hours, phone was dead")
    )  # fmt: skip
