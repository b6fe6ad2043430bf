"""What the installed application is made of: worker, manifest, frame, session."""

import re

import pytest
from flask.testing import FlaskClient

from tests.factories import phone as make
from tests.factories.phone import Day, Phone
from tests.factories.world import Company
from webapp.kit.web import App


@pytest.fixture
def day(company: Company) -> Day:
    return make.furnish(company)


@pytest.fixture
def nobody(app: App) -> FlaskClient:
    client = app.test_client()
    client.check_pages = False  # type: ignore[attr-defined]
    return client


def test_the_worker_serves_the_whole_site_and_a_newer_one_is_found_at_once(nobody: FlaskClient) -> None:
    answer = nobody.get("/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Set-Cookie" not in answer.headers
    source = answer.get_data(as_text=True)
    files = re.findall(r'"(/static/[^"]+)"', source.split("\n", 1)[0])
    assert any("phone-" in f for f in files)
    assert any("app-" in f and f.endswith(".css") for f in files)
    for name in files:
        kept = nobody.get(name)
        assert kept.status_code == 200, name
        assert "immutable" in kept.headers["Cache-Control"], name
    again = nobody.get("/sw.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_the_manifest_names_icons_that_are_there(nobody: FlaskClient) -> None:
    found = nobody.get("/manifest.webmanifest").get_json(force=True)
    assert (found["start_url"], found["scope"], found["display"]) == ("/my/day", "/", "standalone")
    assert {i["sizes"] for i in found["icons"]} == {"192x192", "512x512"}
    for each in found["icons"]:
        assert nobody.get(each["src"]).mimetype == "image/png"


def test_the_frame_holds_nothing_of_anybody(company: Company, day: Day) -> None:
    signed_in = company.sign_in("technician")
    text = signed_in.get("/phone/frame").text
    assert company.code not in text
    assert "Technician Person" not in text
    assert "Smith" not in text


def test_the_session_says_who_is_here_and_what_the_time_is(
    company: Company, day: Day, nobody: FlaskClient
) -> None:
    assert nobody.get("/phone/session").get_json()["signed_in"] is False
    found = Phone(company).session
    assert (found["name"], found["technician"], found["code"]) == ("Technician Person", True, company.code)
    assert [t["label"] for t in found["tabs"]][:3] == ["My day", "My time", "My sales"]
    assert Phone(company).session["person"] == found["person"]  # the same in another session


def test_without_the_form_token_nothing_is_done(company: Company, day: Day) -> None:
    phone = Phone(company)
    phone.session["csrf"] = "made-up"
    assert phone.send("clock-in").status_code == 400


def test_who_is_no_technician_is_told_so(company: Company) -> None:
    client = company.sign_in("technician")  # the role, and nobody's account
    assert client.get("/my/day").status_code == 403
    assert company.sign_in("dispatcher").get("/my/day").status_code == 403


def test_the_price_book_is_sent_again_only_when_it_changed(company: Company, day: Day) -> None:
    client = company.sign_in("technician")
    client.check_pages = False  # type: ignore[attr-defined]
    first = client.get("/my/phone/prices")
    tag = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/my/phone/prices", headers=tag).status_code == 304
    with company.acting("admin"):
        from tests.factories import people

        people.item(name="Contactor", list_price_cents=9_900)
    assert client.get("/my/phone/prices", headers=tag).status_code == 200
