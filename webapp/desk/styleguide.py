"""The living style page: every component in its states. Served in development and tests only."""

from typing import Any

from flask import Blueprint, Response
from wtforms import (
    BooleanField,
    DateField,
    FileField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Optional

from webapp.kit import clock, pages
from webapp.kit.forms import Form, MoneyField, PercentField, choices
from webapp.kit.permissions import public

bp = Blueprint("styleguide", __name__, url_prefix="/_styleguide")
_WHY = "the style page holds sample data only, and is not there in production"
WHOLE = ("list", "record", "form", "dialog", "phone", "plain")


class SampleForm(Form):
    """One field of each kind."""

    customer = StringField("Customer", [DataRequired()])
    technician = SelectField(
        "Technician",
        [Optional()],
        choices=choices([("", "Anybody"), ("4", "Maria Lopez"), ("5", "Sam Whitfield")]),
    )
    day = DateField("Day", [DataRequired()])
    window = SelectField("Window", choices=choices([("9", "9:00–11:00 AM"), ("13", "1:00–3:00 PM")]))
    urgency = RadioField("Urgency", choices=choices([("low", "Can wait"), ("high", "Today")]), default="low")
    deposit = MoneyField("Deposit", [Optional()])
    discount = PercentField("Discount", [Optional()])
    phone = TelField("Phone", [Optional()])
    secret = PasswordField("Gate code", [Optional()], description="Only the technician of the day sees it.")
    skills = SelectMultipleField(
        "Skills", [Optional()], choices=choices([("gas", "Gas furnace"), ("epa", "EPA 608")])
    )
    note = TextAreaField("Note", [Optional()])
    photo = FileField("Photo", [Optional()])
    notify = BooleanField("Text the customer when booked", default=True)
    urgent_line = BooleanField("Ring the on-call technician")


@bp.get("")
@public(_WHY)
def index() -> Response:
    """Every macro in its states."""
    return pages.render("styleguide/index.html", page_title="Components", now=clock.now())


@bp.get("/<any(" + ",".join(WHOLE) + "):name>")
@public(_WHY)
def whole(name: str) -> Response:
    """A whole page of a kind."""
    values: dict[str, Any] = {"form": SampleForm()} if name == "form" else {}
    return pages.render(f"styleguide/{name}.html", block={"dialog": "dialog", "results": "results"}, now=clock.now(),
                        page_title=name.capitalize(), **values)  # fmt: skip


@bp.post("/toast")
@public(_WHY)
def toast() -> Response:
    """A toast with an undo that does nothing."""
    pages.toast("Job J-1042 was canceled.", undo_url="/_styleguide/toast")
    return pages.done(close_dialog=False)
