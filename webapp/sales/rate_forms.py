"""Forms of commission rates and the discount scale."""

from typing import Any

from wtforms import BooleanField, RadioField

from webapp.kit import errors
from webapp.kit.forms import Form, MoneyField, PercentField, choices
from webapp.sales import rules
from webapp.sales.service.rates import Rate

TIERS, STEPS = 5, 5
STRUCTURES = {
    "percentage": "A percentage of the price",
    "flat": "A flat amount",
    "tiered": "Tiers of the price",
}


class _Steps(Form):
    """Rows of a discount scale: from so much off, so much of the commission is paid."""

    discount_0 = PercentField("Discount from")
    pays_0 = PercentField("Pays")
    discount_1 = PercentField("Discount from")
    pays_1 = PercentField("Pays")
    discount_2 = PercentField("Discount from")
    pays_2 = PercentField("Pays")
    discount_3 = PercentField("Discount from")
    pays_3 = PercentField("Pays")
    discount_4 = PercentField("Discount from")
    pays_4 = PercentField("Pays")

    def steps(self) -> list[tuple[Any, Any]]:
        """The pairs of fields of a step."""
        return [(self[f"discount_{n}"], self[f"pays_{n}"]) for n in range(STEPS)]

    def scale(self) -> tuple[rules.ScaleStep, ...]:
        """The steps that were filled in, the smallest discount first."""
        filled = [(d.data, p.data) for d, p in self.steps() if d.data is not None or p.data is not None]
        return tuple(
            rules.ScaleStep(d or 0, p or 0) for d, p in sorted(filled, key=lambda pair: pair[0] or 0)
        )

    def show_scale(self, scale: tuple[rules.ScaleStep, ...]) -> None:
        """Fill the rows from a scale."""
        for (discount, pays), step in zip(self.steps(), scale, strict=False):
            discount.data, pays.data = step.discount_bps, step.pays_bps

    def blame(self, problem: errors.AppError) -> None:
        """As the house's, with the rules' names of rows turned into this form's."""
        named = problem.details.get("fields")
        if named:
            problem.details["fields"] = {_own(name): sentence for name, sentence in named.items()}
        super().blame(problem)


class ScaleForm(_Steps):
    """The company's discount scale."""


class RateForm(_Steps):
    """A commission rate."""

    structure = RadioField("The commission is", choices=choices(STRUCTURES.items()), default="percentage")
    rate_bps = PercentField("Rate")
    flat_cents = MoneyField("Amount")
    upto_0 = MoneyField("Up to")
    tier_0 = PercentField("Pays")
    upto_1 = MoneyField("Up to")
    tier_1 = PercentField("Pays")
    upto_2 = MoneyField("Up to")
    tier_2 = PercentField("Pays")
    upto_3 = MoneyField("Up to")
    tier_3 = PercentField("Pays")
    upto_4 = MoneyField("Up to")
    tier_4 = PercentField("Pays")
    ov_rate_bps = PercentField("Supervisor’s override")
    discount_scale_enabled = BooleanField("A discount off list price lowers it")

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        for name in ("structure", "rate_bps", "flat_cents"):
            self[name].flags.required = True  # of the structure that is chosen; the rules check it

    def tiers(self) -> list[tuple[Any, Any]]:
        """The pairs of fields of a tier."""
        return [(self[f"upto_{n}"], self[f"tier_{n}"]) for n in range(TIERS)]

    def rate(self) -> Rate:
        """What was entered. The last tier covers all the rest, whatever its row says."""
        filled = [
            (upto.data, tier.data)
            for upto, tier in self.tiers()
            if upto.data is not None or tier.data is not None
        ]
        structure: rules.Structure = self.structure.data or "percentage"
        return Rate(
            structure=structure,
            rate_bps=self.rate_bps.data,
            flat_cents=self.flat_cents.data,
            tiers=tuple(rules.Tier(upto, rate if rate is not None else -1) for upto, rate in filled),
            discount_scale_enabled=bool(self.discount_scale_enabled.data),
            discount_scale=self.scale() if self.discount_scale_enabled.data else (),
            ov_rate_bps=self.ov_rate_bps.data,
        )

    def show(self, rule: rules.RateRule) -> None:
        """Fill the form from a rate."""
        self.structure.data, self.rate_bps.data, self.flat_cents.data = (
            rule.structure,
            rule.rate_bps,
            rule.flat_cents,
        )
        self.ov_rate_bps.data, self.discount_scale_enabled.data = (
            rule.ov_rate_bps,
            rule.discount_scale_enabled,
        )
        for (upto, tier), held in zip(self.tiers(), rule.tiers, strict=False):
            upto.data, tier.data = held.up_to_cents, held.rate_bps
        self.show_scale(rule.discount_scale)


def _own(name: str) -> str:
    parts = name.split(".")
    if parts[0] == "tiers":
        row = parts[1] if len(parts) > 1 else "0"
        return f"upto_{row}" if parts[-1] == "up_to_cents" else f"tier_{row}"
    if parts[0] == "discount_scale":
        row = parts[1] if len(parts) > 1 else "0"
        return f"discount_{row}" if parts[-1] == "discount_bps" else f"pays_{row}"
    return name
