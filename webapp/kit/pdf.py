"""PDF from templates, by WeasyPrint. Nothing is fetched but `data:` and our own assets."""

import threading
from typing import Any
from urllib.parse import urlsplit

from flask import Response, render_template

from webapp.kit import assets

_own = threading.local()


class NotOurs(ValueError):
    """A document asked for an address that is not our own."""


def render(template: str, **values: Any) -> bytes:
    """A template as PDF. `asset:<name>` in it is a built file; other addresses are refused."""
    from weasyprint import HTML  # 0.4 s to import: workers and the first PDF pay it, not the start of the web

    return bytes(
        HTML(
            string=render_template(template, **values), base_url="asset:/", url_fetcher=_fetcher()
        ).write_pdf(font_config=_fonts())
    )


def _fonts() -> Any:
    """This thread's fonts. One made for each document keeps 0.2 MB for ever: hundreds of statements would add up."""
    from weasyprint.text.fonts import FontConfiguration

    found = getattr(_own, "fonts", None)
    if found is None:
        found = _own.fonts = FontConfiguration()
    return found


def _fetcher() -> Any:
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OwnOnly(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            parts = urlsplit(url)
            if parts.scheme == "asset":
                path = assets.path_of(parts.path.lstrip("/"))
                return URLFetcherResponse(url, path.read_bytes())
            if parts.scheme == "data":
                return super().fetch(url, headers)
            raise NotOurs(f"a document may not fetch {url[:80]}")

    return OwnOnly()


def response(data: bytes, filename: str, *, inline: bool = True) -> Response:
    """A PDF answer; shown in the browser unless it is to be saved."""
    answer = Response(data, mimetype="application/pdf")
    kind = "inline" if inline else "attachment"
    answer.headers["Content-Disposition"] = f'{kind}; filename="{filename}.pdf"'
    return answer
