"""The demo companies, when their making is broken off."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from tests.processes import environment
from webapp import demo
from webapp.config import ROOT, Settings
from webapp.demo import story
from webapp.kit import clock, directory, ids, tenancy
from webapp.kit.db import db
from webapp.kit.web import App
from webapp.models import JobStatusChange, Organization, Sale, Visit


def test_a_story_that_was_broken_off_is_told_anew_and_a_finished_one_is_left_alone(
    app: App, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    plot = story.Plot("TALE", "Short Tale Plumbing", "#0f766e", 2, (1, 2), 8, 30, 7)
    monkeypatch.setattr(story, "PLOTS", (plot,))
    monkeypatch.setattr(demo, "CODES", ("TALE",))
    said: list[str] = []

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    def code(name: str) -> object:
        with app.app_context():
            found = directory.find("code", name)
            db.session.rollback()
            return found

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt), app.app_context():
        broken.setattr(story, "_day", killed)
        story.load(said.append)
    half = code("TALE")
    assert half is not None
    assert not demo.told(settings.database_url)
    with app.app_context():
        story.load(said.append)
    assert demo.told(settings.database_url)
    assert said[1] == "TALE was not finished; it is kept as TALE-1"
    assert code("TALE-1") == half != code("TALE")
    with app.app_context():
        before = len(said)
        story.load(said.append)
    assert len(said) == before


@pytest.mark.parametrize("hour", [1, 17])  # UTC: in the evening and at noon of New York
def test_whenever_the_demo_is_made_its_day_is_half_done(
    app: App, monkeypatch: pytest.MonkeyPatch, hour: int
) -> None:
    plot = story.Plot(f"NOON{hour}", "Half Done Heating", "#0f766e", 12, (9, 12), 8, 60, 7)
    monkeypatch.setattr(story, "PLOTS", (plot,))
    now = datetime(2026, 11, 24, hour, 10, tzinfo=UTC)
    with app.app_context(), clock.at(now):
        story.load(lambda _: None)
        tenant = directory.find("code", plot.code)
        db.session.rollback()
        assert tenant is not None
        with tenancy.across(tenant):
            company = db.session.get_one(Organization, tenant)
            local = now.astimezone(ZoneInfo(company.time_zone))
            day = clock.day_bounds(local.date(), company.time_zone)
            assert 9 <= local.hour <= 16
            found = Counter(db.session.scalars(
                select(Visit.status).where(Visit.tenant_id == tenant, Visit.scheduled_start.between(*day))))  # fmt: skip
            assert found["completed"] >= 5
            assert found["en_route"] + found["on_site"] + found["in_progress"] >= 3
            assert found["dispatched"] >= 2
            steps = db.session.scalars(
                select(JobStatusChange.happened_at).where(JobStatusChange.tenant_id == tenant)
            )
            assert max(steps) <= now
            sold = db.session.execute(
                select(Sale.recorded_by, Sale.created_at).where(Sale.tenant_id == tenant, Sale.created_at.between(*day))
            ).all()  # fmt: skip
            assert len({s.recorded_by for s in sold}) > 1
            assert len({s.created_at for s in sold}) == len(sold) > 2


def test_a_second_start_of_the_demo_does_not_load_the_application(app: App, settings: Settings) -> None:
    with app.app_context():
        for code in demo.CODES:
            directory.put("demo", code, ids.uuid4())
        db.session.commit()
    program = ("import sys; from webapp.cli import main; main(['init', '--demo'], standalone_mode=False);"
               " print('flask' in sys.modules)")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment(settings), check=True,
                          capture_output=True, text=True)  # fmt: skip
    assert done.stdout == "False\n"
