"""Technicians with skills and shifts, jobs booked through the service."""

from datetime import UTC, date, datetime
from typing import Any

from webapp.dispatch import service
from webapp.kit import context, ids
from webapp.kit.db import add, db
from webapp.models import (
    DispatchJob,
    LaneBlock,
    ServiceZone,
    Shift,
    Skill,
    Technician,
    TechnicianSkill,
    TechnicianZone,
    User,
)

MONDAY = date(2026, 11, 30)
NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)  # a Tuesday, 10 in the morning in New York


def at(hour: int, minute: int = 0, *, day: date = MONDAY) -> datetime:
    """A time of day in New York in winter, as UTC."""
    return datetime(day.year, day.month, day.day, hour + 5, minute, tzinfo=UTC)


def technician(name: str = "Tina Torres", **columns: Any) -> Technician:
    return add(
        Technician(name=name, **({"pay_type": "hourly", "employee_number": f"E-{ids.token(6)}"} | columns))
    )


def signed_in_as(user_id: int, someone: Technician) -> None:
    """Make a user of the company this technician."""
    db.session.get_one(User, (context.tenant_id(), user_id)).technician_id = someone.id
    db.session.flush()


def skill(
    name: str = "Gas fitting", *holders: Technician, level: int = 3, expires_on: date | None = None
) -> Skill:
    made = add(Skill(name=name))
    for holder in holders:
        add(TechnicianSkill(technician_id=holder.id, skill_id=made.id, level=level, expires_on=expires_on))
    return made


def shift(someone: Technician, starts: int = 8, ends: int = 17, *, weekday: int = 0) -> Shift:
    return add(
        Shift(technician_id=someone.id, weekday=weekday, starts_minute=starts * 60, ends_minute=ends * 60)
    )


def block(
    someone: Technician, starts_at: datetime, ends_at: datetime, kind: str = "meeting", **columns: Any
) -> LaneBlock:
    return add(
        LaneBlock(technician_id=someone.id, starts_at=starts_at, ends_at=ends_at, kind=kind, **columns)
    )


def zone(name: str = "North", *members: Technician) -> ServiceZone:
    made = add(ServiceZone(name=name, kind="zip"))
    db.session.add_all(
        TechnicianZone(tenant_id=made.tenant_id, technician_id=m.id, zone_id=made.id) for m in members
    )
    db.session.flush()
    return made


def job(title: str = "AC not cooling", *, start: datetime | None = None, end: datetime | None = None,
        crew: tuple[Technician, ...] = (), **more: Any) -> DispatchJob:  # fmt: skip
    """A job, booked as the office books one. `more` are values of the job, or fields of `NewJob`."""
    ours = {k: more.pop(k) for k in list(more) if k in service.NewJob.__dataclass_fields__}
    return service.create(
        service.NewJob(values={"title": title, **more}, scheduled_start=start, scheduled_end=end,
                       technician_ids=[t.id for t in crew], **ours)
    )  # fmt: skip
