"""Forms of pay."""

from typing import Any

from wtforms import IntegerField, RadioField, SelectField
from wtforms.validators import InputRequired, NumberRange

from webapp.kit.forms import DayField, Form, MoneyField, NumberChoice, PercentField, area, choices
from webapp.models import PayPlan
from webapp.sales import rules
from webapp.sales.pay import manual, plans

STEPS = 5
KIND_HINTS = {
    "bonus": "Bonus: paid on top",
    "deduction": "Deduction: kept back from pay",
    "draw": "Draw: paid now, to be kept back later",
    "draw_recovery": "Draw kept back: taken from what is owed on draws",
    "guarantee": "Guarantee: tops up what was earned to an amount",
}


class AmountForm(Form):
    """An amount added by hand."""

    technician_id = NumberChoice("Technician", validators=[InputRequired("Choose a technician.")])
    kind = RadioField(
        "Kind",
        choices=choices(KIND_HINTS.items()),
        default="bonus",
        validators=[InputRequired("Choose what it is.")],
    )
    amount_cents = MoneyField(
        "Amount",
        validators=[InputRequired("Give an amount.")],
        description="Always above zero. Of a guarantee, the amount that earnings are topped up to.",
    )
    reason = area(
        "Reason", required="Say what this is for.", limit=500, rows=2, description="The technician reads it."
    )

    def draft(self) -> manual.Draft:
        """What the form asks for."""
        return manual.Draft(
            technician_id=self.technician_id.data or 0,
            kind=self.kind.data,
            amount_cents=self.amount_cents.data or 0,
            reason=self.reason.data,
        )


class ReasonForm(Form):
    """Why a closed period is opened again."""

    reason = area("Reason", required="Say why.", limit=500, rows=3, description="It stays in the audit log.")


class DisputeForm(Form):
    """What is wrong with one's pay."""

    note = area(
        "What is wrong?", required="Write what is wrong.", limit=1000, rows=4,
        description="Name the sale or the amount. The office reads this and answers you.",
    )  # fmt: skip


class ReplyForm(Form):
    """The office's answer to a dispute."""

    reply = area(
        "Your answer", required="Write what was done about it.", limit=1000, rows=4,
        description="The technician reads it.",
    )  # fmt: skip


class RejectForm(Form):
    """Why an amount is turned down."""

    reason = area("Reason", limit=500, rows=2)


class PlanForm(Form):
    """How the organization pays."""

    frequency = RadioField(
        "How often are people paid?",
        choices=choices(plans.FREQUENCY_WORDS.items()),
        validators=[InputRequired("Choose how often.")],
    )
    anchor = DayField(
        "A day on which a week begins",
        validators=[InputRequired("Choose a day.")],
        description="For weekly and two-weekly periods: they begin on this day and every 7 or 14 days from it.",
    )
    pay_days_after = IntegerField(
        "Days until payday",
        validators=[
            InputRequired("Give a number of days."),
            NumberRange(0, plans.MOST_DAYS_AFTER, f"Give 0 to {plans.MOST_DAYS_AFTER} days."),
        ],
        description="From the end of a period. A payday on a weekend comes on the Friday before.",
    )
    basis = SelectField(
        "Which day puts a sale into a period?",
        validators=[InputRequired("Choose a day.")],
        choices=choices(plans.BASIS_WORDS.items()),
        description="A sale counts once that day has come and it is approved.",
    )
    off_0 = PercentField("Discount")
    pays_0 = PercentField("Pays")
    off_1 = PercentField("Discount")
    pays_1 = PercentField("Pays")
    off_2 = PercentField("Discount")
    pays_2 = PercentField("Pays")
    off_3 = PercentField("Discount")
    pays_3 = PercentField("Pays")
    off_4 = PercentField("Discount")
    pays_4 = PercentField("Pays")

    def steps(self) -> list[tuple[Any, Any]]:
        """The pairs of fields of the discount scale."""
        return [(self[f"off_{n}"], self[f"pays_{n}"]) for n in range(STEPS)]

    def show(self, plan: PayPlan) -> None:
        """Fill in the plan in force."""
        self.frequency.data, self.anchor.data = plan.frequency, plan.anchor
        self.pay_days_after.data, self.basis.data = plan.pay_days_after, plan.basis
        for step, (off, pays) in zip(plan.discount_scale, self.steps(), strict=False):
            off.data, pays.data = step["discount_bps"], step["pays_bps"]

    def validate(self, extra_validators: Any = None) -> bool:
        good = bool(super().validate(extra_validators))
        for off, pays in self.steps():
            if (off.data is None) != (pays.data is None) and not (off.errors or pays.errors):
                empty = off if off.data is None else pays
                empty.errors = [*empty.errors, "Fill in both, or neither."]
                good = False
        return good

    def plan(self) -> plans.NewPlan:
        """The plan that was entered."""
        assert self.anchor.data is not None  # the form asks for it
        filled = [(off.data, pays.data) for off, pays in self.steps() if off.data is not None]
        return plans.NewPlan(
            frequency=self.frequency.data,
            anchor=self.anchor.data,
            pay_days_after=self.pay_days_after.data,
            basis=self.basis.data,
            discount_scale=tuple(rules.ScaleStep(off, pays) for off, pays in filled),
        )

    def own_names(self, details: dict[str, Any]) -> None:
        """Turn the service's names of scale steps (`discount_scale.1.pays_bps`) into this form's fields."""
        filled = [n for n, (off, _) in enumerate(self.steps()) if off.data is not None]
        named = details.get("fields") or {}
        for name in [n for n in named if n.startswith("discount_scale")]:
            parts = name.split(".")
            row = filled[int(parts[1])] if len(parts) > 1 and int(parts[1]) < len(filled) else 0
            named[f"{'pays' if parts[-1] == 'pays_bps' else 'off'}_{row}"] = named.pop(name)
