"""Lists by keyset: every row is met exactly once, forwards and backwards, also those without a value."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories.world import Company
from webapp.kit import clock, listing
from webapp.kit.db import add
from webapp.models import Item

SORTS = {"price": listing.Sort(Item.list_price_cents)}
PRICES = [300, None, 100, None, 200, None, 100]


def walk(app: Flask, direction: str, tenant: object) -> tuple[list[list[str]], list[list[str]]]:
    """The pages on the way to the end of the list, and those on the way back from it."""
    there: list[list[str]] = []
    back: list[list[str]] = []
    cursor, way = "", "after"
    while True:
        with app.test_request_context(f"/items?sort=price&dir={direction}&{way}={cursor}"):
            query = listing.read(SORTS, "price")
            statement = select(Item.id, Item.name).where(Item.tenant_id == tenant)
            page = listing.rows(statement, query, SORTS, Item.id, per_page=2)
        (there if way == "after" else back).append([row.name for row in page.rows])
        if way == "after" and page.next is None:
            way = "before"
        token = page.next if way == "after" else page.previous
        if token is None:
            return there, back
        cursor = token


@pytest.mark.parametrize(
    ("direction", "order"),
    [("asc", ["2", "6", "4", "0", "1", "3", "5"]), ("desc", ["0", "4", "6", "2", "5", "3", "1"])],
)
def test_rows_without_a_value_come_last_and_none_is_skipped(
    app: Flask, company: Company, direction: str, order: list[str]
) -> None:
    with company.acting("admin"):
        for number, price in enumerate(PRICES):
            add(Item(name=str(number), list_price_cents=price))
        there, back = walk(app, direction, company.tenant_id)
    assert [name for page in there for name in page] == order
    # the way back from the last page meets the rest
    assert [name for page in reversed(back) for name in page] == order[:6]


def test_a_filter_that_is_a_day_is_shown_in_words(app: Flask, company: Company) -> None:
    with (
        app.test_request_context("/items?from=2026-11-18&to=2026-01-02&kind=2026-13-45"),
        clock.at(datetime(2026, 11, 19, 12, tzinfo=UTC)),
    ):
        query = listing.read(SORTS, "price", labels={"from": "Since", "to": "Until", "kind": "Kind"})
        assert [(chip["label"], chip["text"], chip["value"]) for chip in query.filters] == [
            ("Since", "Yesterday", "2026-11-18"), ("Until", "Jan 2", "2026-01-02"), ("Kind", "2026-13-45", "2026-13-45"),
        ]  # fmt: skip


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30", "tomorrow"])
def test_a_day_at_the_end_of_the_calendar_is_as_good_as_none(app: Flask, company: Company, day: str) -> None:
    with app.test_request_context(f"/items?from={day}"):
        assert listing.read(SORTS, "price").date("from") is None
    assert company.sign_in("admin").get(f"/settings/connectors/calls?from={day}&to={day}").status_code == 200


def test_every_day_of_the_calendar_has_bounds() -> None:
    for zone in ("America/New_York", "Pacific/Kiritimati", "UTC"):
        for day in (date.min, date.max):
            first, after = clock.day_bounds(day, zone)
            assert first < after
