"""Nobody is led to a page that is not there or that they may not open."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.browser.world import furnish
from tests.factories.world import Company

LINK = re.compile(r'<a\b[^>]*?\bhref="([^"#]+)"')
MOST = 160  # kinds of addresses one person opens


def kind(url: str) -> tuple[str, tuple[str, ...]]:
    """Addresses that differ in numbers and values alone are the same page."""
    parts = urlsplit(url)
    names = tuple(
        sorted({f"{k}={v}" if k in ("by", "tab", "kind") else k for k, v in parse_qsl(parts.query)})
    )
    return re.sub(r"\d+", "#", parts.path), names


@pytest.mark.parametrize("role", ["admin", "manager", "dispatcher", "payroll", "accountant", "technician"])
def test_every_link_a_person_sees_opens(company: Company, role: str) -> None:
    furnish(company)
    browser = company.sign_in(role)
    todo: list[tuple[str, str]] = [("/", "the start")]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    broken = []
    while todo and len(seen) < MOST:
        url, where = todo.pop(0)
        if kind(url) in seen:
            continue
        seen.add(kind(url))
        answer = browser.get(url)
        if answer.status_code >= 400:
            broken.append(f"{url} on {where}: {answer.status_code}")
        elif answer.status_code in (302, 303):
            todo.insert(0, (answer.headers["Location"], url))
        elif answer.mimetype == "text/html":
            links = LINK.findall(answer.get_data(as_text=True))
            todo += [(link.replace("&amp;", "&"), url) for link in links if link.startswith("/")]
        answer.close()
    assert len(seen) > 4
    assert broken == []
