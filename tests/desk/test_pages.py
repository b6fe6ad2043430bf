"""The style page and every error page, for visitors and for the office."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.client import PageClient, check_html
from tests.factories.world import Company
from webapp import create_app
from webapp.config import ROOT, Settings
from webapp.kit import errors, pages
from webapp.kit.permissions import public
from webapp.kit.web import App

STATUSES = sorted(int(p.stem) for p in (ROOT / "templates" / "errors").glob("[0-9]*.html"))


@pytest.fixture(scope="module")
def failing(settings: Settings) -> App:
    """The application with an address that fails as it is told to."""
    app = create_app(settings)

    @public("a test's own address, which fails as it is told to")
    def fail(status: int) -> Any:
        error = errors.AppError(
            f"The sentence for {status}.", retry_after=7 if status in (429, 503) else None
        )
        error.status = status
        raise error

    app.add_url_rule("/fail/<int:status>", "fail", fail)
    return app


def test_every_error_page_that_there_is_is_checked() -> None:
    assert STATUSES == [400, 403, 404, 405, 409, 413, 422, 429, 500, 503]


@pytest.mark.parametrize("status", [*STATUSES, 402, 418, 502])
@pytest.mark.parametrize("role", ["", "manager", "technician"])
def test_an_error_is_a_whole_page_with_its_sentence_and_a_way_on(
    company: Company, failing: App, status: int, role: str
) -> None:
    there = Company(failing, company.tenant_id, company.code, company.users)
    failing.test_client_class = PageClient
    browser = there.sign_in(role) if role else failing.test_client()
    answer = browser.get(f"/fail/{status}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert 'class="tr-error-page"' in page
    assert re.search(r'<div class="tr-btn-group"><a [^>]*href="/', page)
    if status not in (405, 500, 502):  # these say their own
        assert f"The sentence for {status}." in page
    if status in (429, 503):
        assert answer.headers["Retry-After"] == "7"
    assert ("tr-side" in page) is (role == "manager" and status != 503)
    assert ("tr-tabbar" in page) is (role == "technician" and status != 503)


def test_an_htmx_request_gets_a_toast_instead(failing: App) -> None:
    failing.test_client_class = PageClient
    answer = failing.test_client().get("/fail/409", hx=True)  # type: ignore[call-arg]  # PageClient takes it
    assert "The sentence for 409." in answer.headers["HX-Trigger"]
    assert answer.get_data() == b""


@pytest.mark.parametrize(("role", "frame"), [("manager", "tr-side"), ("technician", "tr-tabbar")])
def test_an_unknown_address_keeps_the_frame_of_who_is_signed_in(
    company: Company, role: str, frame: str
) -> None:
    browser = company.sign_in(role)
    for answer, status in ((browser.get("/no-such-page"), 404), (browser.put("/sign-in"), 405)):
        page = answer.get_data(as_text=True)
        assert answer.status_code == status
        assert frame in page
        assert company.code in page


def test_an_unknown_address_is_a_page_for_a_visitor_and_json_for_a_partner(client: FlaskClient) -> None:
    assert "nothing at this address" in client.get("/no-such-page").get_data(as_text=True)
    assert client.get("/api/v1/no-such-thing").json["error"]["code"] == "NOT_FOUND"  # type: ignore[index]


@pytest.mark.parametrize("name", ["", "/list", "/record", "/form", "/dialog", "/phone", "/plain"])
def test_the_style_page_shows_every_component(client: FlaskClient, name: str) -> None:
    assert client.get(f"/_styleguide{name}").status_code == 200


def test_the_style_page_is_not_there_in_production(settings: Settings) -> None:
    app = create_app(settings.with_(environment="production"))
    assert not [r for r in app.url_map.iter_rules() if r.rule.startswith("/_styleguide")]
    assert [r for r in app.url_map.iter_rules() if r.rule == "/api/docs"]


def test_a_page_that_breaks_while_it_is_shown_still_answers(app: App) -> None:
    with app.test_request_context("/"):
        answer = pages.error_page(errors.NotFound("x"))
    check_html(answer.get_data(as_text=True), fragment=False, where="404")
