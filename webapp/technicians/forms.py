"""Forms of the technician pages."""

from wtforms import BooleanField, ColorField, RadioField
from wtforms.validators import InputRequired

from webapp.kit import clean, forms
from webapp.technicians import rules


class TechnicianForm(forms.Form):
    """A technician's details."""

    name = forms.text("Name", required="Write the technician's name.", limit=120,
                      render_kw={"autocomplete": "off", "autofocus": True})  # fmt: skip
    employee_number = forms.text("Employee number", limit=40)
    phone = forms.text("Phone", limit=60, check=clean.phone)
    email = forms.text(
        "Email", limit=320, check=clean.email, render_kw={"type": "email", "autocomplete": "off"}
    )
    pay_type = RadioField(
        "Pay type",
        default="hourly",
        validators=[InputRequired()],
        choices=forms.choices(rules.PAY_TYPES.items()),
    )
    base_pay_cents = forms.MoneyField(
        "Base pay", description="Per hour when hourly, per pay period on salary; empty on commission only"
    )
    supervisor_id = forms.NumberChoice("Supervisor", description="Earns the override on their sales")
    starts_on = forms.DayField("First day")
    ends_on = forms.DayField("Last day")
    color = ColorField("Color", validators=[InputRequired("Choose a color.")])
    notes = forms.area("Notes", rows=3)


class LastDayForm(forms.Form):
    """When somebody stops working here."""

    last_day = forms.DayField("Last day", validators=[InputRequired("Choose the last day.")],
                              description="They can be put on sales up to and with this day")  # fmt: skip


class LeavingForm(LastDayForm):
    """When somebody who can sign in stops working here."""

    end_sign_in = BooleanField("End their sign-in now, on every device")


class SupervisorForm(forms.Form):
    """Who leads several technicians from now on."""

    supervisor_id = forms.NumberChoice("Supervisor")


class InviteForm(forms.Form):
    """A sign-in for a technician."""

    email = forms.text("Email", required="Write the address the invitation goes to.", limit=320,
                       render_kw={"type": "email", "autocomplete": "off"})  # fmt: skip
    username = forms.text("User name", required="Write the name they sign in with.", limit=60,
                          description="They sign in with this and the business code",
                          render_kw={"autocomplete": "off", "autocapitalize": "none"})  # fmt: skip
