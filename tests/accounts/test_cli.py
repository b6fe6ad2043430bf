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
    for command in (
        (),
        ("create",),
        ("list",),
        ("revoke",),
        ("change",),
        ("rotate",),
        ("end-overlap",),
        ("scopes",),
    ):
        assert "truckroll keys" in run(*command, "--help").output


def made(company: Company, *options: str) -> tuple[str, str]:
    """A field key's number and the key."""
    answer = run(
        "create",
        "--business",
        company.code,
        "--product",
        "field",
        "--role",
        "admin",
        "--name",
        "Reports",
        *options,
    )
    assert answer.exit_code == 0, answer.output
    return answer.stderr.split()[1].rstrip("."), answer.stdout.strip()


def test_a_key_is_narrowed_changed_and_rotated(app: App, company: Company) -> None:
    customers, sales = "/api/v1/admin/customers", "/api/v1/sales"
    number, key = made(
        company, "--scopes", "sales:read,customers:write", "--allow", "127.0.0.1", "--days", "30"
    )
    assert call(app, "GET", sales, token=key).status_code == 200
    assert call(app, "GET", customers, token=key).status_code == 403
    listed = run("list", "--business", company.code).stdout
    assert "customers:write,sales:read from 127.0.0.1" in listed
    assert (
        run("change", "--business", company.code, number, "--read-only", "--name", "All reports").exit_code
        == 0
    )
    assert call(app, "GET", customers, token=key).status_code == 200
    assert "read only from 127.0.0.1" in run("list", "--business", company.code).stdout
    done = run("change", "--business", company.code, number, "--full-access", "--anywhere", "--never")
    assert done.stdout == f"Changed key {number}.\n"
    assert call(app, "POST", customers, {"name": "Ann Lee"}, token=key).status_code == 201
    new = run("rotate", "--business", company.code, number, "--hours", "48").stdout.strip()
    assert [call(app, "GET", sales, token=k).status_code for k in (key, new)] == [200, 200]
    assert run("end-overlap", "--business", company.code, number).exit_code == 0
    assert [call(app, "GET", sales, token=k).status_code for k in (key, new)] == [401, 200]
    (entry, other) = audited(company, "api_key.changed")
    assert entry["diff"]["access"] == {"from": "chosen", "to": "read"}
    assert other["diff"]["allowed"] == {"from": ["127.0.0.1"], "to": []}


def test_a_test_key_is_made_on_the_command_line_too(app: App, company: Company) -> None:
    key = run(
        "create", "--business", company.code, "--product", "growth_test", "--scope", "read", "--name", "Try"
    ).stdout
    health = call(app, "GET", "/api/v1/health", token=key.strip()).json
    assert health["environment"] == "test"


def test_the_scopes_of_an_api_are_listed() -> None:
    assert "sales:read, sales:write" in run("scopes", "field").stdout
    assert "payroll" not in run("scopes", "growth").stdout


def test_contradictions_are_refused(company: Company) -> None:
    number, _ = made(company)
    assert "not both" in run("create", "--business", company.code, "--product", "agents", "--name", "X", "--read-only",
                             "--scopes", "sales:read").stderr  # fmt: skip
    assert (
        "contradict"
        in run("change", "--business", company.code, number, "--full-access", "--read-only").stderr
    )
    assert (
        "no scope “sales:eat”"
        in run("change", "--business", company.code, number, "--scopes", "sales:eat").stderr
    )
