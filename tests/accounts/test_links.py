"""Mailed links: a new password, an invitation. Each works once, for a while, for its own organization."""

import re
from datetime import timedelta

import pytest

from tests.accounts.support import audited, browser, limited, login, mails, post, sign_in, work
from tests.factories.world import PASSWORD, Company
from webapp.accounts.service import links, users
from webapp.kit import clock, crypto
from webapp.kit.db import get
from webapp.kit.web import App
from webapp.models import User

NEW = "a-brand-new-password"


def ask(app: App, company: Company, name: str = "manager") -> str:
    """The page that answers who asks for a new password."""
    answer = post(browser(app), "/forgot-password", business_code=company.code, username=name)
    assert answer.status_code == 200
    work(app, company)
    text: str = answer.get_data(as_text=True)
    return re.sub(r'(name="csrf-token" content|name="csrf_token"[^>]*value|X-CSRFToken[^:]*:)[^>]*', "", text)


def link_in(company: Company, template: str) -> str:
    found = re.search(r"https?://[^/\s]+(/\S+)", mails(company, template)[-1].body)
    assert found
    return found[1]


def test_a_new_password_is_set_by_a_mailed_link_and_everybody_else_is_signed_out(
    app: App, company: Company
) -> None:
    elsewhere, token = browser(app), login(app, company)
    sign_in(elsewhere, company)
    ask(app, company)
    link = link_in(company, "password_reset")
    client = browser(app)
    assert "For “manager”" in client.get(link).get_data(as_text=True)
    answer = post(client, link, page=link, password=NEW)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert elsewhere.get("/account").status_code == 303
    assert token.status_code == 200
    assert login(app, company, password=PASSWORD).status_code == 401
    assert login(app, company, password=NEW).status_code == 200
    assert audited(company, "user.password_reset")[0]["actor"] == f"user:{company.users['manager']}"


def test_the_answer_is_the_same_whether_or_not_there_is_such_a_person(app: App, company: Company) -> None:
    nonce = re.compile(r'nonce="[^"]+"|csp-nonce" content="[^"]+"')
    known, unknown = (nonce.sub("", ask(app, company, name)) for name in ("manager", "nobody-at-all"))
    assert known == unknown
    assert len(mails(company, "password_reset")) == 1


def test_a_link_works_once(app: App, company: Company) -> None:
    ask(app, company)
    link = link_in(company, "password_reset")
    assert post(browser(app), link, page=link, password=NEW).status_code == 303
    for answer in (browser(app).get(link), post(browser(app), link, password="another-new-password")):
        assert answer.status_code == 410
        assert "This link was used already" in answer.get_data(as_text=True)


def test_a_newer_link_voids_the_older(app: App, company: Company) -> None:
    ask(app, company)
    older = link_in(company, "password_reset")
    ask(app, company)
    assert browser(app).get(older).status_code == 410
    assert browser(app).get(link_in(company, "password_reset")).status_code == 200


def test_a_link_for_a_new_password_is_good_for_an_hour(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        ask(app, company)
        link = link_in(company, "password_reset")
        clock.advance(timedelta(minutes=59))
        assert browser(app).get(link).status_code == 200
        clock.advance(timedelta(minutes=1))
        answer = browser(app).get(link)
    assert answer.status_code == 410
    assert "This link has expired" in answer.get_data(as_text=True)


def test_a_link_cut_off_or_made_up_says_so(app: App, company: Company) -> None:
    ask(app, company)
    link = link_in(company, "password_reset")
    for bad in (
        link[:-3],
        link + "x",
        "/reset-password/x",
        "/invite/itok_x",
        "/reset-password/" + "y" * 3000,
    ):
        answer = browser(app).get(bad)
        assert answer.status_code == 404
        assert "This link does not work" in answer.get_data(as_text=True)


def test_a_link_is_for_its_own_purpose_and_organization(
    app: App, company: Company, other_company: Company
) -> None:
    ask(app, company)
    link = link_in(company, "password_reset")
    token = link.rsplit("/", 1)[1]
    assert browser(app).get(f"/invite/{token}").status_code == 404
    with app.app_context():
        tenant, number, secret = crypto.unsign("link:reset", token)  # type: ignore[misc]
        assert tenant == str(company.tenant_id)
        # under our own MAC, but of another organization
        moved = crypto.sign("link:reset", [str(other_company.tenant_id), number, secret])
        guessed = crypto.sign("link:reset", [tenant, number, "x" * 22])
    for bad in (moved, guessed):
        assert browser(app).get(f"/reset-password/{bad}").status_code == 404


@pytest.mark.parametrize("password", ["short", "password123", "manager", "aaaaaaaaaaaa", "x" * 500])
def test_a_weak_password_keeps_the_form_and_the_link(app: App, company: Company, password: str) -> None:
    ask(app, company)
    link = link_in(company, "password_reset")
    answer = post(browser(app), link, page=link, password=password)
    assert answer.status_code == 422
    assert browser(app).get(link).status_code == 200


def test_an_inactive_user_gets_no_link_and_an_earlier_one_is_dead(app: App, company: Company) -> None:
    ask(app, company)
    link = link_in(company, "password_reset")
    with company.acting("owner"):
        users.deactivate(company.users["manager"])
    assert browser(app).get(link).status_code == 404
    ask(app, company)
    assert len(mails(company, "password_reset")) == 1


def test_asking_is_limited_by_address(app: App, company: Company) -> None:
    with limited(app, public_address="2/minute"):
        answers = [
            post(browser(app), "/forgot-password", business_code=company.code, username="x") for _ in range(3)
        ]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


# Invitations ------------------------------------------------------------------------------------------------------


def invite(company: Company, **changes: object) -> tuple[int, str]:
    given = {
        "username": "newbie",
        "name": "New Person",
        "email": "new@example.com",
        "roles": ["dispatcher"],
    } | changes
    with company.acting("admin"):
        user, url = users.invite(**given)  # type: ignore[arg-type]
    return user.id, url


def test_somebody_invited_chooses_a_password_and_is_in(app: App, company: Company) -> None:
    number, url = invite(company)
    link = link_in(company, "invitation")
    assert url.endswith(link)
    assert "/invite/itok_" in link
    client = browser(app)
    page = client.get(link).get_data(as_text=True)
    assert "newbie" in page
    assert company.code in page
    answer = post(client, link, page=link, name="Nina Newbie", password=NEW)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Nina Newbie" in client.get("/account").get_data(as_text=True)
    assert login(app, company, "newbie", NEW).status_code == 200
    assert browser(app).get(link).status_code == 410
    assert audited(company, "user.invitation_accepted")[0]["diff"]["name"] == {
        "from": "New Person",
        "to": "Nina Newbie",
    }
    assert number


def test_before_the_invitation_is_accepted_nobody_signs_in(app: App, company: Company) -> None:
    invite(company)
    for password in ("", "newbie", PASSWORD):
        assert login(app, company, "newbie", password or "-").status_code == 401


def test_an_invitation_is_good_for_a_week_and_can_be_sent_again(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        number, _ = invite(company)
        old = link_in(company, "invitation")
        clock.advance(timedelta(days=7))
        assert browser(app).get(old).status_code == 410
        with company.acting("admin"):
            users.invite_again(number)
        assert browser(app).get(link_in(company, "invitation")).status_code == 200


def test_the_invitation_of_somebody_deactivated_is_dead(app: App, company: Company) -> None:
    number, _ = invite(company)
    with company.acting("admin"):
        users.deactivate(number)
    assert browser(app).get(link_in(company, "invitation")).status_code == 404


def test_a_links_secret_is_not_in_the_database(company: Company) -> None:
    _, url = invite(company)
    token = url.rsplit("/", 1)[1]
    with company.acting():
        secret = crypto.unsign("link:invite", token.removeprefix(links.INVITE_PREFIX))[2]  # type: ignore[index]
        from sqlalchemy import select

        from webapp.kit.db import db
        from webapp.models import OneTimeToken

        stored = db.session.scalars(select(OneTimeToken.token_hash)).one()
    assert secret.encode() not in bytes(stored)
    assert len(bytes(stored)) == 32


# One's own password and profile -----------------------------------------------------------------------------------


def test_changing_ones_password_keeps_this_device_and_ends_the_others(app: App, company: Company) -> None:
    here, there = browser(app), browser(app)
    for client in (here, there):
        sign_in(client, company)
    answer = post(here, "/account/password", page="/account", present=PASSWORD, password=NEW)
    assert answer.status_code == 303
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 303
    assert login(app, company, password=NEW).status_code == 200


@pytest.mark.parametrize(
    ("present", "password", "sentence"),
    [("wrong", NEW, "This is not your password."), (PASSWORD, PASSWORD, "the password you have now"),
     (PASSWORD, "short", "at least 10 characters"), ("", NEW, "Enter your present password.")],
)  # fmt: skip
def test_a_password_change_that_cannot_be_says_why(
    app: App, company: Company, present: str, password: str, sentence: str
) -> None:
    client = browser(app)
    sign_in(client, company)
    answer = post(client, "/account/password", page="/account", present=present, password=password)
    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True)


def test_one_changes_ones_profile(app: App, company: Company) -> None:
    client = browser(app)
    sign_in(client, company)
    answer = post(client, "/account/profile", page="/account", name="Mia Manager", phone="(813) 555-0134")
    assert answer.status_code == 303
    with company.acting():
        user = get(User, company.users["manager"])
    assert (user.name, user.phone) == ("Mia Manager", "+18135550134")


@pytest.mark.parametrize(("field", "value"), [("phone", "12"), ("name", "")])
def test_a_profile_that_cannot_be_names_the_field(app: App, company: Company, field: str, value: str) -> None:
    client = browser(app)
    sign_in(client, company)
    data = {"name": "Mia", "phone": ""} | {field: value}
    answer = post(client, "/account/profile", page="/account", headers={"HX-Request": "true"}, **data)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.get_data(as_text=True)


# Registering ------------------------------------------------------------------------------------------------------


def registration(**changes: str) -> dict[str, str]:
    from webapp.kit import ids

    unique = ids.token(8, ids.LOWER)
    return {"company_name": f"Smith {unique} HVAC", "time_zone": "America/Denver", "first_name": "Jane",
            "last_name": "Smith", "email": f"jane@{unique}.example.com", "username": "jane", "password": NEW} | changes  # fmt: skip


def test_a_company_registers_at_the_browser_and_is_in(app: App) -> None:
    client = browser(app)
    answer = post(client, "/register", page="/register", **registration())
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    page = client.get("/account").get_data(as_text=True)
    assert "Jane Smith" in page
    assert "Your business code is SMITH" in page


def test_a_known_address_is_said_at_its_field(app: App) -> None:
    form = registration()
    post(browser(app), "/register", page="/register", **form)
    answer = post(browser(app), "/register", page="/register", **form)
    assert answer.status_code == 422
    assert "There is an account with this email address already." in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "x"),
        ("password", "short"),
        ("username", "a b"),
        ("company_name", ""),
        ("time_zone", "Mars/Olympus"),
    ],
)
def test_a_registration_that_cannot_be_keeps_the_form(app: App, field: str, value: str) -> None:
    answer = post(browser(app), "/register", page="/register", **registration(**{field: value}))
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in html
    assert NEW not in html
