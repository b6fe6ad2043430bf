"""How keys are used: counted without a write for each request, shown at once, filed once a minute."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from sqlalchemy import select

from tests.accounts.support import call, counted, limited, work
from tests.factories.world import Company
from webapp.accounts import usage_figures
from webapp.accounts.service import key_usage, keys
from webapp.kit import clock, context, counts, jobs
from webapp.kit.db import db
from webapp.kit.tables import Job
from webapp.kit.web import App
from webapp.models import ApiKey, ApiUsage

ME, LOG = "/api/v1/organizations/me", "/api/v1/audit-log"
NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


def make(company: Company, **options: Any) -> tuple[int, str]:
    with company.acting("admin"):
        row, key = keys.create("Website", "growth", scope="read", **options)
        return row.id, key


def sent(app: App) -> None:
    with app.app_context():
        counts.send()


def filed(app: App, company: Company) -> None:
    """A minute later, as the clock and a worker do it."""
    sent(app)
    clock.advance(timedelta(minutes=1))
    work(app, company)


def stored(company: Company) -> dict[tuple[str, str, str], int]:
    with company.acting():
        return {(str(r.day), r.route, r.outcome): r.requests for r in db.session.scalars(select(ApiUsage))}


def figures(company: Company, key_id: int | None = None) -> usage_figures.Figures:
    with company.acting():
        return usage_figures.read("America/New_York", key_id)


def last(company: Company, key_id: int) -> usage_figures.Seen:
    with company.acting():
        return usage_figures.seen(db.session.scalars(select(ApiKey)).all())[key_id]


def test_a_call_writes_nothing_and_is_shown_all_the_same(app: App, company: Company) -> None:
    with clock.at(NOON):
        number, key = make(company)
        call(app, "GET", ME, token=key)
        with counted(app) as asked:
            call(app, "GET", ME, token=key)
            call(app, "GET", f"{LOG}/7", token=key)
        assert [s for s in asked if not s.strip().lower().startswith("select")] == []
        sent(app)
        assert stored(company) == {}
        found = figures(company, number)
        assert (found.total.requests, found.total.ok, found.total.refused) == (3, 2, 1)
        assert dict(found.routes)[f"GET {LOG}/{{entry_id}}"].refused == 1
        seen = last(company, number)
        assert (seen.at, seen.address, seen.route) == (NOON, "127.0.0.1", f"GET {LOG}/{{entry_id}}")


def test_the_counts_are_filed_by_day_route_and_outcome_a_minute_later(app: App, company: Company) -> None:
    with clock.at(NOON):
        number, key = make(company)
        for _ in range(3):
            call(app, "GET", ME, token=key)
        call(app, "GET", f"{LOG}?limit=0", token=key)
        call(app, "POST", "/api/v1/webhooks", {}, token=key)
        filed(app, company)
        assert stored(company) == {
            ("2026-11-18", f"GET {ME}", "ok"): 3, ("2026-11-18", f"GET {LOG}", "refused"): 1,
            ("2026-11-18", "POST /api/v1/webhooks", "refused"): 1,
        }  # fmt: skip
        with company.acting():
            row = db.session.get(ApiKey, (company.tenant_id, number))
            assert row is not None
            assert (row.last_used_at, row.last_address) == (NOON, "127.0.0.1")
        # the same once filed as before, and again with more
        assert figures(company, number).total.requests == 5
        call(app, "GET", ME, token=key)
        filed(app, company)
        assert stored(company)[("2026-11-18", f"GET {ME}", "ok")] == 4
        assert figures(company, number).total.requests == 6


def test_a_day_is_the_organizations_own(app: App, company: Company) -> None:
    with clock.at(datetime(2026, 11, 18, 4, 40, tzinfo=UTC)):
        _, key = make(company)
        call(app, "GET", ME, token=key)
        clock.advance(timedelta(minutes=30))
        call(app, "GET", ME, token=key)
        filed(app, company)
        assert {day: n for (day, _, _), n in stored(company).items()} == {"2026-11-17": 1, "2026-11-18": 1}


def test_limits_that_were_hit_are_counted_apart(app: App, company: Company) -> None:
    with clock.at(NOON):
        number, key = make(company)
        with limited(app, growth_key="2/minute"):
            for _ in range(5):
                call(app, "GET", ME, token=key)
        sent(app)
        found = figures(company, number).total
        assert (found.ok, found.limited, found.errors) == (2, 3, 0)


def test_what_an_expired_or_misplaced_key_tries_is_counted_too(app: App, company: Company) -> None:
    with clock.at(NOON):
        number, key = make(company, expires_at=NOON + timedelta(days=1))
        bound, other = make(company, allowed=["203.0.113.7"])
        clock.advance(timedelta(days=2))
        call(app, "GET", ME, token=key)
        call(app, "GET", ME, token=other)
        sent(app)
        assert [figures(company, n).total.refused for n in (number, bound)] == [1, 1]
        assert figures(company).total.requests == 2


def test_which_of_two_secrets_was_last_used_is_told(app: App, company: Company) -> None:
    with clock.at(NOON):
        number, old = make(company)
        call(app, "GET", ME, token=old)
        filed(app, company)
        with company.acting("admin"):
            new = keys.rotate(number)[1]
        seen = last(company, number)
        assert (seen.current, seen.previous) == (None, NOON)
        clock.advance(timedelta(minutes=5))
        call(app, "GET", ME, token=new)
        at_new = clock.now()
        clock.advance(timedelta(minutes=5))
        call(app, "GET", ME, token=old)
        at_old = clock.now()
        for step in (sent, lambda app: filed(app, company)):
            step(app)
            seen = last(company, number)
            assert (seen.at, seen.current, seen.previous) == (at_old, at_new, at_old)
        page = company.sign_in("admin").get(f"/settings/keys/{number}").get_data(as_text=True)
        assert "Two secrets work" in page
        assert "It was last used 1 min ago" in page


def test_one_job_waits_however_often_a_key_is_used(app: App, company: Company) -> None:
    with clock.at(NOON):
        _, key = make(company)
        for _ in range(3):
            call(app, "GET", ME, token=key)
            sent(app)
        with company.acting():
            waiting = db.session.scalars(
                select(Job).where(Job.kind == key_usage.JOB, Job.status == "waiting")
            ).all()
            assert [j.run_after for j in waiting] == [NOON + timedelta(minutes=1)]


def test_a_filer_that_dies_before_letting_go_files_nothing_twice(app: App, company: Company) -> None:
    with clock.at(NOON):
        number, key = make(company)
        call(app, "GET", ME, token=key)
        sent(app)
        with company.acting():
            assert key_usage.file() == {"requests": 1}
        # committed, and not dropped
        assert figures(company, number).total.requests == 1
        call(app, "GET", ME, token=key)
        filed(app, company)
        clock.advance(timedelta(minutes=2))
        sent(app)
        with company.acting():
            key_usage.file()
        assert sum(stored(company).values()) == 2
        assert figures(company, number).total.requests == 2


def test_a_filer_that_fails_loses_nothing(app: App, company: Company) -> None:
    with clock.at(NOON):
        _, key = make(company)
        call(app, "GET", ME, token=key)
        sent(app)
        with pytest.raises(ZeroDivisionError), company.acting():
            key_usage.file()
            1 / 0  # noqa: B018  # the transaction is undone
        assert stored(company) == {}
        filed(app, company)
        assert sum(stored(company).values()) == 1


def test_without_redis_calls_go_on_and_the_counts_wait(
    app: App, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.at(NOON):
        number, key = make(company)
        good = app.extensions["redis"]
        monkeypatch.setitem(
            app.extensions, "redis", redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
        )
        assert call(app, "GET", ME, token=key).status_code == 200
        sent(app)
        assert figures(company, number).total.requests == 0
        monkeypatch.setitem(app.extensions, "redis", good)
        sent(app)
        assert figures(company, number).total.requests == 1


def test_a_person_or_a_stranger_is_not_counted(app: App, company: Company) -> None:
    with clock.at(NOON):
        _, key = make(company)
        company.api("admin").get("/admin/customers")
        call(app, "GET", ME, token=key[:-1] + ("A" if key[-1] != "A" else "B"))
        call(app, "GET", ME)
        sent(app)
        assert figures(company).total.requests == 0


def test_old_figures_are_deleted(app: App, company: Company) -> None:
    with clock.at(NOON):
        number, key = make(company)
        call(app, "GET", ME, token=key)
        filed(app, company)
        clock.advance(timedelta(days=399))
        with company.acting():
            assert key_usage.forget() == 0
        clock.advance(timedelta(days=2))
        with company.acting():
            assert key_usage.forget() == 1
        assert figures(company, number).total.requests == 0
        assert jobs.KINDS["accounts.forget_key_usage"].every == timedelta(days=1)


def test_the_pages_cost_the_same_however_much_was_called(app: App, company: Company) -> None:
    client = company.sign_in("admin")
    with clock.at(NOON):
        number, key = make(company)
        costs: dict[str, list[int]] = {
            "/settings/keys": [],
            f"/settings/keys/{number}": [],
            "/settings/keys/usage": [],
        }
        for more in (1, 9):
            for n in range(more):
                call(app, "GET", f"{LOG}?limit={n + 1}", token=key)
                call(app, "GET", ME, token=make(company)[1])
                clock.advance(timedelta(hours=7))
            filed(app, company)
            for path, found in costs.items():
                with counted(app) as asked:
                    page = client.get(path)
                assert page.status_code == 200
                found.append(len(asked))
    assert {p: c[0] for p, c in costs.items()} == {p: c[1] for p, c in costs.items()}
    assert costs["/settings/keys"][0] <= 6
    # session, company, notices, downloads of the frame; the key, its company, days, routes, history and the zone
    assert costs[f"/settings/keys/{number}"][0] <= 10
    assert costs["/settings/keys/usage"][0] <= 9


def test_another_organizations_key_is_not_shown(company: Company, other_company: Company) -> None:
    number, _ = make(company)
    assert other_company.sign_in("admin").get(f"/settings/keys/{number}").status_code == 404
    with company.acting() as who:
        assert who.tenant_id == context.tenant_id()
