"""The technician's phone in a real browser: the whole day without a signal, sent later once each."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import func, select

from tests.browser.conftest import ARGS, CHROMIUM, PHONE, Site, Visit, sign_in
from tests.browser.test_accessible import AXE, TAGS, wrong
from tests.browser.test_accessible import run as run_axe
from tests.factories import dispatch as dispatching
from tests.factories import phone as make
from tests.factories.phone import Day
from tests.factories.world import PASSWORD, Company
from webapp.accounts.service import sessions
from webapp.dispatch import service as dispatch
from webapp.kit import clock
from webapp.kit.db import db, get
from webapp.models import (
    ChecklistStep,
    DispatchJob,
    JobFile,
    JobMaterial,
    JobNote,
    PhoneConflict,
    PositionReport,
    Sale,
    TimeEntry,
    User,
)

TOUCH: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
KEPT = (JobFile, JobMaterial, JobNote, Sale, TimeEntry)


@pytest.fixture
def day(company: Company) -> Day:
    return make.furnish(company)


ACTIVE = "navigator.serviceWorker.getRegistration().then((found) => found?.active?.state === 'activated')"


def opened(page: Page) -> None:
    """My day, drawn from what the phone keeps, with the worker that serves it without a signal."""
    page.goto("/my/day")
    expect(page.locator(".tr-stop")).to_have_count(2)
    for _ in range(200):
        if page.evaluate(ACTIVE):
            break
        page.wait_for_timeout(100)
    else:
        pytest.fail("the service worker does not serve pages")
    expect(page.get_by_role("button", name="Clock in")).to_be_visible()
    expect(page.locator("[data-phone-whole]")).to_have_count(1)


def fold(page: Page, name: str) -> Any:
    """A section of the job, opened."""
    section = page.locator(f".tr-fold[data-section={name}]")
    if section.get_attribute("open") is None:
        section.locator("summary").click()
    return section


def counts(company: Company) -> list[int]:
    with company.acting("admin"):
        return [int(db.session.scalar(select(func.count()).select_from(m)) or 0) for m in KEPT]


def do_the_job(page: Page, tmp_path: Path) -> None:
    """Everything on the first job, as a technician taps it."""
    page.get_by_role("button", name="Clock in").click()
    expect(page.get_by_label("Clock").get_by_text("Clocked in", exact=True)).to_be_visible()
    page.locator(".tr-stop", has_text="AC not cooling").click()
    expect(page.get_by_text("Dog in the yard")).to_be_visible()
    for step in ("Acknowledge", "Start driving", "I have arrived", "Begin work"):
        page.get_by_role("button", name=step, exact=True).click()
    expect(page.get_by_role("button", name="Complete job", exact=True)).to_be_visible()
    fold(page, "checklist").get_by_role("button", name="Power off at the disconnect", exact=True).click()
    expect(
        page.get_by_role("button", name="Power off at the disconnect", exact=True, pressed=True)
    ).to_be_visible()
    photo(page, tmp_path)
    materials(page)
    note(page)
    sale(page)
    signature(page)
    page.get_by_role("button", name="Complete job", exact=True).click()
    sheet = page.get_by_role("dialog", name="Complete job")
    sheet.get_by_label("What was done").fill("Replaced the capacitor")
    sheet.get_by_role("button", name="Complete job").click()
    expect(page.locator(".tr-job-head").get_by_text("Completed")).to_be_visible()


def photo(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "nameplate.jpg"
    path.write_bytes(make.picture(size=(2400, 1800)))
    with page.expect_file_chooser() as chooser:
        fold(page, "photos").get_by_text("Before").click()
    chooser.value.set_files(path)
    sheet = page.get_by_role("dialog", name="Photo")
    sheet.get_by_label("What it shows").fill("Nameplate")
    sheet.get_by_role("button", name="Keep photo").click()
    expect(page.get_by_role("img", name="Nameplate")).to_be_visible()


def materials(page: Page) -> None:
    fold(page, "materials").get_by_role("button", name="Add material").click()
    sheet = page.get_by_role("dialog", name="Add material")
    sheet.get_by_label("From the price book").fill("capac")
    sheet.get_by_role("button", name="Capacitor 45/5").click()
    sheet.get_by_label("How many").fill("1")
    sheet.get_by_role("button", name="Keep material").click()
    expect(fold(page, "materials").get_by_text("Capacitor 45/5")).to_be_visible()


def note(page: Page) -> None:
    fold(page, "notes").get_by_role("button", name="Add a note").click()
    sheet = page.get_by_role("dialog", name="Add a note")
    sheet.get_by_label("Note", exact=True).fill("Filter next time")
    sheet.get_by_role("button", name="Keep note").click()
    expect(fold(page, "notes").get_by_text("Filter next time")).to_be_visible()


def sale(page: Page) -> None:
    fold(page, "sale").get_by_role("button", name="Record a sale").click()
    sheet = page.get_by_role("dialog", name="Record a sale")
    sheet.get_by_label("From the price book").fill("tune")
    sheet.get_by_role("button", name="AC tune-up").click()
    expect(sheet.get_by_label("Price")).to_have_value("129.00")
    sheet.get_by_role("button", name="Record sale").click()
    expect(fold(page, "sale").get_by_text("AC tune-up")).to_be_visible()


def signature(page: Page) -> None:
    fold(page, "signature").get_by_role("button", name="Get a signature").click()
    sheet = page.get_by_role("dialog", name="Signature")
    box = sheet.locator("canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + 100)
    page.mouse.down()
    for x, y in ((90, 40), (140, 120), (220, 60), (280, 110)):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    page.mouse.up()
    expect(sheet.get_by_label("Who signs")).to_have_value("John Smith")
    sheet.get_by_role("button", name="Keep signature").click()
    expect(page.get_by_role("img", name="Signature of John Smith")).to_be_visible()


def all_sent(page: Page) -> None:
    expect(page.locator("[data-phone-ready]")).to_have_count(1)
    expect(page.locator(".tr-signal")).to_have_count(0, timeout=30_000)


def test_a_whole_job_is_done_without_a_signal_and_the_office_sees_each_thing_once(
    company: Company, day: Day, visit: Visit, tmp_path: Path
) -> None:
    page = visit(company, "technician", **TOUCH)
    opened(page)
    page.context.set_offline(True)
    page.reload()  # the day opens without a signal
    expect(page.locator(".tr-stop")).to_have_count(2)
    do_the_job(page, tmp_path)
    expect(page.locator(".tr-signal")).to_contain_text("not sent yet")
    assert counts(company) == [0, 0, 0, 0, 0]
    with company.acting("dispatcher"):  # meanwhile, at the office
        sweep = db.session.scalars(
            select(ChecklistStep).where(
                ChecklistStep.job_id == day.first, ChecklistStep.body == "Power off at the disconnect"
            )
        ).one()
        dispatch.set_step(day.first, sweep.id, done=True, note="Building manager did it")
        dispatch.update(day.first, {"outcome": "Part on order"})
    page.context.set_offline(False)
    all_sent(page)
    assert counts(company) == [2, 1, 1, 1, 1]
    with company.acting("admin"):
        job = get(DispatchJob, day.first)
        assert job.status == "completed"
        subjects = db.session.scalars(select(PhoneConflict.subject).order_by(PhoneConflict.id)).all()
        assert subjects == ["checklist step “Power off at the disconnect”", "what was done"]
    # both versions, on the phone and in the office
    expect(page.locator(".tr-versions")).to_have_count(2)
    expect(page.locator(".tr-versions").last).to_contain_text("Replaced the capacitor")
    expect(page.locator(".tr-versions").last).to_contain_text("Part on order")
    office = visit(company, "dispatcher")
    office.goto(f"/jobs/{day.first}")
    expect(office.get_by_text("Two versions")).to_have_count(2)
    expect(office.get_by_role("img", name="Nameplate")).to_have_count(1)
    expect(office.get_by_role("img", name="Signature of John Smith")).to_have_count(1)
    expect(office.locator(".tr-record-facts").get_by_text("Filter next time", exact=True)).to_have_count(1)
    office.get_by_role("button", name="Keep the office’s").first.click()
    expect(office.get_by_text("Two versions")).to_have_count(1)
    page.locator(".tr-versions", has_text="what was done").get_by_role("button", name="Keep mine").click()
    expect(page.locator(".tr-versions")).to_have_count(0)
    with company.acting("admin"):
        assert get(DispatchJob, day.first).outcome == "Replaced the capacitor"
    assert counts(company) == [2, 1, 1, 1, 1]


def test_a_photo_that_the_office_attached_is_seen_without_a_signal(
    company: Company, day: Day, visit: Visit
) -> None:
    with company.acting("admin"):
        dispatch.add_photo(day.first, make.picture(size=(320, 240)), caption="Where the unit is")
    page = visit(company, "technician", **TOUCH)
    opened(page)
    page.context.set_offline(True)
    page.locator(".tr-stop", has_text="AC not cooling").click()
    picture = fold(page, "photos").get_by_role("img", name="Where the unit is")
    expect(picture).to_be_visible()
    for _ in range(50):
        if picture.evaluate("e => e.complete && e.naturalWidth"):
            break
        page.wait_for_timeout(100)
    assert picture.evaluate("e => e.naturalWidth") == 320
    assert picture.get_attribute("src").startswith("blob:")  # type: ignore[union-attr]


def two_notes(page: Page) -> None:
    """Two notes on the first job, kept on the phone."""
    page.goto("/my/day")
    page.locator(".tr-stop", has_text="AC not cooling").click()
    for words in ("First note", "Second note"):
        fold(page, "notes").get_by_role("button", name="Add a note").click()
        sheet = page.get_by_role("dialog", name="Add a note")
        sheet.get_by_label("Note", exact=True).fill(words)
        sheet.get_by_role("button", name="Keep note").click()
        expect(fold(page, "notes").get_by_text(words)).to_be_visible()
    expect(page.locator(".tr-signal")).to_have_text("2 not sent yet")


def notes_of(company: Company) -> list[tuple[str, str]]:
    with company.acting("admin"):
        found = db.session.scalars(select(JobNote).order_by(JobNote.id))
        return [(n.body, n.author) for n in found]


MINE = [("First note", "Technician Person"), ("Second note", "Technician Person")]


def revoke(company: Company) -> None:
    """The technician's sessions are over."""
    with company.acting("admin"):
        sessions.revoke_all(company.users["technician"], why="expired")


def sign_in_again(page: Page, role: str) -> None:
    page.get_by_label("Username").fill(role)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_sign_in_that_expired_meanwhile_is_asked_for_and_the_queue_goes_on(
    company: Company, day: Day, visit: Visit
) -> None:
    page = visit(company, "technician", **TOUCH)
    opened(page)
    page.context.set_offline(True)
    two_notes(page)
    revoke(company)
    page.context.set_offline(False)
    expect(page.get_by_text("You are signed out.")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("2 things wait on this phone")).to_be_visible()
    assert notes_of(company) == []
    page.get_by_role("link", name="Sign in").click()
    sign_in_again(page, "technician")
    page.wait_for_url("**/my/day/**")
    all_sent(page)
    assert notes_of(company) == MINE


def test_somebody_else_on_the_phone_sees_nothing_of_it_and_sends_nothing_of_it(
    company: Company, day: Day, visit: Visit
) -> None:
    with company.acting("admin"):
        oscar = dispatching.technician("Oscar Other")
        dispatching.signed_in_as(company.users["payroll"], oscar)
        get(User, company.users["payroll"]).roles = ["technician"]
    page = visit(company, "technician", **TOUCH)
    opened(page)
    page.context.set_offline(True)
    two_notes(page)
    revoke(company)
    page.context.set_offline(False)
    page.goto("/sign-in")
    sign_in_again(page, "payroll")
    page.wait_for_url("**/my/day")
    expect(page.get_by_text("No jobs today")).to_be_visible()
    expect(page.get_by_text("AC not cooling")).to_have_count(0)
    expect(page.locator(".tr-signal")).to_have_count(0)
    page.get_by_role("button", name="Clock in").click()
    expect(page.get_by_label("Clock").get_by_text("Clocked in", exact=True)).to_be_visible()
    all_sent(page)
    assert notes_of(company) == []
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in**")
    sign_in_again(page, "technician")
    page.wait_for_url("**/my/day")
    expect(page.locator(".tr-stop")).to_have_count(2)
    all_sent(page)
    assert notes_of(company) == MINE


def test_after_signing_out_nothing_of_the_day_is_on_the_phone(
    company: Company, day: Day, visit: Visit
) -> None:
    page = visit(company, "technician", **TOUCH)
    opened(page)
    assert "Dog in the yard" in kept_on(page)
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in**")
    assert "Dog in the yard" not in kept_on(page)
    page.context.set_offline(True)
    page.goto("/my/day")
    expect(page.get_by_text("Nothing is kept on this phone yet")).to_be_visible()
    expect(page.get_by_text("AC not cooling")).to_have_count(0)


KEPT_ON = """async () => {
  const all = [];
  const done = (request) => new Promise((ok, no) => {
    request.onsuccess = () => ok(request.result);
    request.onerror = request.onblocked = () => no(new Error("blocked"));
    setTimeout(() => no(new Error("no answer")), 10000);
  });
  for (const { name } of await indexedDB.databases()) {
    const db = await done(indexedDB.open(name));
    for (const name of db.objectStoreNames) all.push(JSON.stringify(await done(db.transaction(name).objectStore(name).getAll())));
    db.close();
  }
  for (const key of await caches.keys()) {
    const cache = await caches.open(key);
    const ours = (await cache.keys()).filter((request) => !request.url.includes("/static/"));
    for (const request of ours) all.push(await (await cache.match(request)).text());
  }
  return all.join(" ");
}"""


def kept_on(page: Page) -> str:
    """All that IndexedDB and the caches hold, as text."""
    found: str = page.evaluate(KEPT_ON)
    return found


def test_a_phone_whose_clock_is_hours_ahead_says_so_and_reports_true_times(
    company: Company, day: Day, visit: Visit
) -> None:
    page = visit(company, "technician", **TOUCH)
    page.clock.install(time=clock.now() + timedelta(hours=3))
    opened(page)
    expect(page.get_by_text("This phone’s clock is 3 hours fast.")).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("button", name="Clock in").click()
    expect(page.locator(".tr-signal")).to_have_text("1 not sent yet")
    page.context.set_offline(False)
    page.clock.fast_forward(5_000)
    all_sent(page)
    with company.acting("admin"):
        entry = db.session.scalars(select(TimeEntry)).one()
        assert abs(clock.now() - entry.clock_in) < timedelta(minutes=3)


# Where the phone is ---------------------------------------------------------------------------------------------------


def test_the_position_is_reported_after_consent_while_clocked_in_and_not_else(
    company: Company, day: Day, visit: Visit
) -> None:
    here = {"latitude": 27.95, "longitude": -82.45}
    page = visit(company, "technician", permissions=["geolocation"], geolocation=here, **TOUCH)
    opened(page)
    page.get_by_role("button", name="Clock in").click()
    expect(page.get_by_text("Share where you are?")).to_be_visible()
    all_sent(page)
    assert places(company) == []
    page.get_by_role("button", name="I agree").click()
    expect(page.get_by_text("Share where you are?")).to_have_count(0)
    all_sent(page)
    moved(page, 27.96)
    moved(page, 27.97)
    arrives_at(company, page, 27.97)
    page.context.set_geolocation({"latitude": 27.98, "longitude": -82.45})
    page.reload()  # the page comes from the phone now; its first position is not lost
    arrives_at(company, page, 27.98)
    page.get_by_role("button", name="Clock out").click()
    expect(page.get_by_text("Not clocked in")).to_be_visible()
    all_sent(page)
    before = len(places(company))
    moved(page, 27.99)
    page.wait_for_timeout(800)
    assert len(places(company)) == before


def arrives_at(company: Company, page: Page, latitude: float) -> None:
    for _ in range(50):
        if places(company) and places(company)[-1] == latitude:
            break
        page.wait_for_timeout(200)
    assert places(company)[-1] == latitude


def moved(page: Page, latitude: float) -> None:
    page.context.set_geolocation({"latitude": latitude, "longitude": -82.45})
    page.wait_for_timeout(400)


def places(company: Company) -> list[float]:
    with company.acting("admin"):
        return [
            float(x) for x in db.session.scalars(select(PositionReport.latitude).order_by(PositionReport.id))
        ]


# A phone that is switched off ---------------------------------------------------------------------------------------


def test_what_was_kept_outlives_a_phone_that_is_switched_off(
    company: Company, day: Day, site: Site, chromium: Browser, tmp_path: Path
) -> None:
    def switched_on(**more: Any) -> BrowserContext:
        context = chromium.browser_type.launch_persistent_context(
            str(tmp_path / "phone"), executable_path=CHROMIUM, args=ARGS, base_url=site.url, locale="en-US", **TOUCH, **more
        )  # fmt: skip
        context.set_default_timeout(15_000)
        return context

    phone = switched_on()
    page = phone.pages[0]
    sign_in(page, company, "technician")
    opened(page)
    phone.set_offline(True)
    two_notes(page)
    phone.close()  # switched off, without a signal
    # switched on where there is none either: from the first moment nothing gets through
    phone = switched_on(proxy={"server": "http://127.0.0.1:9", "bypass": "<-loopback>"})
    page = phone.pages[0]
    page.goto("/my/day")  # it opens, and knows what was done
    expect(page.locator(".tr-stop")).to_have_count(2)
    expect(page.locator(".tr-signal")).to_have_text("2 not sent yet")
    assert notes_of(company) == []
    phone.close()
    phone = switched_on()
    page = phone.pages[0]
    page.goto("/my/day")
    all_sent(page)
    assert notes_of(company) == MINE
    phone.close()


# Without scripts, and for everybody -----------------------------------------------------------------------------------


def test_a_job_is_worked_without_scripts(company: Company, day: Day, visit: Visit, tmp_path: Path) -> None:
    page = visit(company, "technician", java_script_enabled=False, **TOUCH)
    page.goto("/my/day")
    page.get_by_role("link", name="AC not cooling").click()
    for step in ("Acknowledge", "Start driving", "I have arrived", "Begin work"):
        page.get_by_role("button", name=step).click()
    page.get_by_role("button", name="Tick: Power off at the disconnect").click()
    page.get_by_label("Note", exact=True).fill("Filter next time")
    page.get_by_role("button", name="Add note").click()
    page.get_by_text("Add a photo").click()
    picture = tmp_path / "nameplate.png"
    picture.write_bytes(make.picture("PNG"))
    page.get_by_label("Photo", exact=True).set_input_files(picture)
    page.get_by_role("button", name="Add photo").click()
    page.get_by_text("Add material").first.click()
    page.get_by_label("From the price book").select_option(label="Capacitor 45/5")
    page.get_by_label("How many").fill("1.5")
    page.get_by_role("button", name="Add material").click()
    page.get_by_text("Add a reading").click()
    page.get_by_label("What was measured").fill("Superheat")
    page.get_by_label("Value").fill("12")
    page.get_by_role("button", name="Add reading").click()
    page.get_by_label("What was done").fill("Replaced the capacitor")
    page.locator("#complete").get_by_role("button", name="Complete job").press("Enter")
    expect(page.locator(".tr-job-head")).to_contain_text("Completed")
    assert counts(company) == [1, 1, 1, 0, 0]
    with company.acting("admin"):
        assert get(DispatchJob, day.first).outcome == "Replaced the capacitor"
        assert db.session.scalars(select(JobMaterial.quantity_milli)).one() == 1500


def test_the_phone_can_be_used_by_everybody(company: Company, day: Day, visit: Visit, tmp_path: Path) -> None:
    page = visit(company, "technician", **TOUCH)
    page.context.add_init_script(path=AXE)
    opened(page)
    problems = looked_at(page, "my day")
    do_the_job(page, tmp_path)
    for name in ("equipment", "photos", "materials", "notes", "sale", "signature"):
        fold(page, name)
    problems += looked_at(page, "a job")
    fold(page, "materials").get_by_role("button", name="Add material").click()
    problems += looked_at(page, "a sheet")
    page.keyboard.press("Escape")
    fold(page, "signature").get_by_role("button", name="Get a signature").click()
    problems += looked_at(page, "the signature")
    page.keyboard.press("Escape")
    plain = visit(company, "technician", service_workers="block", **TOUCH)
    plain.context.add_init_script(path=AXE)
    # as the server draws it
    plain.route("**/phone-*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    for address in ("/my/day", f"/my/day/jobs/{day.second}"):
        problems += wrong(plain, address)
    assert not problems, "\n".join(problems)


def looked_at(page: Page, where: str) -> list[str]:
    """What axe finds, in the light and in the dark."""
    found = []
    for theme in ("light", "dark"):
        page.evaluate("(theme) => { document.documentElement.dataset.bsTheme = theme; }", theme)
        page.wait_for_timeout(300)  # colours that change are measured half way
        for rule in run_axe(page, "html", {"type": "tag", "values": TAGS}):
            found.append(f"{where}, {theme}: {rule}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
        f"{where} is wider than the phone"
    )
    return found
