"""The provider that tests sign in at."""

from collections.abc import Iterator

import pytest

from tests.accounts.oidc_provider import Provider
from webapp.accounts.service import providers
from webapp.kit import ids
from webapp.kit.web import App


@pytest.fixture(scope="session")
def _provider_server() -> Iterator[Provider]:
    server = Provider()
    yield server
    server.close()


@pytest.fixture
def provider(app: App, _provider_server: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Google, Microsoft and Apple set up on a server of this machine, with somebody new signed in there."""
    _provider_server.reset()
    _provider_server.person.subject = ids.token(20)
    _provider_server.person.email = f"jane@{ids.token(8, ids.LOWER)}.example.com"
    changes = _provider_server.settings()
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].with_(**changes))
    providers.forget()
    return _provider_server
