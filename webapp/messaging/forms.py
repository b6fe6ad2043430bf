"""Forms of the messaging pages."""

from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from webapp.kit.forms import Form, choices


class SuppressForm(Form):
    """Put an address on the do-not-contact list."""

    channel = SelectField(
        "Channel",
        [InputRequired("Choose a channel.")],
        choices=choices([("email", "Email"), ("sms", "Text message")]),
    )
    address = StringField(
        "Email address or phone number",
        [InputRequired("Write the address or number."), Length(max=254)],
        render_kw={"autocomplete": "off"},
    )
    reason = SelectField(
        "Reason",
        [InputRequired("Choose a reason.")],
        choices=choices([("no_marketing", "Asked for no marketing"), ("do_not_contact", "Asked not to be contacted at all"),
                 ("bounced", "The address does not exist"), ("spam_complaint", "Reported us as spam")]),
    )  # fmt: skip
