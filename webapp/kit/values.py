"""Single values as HTML: money, numbers, moments, pills, people, icons. The macros of `templates/components` call these.

They are Python and not macros because a list page is hundreds of them, and a macro call costs ten times a function's.
"""

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from jinja2 import Undefined
from markupsafe import Markup

from webapp.kit import assets, clock, words

NONE: Final = Markup(
    '<span class="tr-none" aria-hidden="true">–</span><span class="visually-hidden">none</span>'
)
_TONES: Final = {
    "neutral": "draft new unscheduled none inactive archived off manual unread queued idle not_started "
    "optional void voided withdrawn expired closed canceled cancelled skipped suppressed superseded unknown low normal",
    "accent": "scheduled booked assigned planned submitted active_now quoted estimate_sent dispatched sent_to_customer",
    "info": "sent open in_progress working running on_site started viewed delivered en_route traveling travelling "
    "in_transit processing contacted qualified ordered calling routed syncing partial partially_paid "
    "partially_received lunch on_break",
    "success": "active paid won completed complete done approved accepted signed received resolved healthy online "
    "available ok succeeded success posted converted connected matched verified in_stock on_time enabled installed",
    "warning": "pending unassigned waiting on_hold paused pending_approval awaiting_approval needs_review review due due_soon "
    "expiring low_stock at_risk late_soon retrying blocked held medium high draft_changes disputed reopened trial "
    "warning snoozed",
    "danger": "late overdue failed error rejected declined lost out_of_stock bounced breached critical emergency urgent "
    "denied revoked offline disconnected past_due refunded no_show dead dead_letter failing suspended unpaid",
}
TONE_OF: Final = {word: tone for tone, all_words in _TONES.items() for word in all_words.split()}
"""The house's colour for each state. Anything unknown is neutral."""


WORD_OF: Final = {"en_route": "On the way"}
"""States whose key is not how people say it."""


def _nothing(value: Any) -> bool:
    return value is None or isinstance(value, Undefined)


@lru_cache(maxsize=2048)
def money(cents: Any, sign: bool = False, whole: bool = False) -> Markup:
    """Integer cents as $1,234.56. `sign`: a + before gains; `whole`: without the cents when they are zero."""
    if _nothing(cents):
        return NONE
    amount = abs(cents)
    cut = "" if whole and amount % 100 == 0 else f".{amount % 100:02d}"
    before = "−" if cents < 0 else "+" if sign and cents > 0 else ""
    minus = " tr-money-minus" if cents < 0 else ""
    return Markup('<span class="tr-money{}">{}${:,}{}</span>').format(minus, before, amount // 100, cut)


def number(value: Any) -> Markup:
    """Grouped, tabular figures; decimals as they come."""
    if _nothing(value):
        return NONE
    return _figures(f"{value:,}".replace("-", "−"))


@lru_cache(maxsize=2048)
def _figures(text: str) -> Markup:
    return Markup('<span class="tr-num">{}</span>').format(text)


def percent(basis_points: Any) -> Markup:
    """Basis points: 825 is 8.25%."""
    if _nothing(basis_points):
        return NONE
    amount = abs(basis_points)
    rest = f".{amount % 100:02d}".rstrip("0") if amount % 100 else ""
    return _figures(f"{'−' if basis_points < 0 else ''}{amount // 100:,}{rest}%")


def minutes(value: Any) -> Markup:
    """95 is 1 h 35 min."""
    if _nothing(value):
        return NONE
    amount = abs(value)
    hours, rest = divmod(amount, 60)
    text = f"{hours:,} h" + (f" {rest} min" if rest else "") if hours else f"{rest} min"
    return _figures(f"{'−' if value < 0 else ''}{text}")


def when(value: Any, style: str = "datetime", until: Any = None) -> Markup:
    """A moment or a window in the organization's words. Styles as :func:`words.date_words`; a string is words already."""
    if not value:
        return NONE
    if isinstance(value, str):
        return Markup('<span class="tr-when">{}</span>').format(value)
    zone = zone_of_page()
    if style == "ago":
        return _ago(value, zone)
    return _moment(value, style, until or None, zone, clock.today(zone))


@lru_cache(maxsize=4096)
def _moment(value: date | datetime, style: str, until: Any, zone: str, today: date) -> Markup:
    """`today` is not used: it makes tomorrow's words other ones."""
    said = words.date_words(value, style, until, zone)
    if style == "long":
        return Markup('<time class="tr-when" datetime="{}">{}</time>').format(value.isoformat(), said)
    return Markup('<time class="tr-when" datetime="{}" title="{}">{}</time>').format(
        value.isoformat(), words.date_words(value, "long", None, zone), said
    )


def _ago(value: date | datetime, zone: str) -> Markup:
    full, said = words.date_words(value, "long", None, zone), words.date_words(value, "ago", None, zone)
    return Markup('<time class="tr-when" datetime="{}" title="{}" data-module="ago">{}</time>').format(
        value.isoformat(), full, said
    )


def _utc() -> str:
    return "UTC"


zone_of_page: Callable[[], str] = _utc
"""The IANA zone in which the present page tells times. `wiring.py` says whose."""


@lru_cache(maxsize=512)
def pill(status: Any, label: str | None = None, tone: str | None = None, icon: str = "") -> Markup:
    """A state as a coloured pill with its word. The word is made from the status unless `label` is given."""
    key = str(getattr(status, "value", status)).lower().replace("-", "_").replace(" ", "_")
    mark = (
        _icon(icon, None, 12, "", assets.asset("icons.svg"))
        if icon
        else Markup('<span class="tr-pill-dot"></span>')
    )
    return Markup('<span class="tr-pill tr-pill-{}">{}{}</span>').format(
        tone or TONE_OF.get(key, "neutral"),
        mark,
        label or WORD_OF.get(key) or key.replace("_", " ").capitalize(),
    )


def icon(name: str, label: str | None = None, size: int = 16, **css: str) -> Markup:
    """One symbol of the sprite (`static/src/icons.txt`); without a label it is decoration. `size` in CSS pixels.

    `class`, a name that Python keeps to itself, adds to its classes.
    """
    return _icon(name, label or None, size, css.get("class", ""), assets.asset("icons.svg"))


@lru_cache(maxsize=1024)
def _icon(name: str, label: str | None, size: int, css: str, sprite: str) -> Markup:
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup(
        '<svg class="tr-icon{}" width="{}" height="{}" {} focusable="false"><use href="{}#i-{}"></use></svg>'
    ).format(f" {css}" if css else "", size, size, spoken, sprite, name)


@lru_cache(maxsize=1024)
def avatar(
    name: str | None, url: str | None = None, size: str = "md", spoken: bool = True, color: str | None = None
) -> Markup:
    """A picture, or initials on a quiet tone taken from the name. `spoken`: False where the name stands beside it."""
    if url:
        return Markup('<img class="tr-avatar tr-avatar-{}" src="{}" alt="{}" loading="lazy">').format(
            size, url, name if spoken else ""
        )
    parts = (name or "?").split()
    initials = parts[0][:1] + (parts[-1][:1] if len(parts) > 1 else "") if parts else "?"
    tone = (
        Markup('data-module="color" data-color="{}"').format(color)
        if color
        else Markup('data-tone="{}"').format(len(name or "?") % 6)
    )
    spoken_as = Markup('role="img" aria-label="{}"').format(name) if spoken else Markup('aria-hidden="true"')
    return Markup('<span class="tr-avatar tr-avatar-{}" {} {}>{}</span>').format(
        size, tone, spoken_as, initials.upper()
    )


def _linked(shown: Markup, url: str | None) -> Markup:
    return Markup('<a href="{}">{}</a>').format(url, shown) if url else shown


@lru_cache(maxsize=1024)
def person(name: str, url: str | None = None) -> Markup:
    """A small picture and the name."""
    shown = Markup('<a href="{}">{}</a>').format(url, name) if url else Markup("<span>{}</span>").format(name)
    return Markup('<span class="tr-person">{}{}</span>').format(avatar(name, size="xs", spoken=False), shown)


def _yes_or_no(value: Any) -> Markup:
    if value:
        return _icon("check", None, 16, "tr-yes", assets.asset("icons.svg")) + Markup(
            '<span class="visually-hidden">Yes</span>'
        )
    return Markup('<span class="tr-none">No</span>')


def _phone(value: Any) -> Markup:
    dialled = str(value).translate(_UNDIALLED)
    return Markup('<a class="tr-nowrap" href="tel:{}">{}</a>').format(dialled, value)


_UNDIALLED: Final = str.maketrans("", "", " ()-")


def value(v: Any, kind: str = "text", until: Any = None, url: str | None = None) -> Any:
    """One value of any column kind: text, link, pill, money, number, percent, minutes, when, date, time, ago, bool,
    phone, email, person. Empty values show a dash."""
    if not v and (_nothing(v) or v == ""):
        return NONE
    if kind == "money":
        return _linked(money(v), url)
    if kind == "when":
        return when(v, until=until)
    if kind == "pill":
        return pill(v)
    if kind in ("date", "time", "ago"):
        return when(v, kind)
    if kind == "person":
        return person(v, url or None)
    if kind == "number":
        return _linked(number(v), url)
    shown = _SHOWN.get(kind)
    if shown is not None:
        return shown(v)
    return Markup('<a href="{}">{}</a>').format(url, v) if url else v


_SHOWN: Final[dict[str, Callable[[Any], Markup]]] = {
    "percent": percent,
    "minutes": minutes,
    "bool": _yes_or_no,
    "phone": _phone,
    "email": lambda v: Markup('<a href="mailto:{}">{}</a>').format(v, v),
}
