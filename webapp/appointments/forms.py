"""Forms of appointments."""

from wtforms import BooleanField, IntegerField
from wtforms.validators import InputRequired, NumberRange

from webapp.appointments.rules import texts
from webapp.kit import forms


class RulesForm(forms.Form):
    """What customers may do by themselves."""

    may_move = BooleanField("Customers may choose another time")
    notice_hours = IntegerField(
        "Notice in hours",
        validators=[InputRequired("Give hours."), NumberRange(0, 24 * 14, "From 0 hours to 14 days (336).")],
        description="Nearer to the visit, customers are asked to call",
    )
    most_moves = IntegerField(
        "How often one visit may be moved",
        validators=[InputRequired("Give a number."), NumberRange(1, 20, "From 1 to 20 times.")],
    )
    days_ahead = IntegerField(
        "Days ahead that are offered",
        validators=[InputRequired("Give days."), NumberRange(1, 31, "From 1 to 31 days.")],
    )
    may_cancel = BooleanField("Customers may ask to cancel")
    summary_minutes = IntegerField(
        "Minutes after a visit until its summary goes out",
        validators=[
            InputRequired("Give minutes."),
            NumberRange(0, 24 * 60, "From 0 minutes to a day (1440)."),
        ],
        description="Long enough for the last photo",
    )


class TextForm(forms.Form):
    """The words of one kind of message."""

    by_email = BooleanField("By mail")
    subject = forms.text("Subject", required="Write a subject.", limit=texts.MOST_SUBJECT)
    body = forms.area("Mail", required="Write the mail.", rows=12, limit=texts.MOST_BODY)
    by_sms = BooleanField("By text message")
    sms = forms.area("Text message", required="Write the text message.", rows=3, limit=texts.MOST_SMS)
