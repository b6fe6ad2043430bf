"""The demo companies, when their making is broken off."""

import pytest

from webapp import demo
from webapp.config import Settings
from webapp.demo import story
from webapp.kit import directory
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
