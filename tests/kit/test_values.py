"""Single values as HTML: what a person wrote is escaped, what is missing is a dash, words follow the day."""

from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import Undefined
from markupsafe import escape

from webapp.kit import clock, values, words

EVIL = "<b>&\"'"


@pytest.mark.parametrize("kind", ["text", "link", "pill", "when", "phone", "email", "person"])
def test_what_a_person_wrote_is_escaped_in_every_kind(kind: str) -> None:
    shown = str(escape(values.value(EVIL, kind, None, "/a?b=<c>")))
    assert "<b>" not in shown.lower()
    assert "<c>" not in shown
    assert "&lt;b&gt;" in shown.lower()


@pytest.mark.parametrize("missing", [None, Undefined(), ""])
@pytest.mark.parametrize("kind", ["text", "money", "number", "percent", "minutes", "when", "pill", "person"])
def test_what_is_missing_is_a_dash_that_is_spoken(missing: object, kind: str) -> None:
    assert values.value(missing, kind) == values.NONE


def test_nothing_earned_is_not_missing() -> None:
    assert ">$0.00<" in values.value(0, "money")
    assert ">0<" in values.value(0, "number")


def test_money_percent_and_minutes_are_written_as_people_write_them() -> None:
    assert ">−$1,234.05<" in values.money(-123_405)
    assert ">+$12<" in values.money(1200, sign=True, whole=True)
    assert ">8.25%<" in values.percent(825)
    assert ">12.5%<" in values.percent(1250)
    assert ">1 h 35 min<" in values.minutes(95)


def test_the_words_of_a_moment_change_with_the_day_though_they_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(values, "zone_of_page", lambda: "UTC")
    moment = datetime(2026, 3, 15, 16, 30, tzinfo=UTC)
    with clock.at(moment):
        assert "Today" in values.when(moment)
    with clock.at(moment + timedelta(days=1)):
        assert "Yesterday" in values.when(moment)


def test_a_state_has_its_colour_and_a_label_of_its_own() -> None:
    assert "On the way" in values.pill("en_route")
    assert "tr-pill-warning" in values.pill("needs_review", "Who is this?")
    assert "Who is this?" in values.pill("needs_review", "Who is this?")
    assert "In progress" in values.pill("in-progress")
    assert "tr-pill-neutral" in values.pill("something")


def test_whole_days_are_told_without_their_midnights() -> None:
    def midnight(day: int) -> datetime:
        return datetime(2026, 12, day, 5, tzinfo=UTC)  # of New York

    with clock.at(datetime(2026, 11, 24, 15, tzinfo=UTC)):
        said = [
            words.date_words(midnight(3), "datetime", midnight(end), "America/New_York") for end in (4, 6)
        ]
        assert said == ["Dec 3, all day", "Dec 3 – Dec 5"]
        part = words.date_words(midnight(3), "datetime", midnight(3) + timedelta(hours=9), "America/New_York")
        assert part == "Dec 3 12:00–9:00 AM"
