"""Forms of webhooks."""

from wtforms import BooleanField, IntegerField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, NumberRange

from webapp.integrations import catalogue
from webapp.kit import forms

_RANGE = "Write a number from {} to {}."


class ListeningForm(forms.Form):
    """Something that listens to events of the catalogue."""

    events = SelectMultipleField("Events", validate_choice=False)

    def groups(self) -> list[dict[str, object]]:
        """The catalogue in groups, with what is chosen ticked."""
        chosen = set(self.events.data or ())
        found: dict[str, list[dict[str, object]]] = {}
        for kind in catalogue.names():
            one = {"name": kind.name, "text": kind.description, "chosen": kind.name in chosen}
            found.setdefault(kind.name.split(".")[0], []).append(one)
        groups = [
            {"name": name, "all": f"{name}.*", "whole": f"{name}.*" in chosen, "events": events,
             "open": f"{name}.*" in chosen or any(e["chosen"] for e in events)}
            for name, events in found.items()
        ]  # fmt: skip
        return sorted(groups, key=lambda group: not group["open"])  # what is chosen first


class EndpointForm(ListeningForm):
    """Where events go, which, and how."""

    url = forms.text("Address", required="Write the address that events are sent to.", limit=2000,
                     description="It begins with https://",
                     render_kw={"inputmode": "url", "autocomplete": "off", "spellcheck": "false",
                                "placeholder": "https://example.com/hooks/truckroll"})  # fmt: skip
    description = forms.text("What it is for", limit=500, render_kw={"autocomplete": "off"})
    api = SelectField("Speaks as", [InputRequired("Choose one.")], default="field", choices=forms.choices((
        ("field", "Field service API: X-TradeKitt-Signature"), ("growth", "Growth API: X-EAL-Signature"))),
        description="Standard Webhooks signatures are sent with both.")  # fmt: skip
    in_order = BooleanField("Strictly in order for each record",
                            description="The next event of a sale waits until the one before it is through.")  # fmt: skip
    concurrency = IntegerField("Requests at once", [InputRequired(_RANGE.format(1, 10)),
                               NumberRange(1, 10, _RANGE.format(1, 10))], default=5,
                               render_kw={"inputmode": "numeric"})  # fmt: skip
    rate_per_second = IntegerField("Deliveries a second at the most", [InputRequired(_RANGE.format(0, 1000)),
                                   NumberRange(0, 1000, _RANGE.format(0, 1000))], default=0,
                                   description="0: as fast as it answers", render_kw={"inputmode": "numeric"})  # fmt: skip


class RangeForm(forms.Form):
    """Which deliveries to send again."""

    since = forms.DayField("From", description="The day of the event")
    until = forms.DayField("To", description="This day too")
    status = SelectField("State", choices=forms.choices((("dead_letter", "Given up"), ("delivered", "Delivered"),
                         ("cancelled", "Cancelled"), ("", "Any that is settled"))), default="dead_letter")  # fmt: skip
    event = forms.text("Event", limit=100, description="Empty: every one", render_kw={"autocomplete": "off"})
