"""A browser for tests: every HTML page it opens must be valid, titled and without duplicate ids."""

from collections import Counter
from typing import Any

import html5lib
from flask.testing import FlaskClient
from html5lib.constants import namespaces
from werkzeug.test import TestResponse

VOID_ATTRIBUTES = {"hx-get", "hx-post"}


class PageClient(FlaskClient):
    """Opens pages as a browser does and checks each one; `hx=True` asks as HTMX does."""

    check_pages = True

    def open(self, *args: Any, hx: bool | str = False, **kwargs: Any) -> TestResponse:  # type: ignore[override]
        if hx:
            headers = dict(kwargs.pop("headers", {}) or {})
            headers["HX-Request"] = "true"
            if isinstance(hx, str):
                headers["HX-Target"] = hx
            kwargs["headers"] = headers
        answer = super().open(*args, **kwargs)
        if self.check_pages and answer.mimetype == "text/html" and not answer.is_streamed and answer.data:
            check_html(answer.get_data(as_text=True), fragment=bool(hx), where=answer.request.path)
        return answer


def check_html(text: str, *, fragment: bool, where: str) -> None:
    """Raises AssertionError naming what is wrong with a page."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=True)
    tree = parser.parseFragment(text) if fragment else parser.parse(text)
    problems = [f"{code} {detail} at {place}" for place, code, detail in parser.errors]
    assert not problems, f"{where}: not valid HTML: {problems[:3]}"
    xhtml = "{" + namespaces["html"] + "}"
    elements = [e for e in tree.iter() if isinstance(e.tag, str)]
    counted = Counter(e.get("id") for e in elements if e.get("id") is not None)
    twice = [name for name, amount in counted.items() if amount > 1 or not name.strip()]
    assert not twice, f"{where}: ids used more than once: {twice}"
    for element in elements:
        assert element.get("style") is None, f"{where}: inline style on {element.tag}"
        inline = [a for a in element.attrib if isinstance(a, str) and a.startswith("on")]
        assert not inline, f"{where}: inline handlers {inline}"
        if element.tag == xhtml + "form" and element.get("method", "get").lower() == "post":
            assert element.get("action"), f"{where}: a form without an action"
            names = [i.get("name") for i in element.iter(xhtml + "input")]
            assert "csrf_token" in names, f"{where}: a form to {element.get('action')} without a CSRF token"
    if not fragment:
        titles = [e for e in elements if e.tag == xhtml + "title"]
        assert titles and (titles[0].text or "").strip(), f"{where}: no title"
