"""Forms of working time."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from wtforms import IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import DateTimeLocalInput

from webapp.kit.forms import Form, NumberChoice, area, choices, text
from webapp.timesheets import queries, rules


class MomentField(StringField):
    """A local day and time of the organization; its data is the moment in UTC, or None when left empty."""

    widget = DateTimeLocalInput()

    def _value(self) -> str:
        if self.raw_data and self.data is None:
            return str(self.raw_data[0])
        return local(self.data).strftime("%Y-%m-%dT%H:%M") if isinstance(self.data, datetime) else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        given = valuelist[0].strip() if valuelist else ""
        self.data = None
        if given:
            try:
                found = datetime.fromisoformat(given)
            except ValueError:
                found = None
            if found is None or found.tzinfo is not None or not 2000 <= found.year <= 2099:
                raise ValueError("Write a day and time like 2026-03-15T08:00.")
            self.data = found.replace(tzinfo=ZoneInfo(queries.zone())).astimezone(UTC)


def local(moment: datetime) -> datetime:
    """A moment on the organization's clocks."""
    return moment.astimezone(ZoneInfo(queries.zone()))


def kept(given: datetime | None, present: datetime | None) -> datetime | None:
    """What a form says of a moment that it showed by the minute: the present one when it was left as it was."""
    if given is not None and present is not None and given == present.replace(second=0, microsecond=0):
        return present
    return given


def _minutes(label: str = "Unpaid breaks", **options: Any) -> IntegerField:
    bounds = NumberRange(0, 1440, "Give 0 to 1440 minutes.")
    return IntegerField(label, validators=[Optional(), bounds], **options)


class TimesForm(Form):
    """The times of an entry, and why they are so."""

    clock_in = MomentField("Clock in", validators=[InputRequired("Say when the work began.")])
    clock_out = MomentField("Clock out")
    break_minutes = _minutes()
    reason = area("Reason", required="Give a reason.", limit=500, rows=2)


def _ended() -> MomentField:
    return MomentField("Clock out", validators=[InputRequired("Say when the work ended.")])


class OwnMissedForm(Form):
    """Time that one forgot to clock."""

    clock_in = MomentField("Clock in", validators=[InputRequired("Say when the work began.")])
    clock_out = _ended()
    break_minutes = _minutes()
    reason = area("Reason", required="Give a reason.", limit=500, rows=2)


class MissedForm(Form):
    """Time of somebody that was not clocked."""

    technician_id = NumberChoice("Technician", validators=[InputRequired("Choose a technician.")])
    clock_in = MomentField("Clock in", validators=[InputRequired("Say when the work began.")])
    clock_out = _ended()
    break_minutes = _minutes()
    reason = area("Reason", required="Give a reason.", limit=500, rows=2)


class StoppedForm(Form):
    """When the work ended that nobody clocked out of."""

    clock_out = MomentField(
        "When did you stop?", validators=[InputRequired("Say when you stopped, as well as you know.")]
    )
    break_minutes = _minutes("Unpaid breaks in all")
    reason = text("Reason", required="Give a reason.", limit=500, default="Forgot to clock out")


class ReasonForm(Form):
    """Why."""

    reason = area("Reason", required="Give a reason.", limit=500, rows=2)


class NoteForm(Form):
    """What the technician shall know."""

    note = area("Note", required="Say why; the technician reads it.", limit=500, rows=2)


class ApprovalForm(Form):
    """Approving a correction."""

    note = area("Note", limit=500, rows=2, description="The technician reads it.")


class ClockForm(Form):
    """The office clocks somebody in or out."""

    technician_id = NumberChoice("Technician", validators=[InputRequired("Choose a technician.")])
    happened_at = MomentField("When", description="Now when left empty; at most 7 days ago.")
    reason = area("Reason", required="Give a reason; the technician reads it.", limit=500, rows=2)


class SettingsForm(Form):
    """The organization's settings of time."""

    weekday = SelectField(
        "A week begins on",
        coerce=int,
        validators=[InputRequired("Choose a weekday.")],
        choices=choices(rules.weekday_choices()),
        description="Another day holds from the next one of it on; the week before is shorter.",
    )
    overtime = RadioField(
        "Overtime",
        choices=choices(rules.OVERTIME_WORDS.items()),
        validators=[InputRequired("Choose how overtime is counted.")],
        description="Shown on time sheets as information.",
    )
    missing_after_hours = IntegerField(
        "A clock-out is missing after",
        validators=[InputRequired("Give a number of hours."), NumberRange(4, 24, "Give 4 to 24 hours.")],
        description="From the clock-in. The technician and the office are told then.",
    )
