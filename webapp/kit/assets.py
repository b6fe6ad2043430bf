"""The browser's files: built by esbuild into `static/dist` under hashed names, served for ever by WhiteNoise.

They may be built anew under a running server: it goes on with the names of the manifest it read when it started, the
build leaves the files of earlier ones, and what a newer process names is found by every other one.
"""

import re
from pathlib import Path
from typing import Any

import orjson
from flask import Flask
from whitenoise import WhiteNoise
from whitenoise.responders import MissingFileError

from webapp.config import ROOT

DIST = ROOT / "static" / "dist"
PREFIX = "/static/"
_HASHED = re.compile(r"-[A-Z0-9]{8}\.[a-z0-9.]+$")
_NAME = re.compile(r"[\w.-]+")


class NotBuilt(RuntimeError):
    """static/dist has no manifest."""


class _Manifest:
    """The manifest as it was first read; in development as it is, because templates are read anew there as well."""

    def __init__(self) -> None:
        self.live = False
        self._found: dict[str, str] = {}
        self._read_at = 0.0

    def names(self) -> dict[str, str]:
        if not self._found or self.live:
            path = DIST / "manifest.json"
            try:
                changed = path.stat().st_mtime
                if changed != self._read_at:
                    self._found, self._read_at = orjson.loads(path.read_bytes()), changed
            except FileNotFoundError:
                raise NotBuilt("static/dist is not built: run `make assets`.") from None
        return self._found


_manifest = _Manifest()


def manifest() -> dict[str, str]:
    """Logical name → hashed name. Raises NotBuilt with the command that builds them."""
    return _manifest.names()


def asset(name: str) -> str:
    """The address of a built file, e.g. `asset("app.css")`. Raises KeyError for an unknown name."""
    return PREFIX + manifest()[name]


class _Files(WhiteNoise):
    """WhiteNoise, for a folder in which files come and, much later, go: each is looked for when it is first asked for."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self.application(environ, start_response)
        name = path.removeprefix(PREFIX)
        file = self.files.get(path)
        try:
            if file is None and _NAME.fullmatch(name) and _HASHED.search(name):
                file = self.files[path] = self.get_static_file(str(DIST / name), path)
            if file is not None:
                return self.serve(file, environ, start_response)
        except (MissingFileError, FileNotFoundError):
            self.files.pop(path, None)
        return self.application(environ, start_response)  # which says that there is nothing


def install(app: Flask, *, live: bool = False) -> None:
    """Serve `static/dist` in front of the application: hashed names are immutable for a year.

    With `live`, for development, pages name the files of the last build instead of the one found at the start.
    """

    def immutable(path: str, url: str) -> bool:
        return bool(_HASHED.search(url))

    _manifest.live = live
    if (DIST / "manifest.json").exists():
        manifest()
    app.wsgi_app = _Files(app.wsgi_app, immutable_file_test=immutable)  # type: ignore[method-assign]  # the documented way


def path_of(name: str) -> Path:
    """A built file on disk, for PDFs."""
    return DIST / manifest()[name]
