"""Forms of the sign-in pages and of one's own account."""

from typing import Any, Self

from wtforms import HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from webapp.kit.forms import Form, choices, text, tidy

ZONES = (
    ("America/New_York", "Eastern"),
    ("America/Chicago", "Central"),
    ("America/Denver", "Mountain"),
    ("America/Phoenix", "Arizona"),
    ("America/Los_Angeles", "Pacific"),
    ("America/Anchorage", "Alaska"),
    ("Pacific/Honolulu", "Hawaii"),
)


def password(label: str, required: str, *, new: bool = False, **options: Any) -> PasswordField:
    """A password; `new` lets the browser suggest one."""
    options["render_kw"] = {"autocomplete": "new-password" if new else "current-password"}
    if new:
        options.setdefault("description", "At least 10 characters. A few words are easier to remember.")
    return PasswordField(label, [InputRequired(required), Length(max=1000, message="The password is too long.")],
                         **options)  # fmt: skip


def code(label: str, required: str, **options: Any) -> StringField:
    """A code typed from a phone, a mail or a sheet of paper."""
    hints = {
        "autocomplete": "one-time-code",
        "inputmode": "numeric",
        "autocapitalize": "none",
        "spellcheck": "false",
    }
    return StringField(label, [InputRequired(required), Length(max=64, message="A code is shorter.")], filters=[tidy],
                       render_kw=hints, **options)  # fmt: skip


class SignInForm(Form):
    """Company, name, password."""

    business_code = text("Business code", required="Enter your business code.", limit=64,
                         render_kw={"autocomplete": "organization", "autocapitalize": "characters",
                                    "spellcheck": "false"})  # fmt: skip
    username = text("Username or email", required="Enter your username.",
                    render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"})  # fmt: skip
    password = password("Password", "Enter your password.")
    next = HiddenField()


class VerifyForm(Form):
    """The second step of signing in."""

    code = code("Code", "Enter the code.")
    next = HiddenField()


class ForgotForm(Form):
    """Who wants to set a new password."""

    business_code = text("Business code", required="Enter your business code.", limit=64,
                         render_kw={"autocomplete": "organization", "autocapitalize": "characters",
                                    "spellcheck": "false"})  # fmt: skip
    username = text("Username or email", required="Enter your username or email.",
                    render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"})  # fmt: skip


class NewPasswordForm(Form):
    """A new password, by a mailed link."""

    password = password("New password", "Enter a new password.", new=True)


class InviteForm(Form):
    """Accepting an invitation."""

    name = text("Your name", required="Enter your name.", limit=120, render_kw={"autocomplete": "name"})
    password = password("Choose a password", "Choose a password.", new=True)


class RegisterForm(Form):
    """Registering a company."""

    company_name = text("Company name", required="Enter the company’s name.", limit=120,
                        render_kw={"autocomplete": "organization"})  # fmt: skip
    time_zone = SelectField("Time zone", [InputRequired("Choose a time zone.")], choices=choices(ZONES),
                            invalid_choice_message="Choose a time zone.")  # fmt: skip
    first_name = text("First name", required="Enter your first name.", limit=60,
                      render_kw={"autocomplete": "given-name"})  # fmt: skip
    last_name = text("Last name", required="Enter your last name.", limit=60,
                     render_kw={"autocomplete": "family-name"})  # fmt: skip
    email = text("Email", required="Enter your email address.", limit=254,
                 render_kw={"autocomplete": "email", "type": "email", "inputmode": "email"})  # fmt: skip
    username = text("Username", required="Choose a username.", limit=64, description="What you sign in with.",
                    render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"})  # fmt: skip
    password = password("Password", "Choose a password.", new=True)


class ProviderRegisterForm(Form):
    """Registering a company with an account of a provider: everything but the password."""

    company_name = RegisterForm.company_name
    time_zone = RegisterForm.time_zone
    first_name = RegisterForm.first_name
    last_name = RegisterForm.last_name
    email = RegisterForm.email
    username = RegisterForm.username


class AddressForm(Form):
    """Another email address for oneself."""

    email = text("New address", required="Enter an email address.", limit=254,
                 render_kw={"autocomplete": "email", "type": "email", "inputmode": "email"})  # fmt: skip
    present = password("Your password", "Enter your password.")

    def for_user(self, has_password: bool) -> Self:
        """Without the question for a password that somebody has not got."""
        if not has_password:
            del self.present
        return self


class ProfileForm(Form):
    """One's own name and number."""

    name = text("Name", required="Enter your name.", limit=120, render_kw={"autocomplete": "name"})
    phone = text("Phone", limit=40)


class PasswordForm(Form):
    """Changing one's own password."""

    present = password("Present password", "Enter your present password.")
    password = password("New password", "Enter a new password.", new=True)


class CodeForm(Form):
    """A first code, as proof that the second factor works."""

    code = code("Code", "Enter the code.")


class ConfirmForm(Form):
    """One's password, before something that weakens the account."""

    present = password("Your password", "Enter your password.")
