"""Forms of sales."""

from typing import Any

from wtforms import DateField, HiddenField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Optional

from webapp.kit import errors
from webapp.kit.forms import (
    Form,
    MoneyField,
    NumberChoice,
    PercentField,
    RecordField,
    area,
    choices,
    text,
    tidy,
)
from webapp.sales.service import Buyer, Share
from webapp.sales.service.people import NEW, Candidate

PAYMENT_TYPES = {
    "cash": "Cash",
    "check": "Check",
    "credit_card": "Credit card",
    "debit_card": "Debit card",
    "ach": "Bank transfer",
    "financing": "Financing",
    "invoice": "Invoice",
    "other": "Other",
}
_USUAL = [("", "Not known"), *PAYMENT_TYPES.items()]
PAYMENT_WORDS = {"unpaid": "Not paid", "partial": "Partly paid", "paid": "Paid", "refunded": "Refunded"}
SHARES = 3
NEW_PREFIX = "new:"
"""What the customer field holds for somebody not in the list yet: `new:Jane Doe`."""


class PaymentType(SelectField):
    """How a customer pays: one of the usual ways, or whatever a sale says already."""

    data: Any

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, choices=choices(_USUAL), validate_choice=False, **options)

    def process(self, *given: Any, **more: Any) -> None:
        super().process(*given, **more)
        present = tidy(getattr(self, "data", ""))
        self.data = present
        if present and present not in PAYMENT_TYPES:
            self.choices = choices([*_USUAL, (present, present.replace("_", " ").capitalize())])


class ItemField(RecordField):
    """An item found by typing. Its data is the id, or None; `words` is what stands in the field.

    With JavaScript the list puts the id there. Without it people's own words are sent, and the view settles which item
    they mean (`items.settle`).
    """

    words = ""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.words = tidy(valuelist[0]) if valuelist else ""
        self.data = number_of(self.words)

    def _value(self) -> str:
        return self.words or super()._value()


def number_of(text: str | None) -> int | None:
    """A record's number as a form sends it; None for anything else."""
    text = text or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class ItemQuestion(Form):
    """The item of a sale, and the question which one is meant by words that fit several."""

    item_id: ItemField
    item_known = HiddenField()  # the item whose name the field shows
    item_asked = HiddenField()  # the words that the question was about
    item_choice = RadioField("Which item is this?", validate_choice=False, validators=[Optional()])

    def ask_item(self, found: list[tuple[int, str]]) -> None:
        """Put the question. Where words fit one only, it is chosen already."""
        words = self.item_id.words
        self.item_choice.choices = choices(found)
        self.item_choice.data = str(found[0][0]) if words and len(found) == 1 else None
        self.item_asked.data = words


class SaleForm(ItemQuestion):
    """A sale as the office records or corrects it."""

    technician_id = NumberChoice(
        "Technician", validators=[InputRequired("Choose the technician who sold it.")]
    )
    item_id = ItemField("Item", validators=[InputRequired("Choose what was sold.")])
    sale_price_cents = MoneyField("Price", validators=[InputRequired("Enter the price it was sold at.")])
    list_price_cents = MoneyField("List price")
    customer = StringField(
        "Customer", filters=[tidy], render_kw={"placeholder": "Name or phone; type a new name to add them"}
    )
    customer_known = HiddenField()  # the customer whose name the field shows
    customer_phone = text("Phone", limit=60)
    customer_email = text("Email", limit=320)
    customer_address = text("Address", limit=300)
    customer_choice = RadioField("Which customer is this?", validate_choice=False, validators=[Optional()])
    sold_on = DateField("Sold on", validators=[InputRequired("Enter the day it was sold.")])
    completed_on = DateField("Work completed on", validators=[Optional()])
    payment_type = PaymentType("Paid by")
    notes = area("Notes", limit=5000, rows=2)
    reason = text("Reason for the correction", limit=500, description="It is kept with the sale.")
    split_technician_0 = NumberChoice("Share with")
    split_share_0 = PercentField("Share")
    split_technician_1 = NumberChoice("Share with")
    split_share_1 = PercentField("Share")
    split_technician_2 = NumberChoice("Share with")
    split_share_2 = PercentField("Share")

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.reason.flags.required = True  # where it is asked for; the service checks it

    def people(self, found: list[tuple[int, str]]) -> None:
        """Set who can be chosen."""
        self.technician_id.choices = choices([("", ""), *found])
        for technician, _ in self.splits():
            technician.choices = choices([("", "Nobody"), *found])

    def splits(self) -> list[tuple[Any, Any]]:
        """The pairs of fields for a share."""
        return [(self[f"split_technician_{n}"], self[f"split_share_{n}"]) for n in range(SHARES)]

    def validate(self, extra_validators: Any = None) -> bool:
        good = bool(super().validate(extra_validators))
        for technician, share in self.splits():
            if technician.data is not None and share.data is None and not share.errors:
                share.errors = [*share.errors, "Enter the share in percent."]
                good = False
            if technician.data is None and share.data:
                technician.errors = [*technician.errors, "Choose who gets this share."]
                good = False
        return good

    def shares(self) -> tuple[Share, ...]:
        """The shares that were filled in."""
        return tuple(
            Share(technician.data, share.data)
            for technician, share in self.splits()
            if technician.data is not None and share.data is not None
        )

    def buyer(self) -> Buyer:
        """Who bought, as entered; the page asks when it is not certain."""
        return buyer_of(self.customer.data, self)

    def ask(self, found: tuple[Candidate, ...]) -> None:
        """Put the question who the customer is."""
        ask(self.customer_choice, found)

    def blame(self, problem: errors.AppError) -> None:
        """As the house's; a share that is refused is shown at this form's own fields."""
        named = problem.details.get("fields")
        if named:
            problem.details["fields"] = {self._own(name): sentence for name, sentence in named.items()}
        super().blame(problem)

    def _own(self, name: str) -> str:
        parts = name.split(".")
        if parts[0] == "splits":
            filled = [n for n, (technician, _) in enumerate(self.splits()) if technician.data is not None]
            row = filled[int(parts[1])] if len(parts) > 1 and int(parts[1]) < len(filled) else 0
            return f"split_{'technician' if parts[-1] == 'technician_id' else 'share'}_{row}"
        return "customer" if name == "customer_name" else name


class OwnSaleForm(ItemQuestion):
    """A sale as a technician records it on the phone: what, for how much, to whom."""

    item_id = ItemField("What did you sell?", validators=[InputRequired("Choose what you sold.")])
    sale_price_cents = MoneyField("Price", validators=[InputRequired("Enter the price.")])
    customer_name = text("Customer", limit=200)
    customer_phone = text("Customer's phone", limit=60)
    customer_choice = RadioField("Which customer is this?", validate_choice=False, validators=[Optional()])
    sold_on = DateField("Sold on", validators=[InputRequired("Enter the day.")])
    payment_type = PaymentType("Paid by")
    notes = area("Notes", limit=5000, rows=2)
    reason = text("Reason for the correction", limit=500)

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.reason.flags.required = True  # where it is asked for; the service checks it

    def buyer(self) -> Buyer:
        """Who bought, as entered."""
        return Buyer(
            name=self.customer_name.data,
            phone=self.customer_phone.data,
            chosen=self.customer_choice.data or "",
            ask=True,
        )

    def ask(self, found: tuple[Candidate, ...]) -> None:
        """Put the question who the customer is."""
        ask(self.customer_choice, found)


class ReasonForm(Form):
    """Why something is done."""

    reason = text(
        "Reason",
        required="Give a reason.",
        limit=500,
        description="The technician and the record will show it.",
    )


class PaymentForm(Form):
    """What the customer has paid."""

    status = SelectField(
        "Payment", choices=choices(PAYMENT_WORDS.items()), validators=[InputRequired("Say what was paid.")]
    )
    payment_date = DateField("Paid on", validators=[Optional()])


class WhoForm(Form):
    """The answer to who the customer of a sale is."""

    customer = RadioField("Which customer is this?", validate_choice=False)

    def ask(self, found: tuple[Candidate, ...]) -> None:
        """Put the question."""
        ask(self.customer, found)


def ask(field: Any, found: tuple[Candidate, ...]) -> None:
    """Fill a radio field with the customers it may be, and a new one."""
    pairs = [(str(c.customer_id), f"{c.name} · {c.hint}" if c.hint else c.name) for c in found]
    field.choices = choices([*pairs, (NEW, "None of these: a new customer")])


def buyer_of(value: str, form: Any) -> Buyer:
    """What the customer field and those beside it say."""
    chosen, number = form.customer_choice.data or "", number_of(value)
    if number is not None:
        return Buyer(customer_id=number)
    return Buyer(
        name=value.removeprefix(NEW_PREFIX),
        phone=form.customer_phone.data,
        email=form.customer_email.data,
        address=form.customer_address.data,
        chosen=chosen,
        ask=True,
    )
