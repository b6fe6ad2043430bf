"""Today: what needs me now, the day's money, the last thirty days."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response

from webapp.accounts.permissions import FIELD_USE, OFFICE_USE
from webapp.accounts.queries import organization
from webapp.desk import cards, queries
from webapp.kit import clock, context, pages, words
from webapp.kit.permissions import may, requires
from webapp.sales.permissions import COMMISSION_READ, SALES_READ_ALL, SALES_RECORD

bp = Blueprint("desk", __name__)
SPAN = 30  # days in the chart
COLUMNS = [
    {"key": "day", "label": "Day", "kind": "date"},
    {"key": "count", "label": "Sales", "kind": "number"},
    {"key": "price_cents", "label": "Sold", "kind": "money"},
]


@bp.get("/")
@requires(OFFICE_USE, FIELD_USE)
def today() -> Response:
    """Where everybody starts; technicians start with their day."""
    if not may(OFFICE_USE):
        return pages.redirect("/my/day")
    day = clock.today(organization().time_zone)
    money = _money(day) if may(SALES_READ_ALL) else None
    begun = queries.begun()
    return pages.render(
        "desk/today.html", block={"now": "now"}, page_title="Today", day=day, greeting=_greeting(), waiting=cards.now(),
        money=money, begun=None if begun.done else begun, may_record=may(SALES_RECORD),
        sellers=_sellers(day) if money and begun.done else [],
        latest=queries.latest_sales() if money and begun.done else [],
    )  # fmt: skip


def _greeting() -> str:
    from zoneinfo import ZoneInfo

    hour = clock.now().astimezone(ZoneInfo(organization().time_zone)).hour
    part = "evening" if hour < 4 or hour >= 18 else "morning" if hour < 12 else "afternoon"
    first = context.principal().name.split(" ")[0]
    return f"Good {part}, {first}" if first else f"Good {part}"


def _money(day: date) -> dict[str, Any]:
    monday = day - timedelta(days=day.weekday())
    start = day - timedelta(days=SPAN - 1)
    days = queries.sums_by_day(min(start, monday - timedelta(days=7)), day)
    now = queries.total(days, day, day)
    week = queries.total(days, monday, day)
    before = queries.total(days, monday - timedelta(days=7), day - timedelta(days=7))
    month = queries.total(days, start, day)
    compared = f"last week through {day:%A}" if day != monday else "last Monday"
    stats = [
        {"label": "Sold today", "value": now.price_cents, "kind": "money", "hint": words.plural(now.count, "sale"),
         "url": f"/sales?from={day}&to={day}"},
        {"label": "This week", "value": week.price_cents, "kind": "money", "url": f"/sales?from={monday}&to={day}",
         **_change(week.price_cents, before.price_cents, compared)},
    ]  # fmt: skip
    if may(COMMISSION_READ):
        stats.append({"label": "Commission this week", "value": week.commission_cents, "kind": "money",
                      "hint": "pending and approved sales"})  # fmt: skip
    stats.append({"label": f"Last {SPAN} days", "value": month.price_cents, "kind": "money",
                  "hint": words.plural(month.count, "sale"), "url": f"/sales?from={start}&to={day}"})  # fmt: skip
    every = [start + timedelta(days=n) for n in range(SPAN)]
    sums = [days.get(d, queries.Sum()) for d in every]
    chart = {
        "type": "bar", "money": True,
        "data": {"labels": [f"{d:%b} {d.day}" for d in every],
                 "datasets": [{"label": "Sold", "data": [s.price_cents for s in sums]}]},
    }  # fmt: skip
    table = [
        {"day": d, "count": s.count, "price_cents": s.price_cents} for d, s in zip(every, sums, strict=True)
    ]
    return {"stats": stats, "chart": chart, "columns": COLUMNS, "rows": table[::-1], "any": month.count > 0}


def _change(now: int, before: int, compared: str) -> dict[str, Any]:
    """`+12% vs. last week through Thursday`, in whole percent; nothing to compare with says so."""
    if before <= 0:
        return {"hint": "nothing sold last week by then" if now else ""}
    percent = (abs(now - before) * 100 + before // 2) // before
    if percent == 0:
        return {"hint": f"as much as {compared}"}
    sign = "+" if now > before else "−"
    return {
        "delta": f"{sign}{percent:,}%",
        "tone": "success" if now > before else "danger",
        "hint": f"vs. {compared}",
    }


def _sellers(day: date) -> list[dict[str, Any]]:
    monday = day - timedelta(days=day.weekday())
    found = queries.best_sellers(monday, day)
    return [
        {"label": row.name, "hint": words.plural(int(row.count), "sale"), "cents": int(row.price_cents),
         "url": f"/sales?technician={row.id}&from={monday}&to={day}"}
        for row in found
    ]  # fmt: skip
