"""Guessing passwords from many places at once, and which passwords are no use against it."""

from typing import Any

import pytest

from tests.accounts.support import address_of, browser, limited, login, post, sign_in
from tests.accounts.walk import words
from tests.factories.world import PASSWORD, Company
from webapp.accounts import rules
from webapp.accounts.service import links
from webapp.kit.db import get
from webapp.kit.web import App
from webapp.models import User


def from_(
    app: App, company: Company, address: str, password: str = "guess", username: str = "manager"
) -> Any:
    client = browser(app)
    client.environ_base["REMOTE_ADDR"] = address
    return sign_in(client, company, username, password)


def test_many_addresses_do_not_add_up_to_a_guess(app: App, company: Company) -> None:
    with limited(app, sign_in_everywhere="3/hour"):
        answers = [from_(app, company, f"203.0.113.{i}") for i in range(4)]
        assert [a.status_code for a in answers] == [422, 422, 422, 429]
        assert "Too many attempts to sign in. Try again in" in words(answers[-1])
        api = login(app, company)
        assert (api.status_code, api.json["error"]["code"]) == (429, "TOO_MANY_REQUESTS")
        assert int(api.headers["Retry-After"]) > 0
        # names that nobody has are no different
        unknown = [from_(app, company, f"203.0.113.{i}", username="nobody") for i in range(4)]
        assert [a.status_code for a in unknown] == [422, 422, 422, 429]


def test_others_guesses_do_not_lock_somebody_out_of_the_own_browser(app: App, company: Company) -> None:
    mine, colleague = browser(app), browser(app)
    # an office shares computers
    for client, who in ((mine, "manager"), (mine, "dispatcher"), (colleague, "dispatcher")):
        sign_in(client, company, who)
        post(client, "/sign-out", page="/account")
    with limited(app, sign_in_everywhere="3/hour"):
        for i in range(4):
            from_(app, company, f"203.0.113.{i}")
        assert sign_in(colleague, company, password=PASSWORD).status_code == 429
        assert sign_in(mine, company, password="wrong").status_code == 422
        assert sign_in(mine, company).status_code == 303


def test_a_made_up_mark_of_a_familiar_browser_counts_for_nothing(app: App, company: Company) -> None:
    with limited(app, sign_in_everywhere="1/hour"):
        from_(app, company, "203.0.113.1")
        client = browser(app)
        client.set_cookie("familiar", f'[["{company.tenant_id}",{company.users["manager"]}]]')
        assert sign_in(client, company).status_code == 429


def test_a_new_password_by_mail_is_a_way_in_for_somebody_who_is_locked_out(
    app: App, company: Company
) -> None:
    with limited(app, sign_in_everywhere="2/hour"):
        for i in range(3):
            from_(app, company, f"203.0.113.{i}")
        assert login(app, company).status_code == 429
        with company.acting("manager"):
            token = links.make(get(User, company.users["manager"]), links.RESET)
        path = f"/reset-password/{token}"
        assert post(browser(app), path, page=path, password="a-brand-new-password").status_code == 303
        assert login(app, company, password="a-brand-new-password").status_code == 200


def test_an_ipv6_network_counts_as_one_address(app: App, company: Company) -> None:
    """Everybody with IPv6 has billions of them."""
    with limited(app, sign_in_account="2/60 seconds"):
        answers = [from_(app, company, f"2001:db8:1:2::{i}") for i in range(3)]
        assert [a.status_code for a in answers] == [422, 422, 429]
        assert from_(app, company, "2001:db8:1:3::1").status_code == 422
        # an IPv4 address that is written as IPv6 stays one address
        mapped = [from_(app, company, f"::ffff:203.0.113.{i}", username="payroll") for i in (7, 7, 7, 8)]
        assert [a.status_code for a in mapped] == [422, 422, 429, 422]


def test_asking_for_new_passwords_is_limited_by_network_too(app: App, company: Company) -> None:
    statuses = []
    with limited(app, public_address="2/minute"):
        for i in range(3):
            client = browser(app)
            client.environ_base["REMOTE_ADDR"] = f"2001:db8:9:{address_of('forgot').split('.')[1]}::{i}"
            statuses.append(
                post(client, "/forgot-password", business_code=company.code, username="x").status_code
            )
    assert statuses == [200, 200, 429]


# Passwords that anybody would try ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    ["password2026!", "P@ssw0rd123", "Summer2026!!", "welcome12345", "qwertyuiop", "1234567890", "passwordpassword",
     "aaaaaaaaaaaa", "1q2w3e4r5t", "abcdefghij", "smithhvac2026", "SMITH-12345", "jane.doe2026", "!!!!letmein!!!!"],
)  # fmt: skip
def test_a_password_that_anybody_would_try_is_guessable(password: str) -> None:
    assert rules.guessable(password, ["Smith HVAC", "jane.doe"])


@pytest.mark.parametrize(
    "password",
    ["correct-horse-battery", "truckroll-demo", "rain fence cello", "xkcd7!Qm2zPv", "jane likes furnaces", "securePassword123!",
     "Пароль-длинный-очень", "kühlschrank-im-regen"],
)  # fmt: skip
def test_words_that_do_not_belong_together_pass(password: str) -> None:
    assert not rules.guessable(password, ["Smith HVAC", "jane.doe"])


def test_the_companys_own_name_is_no_password(app: App, company: Company) -> None:
    client = company.sign_in("manager")
    answer = post(
        client, "/account/password", page="/account", present=PASSWORD, password=f"{company.code}-2026"
    )
    assert answer.status_code == 422
    assert "too easy to guess" in words(answer)
