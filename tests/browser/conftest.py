"""The application as people meet it: served over HTTP, its queues worked off, looked at with a real Chromium."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.factories.world import PASSWORD, Company, make_company
from webapp import create_app
from webapp.config import Settings
from webapp.kit import jobs
from webapp.kit.web import App

CHROMIUM = "/usr/bin/chromium"
ARGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--no-first-run"]  # fmt: skip
PHONE = {"width": 390, "height": 844}
EXPECTED = (
    "the server responded with a status of 422",  # Chromium's note on a form that came back with errors
    "the server responded with a status of 409",  # and on a move that was refused, which the page itself shows
    "htmx:sendAbort",  # a newer request took an older one's place
    "htmx:afterRequest",
    "net::ERR_INTERNET_DISCONNECTED",  # where a test takes the signal away
)

expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@dataclass(slots=True)
class Site:
    """The served application; `tenants` are the organizations whose jobs are done."""

    app: App
    url: str
    tenants: list[UUID] = field(default_factory=list)


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  # werkzeug's name
        """Say nothing: pytest's output is for failures."""


@pytest.fixture(scope="session")
def site(settings: Settings) -> Iterator[Site]:
    """Truckroll on a free port of this machine, with a worker for both queues."""
    app = create_app(replace(settings, principal_cache_seconds=5.0))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    made = Site(app, f"http://127.0.0.1:{server.server_port}")
    stop = threading.Event()
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True),
        threading.Thread(target=_work, args=(made, stop), daemon=True),
    ]
    for thread in threads:
        thread.start()
    yield made
    stop.set()
    server.shutdown()
    for thread in threads:
        thread.join(10)
    server.server_close()


def _work(site: Site, stop: threading.Event) -> None:
    while not stop.wait(0.15):
        for tenant in list(site.tenants):
            for queue in (jobs.QUICK, jobs.LONG):
                with site.app.app_context():
                    jobs.drain(queue, tenant, stopping=stop.is_set)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One headless Chromium for all tests."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def company(site: Site) -> Iterator[Company]:
    """A company where whoever approves a pay period cannot close it."""
    made = make_company(site.app, second_person=True)
    site.tenants.append(made.tenant_id)
    yield made
    site.tenants.remove(made.tenant_id)


Visit = Callable[..., Page]


@pytest.fixture
def visit(site: Site, chromium: Browser) -> Iterator[Visit]:
    """`visit(company, role, **options)`: a person at a browser of their own, signed in; `visit()`: nobody yet.

    The test fails at its end for anything a browser complained of: scripts, content policy, lost files, answers of 5xx.
    """
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_browser(company: Company | None = None, role: str = "admin", **options: Any) -> Page:
        context = chromium.new_context(
            base_url=site.url, reduced_motion="reduce", locale="en-US", accept_downloads=True, **options
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        _listen(context, faults)
        page = context.new_page()
        if company is not None:
            sign_in(page, company, role)
        return page

    yield open_browser
    for context in contexts:
        context.close()
    assert not faults, "\n".join(faults)


def _listen(context: BrowserContext, faults: list[str]) -> None:
    def console(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in EXPECTED):
            faults.append(f"{message.page.url if message.page else ''}: console: {message.text}")

    context.on("console", console)
    context.on("weberror", lambda e: faults.append(f"{e.page.url if e.page else ''}: script: {e.error}"))
    context.on("response", lambda r: faults.append(f"{r.url}: {r.status}") if r.status >= 500 else None)


def sign_in(page: Page, company: Company, role: str) -> None:
    """Sign in through the form."""
    page.goto("/sign-in")
    page.get_by_label("Business code").fill(company.code)
    page.get_by_label("Username").fill(role)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def toast(page: Page, text: str) -> Any:
    """The message with this text; waits until it is there."""
    message = page.locator("#toasts .tr-toast", has_text=text)
    expect(message).to_be_visible()
    return message


@pytest.fixture
def courier(site: Site, company: Company) -> Iterator[None]:
    """Delivers webhooks and makes calls of the company as they become due."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.1):
            with site.app.app_context():
                jobs.drain(jobs.HOOKS, company.tenant_id, stopping=stop.is_set)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(10)
