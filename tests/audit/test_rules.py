"""Audit entries in words."""

from datetime import date, datetime

import pytest

from webapp.audit import rules


def when(value: datetime | date) -> str:
    return f"<{value:%Y-%m-%d}>"


@pytest.mark.parametrize(
    ("action", "text", "tone"),
    [
        ("sale.approved", "approved the sale", "success"),
        ("pay_period.closed", "closed the pay period", "success"),
        ("sale.voided", "voided the sale", "danger"),
        ("customer.property_added", "added the property of the customer", "neutral"),
        ("propertie.updated", "updated the property", "neutral"),
        ("user.signed_in", "signed in", "info"),
        ("user.sign_in_failed", "could not sign in", "warning"),
        ("api_key.revoked", "revoked the API key", "danger"),
    ],
)
def test_an_action_reads_as_a_phrase(action: str, text: str, tone: str) -> None:
    made = rules.in_words(action)
    assert (made.text, made.tone) == (text, tone)


@pytest.mark.parametrize(
    ("field", "words"),
    [("sale_price_cents", "Sale price"), ("technician_id", "Technician"), ("ov_rate_bps", "Override rate"),
     ("approved_at", "Approved at"), ("approved_by", "Approved by"),
     ("starts_on", "Starts on"), ("id", "Number"), ("name", "Name")],
)  # fmt: skip
def test_a_field_has_a_label(field: str, words: str) -> None:
    assert rules.label(field) == words


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("sale_price_cents", 150000, "$1,500.00"),
        ("rate_bps", 750, "7.5%"),
        ("active", False, "No"),
        ("sold_on", "2026-03-15", "<2026-03-15>"),
        ("approved_at", "2026-03-15T10:00:00.000Z", "<2026-03-15>"),
        ("technician_id", 4, "Maria Lopez"),
        ("technician_id", 5, "number 5"),
        ("payment_status", "unpaid", "Unpaid"),
        ("tags", ["vip", "late payer"], "vip, late payer"),
        ("tiers", [{"up_to_cents": 100000, "rate_bps": 500}], "Up to: $1,000.00; Rate: 5%"),
        ("notes", "", None),
        ("name", None, None),
        ("starts_on", "soon", "soon"),
    ],
)
def test_a_value_is_shown_as_people_read_it(field: str, value: object, words: str | None) -> None:
    assert rules.value_words(field, value, when, {("technician_id", 4): "Maria Lopez"}) == words


def test_who_did_it() -> None:
    assert rules.actor_words("user:3", "Kim Daniels") == "Kim Daniels"
    assert rules.actor_words("key:1", "Zapier") == "Zapier (API key)"
    assert rules.actor_words("job:7", "sales.export") == "Truckroll"
    assert rules.actor_words("public", "") == "Somebody not signed in"
