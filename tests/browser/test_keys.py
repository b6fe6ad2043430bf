"""API keys in a browser: rotated in a dialog, and every page of theirs usable by everybody, on a phone too."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Visit
from tests.browser.test_accessible import AXE, wrong
from tests.factories.world import Company
from webapp.accounts.service import keys
from webapp.kit import counts


def test_a_key_is_rotated_and_the_page_says_which_secret_was_used(company: Company, visit: Visit) -> None:
    with company.acting("admin"):
        row, old = keys.create("Website", "field", role="manager")
    page = visit(company, "admin")
    page.goto(f"/settings/keys/{row.id}")
    page.get_by_role("link", name="Rotate the secret").click()
    page.get_by_role("dialog").get_by_role("button", name="Make the new secret").click()
    expect(page.get_by_text(re.compile(r"tk_live_\w{42}"))).to_be_visible()
    headers = {"Authorization": f"Bearer {old}"}
    assert company.app.test_client().get("/api/v1/sales", headers=headers).status_code == 200
    with company.app.app_context():
        counts.send()
    page.get_by_role("link", name="I have kept it").click()
    expect(page.get_by_text("It was last used just now")).to_be_visible()
    expect(page.get_by_text("is not used yet")).to_be_visible()


def test_the_pages_of_keys_are_usable_by_everybody(company: Company, visit: Visit) -> None:
    with company.acting("owner"):
        row, key = keys.create(
            "Website", "field", role="admin", access="chosen", chosen=["sales:read", "customers:read"]
        )
        keys.create("Try things", "field_test", role="admin")
    for path in ("sales", "admin/customers", "admin/technicians"):
        company.app.test_client().get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {key}"})
    with company.app.app_context():
        counts.send()
    page = visit(company, "admin", viewport=PHONE)
    page.context.add_init_script(path=AXE)
    problems = []
    here = f"/settings/keys/{row.id}"
    for path in ("/settings/keys", "/settings/keys/new", here, f"{here}/edit", f"{here}/rotate", "/settings/keys/usage",
                 "/settings/sandbox"):  # fmt: skip
        problems += wrong(page, path, "main")
        wide = page.evaluate("document.documentElement.scrollWidth")
        problems += [f"{path} is {wide} wide"] if wide > PHONE["width"] else []
    assert not problems, "\n".join(problems)
