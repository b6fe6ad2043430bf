"""The main pages against WCAG 2.2 AA, as axe sees it, light and dark."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visit
from tests.browser.world import Small, furnish
from tests.factories.world import Company

AXE = Path(__file__).parents[2] / "static/node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def office(small: Small) -> list[str]:
    return ["/", "/sales", "/sales/new", f"/sales/{small.pending}", "/pay-periods", f"/pay-periods/{small.period}",
            "/commission-rates", "/customers", f"/customers/{small.customer}", "/technicians",
            f"/technicians/{small.technician}", "/items", "/imports/new", "/settings/company"]  # fmt: skip


def wrong(page: Page, address: str) -> list[str]:
    """What axe finds on a page: everything in the light, what depends on colours in the dark too."""
    page.emulate_media(color_scheme="light")
    answer = page.goto(address)
    assert answer is not None and answer.status == 200, address
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = _run(page, {"runOnly": {"type": "tag", "values": TAGS}})
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    dark = _run(page, {"runOnly": {"type": "rule", "values": ["color-contrast"]}})
    return [f"{address}: {problem}" for problem in [*found, *(f"dark: {d}" for d in dark)]]


def _run(page: Page, options: dict[str, object]) -> list[str]:
    violations = page.evaluate(
        "async (options) => { const { violations } = await axe.run(document, options);"
        " return violations.map((v) => [v.id, v.nodes.map((n) => [n.html.slice(0, 200), n.any.concat(n.all, n.none).map((c) => c.message).join(' ')])]); }",
        options,
    )
    return [f"{name}: {json.dumps(nodes[:3], ensure_ascii=False)}" for name, nodes in violations]


@pytest.fixture
def small(company: Company) -> Small:
    return furnish(company)


def test_pages_of_the_office_can_be_used_by_everybody(company: Company, small: Small, visit: Visit) -> None:
    page = visit()
    problems = wrong(page, "/sign-in")
    page = visit(company, "admin")
    for address in office(small):
        problems += wrong(page, address)
    assert not problems, "\n".join(problems)


def test_pages_on_the_phone_can_be_used_by_everybody(company: Company, small: Small, visit: Visit) -> None:
    page = visit(company, "technician", viewport=PHONE, has_touch=True, is_mobile=True)
    problems = []
    for address in ("/my/sales", "/my/sales/new", "/my/pay"):
        problems += wrong(page, address)
    assert not problems, "\n".join(problems)
