"""Forms of equipment."""

from wtforms.validators import InputRequired

from webapp.kit import forms

_PLAIN = {"autocomplete": "off"}


class UnitForm(forms.Form):
    """A unit's details."""

    property_id = forms.NumberChoice("Where", validators=[InputRequired("Choose the property.")])
    kind = forms.text("What it is", required="Say what it is: a furnace, a water heater.", limit=60,
                      render_kw={"list": "equipment-kinds", "autofocus": True, **_PLAIN})  # fmt: skip
    make = forms.text(
        "Make", limit=60, render_kw={"list": "equipment-makes", "placeholder": "Carrier", **_PLAIN}
    )
    model = forms.text("Model", limit=80, render_kw=_PLAIN)
    serial = forms.text("Serial number", limit=80, render_kw={"spellcheck": "false", **_PLAIN})
    location = forms.text("Where at the property", limit=80, render_kw={"placeholder": "Basement", **_PLAIN})
    installed_on = forms.DayField("Installed on")
    warranty_until = forms.DayField("Warranty until", description="The last day that is covered")
    notes = forms.area("Notes", limit=10_000, rows=3)


class ReplaceForm(UnitForm):
    """The unit that comes in another's place."""

    reason = forms.text("Why", limit=500, render_kw={"placeholder": "Heat exchanger cracked", **_PLAIN})


class RetireForm(forms.Form):
    """When a unit went out of use, and why."""

    retired_on = forms.DayField("Out of use since", validators=[InputRequired("Choose the day.")])
    reason = forms.text("Why", limit=500, render_kw={"placeholder": "Removed by the customer"})


class ReadingForm(forms.Form):
    """Something that was measured."""

    name = forms.text("What", required="Say what was measured.", limit=80,
                      render_kw={"list": "equipment-readings", "autofocus": True, **_PLAIN})  # fmt: skip
    value = forms.text(
        "Reading", required="Write what it read.", limit=40, render_kw={"inputmode": "decimal", **_PLAIN}
    )
    unit = forms.text("Unit", limit=20, render_kw={"list": "equipment-units", **_PLAIN})
