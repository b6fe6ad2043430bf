"""Forms of blocks, time off, shifts, on-call turns, profiles, and the settings of dispatch."""

import re
from datetime import date, datetime
from typing import Any

from wtforms import BooleanField, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, NumberRange, Optional

from webapp.dispatch import words
from webapp.dispatch.forms import MomentField
from webapp.dispatch.rules import shifts
from webapp.kit import clock, errors, forms

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIRST, LAST = date(2000, 1, 1), date(2099, 12, 30)  # of days that are asked for
_TIME = re.compile(r"(\d{1,2}):(\d{2})")


class MinuteField(StringField):
    """A time of day; its data is minutes after midnight, or None when left empty."""

    def __init__(self, label: str = "", **options: Any) -> None:
        options.setdefault("render_kw", {"type": "time", "step": "300"})
        super().__init__(label, **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        given = valuelist[0].strip() if valuelist else ""
        self.data = None
        if given:
            found = _TIME.fullmatch(given)
            if (
                found is None
                or int(found[1]) > 24
                or int(found[2]) > 59
                or int(found[1]) * 60 + int(found[2]) > 1440
            ):
                raise ValueError("Write a time like 08:30.")
            self.data = int(found[1]) * 60 + int(found[2])

    def _value(self) -> str:
        if self.raw_data and self.data is None:
            return str(self.raw_data[0])
        return "" if self.data is None else clock_words(int(self.data))


def clock_words(minute: int) -> str:
    """Minutes after midnight as a form holds them: `08:30`; the end of the day is midnight."""
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def time_words(minute: int) -> str:
    """Minutes after midnight as people read them: `8:30 AM`."""
    hour, rest = divmod(minute % 1440, 60)
    return f"{hour % 12 or 12}{f':{rest:02d}' if rest else ''} {'AM' if hour < 12 else 'PM'}"


def _moment(label: str, missing: str) -> MomentField:
    return MomentField(label, validators=[InputRequired(missing)],
                       render_kw={"type": "datetime-local", "step": "300"})  # fmt: skip


class BlockForm(forms.Form):
    """Time on a lane that is no job."""

    technician_id = forms.NumberChoice("Technician", validators=[InputRequired("Choose a technician.")])
    kind = SelectField("What", choices=forms.choices(words.BLOCKS.items()), default="meeting")
    title = forms.text("Title", limit=120, description="What stands on the lane; its kind when left empty")
    starts_at = _moment("Starts", "Say when it begins.")
    ends_at = _moment("Ends", "Say when it ends.")
    note = forms.area("Note", limit=2_000, rows=2)


class LeaveForm(forms.Form):
    """Time off that a technician asks for: whole days, or from and until a time of day."""

    first_day = forms.DayField("First day", validators=[InputRequired("Choose the first day.")],
                               render_kw={"type": "date"})  # fmt: skip
    last_day = forms.DayField("Last day", validators=[Optional()], render_kw={"type": "date"},
                              description="Left empty: one day")  # fmt: skip
    from_minute = MinuteField("From", description="On the first day; left empty: all day")
    until_minute = MinuteField("Until", description="On the last day; left empty: all day")
    note = forms.area("For the office", limit=2_000, rows=2)

    def span(self, zone: str) -> tuple[datetime, datetime]:
        """From when until when, in UTC. Raises Invalid for an end that is not after the beginning."""
        first = self.first_day.data
        assert first is not None  # the form is valid
        last = self.last_day.data or first
        for name, day in (("first_day", first), ("last_day", last)):
            if not FIRST <= day <= LAST:
                raise errors.Invalid.one(name, f"Choose a day from {FIRST.year} to {LAST.year}.")
        if last < first:
            raise errors.Invalid.one("last_day", "The last day is before the first.")
        starts_at, ends_at = clock.day_bounds(first, zone)[0], clock.day_bounds(last, zone)[1]
        if self.from_minute.data is not None:
            starts_at = shifts.moment(first, self.from_minute.data, zone)
        if self.until_minute.data is not None:
            ends_at = shifts.moment(last, self.until_minute.data, zone)
        if ends_at <= starts_at:
            raise errors.Invalid.one("until_minute", "It ends before it begins.")
        return starts_at, ends_at


class DecisionForm(forms.Form):
    """What the technician shall know of a decision."""

    note = forms.area("Note", limit=500, rows=2, description="The technician reads it.")


class WeekForm(forms.Form):
    """Hours of some weekdays."""

    weekdays = SelectMultipleField("Weekdays", coerce=int, choices=forms.choices(enumerate(WEEKDAYS)),
                                   validators=[InputRequired("Choose at least one weekday.")])  # fmt: skip
    off = BooleanField("Does not work on these weekdays")
    starts_minute = MinuteField("From")
    ends_minute = MinuteField("Until", description="An earlier time than the first is on the next day")
    again_from = MinuteField("And from")
    again_until = MinuteField("Until")
    valid_from = forms.DayField("Holds from", validators=[Optional()], description="From now on when left empty",
                                render_kw={"type": "date"})  # fmt: skip
    valid_until = forms.DayField("To", validators=[Optional()], render_kw={"type": "date"})


class DayForm(forms.Form):
    """One day that is unlike the others."""

    technician_id = forms.NumberChoice("Technician", validators=[InputRequired("Choose a technician.")])
    on_date = forms.DayField("Day", validators=[InputRequired("Choose a day.")], render_kw={"type": "date"})
    off = BooleanField("Off that day")
    starts_minute = MinuteField("From")
    ends_minute = MinuteField("Until", description="An earlier time than the first is on the next day")


class TurnForm(forms.Form):
    """A turn of being on call."""

    technician_id = forms.NumberChoice("Technician", validators=[InputRequired("Choose a technician.")])
    starts_at = _moment("Starts", "Say when it begins.")
    ends_at = _moment("Ends", "Say when it ends.")
    note = forms.text("Note", limit=200)


class RotationForm(forms.Form):
    """Turns dealt out in an order."""

    technician_ids = SelectMultipleField("Who takes turns", coerce=int,
                                         validators=[InputRequired("Choose who takes turns.")])  # fmt: skip
    begins_with = forms.NumberChoice("Begins with")
    first_day = forms.DayField(
        "First change", validators=[InputRequired("Choose a day.")], render_kw={"type": "date"}
    )
    change_minute = MinuteField("Changes at", validators=[InputRequired("Choose a time.")], default=1020)
    days = IntegerField("Length of a turn", default=7,
                        validators=[InputRequired("Say how long."), NumberRange(1, 28, message="From 1 to 28 days.")])  # fmt: skip
    turns = IntegerField("Turns to make", default=12,
                         validators=[InputRequired("Say how many."), NumberRange(1, 200, message="From 1 to 200.")])  # fmt: skip


class ProfileForm(forms.Form):
    """How a technician is dispatched."""

    dispatched = BooleanField("Has a lane on the board", default=True)
    position = IntegerField(
        "Place of the lane", default=0, description="Lower stands higher",
        validators=[InputRequired("Write a number."), NumberRange(0, 10_000, message="From 0 to 10000.")],
    )  # fmt: skip
    start_address = forms.text(
        "Day starts at", description="Address or ZIP code; the company’s when left empty"
    )
    end_address = forms.text("Day ends at", description="Where it started when left empty")
    lunch_minutes = IntegerField("Lunch", default=30, description="0: none",
                                 validators=[InputRequired("Write 0 for none."),
                                             NumberRange(0, 240, message="From 0 to 240 minutes.")])  # fmt: skip
    lunch_from = MinuteField("Lunch from", validators=[InputRequired("Choose a time.")], default=660)
    lunch_until = MinuteField("Lunch until", validators=[InputRequired("Choose a time.")], default=840)


def _hours(day: str, **options: Any) -> MinuteField:
    return MinuteField(day, **options)


class PreferencesForm(forms.Form):
    """How the organization dispatches. A weekday without hours is closed."""

    opens_0, closes_0 = _hours("Monday opens"), _hours("Monday closes")
    opens_1, closes_1 = _hours("Tuesday opens"), _hours("Tuesday closes")
    opens_2, closes_2 = _hours("Wednesday opens"), _hours("Wednesday closes")
    opens_3, closes_3 = _hours("Thursday opens"), _hours("Thursday closes")
    opens_4, closes_4 = _hours("Friday opens"), _hours("Friday closes")
    opens_5, closes_5 = _hours("Saturday opens"), _hours("Saturday closes")
    opens_6, closes_6 = _hours("Sunday opens"), _hours("Sunday closes")
    board_from = MinuteField("Board from", validators=[InputRequired("Choose a time.")])
    board_until = MinuteField("Board until", validators=[InputRequired("Choose a time.")])
    window_minutes = IntegerField("Arrival window", validators=[InputRequired("Write minutes.")],
                                  description="What a customer is promised when a visit is booked")  # fmt: skip
    emergency_minutes = IntegerField(
        "Kept free for emergencies", validators=[InputRequired("Write 0 for none.")],
        description="Working time a day, over all technicians. Work that is not urgent goes into it only with a reason.",
    )  # fmt: skip
    drive_mph = IntegerField("Driving speed", validators=[InputRequired("Write a speed.")],
                             description="Door to door, where no road server is configured")  # fmt: skip
    reminder_hours = IntegerField("Reminder before a visit", validators=[InputRequired("Write 0 for none.")],
                                  description="0: none")  # fmt: skip
    tracking = BooleanField("“On the way” messages carry a live link")
    require_signature = BooleanField("A visit is completed with the customer’s signature")
