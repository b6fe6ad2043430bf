"""Shapes of the sales API."""

from collections.abc import Sequence
from datetime import date, datetime
from operator import attrgetter, itemgetter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from webapp.kit import context, money, permissions
from webapp.kit.paging import PageQuery
from webapp.sales import rights, rules
from webapp.sales.permissions import COMMISSION_READ
from webapp.sales.service.people import Match

Id = Annotated[int, Field(ge=1, lt=2**63)]
Cents = Annotated[int, Field(ge=0, le=money.MAX_CENTS, description="Integer cents")]
Bps = Annotated[int, Field(ge=0, le=money.FULL, description="Basis points: 750 is 7.5%")]
Status = Literal["pending", "approved", "rejected"]
PaymentStatus = Literal["unpaid", "partial", "paid", "refunded"]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class ShareIn(BaseModel):
    """Another technician's share of the commission; the seller has what the others leave."""

    model_config = ConfigDict(extra="forbid")
    technician_id: Id
    share_bps: Annotated[int, Field(ge=1, le=money.FULL)]


class BuyerIn(BaseModel):
    """Who bought: `customer_id`, or a name and what else is known. Who is certain is linked, who is unknown is added;
    where several could be meant the sale keeps the name, and `customer_match` lists them."""

    customer_id: Id | None = None
    customer_name: str = Field("", max_length=200)
    customer_phone: str = Field("", max_length=60)
    customer_email: str = Field("", max_length=320)
    customer_address: str = Field("", max_length=300)


class SaleIn(BuyerIn):
    """A sale. `sold_on` is today and `list_price_cents` the item's own when left out."""

    model_config = ConfigDict(extra="forbid")
    technician_id: Id
    item_id: Id
    sale_price_cents: Cents
    list_price_cents: Cents | None = None
    sold_on: date | None = None
    completed_on: date | None = None
    splits: list[ShareIn] = Field(default_factory=list, max_length=20)
    payment_type: str = Field("", max_length=40)
    payment_status: PaymentStatus = "unpaid"
    payment_date: date | None = None
    notes: str = Field("", max_length=5000)


class SaleCorrection(BuyerIn):
    """What is sent changes, what is left out stays. An approved sale whose commission changes is voided and recorded
    anew: the answer is the new one, which names it in `replaces_id`."""

    model_config = ConfigDict(extra="forbid")
    reason: Reason
    # never read when left out; a factory, so that the documentation shows no default
    technician_id: Id = Field(default_factory=int)
    item_id: Id = Field(default_factory=int)
    sale_price_cents: Cents = Field(default_factory=int)
    list_price_cents: Cents | None = None
    sold_on: date = Field(default_factory=lambda: date.min)
    completed_on: date | None = None
    splits: list[ShareIn] = Field(default_factory=list, max_length=20)
    payment_type: str = Field("", max_length=40)
    notes: str = Field("", max_length=5000)


class RejectIn(BaseModel):
    """Why the sale is turned down."""

    model_config = ConfigDict(extra="forbid")
    reason: Reason


class VoidIn(BaseModel):
    """`{"voided": true}` voids, `{"voided": false}` undoes it while no pay period was closed since."""

    model_config = ConfigDict(extra="forbid")
    voided: bool
    reason: str = Field("", max_length=500)


class PaymentIn(BaseModel):
    """What the customer has paid, and when (today when left out)."""

    model_config = ConfigDict(extra="forbid")
    status: PaymentStatus
    payment_date: date | None = None


class ApproveManyIn(BaseModel):
    """The sales to approve."""

    model_config = ConfigDict(extra="forbid")
    ids: list[Id] = Field(min_length=1, max_length=500)


class Refused(BaseModel):
    """A sale that was not approved, and why."""

    id: int
    reason: str


class ApproveManyOut(BaseModel):
    """What became of them."""

    approved: list[int]
    refused: list[Refused]


class SaleOut(BaseModel):
    """A sale. What it earns is null for callers who may not see commissions."""

    id: int
    number: int
    public_id: str
    technician_id: int
    technician_name: str
    item_id: int
    item_name: str
    customer_id: int | None
    customer_name: str
    property_id: int | None
    sale_price_cents: int
    list_price_cents: int | None
    sold_on: date
    completed_on: date | None
    payment_type: str
    payment_status: PaymentStatus
    payment_date: date | None
    notes: str
    status: Status
    voided: bool
    voided_at: datetime | None
    void_reason: str
    refund_due: bool
    replaces_id: int | None
    approved_at: datetime | None
    rejected_at: datetime | None
    rejected_reason: str
    commission_cents: int | None
    override_cents: int | None
    pay_period_id: int | None
    period_note: str
    source: str
    created_at: datetime
    updated_at: datetime


class ShareOut(BaseModel):
    """What one person earns on a sale; `override` is a supervisor's."""

    technician_id: int
    technician_name: str
    role: Literal["seller", "split", "override"]
    share_bps: int
    amount_cents: int | None


class CommissionOut(BaseModel):
    """The frozen commission in words and numbers, and the whole of what it was calculated from.

    A technician who only shares in a sale, or supervises its seller, gets their own part: what others earn is not in it.
    """

    total_cents: int
    override_cents: int
    rate: str
    rate_level: str
    discount_bps: int
    lines: list[ShareOut]
    explanation: list[str]
    rules: list[str]
    snapshot: dict[str, Any]


class CandidateOut(BaseModel):
    """A customer that may be meant."""

    customer_id: int
    name: str
    hint: str


class CustomerMatchOut(BaseModel):
    """How the customer was found; `candidates` where that is not certain."""

    status: Literal["none", "matched", "created", "unsure"]
    candidates: list[CandidateOut]


class SaleDetail(SaleOut):
    """One sale with its commission."""

    replaced_by_id: int | None
    splits: list[ShareOut]
    commission: CommissionOut | None
    customer_match: CustomerMatchOut


class SaleQuery(PageQuery):
    """Which sales to list: all, voided ones too, unless narrowed; the latest first. With `updated_since` the longest
    unchanged come first."""

    date_from: date | None = Field(None, description="Sold on or after this day")
    date_to: date | None = Field(None, description="Sold on or before this day")
    technician_id: Id | None = None
    status: list[Literal["pending", "approved", "rejected", "voided"]] = Field(default_factory=list)
    payment_status: list[PaymentStatus] = Field(default_factory=list)
    customer_id: Id | None = None
    item_id: Id | None = None
    q: str = Field(
        "", max_length=200, description="A sale's number or the beginnings of its customer's words"
    )


class Span(BaseModel):
    """Days of sale, inclusive."""

    model_config = ConfigDict(extra="forbid")
    date_from: date | None = None
    date_to: date | None = None


_PLAIN = tuple(
    name
    for name in SaleOut.model_fields
    if name not in ("voided", "technician_name", "item_name", "commission_cents", "override_cents")
)
_plain_of = attrgetter(*_PLAIN)


def shape_all(found: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Rows of `queries.sales.listed` as the API answers them: each as :func:`shape`, by place instead of by name."""
    if not found:
        return []
    fields = found[0]._fields
    plain, rest = itemgetter(*map(fields.index, _PLAIN)), itemgetter(*map(fields.index, _SHAPED))
    everything, me = permissions.may(COMMISSION_READ), context.principal().technician_id
    shaped = []
    for row in found:
        voided_at, technician, item, commission, override, seller = rest(row)
        one = dict(zip(_PLAIN, plain(row), strict=True))
        one["voided"] = voided_at is not None
        one["technician_name"], one["item_name"] = technician, item
        seen = everything or seller == me
        one["commission_cents"] = commission if seen else None
        one["override_cents"] = override if seen else None
        shaped.append(one)
    return shaped


_SHAPED = ("voided_at", "technician_name", "item_name", "commission_cents", "override_cents", "technician_id")


def shape(sale: Any, technician_name: str = "", item_name: str = "") -> dict[str, Any]:
    """A sale (a row of `queries.sales.listed`, or a Sale with its names) as the API answers it."""
    found = dict(zip(_PLAIN, _plain_of(sale), strict=True))
    found["voided"] = sale.voided_at is not None
    found["technician_name"] = technician_name or sale.technician_name
    found["item_name"] = item_name or sale.item_name
    seen = rights.sees_commission(sale.technician_id)
    found["commission_cents"] = sale.commission_cents if seen else None
    found["override_cents"] = sale.override_cents if seen else None
    return found


def detail(
    sale: Any,
    snapshot: rules.Snapshot,
    match: Match,
    *,
    names: tuple[str, str] = ("", ""),
    replaced_by_id: int | None = None,
) -> dict[str, Any]:
    """One sale with its frozen commission."""
    seen = rights.sees_commission(sale.technician_id)
    lines = [_line(line) for line in snapshot.lines]
    me = None if rights.sees_all() else context.principal().technician_id
    return {
        **shape(sale, *names),
        "commission_cents": sale.commission_cents if seen else None,
        "override_cents": sale.override_cents if seen else None,
        "replaced_by_id": replaced_by_id,
        "splits": [
            {**line, "amount_cents": line["amount_cents"] if seen or line["technician_id"] == me else None}
            for line in lines
            if line["role"] == "split"
        ],
        "commission": _commission(sale, snapshot, lines)
        if seen
        else _part(snapshot, lines, me)
        if me
        else None,
        "customer_match": {
            "status": match.status,
            "candidates": [
                {"customer_id": c.customer_id, "name": c.name, "hint": c.hint} for c in match.candidates
            ],
        },
    }


def _line(line: rules.CommissionLine) -> dict[str, Any]:
    return {
        "technician_id": line.technician_id,
        "technician_name": line.technician_name,
        "role": line.role,
        "share_bps": line.share_bps,
        "amount_cents": line.amount_cents,
    }


def _part(snapshot: rules.Snapshot, lines: list[dict[str, Any]], me: int) -> dict[str, Any]:
    """What one technician earns on another's sale."""
    own = [line for line in lines if line["technician_id"] == me]
    share = sum(line["amount_cents"] for line in own if line["role"] != "override")
    shares = any(line["role"] != "override" for line in own)
    return {
        "total_cents": share,
        "override_cents": sum(line["amount_cents"] for line in own) - share,
        "rate": rules.describe_rate(snapshot.rule) if shares else "",
        "rate_level": snapshot.rule.level if shares else "",
        "discount_bps": snapshot.discount_bps,
        "lines": own,
        "explanation": list(rules.explain_part(snapshot, me)),
        "rules": [],
        "snapshot": {},
    }


def _commission(sale: Any, snapshot: rules.Snapshot, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "total_cents": sale.commission_cents,
        "override_cents": sale.override_cents,
        "rate": rules.describe_rate(snapshot.rule),
        "rate_level": snapshot.rule.level,
        "discount_bps": snapshot.discount_bps,
        "lines": lines,
        "explanation": list(rules.explain(snapshot, context.principal().technician_id)),
        "rules": list(rules.explain_rules(snapshot)),
        "snapshot": snapshot.as_json(),
    }
