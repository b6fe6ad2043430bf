"""Signing in at the browser: the form, limits, sessions and where one lands."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.accounts.support import address_of, audited, browser, call, counted, limited, login, post, sign_in
from tests.factories.world import PASSWORD, Company
from webapp.kit import clock
from webapp.kit.db import db, get
from webapp.kit.web import App
from webapp.models import User, UserSession


def signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def session_of(company: Company, role: str = "manager") -> UserSession:
    with company.acting():
        found = db.session.scalars(
            select(UserSession)
            .where(UserSession.user_id == company.users[role])
            .order_by(UserSession.id.desc())
        ).first()
        assert found is not None
        return found


def test_a_manager_signs_in_and_is_known(company: Company) -> None:
    client = company.sign_in("manager")
    answer = client.get("/sign-in")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Manager Person" in client.get("/account").get_data(as_text=True)


def test_a_partner_signs_in(company: Company) -> None:
    assert company.api("admin").token


def test_the_code_is_taken_in_any_case_and_remembered(app: App, company: Company) -> None:
    client = browser(app)
    answer = post(
        client, "/sign-in", business_code=f" {company.code.lower()} ", username="Manager", password=PASSWORD
    )
    assert answer.status_code == 303
    post(client, "/sign-out", page="/account")
    assert f'value="{company.code}"' in client.get("/sign-in").get_data(as_text=True)


@pytest.mark.parametrize(
    ("username", "password"), [("manager", "wrong-password"), ("nobody", PASSWORD), ("manager", "x" * 1000)]
)
def test_a_wrong_sign_in_keeps_the_form_and_says_only_that(
    app: App, company: Company, username: str, password: str
) -> None:
    client = browser(app)
    answer = sign_in(client, company, username, password)
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Wrong username or password." in html
    assert password not in html
    assert f'value="{company.code}"' in html
    assert not signed_in(client)
    assert len(audited(company, "user.sign_in_failed")) == 1


def test_an_unknown_company_code_is_said_at_its_field(app: App) -> None:
    answer = post(browser(app), "/sign-in", business_code="NOBODY", username="a", password="b")
    assert answer.status_code == 422
    assert "No company has this code." in answer.get_data(as_text=True)


def test_an_empty_form_names_each_field(app: App) -> None:
    html = post(browser(app), "/sign-in").get_data(as_text=True)
    for sentence in ("Enter your business code.", "Enter your username.", "Enter your password."):
        assert sentence in html


def test_a_form_without_its_token_is_refused(app: App, company: Company) -> None:
    answer = browser(app).post("/sign-in", data={"business_code": company.code, "username": "manager",
                                                 "password": PASSWORD})  # fmt: skip
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("target", "lands"),
    [("/account?tab=1", "/account?tab=1"), ("https://evil.example", "/"), ("//evil.example", "/"), ("/\\evil", "/"),
     ("javascript:alert(1)", "/"), ("/a\r\nSet-Cookie: x=1", "/"), ("", "/"), ("/\t/evil.example", "/")],
)  # fmt: skip
def test_after_signing_in_one_lands_on_this_site_only(
    app: App, company: Company, target: str, lands: str
) -> None:
    answer = sign_in(browser(app), company, next=target)
    assert answer.headers["Location"] == lands


def test_a_page_asked_for_before_signing_in_opens_afterwards(app: App, company: Company) -> None:
    client = browser(app)
    answer = client.get("/account?x=1&y=2")
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).get_data(as_text=True)
    assert 'value="/account?x=1&amp;y=2"' in page


def test_the_cookie_is_kept_from_scripts_and_holds_no_password(app: App, company: Company) -> None:
    client = browser(app)
    cookie = next(
        c for c in sign_in(client, company).headers.getlist("Set-Cookie") if c.startswith("truckroll=")
    )
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_signing_out_ends_the_session_at_the_server_too(app: App, company: Company) -> None:
    client = browser(app)
    sign_in(client, company)
    stolen = client.get_cookie("truckroll")
    assert stolen is not None
    assert post(client, "/sign-out", page="/account").headers["Location"] == "/sign-in"
    assert not signed_in(client)
    thief = browser(app)
    thief.set_cookie("truckroll", stolen.value)
    assert not signed_in(thief)


def test_a_changed_cookie_signs_nobody_in(app: App, company: Company) -> None:
    client = browser(app)
    sign_in(client, company)
    cookie = client.get_cookie("truckroll")
    assert cookie is not None
    head, rest = cookie.value[:20], cookie.value[20:]
    client.set_cookie("truckroll", head + ("A" if rest[0] != "A" else "B") + rest[1:])
    assert not signed_in(client)


def test_a_cookie_opens_nothing_of_another_organization(
    app: App, company: Company, other_company: Company
) -> None:
    from flask.sessions import SecureCookieSessionInterface

    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    row = session_of(other_company) if sign_in(browser(app), other_company) else None
    assert row is not None
    client = browser(app)
    # even under our own MAC: the session's number with my organization, and with a secret that is not its own
    for tenant in (company.tenant_id, other_company.tenant_id):
        client.set_cookie("truckroll", str(serializer.dumps({"_user_id": f"{tenant}.{row.id}.{'x' * 22}"})))
        assert not signed_in(client)


def test_a_user_deactivated_while_signed_in_is_out(app: App, company: Company) -> None:
    client = browser(app)
    sign_in(client, company)
    with company.acting():
        get(User, company.users["manager"]).active = False
    assert not signed_in(client)


def test_a_page_kept_open_says_what_to_do_when_the_session_ends_and_works_again_afterwards(
    app: App, company: Company
) -> None:
    from tests.factories.world import csrf_of

    client = browser(app)
    sign_in(client, company)
    kept = csrf_of(client.get("/account").get_data(as_text=True))
    with company.acting():
        db.session.get(UserSession, (company.tenant_id, session_of(company).id)).revoked_at = clock.now()  # type: ignore[union-attr]
    data = {"csrf_token": kept, "name": "Still Me", "email": "", "phone": ""}
    answer = client.post("/account/profile", data=data, headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert "Sign in again" in answer.headers["HX-Trigger"]
    sign_in(client, company)
    assert client.post("/account/profile", data=data).status_code == 303


# Limits -----------------------------------------------------------------------------------------------------------


def test_the_sixth_try_in_a_minute_is_told_to_wait(app: App, company: Company) -> None:
    client = browser(app)
    with limited(app, sign_in_account="5/60 seconds"):
        for _ in range(5):
            assert sign_in(client, company, password="wrong-password").status_code == 422
        answer = sign_in(client, company)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert "Too many attempts to sign in." in answer.get_data(as_text=True)
        assert sign_in(client, company, "dispatcher").status_code == 303


def test_the_api_answers_429_with_retry_after(app: App, company: Company) -> None:
    with limited(app, sign_in_account="5/60 seconds"):
        for _ in range(5):
            assert login(app, company, password="wrong-password").status_code == 401
        answer = login(app, company)
    assert (answer.status_code, answer.json["error"]["code"]) == (429, "TOO_MANY_REQUESTS")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_name_and_address_of_a_user_share_one_count(app: App, company: Company) -> None:
    with limited(app, sign_in_account="5/60 seconds"):
        for i in range(5):
            login(
                app,
                company,
                ("manager", "MANAGER", f"manager@{company.code}.example.com")[i % 3],
                "wrong-password",
            )
        assert login(app, company).status_code == 429


def test_on_the_page_a_success_starts_the_count_anew(app: App, company: Company) -> None:
    client = browser(app)
    with limited(app, sign_in_account="5/60 seconds"):
        for _ in range(3):
            for _ in range(4):
                sign_in(client, company, password="wrong-password")
            assert sign_in(client, company).status_code == 303
            client.post("/sign-out")
            client = browser(app)


def test_over_the_api_right_sign_ins_count_too_and_keep_nobody_out_of_the_page(
    app: App, company: Company
) -> None:
    with limited(app, sign_in_account="5/60 seconds"):
        assert [login(app, company).status_code for _ in range(6)] == [200] * 5 + [429]
        assert login(app, company, "dispatcher").status_code == 200  # others at the same address go on
        assert sign_in(browser(app), company).status_code == 303


def test_refreshing_and_registering_are_five_a_minute_as_well(app: App, company: Company) -> None:
    address = {"REMOTE_ADDR": address_of("five_a_minute" + company.code)}
    token = login(app, company).json["data"]["refresh_token"]

    def ask(path: str, body: dict[str, object]) -> int:
        return (
            app.test_client().post(f"/api/v1/auth/{path}", json=body, environ_overrides=address).status_code
        )

    with limited(app, sign_in_account="5/60 seconds"):
        assert [ask("refresh", {"refresh_token": token}) for _ in range(6)] == [200] * 5 + [429]
        assert [ask("register", {"business_name": "x"}) for _ in range(6)][-1] in (422, 429)


def test_names_that_nobody_has_are_limited_alike(app: App, company: Company) -> None:
    with limited(app, sign_in_account="5/60 seconds"):
        statuses = [login(app, company, "ghost").status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]


def test_an_address_that_tries_many_names_is_limited(app: App, company: Company) -> None:
    address = address_of("an_address_that_tries_many_names" + company.code)

    def attempt(i: int) -> Any:
        return app.test_client().post(
            "/api/v1/auth/login", json={"username": f"user{i}", "password": "guess"},
            headers={"X-Tenant-Id": str(company.tenant_id)}, environ_overrides={"REMOTE_ADDR": address},
        )  # fmt: skip

    with limited(app, sign_in_address="10/60 seconds", sign_in_account="5/60 seconds"):
        statuses = [attempt(i).status_code for i in range(11)]
    assert statuses == [401] * 10 + [429]


# Sessions ---------------------------------------------------------------------------------------------------------


def test_an_unused_browser_is_signed_out_and_a_used_one_is_not(app: App, company: Company) -> None:
    idle = timedelta(minutes=app.config["SETTINGS"].session_idle_minutes)
    with clock.at(clock.now()):
        used, unused = browser(app), browser(app)
        for client in (used, unused):
            sign_in(client, company)
        for _ in range(4):
            clock.advance(idle / 2)
            assert signed_in(used)
        assert not signed_in(unused)


def test_even_a_browser_that_is_used_all_the_time_is_signed_out_after_two_weeks(
    app: App, company: Company
) -> None:
    client = browser(app)
    with clock.at(clock.now()):
        sign_in(client, company)
        for _ in range(47):
            clock.advance(timedelta(hours=7))
            assert signed_in(client)
        clock.advance(timedelta(hours=7))
        assert not signed_in(client)


def test_the_last_use_is_noted_at_most_once_a_minute_and_even_by_a_request_that_fails(
    app: App, company: Company
) -> None:
    client = browser(app)
    with clock.at(clock.now()):
        sign_in(client, company)
        start = session_of(company).last_used_at
        clock.advance(timedelta(seconds=59))
        signed_in(client)
        assert session_of(company).last_used_at == start
        assert client.post("/account/sessions/999999/end").status_code == 400
        assert session_of(company).last_used_at == start
        clock.advance(timedelta(seconds=1))
        assert session_of(company).last_used_at == start  # nobody knows who sends a form without its token
        # an unknown address has the company's frame around it: whoever asks was there
        assert client.get("/account/second-factor/nothing-here").status_code == 404
        assert session_of(company).last_used_at == start + timedelta(seconds=60)
        clock.advance(timedelta(seconds=60))
        from tests.factories.world import csrf_of

        token = csrf_of(client.get("/sign-in/verify", follow_redirects=True).get_data(as_text=True))
        answer = client.post("/account/sessions/999999/end", data={"csrf_token": token})
        assert answer.status_code == 404
        assert session_of(company).last_used_at == start + timedelta(seconds=120)


def test_one_sees_ones_devices_and_ends_one(app: App, company: Company) -> None:
    office, phone = browser(app), browser(app)
    sign_in(office, company)
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1"
    sign_in(phone, company, headers={"User-Agent": agent})
    ended = session_of(company)
    html = office.get("/account").get_data(as_text=True)
    assert "Safari on iPhone" in html
    assert html.count("This device") == 1
    assert post(office, f"/account/sessions/{ended.id}/end", page="/account").status_code == 303
    assert not signed_in(phone)
    assert signed_in(office)
    assert audited(company, "session.revoked")[0]["reason"] == "ended by its owner"


def test_one_ends_all_other_sessions_also_of_the_api(app: App, company: Company) -> None:
    here, there = browser(app), browser(app)
    for client in (here, there):
        sign_in(client, company)
    token = login(app, company).json["data"]["access_token"]
    post(here, "/account/sessions/end-others", page="/account")
    assert signed_in(here)
    assert not signed_in(there)
    assert call(app, "GET", "/api/v1/auth/me", token=token, tenant=company.tenant_id).status_code == 401


def test_somebody_elses_session_cannot_be_ended(app: App, company: Company, other_company: Company) -> None:
    client = browser(app)
    sign_in(client, company)
    for place, role in ((company, "dispatcher"), (other_company, "manager")):
        victim = browser(app)
        sign_in(victim, place, role)
        answer = post(client, f"/account/sessions/{session_of(place, role).id}/end", page="/account")
        assert answer.status_code == 404
        assert signed_in(victim)


def test_a_session_ended_elsewhere_stops_within_five_seconds(
    app: App, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].with_(principal_cache_seconds=3.0))
    now = [5000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    client = browser(app)
    sign_in(client, company)
    assert signed_in(client)
    with company.acting():
        db.session.get(UserSession, (company.tenant_id, session_of(company).id)).revoked_at = clock.now()  # type: ignore[union-attr]
    now[0] += 5
    assert not signed_in(client)


def test_in_the_process_that_ended_it_a_session_stops_at_once(
    app: App, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].with_(principal_cache_seconds=3.0))
    here, there = browser(app), browser(app)
    for client in (here, there):
        sign_in(client, company)
        assert signed_in(client)
    post(here, "/account/sessions/end-others", page="/account")
    assert not signed_in(there)


def test_a_known_session_costs_one_query_for_the_company_and_none_for_itself(
    app: App, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].with_(principal_cache_seconds=3.0))
    client = browser(app)
    sign_in(client, company)
    client.get("/sign-in")
    with counted(app) as asked:
        client.get("/sign-in")
    assert len(asked) == 1, asked


def test_ones_account_page_costs_as_many_queries_however_many_devices_there_are(
    app: App, company: Company
) -> None:
    client = browser(app)
    sign_in(client, company)
    client.get("/account")
    costs = []
    for more in (0, 5):
        for _ in range(more):
            login(app, company)
        with counted(app) as asked:
            assert client.get("/account").status_code == 200
        costs.append(len(asked))
    # the session, the company, the user, backup codes, linked accounts, devices; and what the office's frame shows
    assert costs[0] == costs[1] <= 9, asked


@pytest.mark.parametrize("who", ["manager", "nobody", "invited", "inactive", "no company"])
def test_every_failed_sign_in_costs_one_password_check(
    app: App, company: Company, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    from webapp.accounts.service import passwords

    with company.acting():
        if who == "inactive":
            get(User, company.users["manager"]).active = False
        if who == "invited":
            get(User, company.users["manager"]).password_hash = None
    checked: list[str] = []
    real = passwords.hasher

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            checked.append(stored)
            return real().verify(stored, password)

    monkeypatch.setattr(passwords, "hasher", Counting)
    tenant = "00000000-0000-4000-8000-000000000000" if who == "no company" else company.tenant_id
    name = "nobody" if who == "nobody" else "manager"
    answer = call(
        app, "POST", "/api/v1/auth/login", {"username": name, "password": "not-this-one"}, tenant=tenant
    )
    assert (answer.status_code, len(checked)) == (401, 1)


def test_the_demo_sign_ins_are_shown_only_in_a_demo(
    app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "truckroll-demo" not in client.get("/sign-in").get_data(as_text=True)
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].with_(demo=True))
    assert "truckroll-demo" in client.get("/sign-in").get_data(as_text=True)
