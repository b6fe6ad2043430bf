"""The main pages against WCAG 2.2 AA, as axe sees it, light and dark."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visit, sign_in
from tests.browser.world import Small, furnish
from tests.factories.world import Company

AXE = Path(__file__).parents[2] / "static/node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
REPORT = """async ([where, options]) => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await Promise.allSettled(document.getAnimations().filter((a) => a instanceof CSSTransition).map((a) => a.finished));
  const { violations } = await axe.run(where, options);
  const why = (node) => node.any.concat(node.all, node.none).map((check) => check.message).join(" ");
  return violations.map((found) => [found.id, found.nodes.map((node) => [node.html.slice(0, 200), why(node)])]);
}"""


def office(small: Small) -> list[str]:
    return ["/sales", "/sales/new", f"/sales/{small.pending}", "/pay-periods", f"/pay-periods/{small.period}",
            "/commission-rates", "/customers", f"/customers/{small.customer}",
            f"/customers/{small.customer}/properties/{small.property}", "/technicians",
            f"/technicians/{small.technician}", "/imports/new", "/settings/company"]  # fmt: skip


def wrong(page: Page, address: str, where: str = "html") -> list[str]:
    """What axe finds on a page: everything in the light, what depends on colours in the dark too.

    `where` leaves out what was looked at on another page.
    """
    page.emulate_media(color_scheme="light")
    answer = page.goto(address)
    assert answer is not None and answer.status == 200, address
    expect(page.locator(".htmx-request")).to_have_count(0)
    found = run(page, where, {"type": "tag", "values": TAGS})
    page.emulate_media(color_scheme="dark")
    page.goto(address)  # anew: a page that changes its colours under axe is measured half way
    expect(page.locator(".htmx-request")).to_have_count(0)
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    dark = run(page, where, {"type": "rule", "values": ["color-contrast"]})
    return [f"{address}: {problem}" for problem in [*found, *(f"dark: {d}" for d in dark)]]


def run(page: Page, where: str, rules: dict[str, object]) -> list[str]:
    """What axe finds in a part of a page by some of its rules."""
    found = page.evaluate(REPORT, [where, {"runOnly": rules, "resultTypes": ["violations"]}])
    return [f"{rule}: {json.dumps(nodes[:3], ensure_ascii=False)}" for rule, nodes in found]


@pytest.fixture
def small(company: Company) -> Small:
    return furnish(company)


def test_pages_of_the_office_can_be_used_by_everybody(company: Company, small: Small, visit: Visit) -> None:
    page = visit()
    page.context.add_init_script(path=AXE)
    problems = wrong(page, "/sign-in")
    sign_in(page, company, "admin")
    problems += wrong(page, "/")
    for address in office(small):
        problems += wrong(page, address, "main")
    assert not problems, "\n".join(problems)


def test_pages_on_the_phone_can_be_used_by_everybody(company: Company, small: Small, visit: Visit) -> None:
    page = visit(company, "technician", viewport=PHONE, has_touch=True, is_mobile=True)
    page.context.add_init_script(path=AXE)
    problems = []
    for address in ("/my/sales", "/my/sales/new", "/my/pay", f"/my/pay/{small.period}/dispute"):
        problems += wrong(page, address)
    assert not problems, "\n".join(problems)
