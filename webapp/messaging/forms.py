"""Forms of the messaging pages."""

from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from webapp.kit.forms import Form, choices


class SuppressForm(Form):
    """Put an address on the do-not-contact list."""

    channel = SelectField("Channel", choices=choices([("email", "Email"), ("sms", "Text message")]))
    address = StringField(
        "Address or number",
        [InputRequired("Write the address or number."), Length(max=254)],
        description="For example sam@example.com or (404) 555-0114",
        render_kw={"autocomplete": "off"},
    )
    reason = SelectField(
        "Reason",
        choices=choices([("no_marketing", "Asked for no marketing"), ("do_not_contact", "Asked not to be contacted at all"),
                 ("bounced", "The address does not exist"), ("spam_complaint", "Reported us as spam")]),
    )  # fmt: skip
