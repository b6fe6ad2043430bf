"""A second factor: setting it up, signing in with it, losing it; and companies that ask for one."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.accounts.support import (
    audited,
    browser,
    call,
    limited,
    login,
    mails,
    post,
    sign_in,
    totp,
    with_app_codes,
)
from tests.factories.world import PASSWORD, Company, csrf_of
from webapp.accounts import queries
from webapp.kit import clock
from webapp.kit.db import db, get
from webapp.kit.web import App
from webapp.models import BackupCode, User

HOME = "/account/second-factor"
CODE = re.compile(r"<code>([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})</code>")


def verify(client: FlaskClient, code: str, **data: str) -> Any:
    token = csrf_of(client.get("/sign-in/verify").get_data(as_text=True))
    return client.post("/sign-in/verify", data={"csrf_token": token, "code": code} | data)


def secret_on(html: str) -> str:
    found = re.search(r"<code>((?:[A-Z2-7]{4} ?){8})</code>", html)
    assert found
    return found[1].replace(" ", "")


def set_up_app(client: FlaskClient) -> tuple[str, str]:
    """The secret, and the page with the backup codes."""
    page = client.get(f"{HOME}/app").get_data(as_text=True)
    secret = secret_on(page)
    answer = client.post(f"{HOME}/app", data={"csrf_token": csrf_of(page), "code": totp(secret)})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return secret, answer.get_data(as_text=True)


def test_setting_up_an_app_shows_a_qr_code_and_then_ten_backup_codes_once(app: App, company: Company) -> None:
    client = browser(app)
    sign_in(client, company)
    assert 'src="data:image/svg+xml' in client.get(f"{HOME}/app").get_data(as_text=True)
    secret, page = set_up_app(client)
    assert len(set(CODE.findall(page))) == 10
    assert not CODE.findall(client.get(HOME).get_data(as_text=True))
    with company.acting():
        user = get(User, company.users["manager"])
        assert user.totp_on
        assert secret.encode() not in bytes(user.totp_secret or b"")
    changed = audited(company, "user.second_factor_changed")[0]
    assert changed["diff"]["totp_on"] == {"from": False, "to": True}
    assert secret not in str(changed)


def test_the_key_stays_the_same_while_the_page_is_loaded_again(app: App, company: Company) -> None:
    client = browser(app)
    sign_in(client, company)
    assert secret_on(client.get(f"{HOME}/app").get_data(as_text=True)) == secret_on(
        client.get(f"{HOME}/app").get_data(as_text=True)
    )


def test_a_wrong_first_code_turns_nothing_on(app: App, company: Company) -> None:
    client = browser(app)
    sign_in(client, company)
    answer = post(client, f"{HOME}/app", page=f"{HOME}/app", code="000000")
    assert answer.status_code == 422
    assert "not the code your app shows" in answer.get_data(as_text=True)
    with company.acting():
        assert not get(User, company.users["manager"]).totp_on


def test_signing_in_asks_for_the_code_and_goes_where_one_wanted(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        secret, _ = with_app_codes(company)
        client = browser(app)
        answer = sign_in(client, company, next="/account?x=1")
        assert answer.headers["Location"].startswith("/sign-in/verify")
        assert client.get("/account").status_code == 303
        page = client.get(answer.headers["Location"]).get_data(as_text=True)
        assert 'value="/account?x=1"' in page
        done = client.post(
            "/sign-in/verify",
            data={"csrf_token": csrf_of(page), "code": totp(secret), "next": "/account?x=1"},
        )
        assert done.headers["Location"] == "/account?x=1"
        assert client.get("/account").status_code == 200


def test_a_code_seen_over_the_shoulder_does_not_work_again(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        secret, _ = with_app_codes(company)
        first, second = browser(app), browser(app)
        for client in (first, second):
            sign_in(client, company)
        code = totp(secret)
        assert verify(first, code).status_code == 303
        answer = verify(second, code)
        assert answer.status_code == 422
        assert "This code was used already." in answer.get_data(as_text=True)
        clock.advance(timedelta(seconds=30))
        assert verify(second, totp(secret)).status_code == 303


def test_an_older_code_than_the_last_one_used_is_spent_too(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        secret, _ = with_app_codes(company)
        client = browser(app)
        sign_in(client, company)
        assert verify(client, totp(secret, 1)).status_code == 303
        again = browser(app)
        sign_in(again, company)
        assert "used already" in verify(again, totp(secret)).get_data(as_text=True)


@pytest.mark.parametrize("step", [-2, 2])
def test_a_code_more_than_one_step_off_is_wrong(app: App, company: Company, step: int) -> None:
    with clock.at(clock.now()):
        secret, _ = with_app_codes(company)
        clock.advance(timedelta(minutes=5))
        client = browser(app)
        sign_in(client, company)
        assert "not right" in verify(client, totp(secret, step)).get_data(as_text=True)


def test_after_five_wrong_codes_one_starts_again(app: App, company: Company) -> None:
    with_app_codes(company)
    client = browser(app)
    sign_in(client, company)
    for _ in range(4):
        assert verify(client, "000000").status_code == 422
    answer = verify(client, "000000")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert "Too many wrong codes" in client.get("/sign-in").get_data(as_text=True)
    assert len(audited(company, "user.second_factor_failed")) == 5


def test_many_challenges_do_not_add_up_to_a_guess(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        with_app_codes(company)
        statuses = []
        for _ in range(5):
            token = login(app, company).json["data"]["mfa_challenge_token"]
            statuses += [call(app, "POST", "/api/v1/auth/mfa-verify", {"challenge_token": token, "code": "000000"}).status_code
                         for _ in range(5)]  # fmt: skip
    assert statuses[:20] == [401] * 20
    assert statuses[20:] == [429] * 5


def test_the_second_step_without_the_first_leads_back(app: App) -> None:
    answer = browser(app).get("/sign-in/verify")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")


def test_a_backup_code_signs_in_once_and_is_counted(app: App, company: Company) -> None:
    _, codes = with_app_codes(company)
    client = browser(app)
    sign_in(client, company)
    assert verify(client, codes[3]).status_code == 303
    assert "9 of your backup codes are left" in client.get(HOME).get_data(as_text=True)
    again = browser(app)
    sign_in(again, company)
    assert verify(again, codes[3]).status_code == 422
    assert audited(company, "user.signed_in")[-1]["method"] == "password and backup code"


def test_new_backup_codes_need_the_password_and_void_the_old(app: App, company: Company) -> None:
    _, old = with_app_codes(company)
    client = browser(app)
    sign_in(client, company)
    verify(client, old[0])
    wrong = post(client, f"{HOME}/backup-codes", page=f"{HOME}/backup-codes", present="not-it")
    assert wrong.status_code == 422
    fresh = CODE.findall(post(client, f"{HOME}/backup-codes", page=f"{HOME}/backup-codes", present=PASSWORD)
                         .get_data(as_text=True))  # fmt: skip
    assert len(fresh) == 10
    for code, status in ((old[1], 422), (fresh[0], 303)):
        again = browser(app)
        sign_in(again, company)
        assert verify(again, code).status_code == status


def test_only_hashes_of_backup_codes_are_kept(company: Company) -> None:
    _, codes = with_app_codes(company)
    with company.acting():
        stored = db.session.scalars(select(BackupCode.code_hash)).all()
    assert len(stored) == 10
    assert all(len(h) == 32 for h in stored)
    assert not {c.encode() for c in codes} & set(stored)


def test_turning_it_off_needs_the_password(app: App, company: Company) -> None:
    _, codes = with_app_codes(company)
    client = browser(app)
    sign_in(client, company)
    verify(client, codes[0])
    assert post(client, f"{HOME}/app/off", page=f"{HOME}/app/off", present="guess-guess").status_code == 422
    assert post(client, f"{HOME}/app/off", page=f"{HOME}/app/off", present=PASSWORD).status_code == 303
    assert sign_in(browser(app), company).headers["Location"] == "/"
    with company.acting():
        assert not db.session.scalars(select(BackupCode)).all()
        assert get(User, company.users["manager"]).totp_secret is None


# Mailed codes -----------------------------------------------------------------------------------------------------


def mailed(company: Company) -> str:
    found = re.search(r"\n    (\d{6})\n", mails(company, "sign_in_code")[-1].body)
    assert found
    return found[1]


def with_mailed_codes(app: App, company: Company) -> FlaskClient:
    client = browser(app)
    sign_in(client, company)
    post(client, f"{HOME}/mail/send", page=HOME)
    answer = post(client, f"{HOME}/mail", page=f"{HOME}/mail", code=mailed(company))
    assert "Keep these ten codes" in answer.get_data(as_text=True)
    return client


def test_a_mailed_code_signs_in_once(app: App, company: Company) -> None:
    with_mailed_codes(app, company)
    client = browser(app)
    sign_in(client, company)
    page = client.get("/sign-in/verify").get_data(as_text=True)
    assert f"m…@{company.code.lower()}.example.com" in page
    code = mailed(company)
    assert verify(client, code).status_code == 303
    again = browser(app)
    sign_in(again, company)
    assert verify(again, code).status_code == 422


def test_only_the_newest_mailed_code_works(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        with_mailed_codes(app, company)
        client = browser(app)
        sign_in(client, company)
        older = mailed(company)
        assert post(client, "/sign-in/mail-code", page="/sign-in/verify").status_code == 303
        newer = mailed(company)
        assert verify(client, older).status_code == 422
        assert verify(client, newer).status_code == 303


def test_a_mailed_code_is_good_for_ten_minutes(app: App, company: Company) -> None:
    client = browser(app)
    sign_in(client, company)
    with clock.at(clock.now()):
        post(client, f"{HOME}/mail/send", page=HOME)
        clock.advance(timedelta(minutes=10))
        answer = post(client, f"{HOME}/mail", page=f"{HOME}/mail", code=mailed(company))
    assert answer.status_code == 422
    assert "too old" in answer.get_data(as_text=True)


def test_the_api_mails_a_code_too(app: App, company: Company) -> None:
    with_mailed_codes(app, company)
    token = login(app, company).json["data"]["mfa_challenge_token"]
    answer = call(app, "POST", "/api/v1/auth/mfa-email", {"challenge_token": token}, tenant=company.tenant_id)
    assert answer.json["data"] == {"sent": True}
    done = call(app, "POST", "/api/v1/auth/mfa-verify", {"challenge_token": token, "code": mailed(company)},
                tenant=company.tenant_id)  # fmt: skip
    assert done.status_code == 200


def test_someone_with_an_app_only_is_mailed_nothing(app: App, company: Company) -> None:
    with_app_codes(company)
    token = login(app, company).json["data"]["mfa_challenge_token"]
    answer = call(app, "POST", "/api/v1/auth/mfa-email", {"challenge_token": token}, tenant=company.tenant_id)
    assert answer.status_code == 409
    assert not mails(company, "sign_in_code")


def test_mails_with_codes_are_limited(app: App, company: Company) -> None:
    client = with_mailed_codes(app, company)
    del client
    other = browser(app)
    sign_in(other, company)
    for _ in range(6):
        post(other, "/sign-in/mail-code", page="/sign-in/verify")
    assert len(mails(company, "sign_in_code")) == 5


# Companies that ask for it ----------------------------------------------------------------------------------------


def test_where_everybody_must_have_one_nothing_else_opens_before_it_is_set_up(
    app: App, company: Company
) -> None:
    with company.acting():
        queries.organization().require_mfa = True
    client = browser(app)
    sign_in(client, company)
    for path in ("/account", "/account?x=1"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, HOME)
    assert "asks everybody for a code" in client.get(HOME).get_data(as_text=True)
    set_up_app(client)
    assert client.get("/account").status_code == 200


def test_someone_with_one_is_let_through(app: App, company: Company) -> None:
    _, codes = with_app_codes(company)
    with company.acting():
        queries.organization().require_mfa = True
    client = browser(app)
    sign_in(client, company)
    verify(client, codes[0])
    assert client.get("/account").status_code == 200
    answer = post(client, f"{HOME}/app/off", page=f"{HOME}/app/off", present=PASSWORD)
    assert answer.status_code == 422
    assert "asks everybody" in answer.get_data(as_text=True)


def test_a_locked_door_can_still_be_left(app: App, company: Company) -> None:
    with company.acting():
        queries.organization().require_mfa = True
    client = browser(app)
    sign_in(client, company)
    assert post(client, "/sign-out", page=HOME).headers["Location"] == "/sign-in"


def test_the_password_before_a_change_is_limited_too(app: App, company: Company) -> None:
    client = browser(app)
    sign_in(client, company)
    with limited(app, sign_in_account="5/60 seconds"):
        answers = [post(client, "/account/password", page="/account", present="guess", password="a-new-password-x")
                   for _ in range(6)]  # fmt: skip
    assert [a.status_code for a in answers] == [422] * 5 + [429]
