"""A connector's life by clicking: described, tried, called when something happens, broken, mended; its key rotated."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Visit, toast
from tests.browser.test_accessible import AXE, wrong
from tests.factories.world import Company
from tests.integrations.connectors.support import console, describe, key_of, verifies, when
from tests.integrations.receivers import Receiver, reply
from tests.integrations.support import happen


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver(lambda got: reply(200, b'{"ticket": "T-1"}')).start()
    yield made
    made.stop()


def test_describe_try_follow_an_event_break_and_mend(
    company: Company, visit: Visit, receiver: Receiver, courier: None
) -> None:
    happen(company, 41)
    page = visit(company, "admin")
    page.goto("/settings/connectors")
    page.get_by_role("link", name="New connector").first.click()
    page.get_by_label("Name", exact=True).first.fill("Tell the warehouse")
    page.get_by_label("Address").fill(receiver.url("/orders"))
    page.locator("[name=inputs-0-name]").fill("sale_id")
    page.locator("[name=inputs-0-kind]").select_option("integer")
    page.locator("[name=inputs-0-required]").check()
    page.locator("button[name=add][value=inputs]").click()
    expect(page.locator("[name=inputs-1-name]")).to_be_focused()
    page.locator("[name=inputs-1-name]").fill("note")
    page.locator("[name=outputs-0-name]").fill("ticket")
    page.locator("button[name=switch][value=inputs-json]").click()
    expect(page.locator("[name=inputs-json]")).to_have_value(re.compile('"sale_id"'))
    page.locator("button[name=switch][value=inputs-rows]").click()
    expect(page.locator("[name=inputs-1-name]")).to_have_value("note")
    page.get_by_role("button", name="Create and try it").click()

    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("“sale_id” is missing.").first).to_be_visible()
    page.locator("[name=input-sale_id]").fill("42")
    page.get_by_role("button", name="Preview the request").click()
    expect(page.get_by_label("What is signed", exact=True)).to_contain_text('{"sale_id":42}')
    assert receiver.got == []
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The answer is as described.")).to_be_visible()  # without a reload
    assert verifies(receiver, receiver.got[0], key_of(company))

    page.get_by_role("link", name="Tell the warehouse").click()
    page.get_by_role("link", name="New rule").first.click()
    page.get_by_label("Name", exact=True).fill("When a sale is recorded")
    page.locator("summary", has_text=re.compile(r"^Sale \d+$")).click()
    page.locator("input[value='sale.created']").check()
    expect(page.get_by_label("Preview")).to_contain_text("Made of the last sale.created")
    page.locator("[name=from-sale_id]").select_option("path")
    page.locator("[name=value-sale_id]").fill("data.sale_id")
    page.locator("[name=from-note]").select_option("template")
    page.locator("[name=value-note]").fill("Sale {data.sale_id}")
    expect(page.get_by_label("Inputs of the call")).to_contain_text('"note": "Sale 41"')
    page.get_by_role("button", name="Call it from now on").click()
    toast(page, "From now on it is called when that happens.")

    receiver.answer = lambda got: reply(503, b"upstream is down")
    happen(company, 77)
    page.get_by_role("link", name="Calls").first.click()
    page.wait_for_timeout(500)
    page.reload()
    page.get_by_role("row", name=re.compile("sale.created")).get_by_role("link").first.click()
    expect(page.get_by_text("upstream is down").first).to_be_visible()
    expect(page.get_by_text("Attempt 2 of 6").or_(page.get_by_text("Attempt 3 of 6"))).to_be_visible()
    receiver.answer = lambda got: reply(200, b'{"ticket": "T-2"}')
    expect(page.get_by_text("The answer is as described.")).to_be_visible(timeout=30_000)
    sent = [got for got in receiver.got if got.json["sale_id"] == 77]
    assert len(sent) >= 2
    assert len({got.headers["x-idempotency-key"] for got in sent}) == 1
    page.get_by_role("button", name="Call again").click()
    toast(page, "under a new key")
    expect(page.get_by_text("The answer is as described.")).to_be_visible()
    assert len({got.headers["x-idempotency-key"] for got in receiver.got}) == 3


def test_the_key_is_shown_and_rotated_by_clicking(
    company: Company, visit: Visit, receiver: Receiver, courier: None
) -> None:
    connector = describe(company, receiver.url())
    page = visit(company, "admin")
    page.goto("/settings/connectors/key")
    page.get_by_role("button", name="Show the key").click()
    first = page.locator(".tr-secret code").inner_text()
    page.goto("/settings/connectors/key")
    page.get_by_role("button", name="Rotate it").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Rotate it").click()
    toast(page, "The new key signs alone 24 hours from now")
    second = page.locator(".tr-secret code").inner_text()
    console(company, connector, job_id=1)
    page.wait_for_timeout(1500)
    assert verifies(receiver, receiver.got[-1], first)
    assert verifies(receiver, receiver.got[-1], second, "x-signature-next")
    page.get_by_role("button", name="Use it now").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Use it now").click()
    toast(page, "The new key signs from now on.")
    console(company, connector, job_id=2)
    page.wait_for_timeout(1500)
    assert verifies(receiver, receiver.got[-1], second)


def test_the_pages_are_usable_by_everybody(
    company: Company, visit: Visit, receiver: Receiver, courier: None
) -> None:
    connector = describe(company, receiver.url())
    rule = when(company, connector)
    call = console(company, connector, job_id=1).public_id
    page = visit(company, "admin", viewport=PHONE)
    page.context.add_init_script(path=AXE)
    problems: list[str] = []
    here = f"/settings/connectors/{connector.id}"
    for path in ("/settings/connectors", "/settings/connectors/new", here, f"{here}/edit", f"{here}/console",
                 f"{here}/rules/new", f"{here}/rules/{rule.id}", "/settings/connectors/calls",
                 f"/settings/connectors/calls/{call}", "/settings/connectors/key", "/settings/verification-samples"):  # fmt: skip
        problems += wrong(page, path, "main")
        wide = page.evaluate("document.documentElement.scrollWidth")
        problems += [f"{path} is {wide} wide"] if wide > PHONE["width"] else []
    assert not problems, "\n".join(problems)
