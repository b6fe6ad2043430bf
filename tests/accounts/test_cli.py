"""`truckroll keys` on the command line."""

import pytest
from click.testing import CliRunner, Result

from tests.accounts.support import audited, call
from tests.factories.world import Company
from webapp.accounts.cli import keys
from webapp.kit.web import App


@pytest.fixture(autouse=True)
def _this_app(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.create_app", lambda: app)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(keys, list(arguments))


def test_a_key_is_made_listed_and_revoked(app: App, company: Company) -> None:
    made = run(
        "create",
        "--business",
        company.code.lower(),
        "--product",
        "growth",
        "--scope",
        "read",
        "--name",
        "CRM",
    )
    assert made.exit_code == 0, made.output
    key = made.stdout.strip()
    assert key.startswith("eal_live_")
    assert call(app, "GET", "/api/v1/organizations/me", token=key).status_code == 200
    listed = run("list", "--business", company.code).stdout
    assert key[:15] in listed
    assert key not in listed
    assert "active" in listed
    number = listed.split()[0]
    assert run("revoke", "--business", company.code, number).stdout == f"Revoked key {number}, CRM.\n"
    assert call(app, "GET", "/api/v1/organizations/me", token=key).status_code == 401
    assert "revoked" in run("list", "--business", company.code).stdout
    assert [e["actor"] for e in audited(company, "api_key.revoked")] == ["system"]


def test_what_is_wrong_is_said_in_words(company: Company, other_company: Company) -> None:
    unknown = run("list", "--business", "NOBODY")
    assert (unknown.exit_code, unknown.stderr) == (
        1,
        "Error: No organization has the business code NOBODY.\n",
    )
    missing = run("create", "--business", company.code, "--product", "growth", "--name", "CRM")
    assert missing.exit_code == 1
    assert "Choose one of read, write, admin." in missing.stderr
    run("create", "--business", other_company.code, "--product", "agents", "--name", "Theirs")
    number = run("list", "--business", other_company.code).stdout.split()[0]
    assert "No API key has the number" in run("revoke", "--business", company.code, number).stderr


def test_help_shows_examples() -> None:
    for command in ((), ("create",), ("list",), ("revoke",)):
        assert "truckroll keys" in run(*command, "--help").output
