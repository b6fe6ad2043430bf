"""The dispatch board as two dispatchers use it at once: mouse, keyboard, phone, and without a script."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, Visit, toast
from tests.browser.test_accessible import AXE, wrong
from tests.factories import dispatch as make
from tests.factories.world import Company
from webapp.dispatch import service, settings
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.service import positions
from webapp.kit import clock
from webapp.kit.db import get
from webapp.models import Technician
from webapp.models import Visit as VisitRow

NEW_YORK = ZoneInfo("America/New_York")


def next_monday() -> date:
    today = datetime.now(UTC).date()
    return today + timedelta(days=7 - today.weekday())


def at(hour: int, minute: int = 0) -> datetime:
    """A time of next Monday where the company is."""
    return datetime.combine(next_monday(), time(hour, minute), NEW_YORK)


@dataclass(frozen=True, slots=True)
class Day:
    """Ids of what is on the board."""

    tina: int
    tom: int
    furnace: int  # a job of Tina's, 9 to 11
    furnace_visit: int
    drain: int  # Tom's, 10 to 11
    waits: int  # needs gas fitting, which only Tina has; in the tray


@pytest.fixture
def day(company: Company) -> Day:
    with company.acting("dispatcher"):
        tina, tom = make.technician("Tina Torres"), make.technician("Tom Tanner")
        gas = make.skill("Gas fitting", tina)
        for someone in (tina, tom):
            make.shift(someone, 8, 17)
        furnace = make.job("Furnace tune-up", start=at(9), end=at(11), crew=(tina,), customer_name="Ann Lee")
        drain = make.job("Clogged drain", start=at(10), end=at(11), crew=(tom,))
        waits = make.job("Gas line", expected_minutes=60, skills=[service.SkillNeed(gas.id)])
        make.block(tom, at(12), at(12, 30), "lunch")
        visit = reading.visits(furnace.id)[0].id
        return Day(tina.id, tom.id, furnace.id, visit, drain.id, waits.id)


@pytest.fixture
def board(company: Company, day: Day, visit: Visit) -> Callable[..., Page]:
    """`board()`: a dispatcher of their own looks at next Monday."""

    def look(role: str = "dispatcher", view: str = "day", **options: object) -> Page:
        page = visit(company, role, **({"viewport": {"width": 1440, "height": 900}} | options))
        page.goto(f"/dispatch?date={next_monday()}&view={view}")
        expect(page.locator("#board[data-drawn]")).to_be_visible()
        return page

    return look


def card(page: Page, title: str) -> Locator:
    return page.locator("[data-lanes] [data-visit]", has_text=title)


def waiting(page: Page, title: str) -> Locator:
    return page.locator("[data-tray-list] [data-visit]", has_text=title)


def point(page: Page, technician_id: int, hour: float) -> tuple[float, float]:
    """Where on the screen a time of a lane is."""
    track = page.locator(f"[data-track='{technician_id}']")
    track.scroll_into_view_if_needed()
    box = track.bounding_box()
    assert box
    first, last = page.evaluate(
        "() => { const d = JSON.parse(document.querySelector('script[data-board]').textContent); return [d.from, d.until]; }"
    )
    seconds = at(0).timestamp() + hour * 3600
    return box["x"] + box["width"] * (seconds - first) / (last - first), box["y"] + box["height"] / 2


def box_of(what: Locator) -> Any:
    """Where a card is, also when the board is just drawn anew."""
    for _ in range(40):
        box = what.bounding_box()
        if box:
            return box
        what.page.wait_for_timeout(50)
    raise AssertionError("the card is not there")


def pick_up(page: Page, what: Locator) -> None:
    """Press on the left part of a card and move a little, so that it follows."""
    what.hover(position={"x": 12, "y": 12})
    box = box_of(what)
    page.mouse.down()
    page.mouse.move(box["x"] + 22, box["y"] + 14, steps=3)


def carry(page: Page, technician_id: int, hour: float, *, held: float = 0.0) -> None:
    """Move on to a time of a lane; `held`: hours between the start of what is carried and the pointer."""
    x, y = point(page, technician_id, hour + held)
    page.mouse.move(x, y, steps=6)


def lane_of(company: Company, visit_id: int) -> tuple[list[int], datetime]:
    with company.acting("dispatcher"):
        visit = get(VisitRow, visit_id)
        assert visit.scheduled_start is not None
        return [s.technician_id for s in reading.sent([visit_id])[visit_id]], visit.scheduled_start


HINT = ".tr-hint-box"


def test_a_job_dragged_in_one_browser_moves_in_the_other_and_is_put_back_by_undo(
    company: Company, day: Day, board: Callable[..., Page]
) -> None:
    one, other = board(), board("manager")
    pick_up(one, card(one, "Furnace tune-up"))
    carry(one, day.tom, 13, held=0.13)
    expect(one.locator(HINT)).to_contain_text("Tom Tanner, 1–3 PM")
    expect(one.locator(HINT)).to_contain_text("Nothing in the way")
    one.mouse.up()
    toast(one, "Furnace tune-up: Tom Tanner, ")
    moved = other.locator(f"[data-track='{day.tom}'] [data-visit]", has_text="Furnace tune-up")
    expect(moved).to_be_visible()  # nobody reloaded
    expect(moved).to_have_accessible_name(re.compile("1–3 PM.*Dispatched.*Tom Tanner"))
    assert lane_of(company, day.furnace_visit) == ([day.tom], at(13))
    one.get_by_role("button", name="Undo").click()
    toast(one, "Put back: Furnace tune-up is with Tina Torres again.")
    back = other.locator(f"[data-track='{day.tina}'] [data-visit]", has_text="Furnace tune-up")
    expect(back).to_be_visible()
    assert lane_of(company, day.furnace_visit) == ([day.tina], at(9))


def test_what_is_in_the_way_is_seen_before_the_drop_and_refused_everywhere_without_a_reason(
    company: Company, day: Day, board: Callable[..., Page]
) -> None:
    page = board()
    pick_up(page, card(page, "Furnace tune-up"))
    carry(page, day.tom, 10, held=0.13)
    hint = page.locator(HINT)
    expect(hint).to_contain_text("Tom Tanner has “Clogged drain” 10 AM–11 AM.")
    expect(page.locator(".tr-ghost")).to_have_attribute("data-tone", "clash")
    assert lane_of(company, day.furnace_visit) == ([day.tina], at(9))  # nothing has happened yet
    page.mouse.up()
    asks = page.get_by_role("alertdialog")
    expect(asks).to_contain_text("Tom Tanner has “Clogged drain” 10 AM–11 AM.")
    # the same move over the API
    move = {
        "technician_ids": [day.tom],
        "scheduled_start": at(10).isoformat(),
        "scheduled_end": at(12).isoformat(),
    }
    answer = company.api("dispatcher").patch(
        f"/admin/dispatch/{day.furnace}/visits/{day.furnace_visit}", move
    )
    assert answer.status_code == 409
    error = answer.json["error"]
    assert [c["kind"] for c in error["details"]["clashes"]] == ["job"]
    asks.get_by_role("button", name="Leave it where it was").click()
    expect(
        page.locator(f"[data-track='{day.tina}'] [data-visit]", has_text="Furnace tune-up")
    ).to_be_visible()
    pick_up(page, card(page, "Furnace tune-up"))
    carry(page, day.tom, 10, held=0.13)
    page.mouse.up()
    asks.get_by_label("Reason").fill("Both at the same house")
    asks.get_by_role("button", name="Do it all the same").click()
    toast(page, "Furnace tune-up: Tom Tanner, ")
    assert lane_of(company, day.furnace_visit) == ([day.tom], at(10))


def test_a_job_is_taken_from_the_tray_with_the_keyboard_alone(
    company: Company, day: Day, board: Callable[..., Page]
) -> None:
    page = board()
    waiting(page, "Gas line").focus()
    page.keyboard.press("m")
    said = page.locator("[data-said]")
    expect(said).to_contain_text("Tina Torres")
    page.keyboard.press("ArrowDown")  # to Tom, who has no gas fitting
    expect(page.locator(HINT)).to_contain_text("Tom Tanner does not have the skill Gas fitting.")
    expect(page.locator(f"[data-lane-of='{day.tom}']")).to_have_attribute(
        "data-unfit", re.compile("Gas fitting")
    )
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect(page.locator(HINT)).to_contain_text("Tina Torres")
    expect(said).to_contain_text("In the way: Tina Torres has “Furnace tune-up”")
    for _ in range(2):
        page.keyboard.press("Shift+ArrowRight")
    expect(said).to_contain_text("Tina Torres, 11 AM–12:30 PM. Nothing in the way.")
    page.keyboard.press("Enter")
    toast(page, "Gas line: Tina Torres, ")
    expect(card(page, "Gas line")).to_be_focused()
    expect(card(page, "Gas line")).to_have_accessible_name(re.compile("11 AM–12:30 PM"))
    page.keyboard.press("ArrowLeft")
    expect(card(page, "Furnace tune-up")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"[data-track='{day.tom}'] :focus")).to_be_visible()
    page.keyboard.press("m")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(said).to_have_text("Nothing was moved.")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()


def test_who_moves_a_job_that_somebody_moved_meanwhile_sees_both_and_loses_nothing(
    company: Company, day: Day, board: Callable[..., Page]
) -> None:
    one, other = board(), board("manager")
    card(one, "Furnace tune-up").focus()
    one.keyboard.press("m")  # the first dispatcher thinks about it
    one.keyboard.press("Shift+ArrowRight")
    pick_up(other, card(other, "Furnace tune-up"))
    carry(other, day.tom, 14, held=0.13)
    other.mouse.up()
    toast(other, "Furnace tune-up: Tom Tanner, ")
    one.keyboard.press("Enter")
    both = one.get_by_role("alertdialog")
    expect(both).to_contain_text("Manager Person moved this visit meanwhile: it is with Tom Tanner now.")
    expect(both).to_contain_text("Tom Tanner, 2–4 PM")
    expect(both).to_contain_text("Tina Torres, 10 AM–12 PM")
    both.get_by_role("button", name="Leave it as it is now").click()
    expect(one.locator(f"[data-track='{day.tom}'] [data-visit]", has_text="Furnace tune-up")).to_be_visible()
    assert lane_of(company, day.furnace_visit) == ([day.tom], at(14))


def test_stretching_taking_off_and_pinning(company: Company, day: Day, board: Callable[..., Page]) -> None:
    page = board()
    box = box_of(card(page, "Furnace tune-up"))
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 20)
    page.mouse.down()
    x, y = point(page, day.tina, 12.5)
    page.mouse.move(x, y, steps=5)
    expect(page.locator(HINT)).to_contain_text("Tina Torres, 9 AM–12:30 PM")
    page.mouse.up()
    toast(page, "Furnace tune-up: Tina Torres, ")
    expect(card(page, "Furnace tune-up")).to_have_accessible_name(re.compile("9 AM–12:30 PM"))
    card(page, "Furnace tune-up").click()
    page.get_by_role("button", name="Pin", exact=True).click()
    toast(page, "Pinned: route plans leave it where it is.")
    expect(card(page, "Furnace tune-up")).to_have_accessible_name(re.compile("Pinned"))
    page.get_by_role("button", name="Back to the tray").click()
    toast(page, "Furnace tune-up waits in the tray.")
    expect(waiting(page, "Furnace tune-up")).to_be_visible()


def test_a_block_is_drawn_on_a_lane_changed_deleted_and_brought_back(
    day: Day, board: Callable[..., Page]
) -> None:
    page = board()
    x, y = point(page, day.tina, 14)
    until, _ = point(page, day.tina, 15)
    page.mouse.move(x + 1, y)
    page.mouse.down()
    page.mouse.move(until + 1, y, steps=5)
    page.mouse.up()
    dialog = page.locator("#dialog")
    expect(dialog.get_by_label("Starts")).to_have_value(f"{next_monday()}T14:00")
    dialog.get_by_label("Title").fill("Van inspection")
    dialog.get_by_role("button", name="Add block").click()
    toast(page, "Van inspection is on the lane: Tina Torres, ")
    block = page.locator(f"[data-track='{day.tina}'] [data-block]", has_text="Van inspection")
    block.click()
    dialog.get_by_role("button", name="Delete block").click()
    toast(page, "Van inspection is off the lane.").get_by_role("button", name="Undo").click()
    expect(block).to_be_visible()


def test_a_week_moves_a_job_to_another_day_at_its_time(
    company: Company, day: Day, board: Callable[..., Page]
) -> None:
    page = board(view="week")
    pick_up(page, card(page, "Furnace tune-up"))
    cell = page.locator(f"[data-cell='{day.tina}'][data-day='2']").bounding_box()
    assert cell
    page.mouse.move(cell["x"] + 30, cell["y"] + 30, steps=5)
    expect(page.locator(HINT)).to_contain_text("Tina Torres does not work that day.")
    page.mouse.up()
    asks = page.get_by_role("alertdialog")
    asks.get_by_label("Reason").fill("She swaps with Wednesday")
    asks.get_by_role("button", name="Do it all the same").click()
    toast(page, "Furnace tune-up: Tina Torres, ")
    assert lane_of(company, day.furnace_visit) == ([day.tina], at(9) + timedelta(days=2))


def test_the_map_shows_the_day_and_opens_a_visit(company: Company, day: Day, visit: Visit) -> None:
    with company.acting("dispatcher"):
        tina = get(Technician, day.tina)
        make.job("Leak", start=at(13), end=at(14), crew=(tina,), latitude=27.95, longitude=-82.46)
    page = visit(company, "dispatcher", viewport={"width": 1440, "height": 900})
    page.goto(f"/dispatch?date={next_monday()}&view=map")
    page.get_by_role("button", name=re.compile("^Leak, ")).press("Enter")
    expect(page.locator("#drawer")).to_contain_text("Leak")
    page.get_by_role("checkbox", name="Tina Torres").uncheck()
    expect(page.get_by_role("button", name=re.compile("^Leak, "))).to_have_count(0)


def test_what_a_technician_does_in_the_field_appears_without_a_reload(
    company: Company, day: Day, visit: Visit
) -> None:
    with company.acting("admin"):
        make.signed_in_as(company.users["technician"], get(Technician, day.tina))
    lanes, ground = (visit(company, "dispatcher", viewport={"width": 1440, "height": 900}) for _ in range(2))
    lanes.goto("/dispatch")
    ground.goto("/dispatch?view=map")
    tina = lanes.locator(f"[data-lane-of='{day.tina}']")
    expect(tina).to_be_visible()
    expect(ground.locator("#board[data-drawn]")).to_be_visible()
    expect(ground.locator(".tr-pin.is-person")).to_have_count(0)
    phone = company.api("technician")
    assert phone.post("/time-tracking/clock-in").status_code == 201
    expect(tina).to_contain_text("Clocked in, ")
    assert phone.post("/time-tracking/breaks/start", {"kind": "lunch"}).status_code == 201
    expect(tina).to_contain_text("At lunch, ")
    with company.acting("technician"):
        positions.agree()
        positions.report(27.95, -82.46)
    expect(ground.locator(".tr-pin.is-person")).to_have_text("TT")


def test_without_a_script_the_board_is_a_table_with_a_form(company: Company, day: Day, visit: Visit) -> None:
    page = visit(company, "dispatcher", java_script_enabled=False)
    page.goto(f"/dispatch?date={next_monday()}")
    page.wait_for_url(re.compile("view=table"))
    page.get_by_role("radio", name="Choose Gas line").check()
    page.get_by_label("Technician optional").select_option(label="Tom Tanner")
    page.locator("#scheduled_start").fill(f"{next_monday()}T13:00")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_role("alert")).to_contain_text("Tom Tanner does not have the skill Gas fitting.")
    expect(page.get_by_role("radio", name="Choose Gas line")).to_be_checked()  # nothing typed is lost
    page.locator("#override_reason").fill("Tina is on the phone")
    page.get_by_role("button", name="Assign").click()
    expect(page.locator("#toasts")).to_contain_text("Gas line: Tom Tanner, ")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Put back: Gas line waits in the tray again.")


def test_a_phone_shows_one_lane_after_another_and_assigns_from_the_drawer(
    company: Company, day: Day, board: Callable[..., Page]
) -> None:
    page = board(viewport=PHONE, has_touch=True, is_mobile=True)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    lanes = [page.locator(f"[data-lane-of='{n}']").bounding_box() for n in (day.tina, day.tom)]
    assert lanes[0] and lanes[1]
    assert lanes[1]["y"] >= lanes[0]["y"] + lanes[0]["height"] - 1
    waiting(page, "Gas line").tap()
    page.get_by_role("link", name="Assign", exact=True).tap()
    dialog = page.locator("#dialog")
    dialog.get_by_label("Starts").fill(f"{next_monday()}T13:00")
    dialog.get_by_role("combobox", name="Technician").fill("Tina")
    page.get_by_role("option", name="Tina Torres").tap()
    dialog.get_by_role("button", name="Save").tap()
    expect(card(page, "Gas line")).to_be_visible()


def test_the_board_and_its_pages_can_be_used_by_everybody(company: Company, day: Day, visit: Visit) -> None:
    with company.acting("admin"):
        make.block(get(Technician, day.tina), at(15), at(16), "time_off", status="requested")
    page = visit(company, "admin", viewport={"width": 1440, "height": 900})
    page.context.add_init_script(path=AXE)
    problems = []
    monday = next_monday()
    for address in (
        *(f"/dispatch?date={monday}&view={view}" for view in ("day", "week", "map", "calendar", "table")),
        f"/dispatch?date={monday}&view=calendar&span=week", f"/dispatch/visits/{day.furnace_visit}", "/dispatch/shifts",
        "/dispatch/on-call", "/dispatch/time-off", "/dispatch/blocks/new", "/settings/dispatch",
    ):  # fmt: skip
        problems += wrong(page, address, "main")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # the same two numbers
    problems += wrong(page, f"/dispatch?date={monday}", "main")
    assert not problems, "\n".join(problems)


def test_a_month_on_a_phone_opens_at_today(company: Company, visit: Visit) -> None:
    with company.acting("admin"):
        tina = make.technician()
        midnight = clock.day_bounds(clock.today(settings.zone()), settings.zone())[0]
        for back in range(1, 12):
            for hour in (9, 11, 13):
                make.job(
                    "Earlier",
                    start=midnight - timedelta(days=back, hours=-hour),
                    crew=(tina,),
                    override_reason="a story",
                )
        make.job("Now", start=midnight + timedelta(hours=12), crew=(tina,), override_reason="a story")
    page = visit(company, "dispatcher", viewport=PHONE)
    page.goto("/dispatch?view=calendar")
    expect(page.locator(".tr-cal-day.is-today")).to_be_in_viewport()
