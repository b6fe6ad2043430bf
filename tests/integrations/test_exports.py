"""API keys and webhooks can leave as files, their secrets cannot."""

import csv
import io

import pytest

from tests.factories.world import Company
from tests.integrations.support import register
from webapp.accounts.service import keys
from webapp.downloads import registry, service
from webapp.kit import errors
from webapp.kit.db import db
from webapp.models import ApiKey, WebhookEndpoint


def taken(company: Company, kind: str, role: str = "admin") -> tuple[str, list[dict[str, str]]]:
    with company.acting(role):
        content = service.contents(registry.find(kind).make({}, registry.Unwatched()))
        text = (content if isinstance(content, bytes) else b"".join(content)).decode("utf-8-sig")
    return text, list(csv.DictReader(io.StringIO(text)))


def test_keys_leave_with_all_that_is_known_of_them_but_their_secrets(
    company: Company, other_company: Company
) -> None:
    with company.acting("admin"):
        row, key = keys.create("=Website", "field", role="admin", access="chosen", chosen=["sales:read", "customers:read"],
                               allowed=["203.0.113.0/24"])  # fmt: skip
        gone, _ = keys.create("Old", "growth", scope="read")
        keys.revoke(gone.id)
        new = keys.rotate(row.id, 24)[1]
    with other_company.acting("admin"):
        keys.create("Theirs", "closebot")
    text, rows = taken(company, "api-keys.csv")
    assert [r["Name"] for r in rows] == ["'=Website", "Old"]
    first = rows[0]
    assert (first["Product"], first["Role"], first["Access"]) == ("field", "admin", "chosen")
    assert (first["Scopes"], first["Allowed addresses"]) == ("customers:read sales:read", "203.0.113.0/24")
    assert (first["Made by"], bool(rows[1]["Revoked"]), bool(first["Rotated"])) == (
        "Admin Person",
        True,
        True,
    )
    with company.acting():
        stored = db.session.get(ApiKey, (company.tenant_id, row.id))
        assert stored is not None and stored.previous_hash is not None
        hidden = [bytes(stored.secret_hash).hex(), bytes(stored.previous_hash).hex(), stored.lookup_key]
    for secret in (key, new, key[20:44], new[20:44], *hidden):
        assert secret not in text


def test_webhooks_leave_without_their_secrets(company: Company, other_company: Company) -> None:
    made = register(
        company, "https://example.com/hook", "sale.created", "customer.*", description="Our books"
    )
    register(other_company, "https://example.com/theirs", "*")
    text, rows = taken(company, "webhooks.csv", "manager")
    assert [(r["Address"], r["Events"], r["State"], r["Description"]) for r in rows] == [
        ("https://example.com/hook", "customer.* sale.created", "active", "Our books")
    ]
    with company.acting():
        sealed = bytes(db.session.query(WebhookEndpoint).one().sealed)
    assert made.secret not in text and sealed.hex() not in text and "whsec_" not in text


def test_who_may_not_manage_keys_takes_none_out(company: Company) -> None:
    with pytest.raises(errors.Forbidden), company.acting("manager"):
        service.request("api-keys.csv", "API keys", {})
