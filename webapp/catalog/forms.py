"""Forms of the price book."""

from wtforms import SelectField
from wtforms.validators import InputRequired

from webapp.catalog import rules
from webapp.kit import forms


class ItemForm(forms.Form):
    """An item."""

    name = forms.text("Name", required="Write what is sold.", limit=160, render_kw={"autofocus": True})
    code = forms.text("Code", limit=60, description="Your own number for it; no two items share one")
    category_id = forms.NumberChoice("Category")
    list_price_cents = forms.MoneyField("List price", description="Empty where the price is agreed each time")
    description = forms.area("Description", limit=4_000, rows=4)


class CategoryForm(forms.Form):
    """A category."""

    name = forms.text("Name", required="Write the category's name.", limit=80)


class SetCategoryForm(forms.Form):
    """One category for several items."""

    category_id = forms.NumberChoice("Category")


class PricesForm(forms.Form):
    """By how much list prices change."""

    percent = forms.PercentField(
        "Change by",
        validators=[InputRequired("Write by how many percent.")],
        render_kw={"inputmode": "decimal", "autocomplete": "off", "placeholder": "5, or -2.5 to lower"},
    )
    rounding = SelectField("Round", validators=[InputRequired()], coerce=int, default=1,
                           choices=forms.choices(rules.ROUNDINGS.items()))  # fmt: skip
