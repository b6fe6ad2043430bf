"""A webhook's life by clicking: registered, tested, broken, mended, replayed, its secret rotated without a rejection."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook, WebhookVerificationError

from tests.browser.conftest import PHONE, Visit, toast
from tests.browser.test_accessible import AXE, wrong
from tests.factories.world import Company
from tests.integrations.receivers import Got, Receiver, reply
from tests.integrations.support import happen


class Strict:
    """A receiver as a partner would write it: who cannot verify is turned away. It can be broken."""

    def __init__(self) -> None:
        self.secret = ""
        self.broken = False
        self.turned_away: list[Got] = []
        self.server = Receiver(self.answer)

    def answer(self, got: Got) -> bytes:
        if self.broken:
            return reply(503, b"upstream is down")
        if self.secret:
            try:
                Webhook(self.secret).verify(got.body, got.headers)
            except WebhookVerificationError:
                self.turned_away.append(got)
                return reply(401)
        return reply(200, b'{"received": true}')


@pytest.fixture
def partner() -> Iterator[Strict]:
    made = Strict()
    made.server.start()
    yield made
    made.server.stop()


def secret_on(page: Page) -> str:
    found = re.search(r"whsec_[A-Za-z0-9]{32}", page.locator(".tr-secret code").inner_text())
    assert found is not None
    return found[0]


def test_register_break_mend_replay_and_rotate(
    company: Company, visit: Visit, partner: Strict, courier: None
) -> None:
    page = visit(company, "admin")
    page.goto("/settings/webhooks")
    page.get_by_role("link", name="New webhook").first.click()
    page.get_by_label("Address").fill(partner.server.url("/crm"))
    page.get_by_label("What it is for").fill("CRM bridge")
    page.locator("summary", has_text=re.compile(r"^Sale \d+$")).click()
    page.get_by_label("All of sale.*").check()
    page.get_by_role("button", name="Register and send a test").click()
    partner.secret = secret_on(page)
    expect(page.get_by_text("It answered 200")).to_be_visible()  # the test event, without a reload
    assert [got.json["event"] for got in partner.server.got] == ["webhook.test"]
    partner.server.got[0].verify(partner.secret)

    partner.broken = True
    happen(company, 42)
    page.get_by_role("link", name="I have kept it").click()
    page.get_by_role("link", name="Deliveries").click()
    page.get_by_role("link", name="sale.created").click()
    expect(page.get_by_role("heading", name="Attempt 1")).to_be_visible()
    expect(page.get_by_text("upstream is down").first).to_be_visible()
    expect(page.get_by_role("heading", name="Attempt 2")).to_be_visible(
        timeout=30_000
    )  # it is tried again by itself

    partner.broken = False
    page.get_by_role("button", name="Try now").click()
    toast(page, "It is sent again")
    expect(page.get_by_role("button", name="Send again")).to_be_visible()
    page.get_by_role("button", name="Send again").click()
    toast(page, "It is sent again")
    expect(page.get_by_role("heading", name="Attempt 4")).to_be_visible()
    sent = [got for got in partner.server.got if got.json["event"] == "sale.created"]
    assert len(sent) == 4
    assert len({got.id for got in sent}) == 1

    page.goto(page.url.partition("/deliveries")[0])
    expect(page.get_by_role("heading", name="Health")).to_be_visible()
    page.locator("#main summary, main summary", has_text="More").first.click()
    page.get_by_role("button", name="Rotate the secret").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Rotate the secret").click()
    rotated = secret_on(page)
    assert rotated != partner.secret
    before = len(partner.server.got)
    happen(company, 43)  # the partner has the old secret still
    page.wait_for_timeout(1500)
    partner.secret = rotated
    happen(company, 44)
    page.wait_for_timeout(1500)
    assert [got.json["data"]["sale_id"] for got in partner.server.got[before:]] == [43, 44]
    assert partner.turned_away == []


def test_the_pages_are_usable_by_everybody(
    company: Company, visit: Visit, partner: Strict, courier: None
) -> None:
    page = visit(company, "admin", viewport=PHONE)
    page.context.add_init_script(path=AXE)
    problems = wrong(page, "/settings/webhooks/new", "main")
    page.get_by_label("Address").fill(partner.server.url("/crm"))
    page.get_by_label("Everything that happens").check()
    page.get_by_role("button", name="Register and send a test").click()
    expect(page.get_by_text("It answered 200")).to_be_visible()
    here = str(page.get_by_role("link", name="I have kept it").get_attribute("href"))
    page.goto(f"{here}/deliveries")
    delivery = str(page.get_by_role("link", name="webhook.test").get_attribute("href"))
    for path in (
        "/settings/webhooks",
        here,
        f"{here}/deliveries",
        f"{here}/edit",
        f"{here}/replay",
        delivery,
    ):
        problems += wrong(page, path, "main")
        wide = page.evaluate("document.documentElement.scrollWidth")
        problems += [f"{path} is {wide} wide"] if wide > PHONE["width"] else []
    assert not problems, "\n".join(problems)
