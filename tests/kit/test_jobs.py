"""Jobs: a row in the transaction of its cause, done once, tried again, given up, repeated, cancelled."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from tests.factories.world import Company
from webapp.kit import clock, context, doorbell, errors, jobs, journal
from webapp.kit.db import add, db, get
from webapp.kit.tables import Job
from webapp.models import ItemCategory

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _kinds() -> Iterator[None]:
    yield
    for name in [n for n in jobs.KINDS if n.startswith("t.")]:
        del jobs.KINDS[name]


@pytest.fixture
def at_work(company: Company) -> Iterator[Company]:
    """A company without any jobs of its own, at nine on a Monday."""
    with clock.at(MONDAY):
        with company.acting():
            db.session.execute(delete(Job).where(Job.tenant_id == company.tenant_id))
        yield company


def drain(company: Company, queue: str = jobs.QUICK) -> int:
    with company.app.app_context():
        return jobs.drain(queue, company.tenant_id)


def row(company: Company, job_id: int | None) -> Job:
    assert job_id is not None
    with company.acting():
        return get(Job, job_id)


def categories(company: Company) -> list[str]:
    with company.acting():
        return sorted(db.session.scalars(select(ItemCategory.name)))


def effect(run: jobs.Run) -> dict[str, Any]:
    add(ItemCategory(name=run.args["name"]))
    return {"name": run.args["name"]}


def test_a_job_is_done_once_and_its_row_says_so(at_work: Company) -> None:
    jobs.job("t.effect")(effect)
    with at_work.acting():
        job_id = jobs.add("t.effect", {"name": "Heating"})
    assert drain(at_work) == 1
    assert drain(at_work) == 0
    done = row(at_work, job_id)
    assert (done.status, done.result, done.attempts, done.finished_at) == (
        "done",
        {"name": "Heating"},
        1,
        MONDAY,
    )
    assert categories(at_work) == ["Heating"]


def test_a_job_of_a_transaction_that_is_undone_never_was(at_work: Company) -> None:
    jobs.job("t.effect")(effect)
    with pytest.raises(errors.Conflict), at_work.acting():
        jobs.add("t.effect", {"name": "Heating"})
        raise errors.Conflict("no")
    assert drain(at_work) == 0
    assert not at_work.app.extensions["redis"].exists(f"ring:quick:{at_work.tenant_id}")


def test_many_jobs_of_one_change_ring_once(at_work: Company) -> None:
    jobs.job("t.effect")(effect)
    with at_work.app.app_context():
        queue = doorbell.rq_queue(jobs.QUICK)
    before = queue.count
    with at_work.acting():
        for number in range(5):
            jobs.add("t.effect", {"name": f"C{number}"})
        assert queue.count == before  # not before the commit
    assert queue.count == before + 1
    assert drain(at_work) == 5


def test_a_later_job_waits_for_its_time(at_work: Company) -> None:
    jobs.job("t.effect")(effect)
    with at_work.acting():
        jobs.add("t.effect", {"name": "Heating"}, run_after=MONDAY + timedelta(minutes=10))
    assert drain(at_work) == 0
    clock.advance(timedelta(minutes=10))
    assert drain(at_work) == 1


def test_jobs_are_done_in_the_order_they_were_asked_for(at_work: Company) -> None:
    order = []

    @jobs.job("t.note")
    def note(run: jobs.Run) -> None:
        order.append(run.args["n"])

    with at_work.acting():
        for n in range(4):
            jobs.add("t.note", {"n": n})
    drain(at_work)
    assert order == [0, 1, 2, 3]


def test_a_key_keeps_a_second_job_of_its_kind_away_until_the_first_is_over(at_work: Company) -> None:
    jobs.job("t.effect")(effect)
    with at_work.acting():
        assert jobs.add("t.effect", {"name": "A"}, dedupe_key="k") is not None
        assert jobs.add("t.effect", {"name": "B"}, dedupe_key="k") is None
    drain(at_work)
    with at_work.acting():
        assert jobs.add("t.effect", {"name": "C"}, dedupe_key="k") is not None


def test_what_a_failing_job_wrote_is_undone_and_it_is_tried_again_later(at_work: Company) -> None:
    @jobs.job("t.flaky")
    def flaky(run: jobs.Run) -> None:
        effect(run)
        if run.attempt < 3:
            raise RuntimeError("the printer burns")

    with at_work.acting():
        job_id = jobs.add("t.flaky", {"name": "Heating"})
    assert drain(at_work) == 1
    waiting = row(at_work, job_id)
    assert (waiting.status, waiting.error) == ("waiting", "RuntimeError: the printer burns")
    assert waiting.run_after == MONDAY + timedelta(seconds=5)
    assert categories(at_work) == []
    clock.advance(timedelta(seconds=5))
    drain(at_work)
    assert row(at_work, job_id).run_after == clock.now() + timedelta(seconds=30)
    clock.advance(timedelta(seconds=30))
    drain(at_work)
    done = row(at_work, job_id)
    assert (done.status, done.attempts, done.error) == ("done", 3, None)
    assert categories(at_work) == ["Heating"]


def test_a_job_that_fails_every_time_fails_for_good_and_its_hook_hears_of_it(at_work: Company) -> None:
    heard = []

    @jobs.job("t.broken", max_attempts=2, failed=lambda run, why: heard.append((run.args["n"], why)))
    def broken(run: jobs.Run) -> None:
        raise RuntimeError("still burning")

    with at_work.acting():
        job_id = jobs.add("t.broken", {"n": 7})
    drain(at_work)
    assert heard == []
    clock.advance(timedelta(minutes=1))
    drain(at_work)
    assert heard == [(7, "RuntimeError: still burning")]
    assert row(at_work, job_id).status == "failed"
    clock.advance(timedelta(days=1))
    assert drain(at_work) == 0


def test_giving_up_fails_at_once_and_what_the_hook_writes_is_kept(at_work: Company) -> None:
    def failed(run: jobs.Run, why: str) -> None:
        add(ItemCategory(name=why))

    @jobs.job("t.hopeless", failed=failed)
    def hopeless(run: jobs.Run) -> None:
        effect(run)
        raise jobs.GiveUp("There is no such file.")

    with at_work.acting():
        job_id = jobs.add("t.hopeless", {"name": "Heating"})
    drain(at_work)
    assert row(at_work, job_id).status == "failed"
    assert categories(at_work) == ["There is no such file."]


def test_a_hook_that_fails_does_not_bring_the_job_back(at_work: Company) -> None:
    def failed(run: jobs.Run, why: str) -> None:
        raise RuntimeError("the hook burns too")

    @jobs.job("t.hopeless", failed=failed)
    def hopeless(run: jobs.Run) -> None:
        raise jobs.GiveUp("No.")

    with at_work.acting():
        job_id = jobs.add("t.hopeless")
    drain(at_work)
    assert (row(at_work, job_id).status, row(at_work, job_id).error) == ("failed", "No.")


def test_a_kind_nobody_knows_fails_with_a_sentence(at_work: Company) -> None:
    jobs.job("t.gone")(effect)
    with at_work.acting():
        job_id = jobs.add("t.gone")
    del jobs.KINDS["t.gone"]
    drain(at_work)
    assert row(at_work, job_id).error == "No worker knows the kind of work “t.gone”."


def test_a_job_whose_worker_died_is_done_by_another_after_its_lease(at_work: Company) -> None:
    jobs.job("t.effect", lease=60)(effect)
    with at_work.acting():
        job_id = jobs.add("t.effect", {"name": "Heating"})
    with at_work.app.app_context():
        dead = jobs.claim(jobs.QUICK, at_work.tenant_id)
    assert dead is not None
    assert drain(at_work) == 0
    clock.advance(timedelta(seconds=61))
    assert drain(at_work) == 1
    assert (row(at_work, job_id).status, row(at_work, job_id).attempts) == ("done", 2)
    # and the dead one, were it only slow, can write nothing any more
    with at_work.app.app_context():
        jobs.execute(dead)
    assert categories(at_work) == ["Heating"]


def test_a_job_that_kills_its_worker_every_time_is_given_up(at_work: Company) -> None:
    jobs.job("t.killer", max_attempts=3)(effect)
    with at_work.acting():
        job_id = jobs.add("t.killer", {"name": "Heating"})
    for _ in range(3):
        with at_work.app.app_context():
            assert jobs.claim(jobs.QUICK, at_work.tenant_id) is not None
        clock.advance(timedelta(minutes=2))
    drain(at_work)
    failed = row(at_work, job_id)
    assert failed.status == "failed"
    assert failed.error == "It was stopped in the middle more often than it may be tried."
    assert categories(at_work) == []


def test_a_checkpoint_keeps_the_pieces_done_and_the_next_attempt_goes_on_from_there(at_work: Company) -> None:
    @jobs.job("t.pieces")
    def pieces(run: jobs.Run) -> dict[str, Any]:
        for n in range(run.state.get("next", 0), 4):
            add(ItemCategory(name=f"C{n}"))
            if n == 2 and run.attempt == 1:
                raise RuntimeError("in the middle")
            run.report(n + 1, 4)
            run.checkpoint(next=n + 1)
        return {}

    with at_work.acting():
        job_id = jobs.add("t.pieces")
    drain(at_work)
    assert categories(at_work) == ["C0", "C1"]
    half = row(at_work, job_id)
    assert (half.progress, half.progress_total, half.state) == (2, 4, {"next": 2})
    clock.advance(timedelta(seconds=5))
    drain(at_work)
    assert categories(at_work) == ["C0", "C1", "C2", "C3"]
    assert row(at_work, job_id).status == "done"


def test_a_worker_that_stops_hands_the_job_back_at_its_next_checkpoint(at_work: Company) -> None:
    stop: list[bool] = []

    @jobs.job("t.pieces")
    def pieces(run: jobs.Run) -> None:
        for n in range(run.state.get("next", 0), 3):
            add(ItemCategory(name=f"C{n}"))
            if n == 0:
                stop.append(True)
            run.checkpoint(next=n + 1)

    with at_work.acting():
        job_id = jobs.add("t.pieces")
    with at_work.app.app_context():
        jobs.drain(jobs.QUICK, at_work.tenant_id, stopping=lambda: bool(stop))
    back = row(at_work, job_id)
    assert (back.status, back.attempts, back.state) == ("waiting", 0, {"next": 1})
    drain(at_work)
    assert categories(at_work) == ["C0", "C1", "C2"]


def test_a_worker_that_stops_begins_no_further_job(at_work: Company) -> None:
    jobs.job("t.effect")(effect)
    with at_work.acting():
        for n in range(5):
            jobs.add("t.effect", {"name": f"C{n}"})
    calls = iter([False, False, True, True, True, True])
    with at_work.app.app_context():
        jobs.drain(jobs.QUICK, at_work.tenant_id, stopping=lambda: next(calls, True))
    with at_work.acting():
        statuses = list(db.session.scalars(select(Job.status).where(Job.kind == "t.effect")))
    assert "running" not in statuses
    assert sorted(statuses) == ["done", "waiting", "waiting", "waiting", "waiting"]


def test_a_busy_company_gives_way_and_the_bell_is_rung_for_the_rest(at_work: Company) -> None:
    jobs.job("t.effect")(effect)
    with at_work.acting():
        for n in range(5):
            jobs.add("t.effect", {"name": f"C{n}"})
    with at_work.app.app_context():
        doorbell.answered(jobs.QUICK, at_work.tenant_id)
        assert jobs.drain(jobs.QUICK, at_work.tenant_id, limit=3) == 3
    assert at_work.app.extensions["redis"].exists(f"ring:quick:{at_work.tenant_id}")
    assert len(categories(at_work)) == 3


def test_a_cancelled_job_is_not_begun_and_a_running_one_writes_nothing_more(at_work: Company) -> None:
    @jobs.job("t.cancelled")
    def cancelled(run: jobs.Run) -> None:
        add(ItemCategory(name="before"))
        run.checkpoint()
        with at_work.acting():
            assert jobs.cancel(run.id)
        add(ItemCategory(name="after"))
        run.checkpoint()

    jobs.job("t.effect")(effect)
    with at_work.acting():
        waiting = jobs.add("t.effect", {"name": "never"})
        assert waiting is not None
        assert jobs.cancel(waiting)
        assert not jobs.cancel(waiting)
        running = jobs.add("t.cancelled")
    drain(at_work)
    assert row(at_work, running).status == "cancelled"
    assert categories(at_work) == ["before"]


def test_a_repeating_job_comes_again_after_its_interval_even_when_it_failed(at_work: Company) -> None:
    @jobs.job("t.every", every=timedelta(hours=1), max_attempts=1)
    def every(run: jobs.Run) -> None:
        raise RuntimeError("not today")

    def waiting() -> list[datetime]:
        with at_work.acting():
            found = db.session.scalars(
                select(Job.run_after).where(Job.kind == "t.every", Job.status == "waiting")
            )
            return list(found)

    with at_work.acting():
        jobs.ensure_recurring()
        jobs.ensure_recurring()
    assert waiting() == [MONDAY + timedelta(hours=1)]
    clock.advance(timedelta(hours=1))
    drain(at_work)
    assert waiting() == [MONDAY + timedelta(hours=2)]


def test_a_new_company_has_its_recurring_work(company: Company) -> None:
    with company.acting():
        kinds = set(db.session.scalars(select(Job.kind)))
    assert {"kit.forget", "files.remove_expired", "files.sweep_orphans", "accounts.forget_sessions"} <= kinds


def test_the_recurring_work_of_the_house_runs_through(at_work: Company) -> None:
    with at_work.acting():
        jobs.ensure_recurring()
    clock.advance(timedelta(days=30))
    assert drain(at_work, jobs.LONG) >= 4
    with at_work.acting():
        assert list(db.session.scalars(select(Job.error).where(Job.error.is_not(None)))) == []


def test_a_job_knows_who_asked_for_it_and_keeps_the_request_s_number(at_work: Company) -> None:
    seen: list[Any] = []

    @jobs.job("t.who")
    def who(run: jobs.Run) -> None:
        seen.append((run.actor["name"], context.origin().correlation_id, context.principal().label))
        journal.audit("test.done", record_type="job", record_id=run.id)

    with at_work.acting("payroll"):
        job_id = jobs.add("t.who")
    drain(at_work)
    assert seen == [("Payroll Person", "corr_test", f"job:{job_id}")]


def test_another_company_s_jobs_are_not_touched(at_work: Company, other_company: Company) -> None:
    jobs.job("t.effect")(effect)
    with other_company.acting():
        jobs.add("t.effect", {"name": "theirs"})
    assert drain(at_work) == 0
    with at_work.acting():
        assert db.session.scalar(select(Job.id).where(Job.kind == "t.effect")) is None


def test_old_finished_jobs_are_forgotten_and_waiting_ones_kept(at_work: Company) -> None:
    jobs.job("t.effect")(effect)
    with at_work.acting():
        jobs.add("t.effect", {"name": "A"})
    drain(at_work)
    with at_work.acting():
        jobs.add("t.effect", {"name": "B"}, run_after=MONDAY + timedelta(days=60))
    clock.advance(timedelta(days=15))
    with at_work.acting():
        before = clock.now() - timedelta(days=14)
        assert jobs.forget_finished(done_before=before, failed_before=before) == 1
        assert db.session.scalar(select(Job.status).where(Job.kind == "t.effect")) == "waiting"


def test_without_redis_a_change_still_succeeds_and_nobody_waits_twice(
    at_work: Company, monkeypatch: Any
) -> None:
    import redis

    jobs.job("t.effect")(effect)
    away = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1)
    monkeypatch.setitem(at_work.app.extensions, "redis", away)
    monkeypatch.setattr(doorbell, "_silent_until", 0.0)
    with at_work.acting():
        job_id = jobs.add("t.effect", {"name": "Heating"})
    with at_work.app.app_context():
        assert doorbell._silent_until > clock.monotonic()
        assert jobs.drain(jobs.QUICK, at_work.tenant_id) == 1
    assert row(at_work, job_id).status == "done"
    monkeypatch.setattr(doorbell, "_silent_until", 0.0)
