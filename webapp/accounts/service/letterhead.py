"""What every document on paper shares: the company, its logo and its colour, and words for days and moments."""

import base64
import re
from datetime import date
from typing import Any

from markupsafe import Markup

from webapp.accounts import queries
from webapp.kit import clean, errors, files, money, words
from webapp.models import Organization

_BLUE, _BLACK, _READABLE = "#2563eb", "#0f172a", 150


def values() -> dict[str, Any]:
    """Values for a template that is built from `components/document.html`."""
    company = queries.organization()
    known = re.fullmatch(r"#[0-9a-fA-F]{6}", company.primary_color)
    color = company.primary_color if known else _BLUE
    is_light = _brightness(color) > _READABLE
    return {
        "company": company,
        "phone": clean.phone_words(company.phone),
        "logo": _logo(company),
        "color": color,
        "ink": _BLACK if is_light else color,  # the colour as text on white
        "on_color": _BLACK if is_light else "#ffffff",  # text on the colour
        "css_text": _css_text,
        "dollars": money.dollars,
        "percent": money.percent,
        "day": _day,
        "moment": lambda value: words.date_words(value, "long", zone=company.time_zone),
    }


def _brightness(color: str) -> int:
    """How bright a colour looks, 0 to 255 (ITU-R BT.601)."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return (299 * red + 587 * green + 114 * blue) // 1000


def _css_text(text: str) -> Markup:
    """Text inside a CSS string, every sign but letters and digits escaped (a space ends an escape)."""
    safe = "".join(c if c.isalnum() else f"\\{ord(c):06x}" for c in text)
    return Markup(safe)  # noqa: S704  # letters, digits and backslashes are all that is left


def _day(value: date | None) -> str:
    return f"{value:%b} {value.day}, {value.year}" if value else ""


def _logo(company: Organization) -> str:
    """The logo as a `data:` address, empty without one that can be read."""
    file = files.seek(company.logo_file_id)
    if file is None:
        return ""
    try:
        return f"data:{file.media_type};base64,{base64.b64encode(files.read(file)).decode()}"
    except errors.AppError:
        return ""
