"""Inviting somebody, and the keys on a phone, as an office manager meets them."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Visit
from tests.factories.world import Company


def test_an_invitation_is_shown_on_a_page_of_its_own_and_lets_somebody_in(
    visit: Visit, company: Company
) -> None:
    page = visit(company, "admin")
    page.goto("/settings/people/new")
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_text("Choose at least one role.").first).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Nina Newcomer")
    page.get_by_label("Username").fill("nina")
    page.get_by_label("Email address").fill("nina@example.com")
    page.get_by_label("Dispatcher:").check()
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nina Newcomer is invited")
    expect(page.get_by_role("navigation", name="Main")).to_have_count(1)
    link = re.search(r"/invite/[\w.~-]+", page.content())
    assert link

    guest = visit()
    guest.goto(link[0])
    guest.get_by_label("Choose a password").fill("rain fence cello 9")
    guest.get_by_role("button", name="Start").click()
    guest.wait_for_url(lambda url: "/invite/" not in url)
    guest.goto("/account")
    expect(guest.get_by_text("nina · Dispatcher")).to_be_visible()


def test_the_keys_fit_a_phone(visit: Visit, company: Company) -> None:
    page = visit(company, "admin", viewport=PHONE)
    page.goto("/settings/keys/new")
    page.get_by_label("Name").fill("Website of the company with a long name")
    page.get_by_label("Acts with the role").select_option("dispatcher")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_text("This is the only time the key is shown.")).to_be_visible()
    page.get_by_role("link", name="I have kept it").click()
    expect(page.get_by_role("link", name="Rotate the secret")).to_be_visible()
    page.goto("/settings/keys")
    expect(page.get_by_role("button", name="Revoke")).to_be_visible()
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0
