"""Signing in through a provider with a real Chromium: its rules for cookies, forms and redirects between sites."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.accounts.oidc_provider import Provider
from tests.browser.conftest import PHONE, Site, Visit, toast
from tests.browser.test_accessible import AXE, wrong
from tests.factories.world import Company
from webapp.accounts.service import providers
from webapp.kit import ids


@pytest.fixture
def provider(site: Site) -> Iterator[Provider]:
    """Google, Microsoft and Apple on another site (`localhost`; the application is at 127.0.0.1)."""
    server, before = Provider(), site.app.config["SETTINGS"]
    server.person.subject = ids.token(20)
    site.app.config["SETTINGS"] = before.with_(public_url=site.url, **server.settings())
    providers.forget()
    yield server
    site.app.config["SETTINGS"] = before
    server.close()


@pytest.mark.parametrize("name", ["google", "apple"])
def test_somebody_links_an_account_and_signs_in_with_it_next_time(
    visit: Visit, company: Company, provider: Provider, name: str
) -> None:
    """Apple's page posts its answer from another site, which no cookie of ours comes along with."""
    title = name.title()
    page = visit(company, "manager")
    page.goto("/account/identities")
    page.get_by_role("button", name=f"Link {title}").click()
    if name == "apple":
        page.get_by_role("button", name="Continue").click()
    toast(page, f"Your {title} account signs you in from now on.")
    expect(page).to_have_url("/account/identities")

    page = visit()
    page.goto("/sign-in?next=/account")
    page.get_by_role("link", name=f"Continue with {title}").click()
    if name == "apple":
        page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url("/account")
    expect(page.get_by_role("heading", name="Linked accounts")).to_be_visible()
    assert len(provider.traded) == 2


def test_without_scripts_the_way_to_the_provider_works_too(
    visit: Visit, company: Company, provider: Provider
) -> None:
    page = visit(company, "dispatcher", java_script_enabled=False)
    page.goto("/account/identities")
    page.get_by_role("button", name="Link Google").click()
    expect(page.get_by_text("Your Google account signs you in from now on.")).to_be_visible()


def test_the_pages_of_accounts_can_be_used_by_everybody_and_fit_a_phone(
    visit: Visit, company: Company, provider: Provider
) -> None:
    problems = []
    guest = visit(viewport=PHONE)
    guest.context.add_init_script(path=AXE)
    guest.goto("/sign-in")
    guest.get_by_role("link", name="Continue with Google").click()
    for address in ("/sign-in/not-linked", "/register/with-account", "/sign-in", "/register"):
        problems += [*wrong(guest, address), *too_wide(guest, address)]
    admin = visit(company, "admin", viewport=PHONE)
    admin.context.add_init_script(path=AXE)
    admin.goto("/account/identities")
    admin.get_by_role("button", name="Link Google").click()
    toast(admin, "signs you in from now on")
    person = f"/settings/people/{company.users['manager']}"
    for address in ("/account", "/account/identities", "/account/second-factor", "/account/second-factor/app", "/settings",
                    "/settings/people", "/settings/people/new", person, "/settings/keys/new", "/settings/company"):  # fmt: skip
        problems += [*wrong(admin, address, "main"), *too_wide(admin, address)]
    assert not problems, "\n".join(problems)


def too_wide(page: Page, address: str) -> list[str]:
    """Whether a page has to be moved sideways."""
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{address}: {wider} pixels too wide"] if wider > 0 else []
