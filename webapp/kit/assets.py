"""The browser's files: built by esbuild into `static/dist` under hashed names, served for ever by WhiteNoise."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from flask import Flask
from whitenoise import WhiteNoise

from webapp.config import ROOT

DIST = ROOT / "static" / "dist"
PREFIX = "/static/"
_HASHED = re.compile(r"-[A-Z0-9]{8}\.[a-z0-9.]+$")


class NotBuilt(RuntimeError):
    """static/dist has no manifest."""


@lru_cache(maxsize=1)
def manifest() -> dict[str, str]:
    """Logical name → hashed name. Raises NotBuilt with the command that builds them."""
    path = DIST / "manifest.json"
    if not path.exists():
        raise NotBuilt("static/dist is not built: run `make assets`.")
    found: dict[str, str] = orjson.loads(path.read_bytes())
    return found


def asset(name: str) -> str:
    """The address of a built file, e.g. `asset("app.css")`. Raises KeyError for an unknown name."""
    return PREFIX + manifest()[name]


def install(app: Flask) -> None:
    """Serve `static/dist` in front of the application: hashed names are immutable for a year."""

    def immutable(path: str, url: str) -> bool:
        return bool(_HASHED.search(url))

    noise: Any = WhiteNoise(
        app.wsgi_app, root=str(DIST) if DIST.exists() else None, prefix=PREFIX, immutable_file_test=immutable
    )
    app.wsgi_app = noise  # type: ignore[method-assign]  # the documented way to wrap a Flask application


def path_of(name: str) -> Path:
    """A built file on disk, for PDFs."""
    return DIST / manifest()[name]
