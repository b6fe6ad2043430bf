"""The demo companies, when their making is broken off."""

import subprocess
import sys

import pytest

from tests.processes import environment
from webapp import demo
from webapp.config import ROOT, Settings
from webapp.demo import story
from webapp.kit import directory, ids
from webapp.kit.db import db
from webapp.kit.web import App


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
