"""Walking through a provider's page with the test browser: the app's side by its client, the provider's over HTTP."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
from flask.testing import FlaskClient

from tests.accounts.support import browser, post, sign_in
from tests.factories.world import Company
from webapp.kit import context
from webapp.kit.db import db
from webapp.kit.web import App
from webapp.models import Organization


def local(url: str) -> str:
    """The path and query of an address, for the test client."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def to_provider(client: FlaskClient, provider: str = "google", query: str = "") -> str:
    """Press the button on the sign-in page: the address of the provider's page."""
    answer = client.get(f"/sign-in/with/{provider}{query}")
    assert answer.status_code == 303, answer.get_data(as_text=True)[:500]
    return str(answer.headers["Location"])


def at_provider(url: str) -> tuple[str, dict[str, str]]:
    """Go on at the provider's page: where it sends the browser, and the fields it has it post (Apple), if any."""
    answer = httpx.get(url)
    if answer.status_code == 302:
        return answer.headers["Location"], {}
    assert answer.status_code == 200, answer.text
    action = re.search(r'action="([^"]+)"', answer.text)
    assert action
    fields = re.findall(r'name="([^"]+)" value="([^"]*)"', answer.text)
    return action[1], {k: unescape(v) for k, v in fields}


def back(client: FlaskClient, url: str, fields: dict[str, str]) -> Any:
    """Come back as a browser does: a POST from another site carries no Lax cookie, the GET that follows does."""
    if fields:
        stranger = client.application.test_client()
        handed = stranger.post(local(url), data=fields)
        assert handed.status_code == 303, handed.get_data(as_text=True)[:500]
        assert "Set-Cookie" not in handed.headers
        url = handed.headers["Location"]
    return client.get(local(url))


def through(client: FlaskClient, provider: str = "google", query: str = "") -> Any:
    """All of it: the app's answer to the way back."""
    return back(client, *at_provider(to_provider(client, provider, query)))


def link(client: FlaskClient, provider: str = "google", **data: str) -> Any:
    """Link an account, signed in: the app's answer to the way back, or to the form where it goes no further."""
    answer = post(client, f"/account/identities/{provider}/link", page="/account/identities", **data)
    if answer.status_code != 200:
        return answer
    url = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', answer.get_data(as_text=True))
    if url is None:
        return answer
    return back(client, *at_provider(unescape(url[1])))


def shown(client: FlaskClient, answer: Any) -> str:
    """The page that an answer redirects to, as text without tags."""
    assert answer.status_code == 303, answer.get_data(as_text=True)[:500]
    return words(client.get(local(answer.headers["Location"])))


def words(answer: Any) -> str:
    text = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))
    return re.sub(r"\s+", " ", unescape(text))


def linked(app: App, company: Company, role: str = "manager", provider: str = "google") -> None:
    """The person at the provider is linked to a user."""
    client = browser(app)
    sign_in(client, company, role)
    assert "signs you in from now on" in shown(client, link(client, provider))


def rule(company: Company, sso_rule: str) -> None:
    """What the company says of providers."""
    with company.acting("admin"):
        found = db.session.get(Organization, context.tenant_id())
        assert found is not None
        found.settings = found.settings | {"sign_in": {"sso": sso_rule}}
