"""Forms of jobs."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from wtforms import (
    BooleanField,
    IntegerField,
    MultipleFileField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, NumberRange, Optional

from webapp.dispatch import words
from webapp.dispatch.rules import values
from webapp.kit import clean, forms


class MomentField(StringField):
    """A day and a time of it in the organization's zone; its data is that local time without a zone, or None."""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if text:
            try:
                self.data = datetime.fromisoformat(text).replace(tzinfo=None)
            except ValueError:
                raise ValueError("Write a day and a time.") from None

    def _value(self) -> str:
        if self.raw_data and self.data is None:
            return str(self.raw_data[0])
        return self.data.strftime("%Y-%m-%dT%H:%M") if self.data else ""


def moment(local: datetime | None, zone: str) -> datetime | None:
    """A form's local time as a moment."""
    return local.replace(tzinfo=ZoneInfo(zone)) if local is not None else None


def local(value: datetime | None, zone: str) -> datetime | None:
    """A moment as a form shows it."""
    return value.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if value is not None else None


def _when(label: str, **more: Any) -> MomentField:
    return MomentField(label, render_kw={"type": "datetime-local", "step": "300"}, **more)


class JobForm(forms.Form):
    """A job's details."""

    title = forms.text("What is to be done", required="Say in a few words what is to be done.", limit=200,
                       render_kw={"autofocus": True, "placeholder": "No heat, furnace clicking"})  # fmt: skip
    job_type = SelectField("Type", choices=forms.choices(words.TYPES.items()), default="repair")
    priority = SelectField("Priority", choices=forms.choices(words.PRIORITIES.items()), default="normal")
    customer_id = forms.RecordField("Customer", description="Leave empty for somebody new")
    customer_name = forms.text("Name")
    customer_phone = forms.text("Phone", limit=60, check=clean.phone)
    customer_email = forms.text("Email", limit=320, check=clean.email)
    service_address = forms.text("Address")
    service_unit = forms.text("Unit", limit=40)
    service_city = forms.text("City", limit=100)
    service_state = forms.text("State", limit=40)
    service_zip = forms.text("ZIP", limit=12)
    description = forms.area("Details", rows=3)
    expected_minutes = IntegerField(
        "Expected minutes",
        validators=[Optional(), NumberRange(1, values.LONGEST, message="From 1 minute to 24 hours (1440).")],
        description="The usual length of the type when left empty",
    )
    window_start = _when("Promised from")
    window_end = _when("Promised until")
    price_cents = forms.MoneyField("Price told to the customer")
    tags = forms.text("Tags", description="Divided by commas")
    skills = SelectMultipleField("Needed skills", coerce=int)
    optional = BooleanField("A route plan may leave it out")


class NewJobForm(JobForm):
    """A job to book, with when and whom to send."""

    scheduled_start = _when("Starts")
    technician_id = forms.NumberChoice("Technician")
    override_reason = forms.text("Reason to do it all the same", limit=500)


class PlaceForm(forms.Form):
    """When a visit is and who is sent."""

    scheduled_start = _when("Starts")
    scheduled_end = _when("Ends")
    technician_id = forms.NumberChoice("Technician")
    helpers = SelectMultipleField("Helpers", coerce=int)
    override_reason = forms.text("Reason to do it all the same", limit=500,
                                 description="Only where something is in the way")  # fmt: skip


class ReasonForm(forms.Form):
    """A reason in words."""

    reason = forms.text("Reason", required="Give a reason.", limit=500, render_kw={"autofocus": True})


class HoldForm(ReasonForm):
    """Why a job waits, and until when."""

    until = _when("Come back to it")


class VisitForm(forms.Form):
    """A further visit."""

    reason = forms.text("Why another visit", limit=500, render_kw={"autofocus": True})
    scheduled_start = _when("Starts")
    technician_id = forms.NumberChoice("Technician")
    override_reason = forms.text("Reason to do it all the same", limit=500)


class NoteForm(forms.Form):
    """A note on a job."""

    body = forms.area("Note", required="Write something.", rows=3)
    public = BooleanField("The customer may read it")


class StepForm(forms.Form):
    """A step out of order, with its reason."""

    status = SelectField("Status", validators=[InputRequired("Choose a status.")])
    reason = forms.text("Reason", limit=500)


class TableForm(forms.Form):
    """Where the visit chosen in the board's table goes."""

    visit_id = forms.NumberChoice("Visit", validators=[InputRequired("Choose a visit in the table.")])
    technician_id = SelectField("Technician", validate_choice=True)
    scheduled_start = _when("Starts", description="As it is when left empty")
    override_reason = forms.text("Reason to do it all the same", limit=500,
                                 description="Only where something is in the way")  # fmt: skip


class MaterialForm(forms.Form):
    """Something used on a job."""

    item_id = forms.RecordField("From the price book")
    description = forms.text("Or in your own words")
    quantity = forms.text("How many", limit=14, default="1", required="Write how many.",
                          render_kw={"inputmode": "decimal"})  # fmt: skip
    unit_price_cents = forms.MoneyField("Price each", description="The price book’s when left empty")


class FilesForm(forms.Form):
    """Photos and documents of a job."""

    files = MultipleFileField("Files")
    caption = forms.text("What they show")
