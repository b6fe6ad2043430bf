"""Shapes of the time tracking API."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from webapp.kit import clock
from webapp.kit.paging import PageQuery
from webapp.models import TimeBreak, TimeEntry, TimeSheet
from webapp.timesheets import queries, rules

Id = Annotated[int, Field(ge=1, lt=2**63)]
Text500 = Annotated[str, Field(min_length=1, max_length=500)]
# the bounds are documented here and checked by the rules, which say the same wherever a position comes from
Latitude = Annotated[
    float | None, Field(None, json_schema_extra={"anyOf": [{"type": "number", "minimum": -90, "maximum": 90},
                                                           {"type": "null"}]})]  # fmt: skip
Longitude = Annotated[
    float | None, Field(None, json_schema_extra={"anyOf": [{"type": "number", "minimum": -180, "maximum": 180},
                                                           {"type": "null"}]})]  # fmt: skip
Flag = Literal["missing_clock_out", "clock_skew", "long_day"]
BreakKind = Literal["lunch", "rest"]
SheetStatus = Literal["open", "submitted", "approved"]
CorrectionStatus = Literal["pending", "approved", "rejected"]
BreakMinutes = Annotated[int, Field(ge=0, le=1440, description="Unpaid minutes")]


class WhenAndWho(BaseModel):
    """What every tap on the clock may carry."""

    model_config = ConfigDict(extra="forbid")
    technician_id: Id | None = Field(
        None, description="The office names whom it clocks; left out, it is oneself"
    )
    reason: str = Field("", max_length=500, description="Needed where the office clocks somebody")
    happened_at: AwareDatetime | None = Field(
        None,
        description="When it happened, told by a phone that had no signal: at most 7 days ago. Now when left out",
    )
    sent_at: AwareDatetime | None = Field(
        None, description="The phone's own time now: what it differs from the server's corrects happened_at"
    )


class ClockIn(WhenAndWho):
    """Clocking in or out. A position has both degrees or none."""

    latitude: Latitude
    longitude: Longitude
    notes: str = Field("", max_length=1000)


class BreakStart(WhenAndWho):
    """Going on a break. `lunch` is unpaid, `rest` counts as work."""

    kind: BreakKind = "lunch"


class BreakEnd(WhenAndWho):
    """Coming back from a break."""


class BreakOut(BaseModel):
    """A break. Paid ones count as work."""

    id: int
    kind: BreakKind
    paid: bool
    started_at: datetime
    ended_at: datetime | None


class DayOut(BaseModel):
    """The minutes of an entry on one of the days it lies on."""

    date: date
    minutes: int


class EntryOut(BaseModel):
    """A time entry. `duration_minutes` is (clock_out − clock_in) − break_minutes; both it and `clock_out` are null while
    the technician is still clocked in. An entry over midnight lies on two `days`, of the organization's time zone."""

    id: int
    technician_id: int
    technician_name: str
    clock_in: datetime
    clock_out: datetime | None
    break_minutes: int
    duration_minutes: int | None
    on_break_since: datetime | None
    days: list[DayOut]
    latitude: float | None
    longitude: float | None
    clock_out_latitude: float | None
    clock_out_longitude: float | None
    notes: str
    source: Literal["phone", "api", "office", "correction"]
    flags: list[Flag]
    removed_at: datetime | None
    created_at: datetime
    updated_at: datetime


class EntryDetail(EntryOut):
    """A time entry with its breaks."""

    breaks: list[BreakOut]


class EntryQuery(PageQuery):
    """Which entries to list. Days are the organization's; an entry over midnight belongs to both."""

    date_from: date | None = None
    date_to: date | None = None
    technician_id: Id | None = None
    flag: Flag | None = None
    clocked_in: bool | None = None
    include_removed: bool = False


class EntryIn(BaseModel):
    """Time that was not clocked, added by the office."""

    model_config = ConfigDict(extra="forbid")
    technician_id: Id
    clock_in: AwareDatetime
    clock_out: AwareDatetime
    break_minutes: BreakMinutes = 0
    reason: Text500


class EntryChange(BaseModel):
    """What is sent changes, what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    # never read when left out; a factory, so that the documentation shows no default
    clock_in: AwareDatetime = Field(default_factory=clock.now)
    clock_out: AwareDatetime = Field(default_factory=clock.now)
    break_minutes: BreakMinutes = Field(default_factory=int)
    reason: Text500


class ReasonIn(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    reason: Text500


class NoteIn(BaseModel):
    """What the other person shall know."""

    model_config = ConfigDict(extra="forbid")
    note: Text500


class ApprovalIn(BaseModel):
    """`entry_updated_at`, the entry's `updated_at` as it was seen, refuses the approval if it changed since."""

    model_config = ConfigDict(extra="forbid")
    note: str = Field("", max_length=500)
    entry_updated_at: AwareDatetime | None = None


class PresentOut(BaseModel):
    """Somebody who is clocked in."""

    technician_id: int
    technician_name: str
    entry_id: int
    clock_in: datetime
    minutes: int = Field(description="So far, without unpaid breaks")
    on_break_since: datetime | None
    visit: str | None = Field(description="The job they are on")
    flags: list[Flag]


class StatusOut(BaseModel):
    """Where somebody stands: clocked in or not, and their minutes so far."""

    technician_id: int
    clocked_in: bool
    entry: EntryDetail | None
    today_minutes: int
    week_minutes: int
    week_start: date


class CorrectionIn(BaseModel):
    """With `entry_id` other times for an entry (what is left out stays), or `remove` it; without, an entry that is missing."""

    model_config = ConfigDict(extra="forbid")
    reason: Text500
    entry_id: Id | None = None
    technician_id: Id | None = Field(None, description="The office names whose missing entry it is")
    clock_in: AwareDatetime | None = None
    clock_out: AwareDatetime | None = None
    break_minutes: BreakMinutes | None = None
    remove: bool = False


class TimesOut(BaseModel):
    """An entry's times."""

    clock_in: datetime
    clock_out: datetime | None
    break_minutes: int


class CorrectionOut(BaseModel):
    """A correction: `before` is the time as it was (null for a missing entry), `after` as it is asked for (null to remove)."""

    id: int
    technician_id: int
    technician_name: str
    entry_id: int | None
    before: TimesOut | None
    after: TimesOut | None
    remove: bool
    reason: str
    status: CorrectionStatus
    requested_by: int | None
    requested_by_name: str | None
    decided_by: int | None
    decided_by_name: str | None
    decided_at: datetime | None
    decision_note: str
    created_at: datetime
    updated_at: datetime


class CorrectionQuery(PageQuery):
    """Which corrections to list."""

    status: CorrectionStatus | None = None
    technician_id: Id | None = None


class SheetDay(BaseModel):
    """One day of a time sheet, in minutes."""

    date: date
    minutes: int
    break_minutes: int
    travel_minutes: int
    work_minutes: int
    unassigned_minutes: int = Field(description="Worked, but on no visit")
    flags: list[Flag]


class SheetOut(BaseModel):
    """A technician's week. Overtime is information: over 40 hours a week, or by the day as in California (a setting)."""

    id: int
    technician_id: int
    technician_name: str
    week_start: date
    week_end: date
    status: SheetStatus
    minutes: int
    hours: str = Field(description="The same in hours with two decimals")
    regular_minutes: int
    overtime_minutes: int
    double_time_minutes: int
    break_minutes: int
    travel_minutes: int
    work_minutes: int
    unassigned_minutes: int
    flags: list[Flag]
    days: list[SheetDay]
    note: str
    submitted_at: datetime | None
    decided_by: int | None
    decided_at: datetime | None
    created_at: datetime
    updated_at: datetime


class SheetQuery(PageQuery):
    """Which sheets to list: those of weeks that have a day between the two."""

    date_from: date | None = None
    date_to: date | None = None
    technician_id: Id | None = None
    status: SheetStatus | None = None


class ManyIn(BaseModel):
    """The sheets to approve."""

    model_config = ConfigDict(extra="forbid")
    ids: list[Id] = Field(min_length=1, max_length=500)


class Refused(BaseModel):
    """A sheet that was not approved, and why."""

    id: int
    reason: str


class ManyOut(BaseModel):
    """What became of them."""

    approved: list[int]
    refused: list[Refused]


class Span(BaseModel):
    """Days, inclusive; this week when left out."""

    model_config = ConfigDict(extra="forbid")
    date_from: date | None = None
    date_to: date | None = None
    technician_id: Id | None = None


# Shaping --------------------------------------------------------------------------------------------------


def entry(found: TimeEntry, name: str, breaks: Sequence[TimeBreak]) -> dict[str, Any]:
    """An entry as the API answers it; one that runs counts until now."""
    until = rules.ends_at(found, clock.now(), queries.missing_after())
    taken = rules.taken(found, breaks, until)
    days = rules.by_day(found.clock_in, until, taken, breaks, queries.zone())
    done = found.clock_out is not None
    return {
        "id": found.id,
        "technician_id": found.technician_id,
        "technician_name": name,
        "clock_in": found.clock_in,
        "clock_out": found.clock_out,
        "break_minutes": found.break_minutes,
        "duration_minutes": rules.duration(found.clock_in, until, taken) if done else None,
        "on_break_since": found.break_started_at,
        "days": [{"date": day, "minutes": minutes} for day, minutes in sorted(days.items())],
        "latitude": _degrees(found.latitude),
        "longitude": _degrees(found.longitude),
        "clock_out_latitude": _degrees(found.out_latitude),
        "clock_out_longitude": _degrees(found.out_longitude),
        "notes": found.notes,
        "source": found.source,
        "flags": rules.flags_of(found.flag),
        "removed_at": found.removed_at,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
    }


def detail(found: TimeEntry, name: str, breaks: Sequence[TimeBreak]) -> dict[str, Any]:
    """An entry with its breaks."""
    shown = [{n: getattr(b, n) for n in BreakOut.model_fields} for b in breaks]
    return {**entry(found, name, breaks), "breaks": shown}


def _degrees(value: Any) -> float | None:
    return None if value is None else float(value)


def correction(row: Any, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """A row of `queries.corrections.listed` as the API answers it."""
    after = None
    if not row.remove:
        after = {"clock_in": row.clock_in, "clock_out": row.clock_out, "break_minutes": row.break_minutes}
    found = {"before": before, "after": after}
    return {n: found[n] if n in found else getattr(row, n) for n in CorrectionOut.model_fields}


def sheet(found: TimeSheet, name: str, hours: rules.Hours) -> dict[str, Any]:
    """A time sheet as the API answers it."""
    week = queries.week_of(found.week_start)
    return {
        "id": found.id,
        "technician_id": found.technician_id,
        "technician_name": name,
        "week_start": week.start,
        "week_end": week.end,
        "status": found.status,
        "minutes": hours.minutes,
        "hours": rules.decimal_hours(hours.minutes),
        "regular_minutes": hours.over.regular,
        "overtime_minutes": hours.over.overtime,
        "double_time_minutes": hours.over.double,
        "break_minutes": hours.break_minutes,
        "travel_minutes": hours.travel,
        "work_minutes": hours.work,
        "unassigned_minutes": hours.unassigned,
        "flags": rules.flags_of(" ".join(hours.flags)),
        "days": [
            {"date": d.day, "minutes": d.minutes, "break_minutes": d.break_minutes, "travel_minutes": d.travel,
             "work_minutes": d.work, "unassigned_minutes": d.unassigned, "flags": rules.flags_of(" ".join(d.flags))}
            for d in hours.days
        ],
        "note": found.note,
        "submitted_at": found.submitted_at,
        "decided_by": found.decided_by,
        "decided_at": found.decided_at,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
    }  # fmt: skip
