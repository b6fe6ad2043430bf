"""Forms of promises by the clock."""

from typing import Any

from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, NumberRange

from webapp.dispatch.rules.values import JOB_TYPES, PRIORITIES
from webapp.kit import forms
from webapp.sla.rules import clocks, policies

ANY = ("", "Any")


class LengthField(StringField):
    """A length of time as people write it; its data is minutes, or None when left empty."""

    def _value(self) -> str:
        if self.raw_data and self.data is None:
            return str(self.raw_data[0])
        if not isinstance(self.data, int):
            return ""
        hours, rest = divmod(self.data, 60)
        return clocks.words(self.data) if hours < 10 or not rest else f"{hours} h {rest} min"

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        self.data = policies.read_minutes(valuelist[0] if valuelist else "")


class PolicyForm(forms.Form):
    """A policy."""

    name = forms.text("Name", required="Write what you call it, such as Urgent repairs.", limit=80,
                      render_kw={"autofocus": True, "autocomplete": "off"})  # fmt: skip
    priority = SelectField("For priority", choices=forms.choices([ANY, *PRIORITIES.items()]), default="")
    job_type = SelectField("For type", choices=forms.choices([ANY, *JOB_TYPES.items()]), default="")
    response_minutes = LengthField(
        "Answered within",
        description="Until a technician acknowledges: 30 min, 4 h. Empty: not promised",
        render_kw={"autocomplete": "off"},
    )
    resolution_minutes = LengthField(
        "Done within",
        description="Until the job is completed. Empty: not promised",
        render_kw={"autocomplete": "off"},
    )
    business_hours = BooleanField(
        "Count business hours only", default=True, description="Nights, closed days and holidays do not count"
    )
    warn_percent = IntegerField(
        "Warn at",
        default=80,
        description="Of the time gone: dispatchers and managers get a notice",
        validators=[
            InputRequired("Write a percentage."),
            NumberRange(1, 99, message="From 1 to 99 percent."),
        ],
        render_kw={"inputmode": "numeric"},
    )

    def values(self) -> dict[str, Any]:
        found = super().values()
        return found | {"priority": found["priority"] or None, "job_type": found["job_type"] or None}


class HolidayForm(forms.Form):
    """A day without business hours."""

    date = forms.DayField("Day", validators=[InputRequired("Choose the day.")])
    name = forms.text("Name", required="Write what day it is.", limit=80)


class ExcuseForm(forms.Form):
    """Why a broken promise does not count."""

    reason = forms.text("Reason", required="Say why it does not count.", limit=500,
                        render_kw={"autofocus": True, "placeholder": "The customer asked us to come later"})  # fmt: skip
