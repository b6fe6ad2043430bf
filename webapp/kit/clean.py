"""Text that people type, made fit to keep: tidy lines, phone numbers in E.164, e-mail addresses, colours.

Each raises ValueError with a sentence for the person who typed it; :class:`Problems` gathers several.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from webapp.kit import errors

P = ParamSpec("P")
T = TypeVar("T")
REGION = "US"
_COLOR = re.compile(r"^#[0-9a-fA-F]{6}$")


def line(text: str, limit: int = 200) -> str:
    """One line: control characters gone, white space single. Raises ValueError above `limit` characters."""
    printable = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    tidy = " ".join(printable.split())
    if len(tidy) > limit:
        raise ValueError(f"Write at most {limit} characters; this has {len(tidy)}.")
    return tidy


def name(text: str, limit: int = 200) -> str:
    """As :func:`line`, and not empty."""
    tidy = line(text, limit)
    if not tidy:
        raise ValueError("Write a name.")
    return tidy


def lines(text: str, limit: int = 10_000) -> str:
    """Several lines: other control characters gone, no blank ends. Raises ValueError above `limit`."""
    kept = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in kept if c in "\n\t" or unicodedata.category(c) != "Cc").strip()
    if len(kept) > limit:
        raise ValueError(f"Write at most {limit:,} characters; this has {len(kept):,}.")
    return kept


def phone(text: str, region: str = REGION) -> str:
    """A phone number in E.164, `(512) 555-0123` → `+15125550123`; empty stays empty."""
    raw = line(text, 60)
    if not raw:
        return ""
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        raise ValueError(f"“{raw[:30]}” is not a phone number. Write it like (512) 555-0123.") from None
    if number.extension:
        raise ValueError("Write the number without its extension, and the extension in the notes.")
    if not phonenumbers.is_valid_number(number):
        digits = re.sub(r"\D", "", raw)
        if len(digits) == 7:
            raise ValueError(f"“{raw}” lacks its area code. Write it like (512) 555-0123.")
        raise ValueError(f"“{raw[:30]}” is not a number that can be called. Write it like (512) 555-0123.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def phone_words(e164: str | None, region: str = REGION) -> str:
    """A number from :func:`phone` as people of the region write it: `+15125550123` → `(512) 555-0123`."""
    if not e164:
        return ""
    if region == "US" and len(e164) == 12 and e164.startswith("+1"):
        return f"({e164[2:5]}) {e164[5:8]}-{e164[8:]}"
    try:
        number = phonenumbers.parse(e164, region)
    except phonenumbers.NumberParseException:
        return e164
    here = number.country_code == phonenumbers.country_code_for_region(region)
    form = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(number, form.NATIONAL if here else form.INTERNATIONAL)


def email(text: str) -> str:
    """An e-mail address in lower case; empty stays empty. Whether the mailbox exists is not asked."""
    raw = line(text, 320)
    if not raw:
        return ""
    try:
        found = validate_email(raw, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError(f"“{raw[:60]}” is not an email address. Write it like name@example.com.") from None
    return str(found.normalized).lower()


def color(text: str) -> str:
    """A color as `#2563eb`."""
    raw = text.strip()
    if not _COLOR.match(raw):
        raise ValueError("Write a color like #2563eb.")
    return raw.lower()


class Problems:
    """What is wrong with several fields at once.

    problems = Problems()
    values["phone"] = problems.of("phone", clean.phone, values["phone"])
    problems.done()
    """

    def __init__(self) -> None:
        self.found: list[errors.FieldProblem] = []

    def of(self, field: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """The call's result, or None with its ValueError noted for the field."""
        try:
            return call(*args, **kwargs)
        except ValueError as problem:
            self.add(field, str(problem))
            return None

    def add(self, field: str, sentence: str) -> None:
        self.found.append(errors.FieldProblem(field, sentence))

    def each(self, values: dict[str, Any], cleaners: dict[str, Callable[[Any], Any]]) -> None:
        """Put the cleaned value of each field that is there in its place; None is left as it is."""
        for field, clean in cleaners.items():
            if values.get(field) is not None:
                values[field] = self.of(field, clean, values[field])

    def done(self) -> None:
        """Raises Invalid naming every field that was wrong."""
        if self.found:
            raise errors.Invalid(" ".join(p.message for p in self.found), problems=self.found)
