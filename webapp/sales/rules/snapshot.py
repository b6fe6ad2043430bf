"""The commission of one sale, frozen: every rate used, where each came from, and the arithmetic.

It is kept with the sale; changing a rate later does not change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from webapp.sales.rules.plain import Jsonable
from webapp.sales.rules.rates import RateRule, ScaleStep

SNAPSHOT_VERSION: Final = 1

StepKind = Literal["base", "tier", "rounding", "discount"]
Role = Literal["seller", "split", "override"]
ScaleSource = Literal["rule", "company"]


class SnapshotError(ValueError):
    """The stored JSON is not a snapshot that this version of the rules can read."""


@dataclass(frozen=True, slots=True)
class Considered(Jsonable):
    """A rule that applied to the sale, whether its rate was used, and why or why not."""

    rule: RateRule
    used: bool
    why: str


@dataclass(frozen=True, slots=True)
class Step(Jsonable):
    """One line of the arithmetic and the cents it comes to (None where it only informs)."""

    kind: StepKind
    text: str
    amount_cents: int | None


@dataclass(frozen=True, slots=True)
class OverridePart(Jsonable):
    """What one technician's share of the sale earns that technician's supervisor.

    `why_not` is empty when it is paid; otherwise the amount goes to nobody, and it says why.
    """

    technician_id: int
    technician_name: str
    share_bps: int
    supervisor_id: int | None
    supervisor_name: str | None
    amount_cents: int
    why_not: str


@dataclass(frozen=True, slots=True)
class Override(Jsonable):
    """The supervisors' part: its rate, the rule it came from (None: no rule names one), and who it is for.

    `total_cents` includes what is not paid for want of a supervisor.
    """

    rate_bps: int
    source: RateRule | None
    total_cents: int
    parts: tuple[OverridePart, ...]


@dataclass(frozen=True, slots=True)
class CommissionLine(Jsonable):
    """What one person earns on the sale. `technician_id` of an override line is the supervisor's."""

    technician_id: int
    technician_name: str
    role: Role
    share_bps: int
    amount_cents: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Jsonable):
    """The whole calculation. The amounts of the seller and split lines add up to `total_cents`.

    `discount_bps` is rounded down, so that a discount never reads as a step that it did not reach.
    """

    version: int = SNAPSHOT_VERSION
    sold_on: date
    item_name: str
    technician_id: int
    technician_name: str
    sale_price_cents: int
    list_price_cents: int | None
    discount_bps: int
    scale_step: ScaleStep | None
    scale_source: ScaleSource | None
    rule: RateRule
    considered: tuple[Considered, ...]
    steps: tuple[Step, ...]
    total_cents: int
    lines: tuple[CommissionLine, ...]
    override: Override

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Snapshot:
        """The snapshot that `as_json()` wrote. Raises SnapshotError for another version or a damaged one."""
        if data.get("version") != SNAPSHOT_VERSION:
            raise SnapshotError(
                f"Commission snapshot version {data.get('version')!r} is not {SNAPSHOT_VERSION}."
            )
        try:
            return cls(**{**data, **_nested(data)})
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(f"The commission snapshot is damaged: {error}.") from error


def _nested(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sold_on": date.fromisoformat(data["sold_on"]),
        "scale_step": None if data["scale_step"] is None else ScaleStep(**data["scale_step"]),
        "rule": RateRule.from_json(data["rule"]),
        "considered": tuple(
            Considered(**{**one, "rule": RateRule.from_json(one["rule"])}) for one in data["considered"]
        ),
        "steps": tuple(Step(**step) for step in data["steps"]),
        "lines": tuple(CommissionLine(**{**line, "texts": tuple(line["texts"])}) for line in data["lines"]),
        "override": _override(data["override"]),
    }


def _override(data: Mapping[str, Any]) -> Override:
    source = None if data["source"] is None else RateRule.from_json(data["source"])
    return Override(
        **{**data, "source": source, "parts": tuple(OverridePart(**part) for part in data["parts"])}
    )
