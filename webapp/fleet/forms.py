"""Forms of zones, skills and vehicles."""

from typing import Any

from wtforms import BooleanField, ColorField, IntegerField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import TextInput

from webapp.fleet import rules
from webapp.kit import forms

_PLAIN = {"autocomplete": "off"}


class WholeField(IntegerField):
    """A whole number as people write it, `45,210`; None when left empty."""

    widget = TextInput()  # a browser's own field for numbers takes no comma

    def process_formdata(self, valuelist: list[str]) -> None:
        text = (valuelist[0] if valuelist else "").strip().replace(",", "").replace(" ", "")
        self.data = None
        if text:
            if not (text.isascii() and text.isdigit() and len(text) < 16):
                raise ValueError("Write a whole number, such as 45,210.")
            self.data = int(text)


class TechniciansField(SelectMultipleField):
    """Technicians, ticked from a list; its data is their ids."""

    def __init__(self, label: str = "", **options: Any) -> None:
        super().__init__(label, coerce=int, **options)

    def pre_validate(self, form: Any) -> None:
        known = {choice[0] for choice in self.iter_choices()}
        if not set(self.data or ()) <= known:
            raise ValidationError("Tick technicians of the list; somebody chosen is not in it.")


def _miles(label: str, **options: Any) -> WholeField:
    return WholeField(label, render_kw={"inputmode": "numeric", **_PLAIN}, **options)


# Zones --------------------------------------------------------------------------------------------------------------


class ZoneForm(forms.Form):
    """A service zone."""

    name = forms.text(
        "Name", required="Write the zone’s name.", limit=80, render_kw={"autofocus": True, **_PLAIN}
    )
    kind = RadioField("Where it is", default="zip", validators=[InputRequired()],
                      choices=forms.choices(rules.zones.KINDS.items()))  # fmt: skip
    zips = forms.area(
        "ZIP codes",
        limit=60_000,
        rows=5,
        description="Paste any list. 33601-33610 means a range, 336* every ZIP code that begins so.",
        render_kw={"spellcheck": "false", **_PLAIN},
    )
    keep_unknown = BooleanField("Keep the ZIP codes that nobody knows")
    points = forms.area(
        "Corners",
        limit=40_000,
        rows=6,
        description="Latitude, longitude of each corner on a line of its own, in order around the area",
        render_kw={"spellcheck": "false", **_PLAIN},
    )
    technician_ids = TechniciansField(
        "Served by", description="Whoever is ticked for no zone serves all of them"
    )
    color = ColorField("Color", validators=[InputRequired("Choose a color.")])
    notes = forms.area("Notes", limit=4_000, rows=3)

    def zone_values(self) -> dict[str, Any]:
        """What was entered, as the service takes it. Raises ValueError for a line that is no corner."""
        values = {n: self[n].data for n in ("name", "color", "notes", "technician_ids", "kind")}
        if self.kind.data == "polygon":
            return values | {"polygon": rules.zones.read_points(self.points.data)}
        return values | {"zips": self.zips.data}


# Skills -------------------------------------------------------------------------------------------------------------


class HeldForm(forms.Form):
    """What one technician has of one skill."""

    level = RadioField("Level", coerce=int, validators=[InputRequired("Choose a level.")],
                       choices=forms.choices((n, f"{n} – {word}") for n, word in rules.skills.LEVELS.items()))  # fmt: skip
    expires_on = forms.DayField("Expires on", description="The last day that the certificate is good for")
    certificate = forms.text("Certificate number", limit=80, render_kw=_PLAIN)
    notes = forms.area("Notes", limit=2_000, rows=2)


class NewHeldForm(HeldForm):
    """A technician, a skill, and what they have of it."""

    technician_id = forms.NumberChoice("Technician", validators=[InputRequired("Choose a technician.")])
    skill_id = forms.NumberChoice("Skill", validators=[InputRequired("Choose a skill.")])


class SkillForm(forms.Form):
    """A skill of the catalog."""

    name = forms.text(
        "Name", required="Write the skill’s name.", limit=80, render_kw={"autofocus": True, **_PLAIN}
    )
    description = forms.area("Description", limit=2_000, rows=3)
    certified = BooleanField("Comes with a certificate that expires")


class ExpiryForm(forms.Form):
    """One expiry for several certificates."""

    expires_on = forms.DayField("Expires on", validators=[InputRequired("Choose the last day.")])


# Vehicles -----------------------------------------------------------------------------------------------------------


class VehicleForm(forms.Form):
    """A vehicle's details."""

    name = forms.text("Name", required="Write what you call it, such as Truck 12.", limit=80,
                      render_kw={"autofocus": True, **_PLAIN})  # fmt: skip
    plate = forms.text("License plate", limit=20, render_kw={"autocapitalize": "characters", **_PLAIN})
    vin = forms.text("VIN", limit=40, description="17 characters, from the registration or the windshield",
                     render_kw={"autocapitalize": "characters", "spellcheck": "false", **_PLAIN})  # fmt: skip
    year = WholeField("Year", render_kw={"inputmode": "numeric", **_PLAIN})
    make = forms.text("Make", limit=60, render_kw={"placeholder": "Ford"})
    model = forms.text("Model", limit=60, render_kw={"placeholder": "Transit 250"})
    status = SelectField("State", default="active", validators=[InputRequired()],
                         choices=forms.choices((k, v) for k, v in rules.vehicles.STATUSES.items() if k != "retired"))  # fmt: skip
    notes = forms.area("Notes", limit=4_000, rows=3)


class NewVehicleForm(VehicleForm):
    """A new vehicle, with what is asked only then."""

    odometer_miles = _miles("Odometer", description="Miles it has gone")
    driver_id = forms.NumberChoice("Driver")
    usual_plans = BooleanField(
        "Plan the usual maintenance", default=True, description="Oil, tires, brakes, inspection, registration"
    )


class DriverForm(forms.Form):
    """Who drives a vehicle from now on."""

    technician_id = forms.NumberChoice("Driver")


class OdometerForm(forms.Form):
    """An odometer reading."""

    odometer_miles = _miles("Miles", validators=[InputRequired("Write the miles on the odometer.")])
    reason = forms.text(
        "Reason", limit=500, description="Only where the reading is less than the last one, or far more"
    )


class PlanForm(forms.Form):
    """Maintenance that comes again."""

    name = forms.text("What", required="Write what is done, such as Oil change.", limit=80,
                      render_kw={"list": "usual-plans", "autofocus": True, **_PLAIN})  # fmt: skip
    every_miles = _miles("Every so many miles")
    every_days = WholeField("Every so many days", render_kw={"inputmode": "numeric", **_PLAIN},
                            description="With both, whichever comes first")  # fmt: skip
    last_done_on = forms.DayField("Last done on")
    last_done_miles = _miles("Last done at")


class WorkForm(forms.Form):
    """Work that was done on a vehicle."""

    name = forms.text(
        "What", required="Write what was done.", limit=80, render_kw={"list": "usual-plans", **_PLAIN}
    )
    plan_id = forms.NumberChoice("For the plan", description="That plan is then counted afresh")
    done_on = forms.DayField("Done on", validators=[InputRequired("Choose the day.")])
    odometer_miles = _miles("Odometer")
    cost_cents = forms.MoneyField("Cost")
    vendor = forms.text("Done by", limit=120, description="The shop, or whoever did it")
    notes = forms.area("Notes", limit=4_000, rows=2)
