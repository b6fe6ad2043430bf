"""How a key ends: it expires, after people were told; its secret is replaced while the old one works on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.accounts.support import audited, call, limited, mails
from tests.factories.world import Company
from webapp.accounts import key_rules as rules
from webapp.accounts.service import key_reminders, keys
from webapp.kit import clock, context, errors, ids, jobs
from webapp.kit.db import db
from webapp.kit.web import App
from webapp.models import ApiKey, Notice, User

ME = "/api/v1/organizations/me"


def make(company: Company, **options: Any) -> tuple[int, str]:
    with company.acting("admin"):
        row, key = keys.create("Website", "growth", scope="write", **options)
        return row.id, key


def notices(company: Company, role: str) -> list[tuple[str, str]]:
    with company.acting():
        rows = db.session.scalars(
            select(Notice).where(Notice.user_id == company.users[role]).order_by(Notice.id)
        )
        return [(n.title, n.url) for n in rows]


def remind(company: Company) -> int:
    with company.acting("admin"), context.acting(context.Principal(kind="job", tenant_id=company.tenant_id)):
        return key_reminders.tell()


# Expiry -------------------------------------------------------------------------------------------------------------


def test_an_expired_key_is_told_so_and_who_has_not_all_of_it_is_not(app: App, company: Company) -> None:
    with clock.at(datetime(2026, 11, 2, 15, tzinfo=UTC)):
        _, key = make(company, expires_at=clock.now() + timedelta(days=1))
        assert call(app, "GET", ME, token=key).status_code == 200
        clock.advance(timedelta(days=1))
        over = call(app, "GET", ME, token=key)
        assert (over.status_code, over.json["error"]["code"]) == (401, "unauthorized")
        assert over.json["error"]["message"] == (
            "This API key expired on 2026-11-03 at 15:00 UTC. Ask for a new one."
        )
        # the part that finds it, with another secret
        start = key[: len("eal_live_") + 12] + "z" * 24
        guess = call(app, "GET", ME, token=start + ids.checksum(start))
        assert guess.json["error"]["message"] == "The API key is not valid: mistyped, revoked or expired."


def test_calls_with_an_expired_key_are_counted_by_address(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        _, key = make(company, expires_at=clock.now() + timedelta(days=1))
        clock.advance(timedelta(days=2))
        with limited(app, sign_in_address="2/minute"):
            found = [call(app, "GET", ME, token=key).status_code for _ in range(3)]
    assert found == [401, 401, 429]


def test_people_are_told_fourteen_and_three_days_before_and_no_oftener(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        number, _ = make(company, expires_at=clock.now() + timedelta(days=30))
        told = []
        for _ in range(31):
            told.append(remind(company) + remind(company))
            clock.advance(timedelta(days=1))
    assert [day for day, n in enumerate(told) if n] == [16, 27]
    assert sum(told) == 2
    # a notice for who made it and for the owner, freshened the second time; a mail for each, each time
    for role in ("admin", "owner"):
        assert notices(company, role) == [("The API key “Website” expires soon", f"/settings/keys/{number}")]
    assert notices(company, "manager") == []
    found = mails(company, "key_expires")
    assert len(found) == 4
    assert f"/settings/keys/{number}" in found[0].body
    assert "It was never used." in found[0].body
    assert [e["diff"]["reminded"] for e in audited(company, "api_key.reminded")] == [
        {"from": 0, "to": 14}, {"from": 14, "to": 3},
    ]  # fmt: skip


def test_a_key_made_for_a_week_is_told_of_three_days_before_only(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        make(company, expires_at=clock.now() + timedelta(days=7))
        told = []
        for _ in range(8):
            told.append(remind(company))
            clock.advance(timedelta(days=1))
    assert told == [0, 0, 0, 0, 1, 0, 0, 0]


def test_who_left_is_not_told_and_a_later_end_begins_anew(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        number, _ = make(company, expires_at=clock.now() + timedelta(days=20))
        with company.acting("owner"):
            db.session.get(User, (company.tenant_id, company.users["admin"])).active = False  # type: ignore[union-attr]
        clock.advance(timedelta(days=10))
        assert remind(company) == 1
        assert notices(company, "admin") == []
        with company.acting("owner"):
            keys.change(number, keys.Wanted("Website", expires_at=clock.now() + timedelta(days=60)))
        assert remind(company) == 0
        clock.advance(timedelta(days=50))
        assert remind(company) == 1


def test_the_reminder_is_a_job_of_every_organization(app: App, company: Company) -> None:
    with app.app_context():
        kind = jobs.KINDS["accounts.key_reminders"]
    assert kind.every == timedelta(hours=1)


@pytest.mark.parametrize(
    ("days", "reminded", "due"),
    [(15, 0, 0), (14, 0, 14), (10, 14, 0), (3, 14, 3), (3, 0, 3), (1, 3, 0), (0, 0, 0), (-1, 0, 0)],
)
def test_when_somebody_is_told(days: int, reminded: int, due: int) -> None:
    now = datetime(2026, 11, 2, tzinfo=UTC)
    assert rules.reminder(now + timedelta(days=days), now, reminded) == due


def test_a_past_end_is_refused(company: Company) -> None:
    number, _ = make(company)
    with pytest.raises(errors.Invalid, match="revoke"), company.acting("admin"):
        keys.change(number, keys.Wanted("Website", expires_at=clock.now() - timedelta(days=1)))


# Rotation -----------------------------------------------------------------------------------------------------------


def test_both_secrets_work_until_the_overlap_ends(app: App, company: Company) -> None:
    with clock.at(datetime(2026, 11, 2, 15, tzinfo=UTC)):
        number, old = make(company)
        with company.acting("admin"):
            row, new = keys.rotate(number, 24)
            assert row.prefix == old[: len(row.prefix)]
        assert new != old and new[:21] == old[:21]
        assert [call(app, "GET", ME, token=k).status_code for k in (old, new)] == [200, 200]
        clock.advance(timedelta(hours=24))
        over = call(app, "GET", ME, token=old)
        assert (over.status_code, over.json["error"]["message"]) == (
            401,
            "This API key’s secret was replaced, and stopped working on 2026-11-03 at 15:00 UTC. Use the new one.",
        )
        assert call(app, "GET", ME, token=new).status_code == 200
    (entry,) = audited(company, "api_key.rotated")
    assert set(entry["diff"]) == {"secret_end", "previous_end", "previous_until", "rotated_at"}
    assert old[-6:] not in str(entry) and new[-6:] not in str(entry)


def test_an_overlap_of_nothing_ends_the_old_secret_at_once(app: App, company: Company) -> None:
    number, old = make(company)
    with company.acting("admin"):
        new = keys.rotate(number, 0)[1]
    assert [call(app, "GET", ME, token=k).status_code for k in (old, new)] == [401, 200]


def test_the_overlap_can_be_ended_now(app: App, company: Company) -> None:
    number, old = make(company)
    with company.acting("admin"):
        new = keys.rotate(number, 168)[1]
    with company.acting("admin"):
        keys.end_overlap(number)
        keys.end_overlap(number)
    assert [call(app, "GET", ME, token=k).status_code for k in (old, new)] == [401, 200]
    assert len(audited(company, "api_key.overlap_ended")) == 1


def test_a_second_rotation_waits_for_the_end_of_the_first_overlap(app: App, company: Company) -> None:
    number, first = make(company)
    with company.acting("admin"):
        second = keys.rotate(number, 24)[1]
    with pytest.raises(errors.Conflict, match="End its overlap"), company.acting("admin"):
        keys.rotate(number, 24)
    with company.acting("admin"):
        keys.end_overlap(number)
        third = keys.rotate(number, 24)[1]
    # the first is nobody's any more, and is told no more than a stranger
    answers = [call(app, "GET", ME, token=k) for k in (first, second, third)]
    assert [a.status_code for a in answers] == [401, 200, 200]
    assert "mistyped" in answers[0].json["error"]["message"]


@pytest.mark.parametrize("hours", [-1, 169])
def test_an_overlap_is_at_most_seven_days(company: Company, hours: int) -> None:
    number, _ = make(company)
    with pytest.raises(errors.Invalid) as caught, company.acting("admin"):
        keys.rotate(number, hours)
    assert [p.field for p in caught.value.problems] == ["hours"]


def test_a_revoked_keys_old_secret_opens_nothing_either(app: App, company: Company) -> None:
    number, old = make(company)
    with company.acting("admin"):
        new = keys.rotate(number)[1]
    with company.acting("admin"):
        keys.revoke(number)
        assert db.session.get(ApiKey, (company.tenant_id, number)) is not None
    assert [call(app, "GET", ME, token=k).status_code for k in (old, new)] == [401, 401]


def test_the_old_secret_is_not_believed_past_its_end_from_memory(
    app: App, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].with_(principal_cache_seconds=3.0))
    with clock.at(clock.now()):
        number, old = make(company)
        with company.acting("admin"):
            keys.rotate(number, 1)
        assert call(app, "GET", ME, token=old).status_code == 200
        clock.advance(timedelta(hours=1))
        assert call(app, "GET", ME, token=old).status_code == 401
