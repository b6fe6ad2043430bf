"""The server's settings of providers: all of a button's, or none, and said at the start."""

from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey

from webapp import create_app
from webapp.config import Settings, SettingsError

KEY = ECKey.generate_key("P-256").as_pem(private=True).decode()
NEEDED = {"DATABASE_URL": "postgresql://x@localhost/x", "REDIS_URL": "redis://localhost",
          "TRUCKROLL_SECRET_KEYS": "0123456789abcdef0123456789abcdef"}  # fmt: skip
APPLE = {"TRUCKROLL_SSO_APPLE_CLIENT_ID": "com.example.web", "TRUCKROLL_SSO_APPLE_TEAM_ID": "TEAM123456",
         "TRUCKROLL_SSO_APPLE_KEY_ID": "KEY7654321", "TRUCKROLL_SSO_APPLE_PRIVATE_KEY": KEY}  # fmt: skip


def load(monkeypatch: pytest.MonkeyPatch, **given: str) -> Settings:
    for name, value in (NEEDED | given).items():
        monkeypatch.setenv(name, value)
    return Settings.load()


def test_without_any_of_them_no_provider_is_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    found = load(monkeypatch)
    assert (found.sso_google_client_id, found.sso_apple_client_id, found.sso_microsoft_client_id) == (
        "",
        "",
        "",
    )
    assert found.sso_google_discovery_url == "https://accounts.google.com/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"TRUCKROLL_SSO_GOOGLE_CLIENT_ID": "x"}, "TRUCKROLL_SSO_GOOGLE_CLIENT_SECRET"),
        ({"TRUCKROLL_SSO_MICROSOFT_CLIENT_SECRET": "x"}, "TRUCKROLL_SSO_MICROSOFT_CLIENT_ID"),
        ({k: v for k, v in APPLE.items() if "TEAM" not in k}, "TRUCKROLL_SSO_APPLE_TEAM_ID"),
        ({k: v for k, v in APPLE.items() if "PRIVATE" not in k}, "TRUCKROLL_SSO_APPLE_PRIVATE_KEY"),
        (APPLE | {"TRUCKROLL_SSO_APPLE_PRIVATE_KEY": "not a key"}, "the text of the .p8 file"),
    ],
)
def test_half_of_them_is_refused_and_the_missing_one_named(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], missing: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, **given)
    assert missing in str(caught.value)


def test_apples_key_is_taken_from_a_file_or_from_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    line = load(monkeypatch, **APPLE | {"TRUCKROLL_SSO_APPLE_PRIVATE_KEY": KEY.replace("\n", "\\n")})
    assert line.sso_apple_private_key == KEY.strip()
    file = tmp_path / "AuthKey.p8"
    file.write_text(KEY)
    monkeypatch.delenv("TRUCKROLL_SSO_APPLE_PRIVATE_KEY")
    rest = {k: v for k, v in APPLE.items() if "PRIVATE" not in k}
    named = load(monkeypatch, **rest, TRUCKROLL_SSO_APPLE_PRIVATE_KEY_FILE=str(file))
    assert named.sso_apple_private_key == KEY.strip()
    with pytest.raises(SettingsError, match="cannot be read"):
        load(monkeypatch, **rest, TRUCKROLL_SSO_APPLE_PRIVATE_KEY_FILE=str(tmp_path / "none"))


def test_a_key_of_another_kind_stops_the_start(settings: Settings) -> None:
    """Else it would fail at the first sign-in."""
    wrong = RSAKey.generate_key(2048).as_pem(private=True).decode()
    given = {"sso_apple_client_id": "x", "sso_apple_team_id": "x", "sso_apple_key_id": "x"}
    with pytest.raises(SettingsError, match="EC private key"):
        create_app(settings.with_(**given, sso_apple_private_key=wrong))
    create_app(settings.with_(**given, sso_apple_private_key=KEY))


def test_secrets_are_not_printed_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    found = load(monkeypatch, TRUCKROLL_SSO_GOOGLE_CLIENT_ID="the-id", TRUCKROLL_SSO_GOOGLE_CLIENT_SECRET="the-secret",
                 **APPLE)  # fmt: skip
    assert "the-id" in repr(found)
    assert "the-secret" not in repr(found)
    assert "PRIVATE KEY" not in repr(found)
