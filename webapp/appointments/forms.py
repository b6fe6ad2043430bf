"""Forms of appointments."""

from wtforms import BooleanField, IntegerField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, NumberRange, Optional

from webapp.appointments.rules import texts
from webapp.dispatch.rules import values
from webapp.kit import clean, forms


class RulesForm(forms.Form):
    """What customers may do by themselves."""

    may_move = BooleanField("Customers may choose another time")
    notice_hours = IntegerField(
        "Notice in hours",
        validators=[InputRequired("Give hours."), NumberRange(0, 24 * 14, "From 0 hours to 14 days (336).")],
        description="Nearer to the visit, customers are asked to call",
    )
    most_moves = IntegerField(
        "How often one visit may be moved",
        validators=[InputRequired("Give a number."), NumberRange(1, 20, "From 1 to 20 times.")],
    )
    days_ahead = IntegerField(
        "Days ahead that are offered",
        validators=[InputRequired("Give days."), NumberRange(1, 31, "From 1 to 31 days.")],
    )
    may_cancel = BooleanField("Customers may ask to cancel")
    summary_minutes = IntegerField(
        "Minutes after a visit until its summary goes out",
        validators=[
            InputRequired("Give minutes."),
            NumberRange(0, 24 * 60, "From 0 minutes to a day (1440)."),
        ],
        description="Long enough for the last photo",
    )


class TextForm(forms.Form):
    """The words of one kind of message."""

    by_email = BooleanField("By mail")
    subject = forms.text("Subject", required="Write a subject.", limit=texts.MOST_SUBJECT)
    body = forms.area("Mail", required="Write the mail.", rows=12, limit=texts.MOST_BODY)
    by_sms = BooleanField("By text message")
    sms = forms.area("Text message", required="Write the text message.", rows=3, limit=texts.MOST_SMS)


STARTS = (("", "Soonest"), ("1", "Tomorrow"), ("2", "In 2 days"), ("3", "In 3 days"), ("7", "In a week"),
          ("14", "In two weeks"))  # fmt: skip


class CallForm(forms.Form):
    """A call that is being booked."""

    customer_id = forms.RecordField("Customer")
    property_id = forms.NumberChoice("Where")
    customer_name = forms.text("Name", render_kw={"autocomplete": "off"})
    customer_phone = forms.text("Phone", limit=60, check=clean.phone, render_kw={"autocomplete": "off"})
    customer_email = forms.text("Email", limit=320, check=clean.email, render_kw={"autocomplete": "off"})
    service_address = forms.text("Address", render_kw={"autocomplete": "off"})
    service_city = forms.text("City", limit=100, render_kw={"autocomplete": "off"})
    service_state = forms.text("State", limit=40, render_kw={"autocomplete": "off"})
    service_zip = forms.text("ZIP", limit=12, render_kw={"autocomplete": "off", "inputmode": "numeric"})
    preset = SelectField("What is it about", validators=[InputRequired("Choose what it is about.")])
    title = forms.text("In a few words", description="The name of the preset when left empty")
    description = forms.area("What the customer says", rows=2)
    priority = SelectField("Priority", choices=forms.choices(values.PRIORITIES.items()), default="normal")
    minutes = IntegerField(
        "Minutes",
        validators=[Optional(), NumberRange(1, values.LONGEST, "From 1 minute to 24 hours (1440).")],
    )
    equipment = SelectMultipleField("About which unit", coerce=int)
    start = SelectField("Not before", choices=forms.choices(STARTS))


class PresetForm(forms.Form):
    """A preset of the booking screen."""

    title = forms.text("Name", required="Give it a name.", limit=120)
    job_type = SelectField("Type", choices=forms.choices(values.JOB_TYPES.items()))
    minutes = IntegerField(
        "Minutes",
        validators=[
            InputRequired("Give minutes."),
            NumberRange(1, values.LONGEST, "From 1 minute to 24 hours (1440)."),
        ],
    )
    item_id = forms.NumberChoice("Price to expect", description="An item of the price book")
    skills = SelectMultipleField("Needed skills", coerce=int)


class ContactForm(forms.Form):
    """How a customer wants to be told."""

    email = BooleanField("By mail")
    sms = BooleanField("By text message")
