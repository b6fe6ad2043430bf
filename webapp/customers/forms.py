"""Forms of the customer pages."""

from wtforms import BooleanField, RadioField
from wtforms.validators import InputRequired

from webapp.customers.rules import KINDS
from webapp.kit import clean, forms

ON_ONE_LINE = "All of it may go here: 123 Oak St Apt 4, Tampa, FL 33601"


class CustomerForm(forms.Form):
    """A customer's details."""

    kind = RadioField("Kind", default="residential", validators=[InputRequired("Choose one.")],
                      choices=forms.choices(KINDS.items()))  # fmt: skip
    name = forms.text("Name", required="Write the customer's name.", limit=160,
                      render_kw={"autocomplete": "off", "autofocus": True})  # fmt: skip
    company = forms.text("Company", limit=160, render_kw={"autocomplete": "off"})  # fmt: skip
    phone = forms.text("Phone", limit=60, check=clean.phone)
    email = forms.text(
        "Email", limit=320, check=clean.email, render_kw={"type": "email", "autocomplete": "off"}
    )
    reference = forms.text("Reference", limit=80, description="The number another system gave it")
    tags = forms.text("Tags", limit=800, description="Separated by commas", render_kw={"autocomplete": "off"})
    notes = forms.area("Notes", rows=3)


class NewCustomerForm(CustomerForm):
    """A new customer, with the first property if it is known."""

    address = forms.text("Address", limit=200, description=ON_ONE_LINE, render_kw={"autocomplete": "off"})
    unit = forms.text("Unit", limit=40, render_kw={"autocomplete": "off"})
    city = forms.text("City", limit=80, render_kw={"autocomplete": "off"})
    state = forms.text("State", limit=40, render_kw={"autocomplete": "off"})
    zip = forms.text("ZIP", limit=12, render_kw={"autocomplete": "off", "inputmode": "numeric"})


class ContactForm(forms.Form):
    """Somebody to talk to."""

    name = forms.text(
        "Name", required="Write the contact's name.", limit=160, render_kw={"autocomplete": "off"}
    )
    role = forms.text(
        "Role", limit=80, render_kw={"placeholder": "Spouse, tenant, manager", "autocomplete": "off"}
    )
    phone = forms.text("Phone", limit=60, check=clean.phone)
    email = forms.text(
        "Email", limit=320, check=clean.email, render_kw={"type": "email", "autocomplete": "off"}
    )


class PropertyForm(forms.Form):
    """A place where work is done."""

    address = forms.text(
        "Address", required="Write the street and number.", limit=200, description=ON_ONE_LINE,
        render_kw={"autocomplete": "off"},
    )  # fmt: skip
    unit = forms.text("Unit", limit=40, render_kw={"autocomplete": "off"})
    city = forms.text("City", limit=80, render_kw={"autocomplete": "off"})
    state = forms.text("State", limit=40, render_kw={"autocomplete": "off"})
    zip = forms.text("ZIP", limit=12, render_kw={"autocomplete": "off", "inputmode": "numeric"})
    label = forms.text("Label", limit=80, description="Such as Home, or Rental on Oak St")
    access_notes = forms.area("Access", limit=2_000, rows=3, description="Gate codes, dogs, where to park")
    primary = BooleanField("Primary property")


class TagForm(forms.Form):
    """One tag for several customers."""

    tag = forms.text("Tag", required="Write a tag.", limit=40, render_kw={"autocomplete": "off"})


class OtherForm(forms.Form):
    """With whom to merge."""

    other_id = forms.RecordField("Merge with", validators=[InputRequired("Choose the other customer.")])


def tag_list(text: str) -> list[str]:
    """Tags as people write them in one line."""
    return [tag for tag in (part.strip() for part in text.split(",")) if tag]
