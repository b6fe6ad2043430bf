"""Changing one's own email address, and what is told by mail when an account changes."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.accounts.support import audited, browser, limited, mails, post, sign_in, totp, with_app_codes, work
from tests.accounts.walk import words
from tests.factories.world import PASSWORD, Company
from webapp.accounts.service import users
from webapp.kit import clock, directory
from webapp.kit.db import get
from webapp.kit.web import App
from webapp.messaging import queries as messages
from webapp.models import Message, User

NEW = "mia.new@example.com"


def ask(client: FlaskClient, address: str = NEW, password: str = PASSWORD) -> Any:
    return post(client, "/account/email", page="/account", **{"new-email": address, "new-present": password})


def link_in(company: Company) -> str:
    found = re.search(r"https?://[^/\s]+(/confirm-email/\S+)", mails(company, "confirm_address")[-1].body)
    assert found
    return found[1]


def address(company: Company, role: str = "manager") -> str:
    with company.acting("admin"):
        return str(get(User, company.users[role]).email)


def told(company: Company) -> list[tuple[str, str]]:
    """To whom, and what, of the mails about changed accounts."""
    with company.acting("admin"):
        from sqlalchemy import select

        from webapp.kit.db import db

        found = db.session.scalars(
            select(Message).where(Message.template == "account_changed").order_by(Message.id)
        )
        return [(m.to_address, messages.content(m).body) for m in found]


def test_an_address_is_taken_when_the_link_mailed_to_it_is_opened(app: App, company: Company) -> None:
    client, old = company.sign_in("manager"), address(company)
    assert ask(client).status_code == 303
    assert address(company) == old
    link = link_in(company)
    stranger = browser(app)  # the mail may be read on the phone
    assert NEW in words(stranger.get(link))
    assert address(company) == old  # mail programs open links by themselves
    assert post(stranger, link, page=link).status_code == 303
    assert address(company) == NEW
    with company.acting():
        assert directory.find("email", NEW) is not None
        assert directory.find("email", old) is None
    assert stranger.get(link).status_code == 410
    assert [to for to, body in told(company) if f"It is {NEW} now" in body] == [old]
    entry = audited(company, "user.changed")[-1]
    assert (entry["actor"], entry["diff"]["email"]) == (
        f"user:{company.users['manager']}",
        {"from": old, "to": NEW},
    )


@pytest.mark.parametrize(
    ("given", "password", "sentence"),
    [(NEW, "wrong", "This is not your password."), ("nobody", PASSWORD, "This is not an email address."),
     ("", PASSWORD, "Enter an email address."), ("own", PASSWORD, "This is your address already.")],
)  # fmt: skip
def test_an_address_that_cannot_be_says_why(
    app: App, company: Company, given: str, password: str, sentence: str
) -> None:
    client = company.sign_in("manager")
    answer = ask(client, address(company) if given == "own" else given, password)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert mails(company, "confirm_address") == []


def test_the_link_is_good_for_a_day_and_a_newer_one_voids_it(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        client = company.sign_in("manager")
        ask(client)
        first = link_in(company)
        ask(client, "other@example.com")
        assert browser(app).get(first).status_code == 410
        clock.advance(timedelta(days=1))
        assert "It was good for a day" in words(browser(app).get(link_in(company)))


def test_a_link_for_an_address_sets_no_password(app: App, company: Company) -> None:
    ask(company.sign_in("manager"))
    token = link_in(company).rpartition("/")[2]
    for path in (f"/reset-password/{token}", f"/invite/{token}", f"/confirm-email/{token}x"):
        assert browser(app).get(path).status_code == 404


def test_a_link_mailed_to_the_old_address_is_dead_once_it_is_another(app: App, company: Company) -> None:
    """The mailbox may be a former colleague's, or the address was a mistake."""
    post(browser(app), "/forgot-password", business_code=company.code, username="manager")
    work(app, company)
    found = re.search(r"(/reset-password/\S+)", mails(company, "password_reset")[-1].body)
    assert found
    with company.acting("admin"):
        user, url = users.invite(username="newbie", name="N", email="wrong@example.com", roles=["dispatcher"])
        number, invitation = user.id, "/" + url.split("/", 3)[3]
        for who, new in ((company.users["manager"], NEW), (number, "right@example.com")):
            row = get(User, who)
            users.change(who, name=row.name, username=row.username, email=new, phone="", roles=row.roles)
    assert browser(app).get(found[1]).status_code == 410
    assert browser(app).get(invitation).status_code == 410


def test_mails_to_new_addresses_are_limited(app: App, company: Company) -> None:
    client = company.sign_in("manager")
    answers = [ask(client, f"x{i}@example.com") for i in range(6)]
    assert [a.status_code for a in answers] == [303] * 5 + [429]


# What is told -----------------------------------------------------------------------------------------------------


def test_whatever_decides_who_signs_in_is_told_by_mail(app: App, company: Company) -> None:
    client = company.sign_in("manager")
    secret, _ = with_app_codes(company)
    post(client, "/account/second-factor/app/off", page="/account/second-factor/app/off", present=PASSWORD)
    post(client, "/account/password", page="/account", present=PASSWORD, password="a-brand-new-password")
    with_app_codes(company)
    with company.acting("admin"):
        users.remove_second_factors(company.users["manager"])
    post(browser(app), "/forgot-password", business_code=company.code, username="manager")
    work(app, company)
    found = re.search(r"(/reset-password/\S+)", mails(company, "password_reset")[-1].body)
    assert found
    assert post(browser(app), found[1], page=found[1], password="another-new-password").status_code == 303
    bodies = [body for to, body in told(company) if to == address(company)]
    for i, words_ in enumerate(("was turned on", "were turned off", "password was changed", "was turned on",
                                "factors were removed", "set anew by a mailed link")):  # fmt: skip
        assert words_ in bodies[i]
    assert "It was done by Admin Person." in bodies[4]
    assert "It was done by" not in bodies[2]
    assert totp(secret) not in "".join(bodies)


def test_an_open_screen_is_not_enough_to_set_up_a_second_factor(app: App, company: Company) -> None:
    """Else whoever finds one could lock its owner out."""
    with clock.at(clock.now()):
        client = company.sign_in("manager")
        clock.advance(timedelta(minutes=11))
        page = "/account/second-factor/app"
        ask_ = f"/account/confirm?next={page}"
        assert client.get(page).headers["Location"] == ask_
        assert post(client, page, page="/account", code="123456").headers["Location"] == ask_
        sent = post(client, "/account/second-factor/mail/send", page="/account")
        assert sent.headers["Location"].startswith("/account/confirm")
        assert mails(company, "sign_in_code") == []
        assert post(client, ask_, page=ask_, present=PASSWORD).headers["Location"] == page
        assert client.get(page).status_code == 200


def test_confirming_leads_to_this_site_only(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        client = browser(app)
        sign_in(client, company)
        clock.advance(timedelta(minutes=11))
        answer = post(
            client, "/account/confirm?next=//evil.example", page="/account/confirm", present=PASSWORD
        )
        assert answer.headers["Location"] == "/account"


def test_where_a_second_factor_is_asked_for_an_older_session_can_still_set_one_up(
    app: App, company: Company
) -> None:
    from webapp.kit import context
    from webapp.kit.db import db
    from webapp.models import Organization

    with clock.at(clock.now()):
        client = company.sign_in("manager")
        with company.acting("admin"):
            db.session.get(Organization, context.tenant_id()).require_mfa = True  # type: ignore[union-attr]
        clock.advance(timedelta(minutes=11))
        ask_ = client.get("/account/second-factor/app").headers["Location"]
        assert client.get(ask_).status_code == 200
        assert (
            post(client, ask_, page=ask_, present=PASSWORD).headers["Location"]
            == "/account/second-factor/app"
        )
        assert client.get("/account/second-factor/app").status_code == 200


def test_the_password_typed_to_confirm_is_limited_too(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        client = company.sign_in("manager")
        clock.advance(timedelta(minutes=11))
        with limited(app, sign_in_account="2/60 seconds"):
            answers = [
                post(client, "/account/confirm", page="/account/confirm", present="guess") for _ in range(3)
            ]
    assert [a.status_code for a in answers] == [422, 422, 429]
