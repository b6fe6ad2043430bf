"""Forms of the settings pages."""

from datetime import datetime, timedelta
from zoneinfo import available_timezones

from flask_wtf.file import FileField
from wtforms import BooleanField, ColorField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from webapp.accounts import key_rules
from webapp.accounts.rules import STAFF_ROLES
from webapp.accounts.service import keys, policy, providers
from webapp.kit import clock, errors, permissions
from webapp.kit.forms import DayField, Form, NumberChoice, area, choices, text

COMMON_ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
                "America/Anchorage", "Pacific/Honolulu", "America/Toronto", "America/Vancouver")  # fmt: skip

ROLE_WORDS = {
    "owner": "Owner: everything, and who else is an owner",
    "admin": "Admin: everything but ownership",
    "manager": "Manager: the office’s work, approvals and reports",
    "dispatcher": "Dispatcher: customers, technicians and the day’s sales",
    "payroll": "Payroll: commissions, pay periods and statements",
    "accountant": "Accountant: reads money, changes nothing",
    "technician": "Technician: own sales and own pay on the phone",
}


class CompanyForm(Form):
    name = text("Legal name", required="Enter the company’s name.", limit=120)
    display_name = text("Display name", required="Enter the name people see.", limit=60,
                        description="On pages, statements and messages.")  # fmt: skip
    primary_color = ColorField(
        "Accent color", [InputRequired("Choose a color.")], description="Of buttons and links."
    )
    logo = FileField("Logo", description="PNG, JPEG or WebP, at most 1 MB.",
                     render_kw={"accept": "image/png,image/jpeg,image/webp"})  # fmt: skip
    drop_logo = BooleanField("Remove the present logo")
    time_zone = SelectField(
        "Time zone",
        [InputRequired("Choose a time zone.")],
        description="Days, pay periods and times are counted in it.",
    )
    phone = text("Phone", limit=40, render_kw={"autocomplete": "tel", "placeholder": "(813) 555-0100"})
    email = text("Email address", limit=254, render_kw={"autocomplete": "email", "inputmode": "email"})
    address = area("Address", limit=300, rows=3)
    require_mfa = BooleanField("Everyone must use a second factor")
    sso = SelectField("Signing in with Google, Microsoft or Apple", [InputRequired("Choose one.")],
                      choices=choices(policy.WORDS.items()), description="Where it is required, a password "
                      "signs in owners only, and others once to link.")  # fmt: skip
    second_person = BooleanField("Closing a pay period needs a second person’s approval")

    def offer_zones(self, present: str) -> None:
        """Usual zones first, then all; the present one always among them."""
        rest = sorted(available_timezones() - set(COMMON_ZONES))
        zones = [*COMMON_ZONES, *rest]
        if present not in zones:
            zones.insert(0, present)
        self.time_zone.choices = choices((z, z.replace("_", " ")) for z in zones)

    def offer_providers(self) -> None:
        """No question about providers where this server has none set up."""
        if not any(p.audiences for p in providers.PROVIDERS.values()):
            del self.sso


class UserForm(Form):
    name = text("Name", required="Enter a name.", limit=120)
    username = text("Username", required="Enter a username.", limit=64, description="What they sign in with.",
                    render_kw={"autocapitalize": "none", "spellcheck": "false"})  # fmt: skip
    email = text("Email address", limit=254, render_kw={"inputmode": "email"})
    phone = text("Phone", limit=40, render_kw={"inputmode": "tel"})
    roles = SelectMultipleField("Roles", [InputRequired("Choose at least one role.")],
                                choices=choices((r, ROLE_WORDS[r]) for r in STAFF_ROLES), widget=ListWidget(prefix_label=False),
                                option_widget=CheckboxInput())  # fmt: skip
    technician_id = NumberChoice(
        "Technician", description="Whose sales and pay this person sees as their own."
    )


class InvitationForm(UserForm):
    email = text("Email address", required="The invitation goes to an email address.", limit=254,
                 render_kw={"inputmode": "email"})  # fmt: skip


class NarrowForm(Form):
    """What a user's roles would allow but this user may not do."""

    narrowed = SelectMultipleField(
        "Taken away", widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )

    def offer(self, roles: list[str]) -> None:
        given = permissions.of_roles(roles)
        self.narrowed.choices = choices(
            sorted(((p.name, p.description) for p in permissions.REGISTRY.values() if p.name in given),
                   key=lambda one: one[1].casefold())
        )  # fmt: skip


PERIODS = {
    "": "Never",
    "30": "In 30 days",
    "90": "In 90 days",
    "180": "In 180 days",
    "365": "In a year",
    "day": "After a day",
}


class KeyChangeForm(Form):
    """What can be changed of a key."""

    name = text(
        "Name", required="Give the key a name.", limit=80, description="Which program uses it, and for what."
    )
    access = RadioField("May", [InputRequired("Choose one.")], default="full", choices=choices((
        ("full", "Everything its role, level or product may"),
        ("read", "Only read, also what comes to be read later"),
        ("chosen", "Chosen scopes"),
    )))  # fmt: skip
    scopes = SelectMultipleField("Scopes", validate_choice=False)
    expires = SelectField("Expires", choices=choices(PERIODS.items()), default="")
    expires_on = DayField("Last day", description="The last day it works.")
    allowed = area("Allowed addresses", limit=4000, rows=3, render_kw={
        "spellcheck": "false", "autocapitalize": "none", "placeholder": "203.0.113.7\n2001:db8::/32",
    })  # fmt: skip

    def addresses(self) -> list[str]:
        """What was written, one address or block each."""
        return str(self.allowed.data or "").replace(",", " ").split()

    def ends(self, now: datetime, zone: str) -> datetime | None:
        """The moment chosen: midnight after the last day in the organization's zone. Raises Invalid at the field."""
        if self.expires.data in ("", "day") and self.expires_on.data is not None:
            return clock.day_bounds(self.expires_on.data, zone)[1]
        if self.expires.data == "day":
            raise errors.Invalid.one("expires_on", "Choose the last day.")
        return now + timedelta(days=int(self.expires.data)) if self.expires.data else None


class KeyForm(KeyChangeForm):
    product = SelectField(
        "For",
        [InputRequired("Choose an API.")],
        choices=choices((p.name, p.title) for p in keys.PRODUCTS.values() if not p.test),
    )
    mode = RadioField("Works on", [InputRequired("Choose one.")], default="live", choices=choices((
        ("live", "Live data"),
        ("test", "The sandbox: made-up data, nothing is sent to anybody"),
    )))  # fmt: skip
    role = SelectField("Acts with the role", description="Of the field service API: it may do what the role may.",
                       choices=choices((r, r.title()) for r in keys.ROLES), default="dispatcher",
                       validate_choice=False)  # fmt: skip
    scope = SelectField("Level", description="Of the growth API: read, write or admin.",
                        choices=choices((s, s.title()) for s in keys.SCOPES), default="read", validate_choice=False)  # fmt: skip

    @property
    def wanted_product(self) -> str:
        return f"{self.product.data}_test" if self.mode.data == "test" else str(self.product.data)


class KeyEditForm(KeyChangeForm):
    def keep_end(self, words: str) -> None:
        """Offer the present end, which may be any moment, beside the others."""
        self.expires.choices = choices([("keep", f"As it is: {words}"), *PERIODS.items()])


class RotateForm(Form):
    hours = SelectField("The old secret works on for", coerce=int, default=key_rules.OVERLAP,
                        choices=choices((h, key_rules.overlap_words(h)) for h in key_rules.OVERLAPS),
                        description="Until then both work, so that nothing stops while you put in the new one.")  # fmt: skip


class ViewForm(Form):
    name = text("Name", required="Give the view a name.", limit=60)
    shared = BooleanField("For everybody in the company")
