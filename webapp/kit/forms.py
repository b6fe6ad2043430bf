"""Forms of the office: fields for what the house keeps, and the errors of services shown at their fields."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, Field, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from webapp.kit import errors, money


class Form(FlaskForm):
    """A form of a page. The token is checked for every POST of the application, not once more here."""

    form_errors: list[str]

    class Meta:
        csrf = False

    def values(self) -> dict[str, Any]:
        """What was entered, by field."""
        return {field.name: field.data for field in self}

    def blame(self, problem: errors.AppError) -> None:
        """Show a service's refusal at the fields it names, else above the form.

        Raises the problem again when it names nothing a person could mend here (a 403, a 404).
        """
        if not isinstance(problem, errors.Invalid | errors.Conflict):
            raise problem
        named = problem.details.get("fields") or {}
        whole = []
        for name, sentence in named.items():
            if name in self:
                self[name].errors = [*self[name].errors, sentence]
            else:
                whole.append(sentence)
        self.form_errors.extend(whole if named else [problem.message])


class MoneyField(StringField):
    """Dollars as people write them; its data is integer cents, or None when left empty."""

    def _value(self) -> str:
        if self.raw_data and self.data is None:
            return str(self.raw_data[0])
        return money.plain(self.data) if isinstance(self.data, int) else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if text:
            self.data = money.parse_cents(text)


class PercentField(StringField):
    """A percentage as people write it; its data is basis points, or None when left empty. May be negative."""

    def _value(self) -> str:
        if self.raw_data and self.data is None:
            return str(self.raw_data[0])
        return money.percent(self.data).removesuffix("%") if isinstance(self.data, int) else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if text:
            negative = text.startswith(("-", "−"))
            bps = money.parse_bps(text[1:] if negative else text.removeprefix("+"))
            self.data = -bps if negative else bps


class DayField(DateField):
    """A day; its data is a date, or None when left empty."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if valuelist and valuelist[0].strip():
            try:
                self.data = date.fromisoformat(valuelist[0].strip())
            except ValueError:
                raise ValueError("Write a day like 2026-03-15.") from None


class NumberChoice(SelectField):
    """A choice of records; its data is the id, or None for the empty choice."""

    def __init__(self, label: str = "", **options: Any) -> None:
        super().__init__(label, coerce=_id_or_none, **options)

    def pre_validate(self, form: Any) -> None:
        if self.data is not None:
            super().pre_validate(form)


class RecordField(StringField):
    """A record found by typing (`ui.field(…, source=…)`); its data is the id, or None."""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if text:
            if not (text.isascii() and text.isdigit() and len(text) < 19):
                raise ValueError("Choose one from the list.")
            self.data = int(text)

    def _value(self) -> str:
        return "" if self.data is None else str(self.data)


def _id_or_none(value: Any) -> int | None:
    if value in (None, "", "None"):
        return None
    return int(value)


def choices(pairs: Iterable[tuple[Any, str]]) -> list[SelectChoice]:
    """Values and words as the choices of a field."""
    return [SelectChoice(value=value, label=label) for value, label in pairs]


def tidy(value: str | None) -> str:
    """The filter of text fields: no NUL, no blank ends, never None."""
    return (value or "").replace("\x00", "").strip()


def text(
    label: str,
    *,
    required: str = "",
    limit: int = 200,
    check: Callable[[str], Any] | None = None,
    **options: Any,
) -> Field:
    """A line of text. `required` is the sentence shown when it is empty; `check` raises ValueError (kit.clean)."""
    return StringField(label, validators=[*_checks(required, limit), *_by(check)], filters=[tidy], **options)


def area(label: str, *, required: str = "", limit: int = 10_000, rows: int = 4, **options: Any) -> Field:
    """Several lines of text."""
    options.setdefault("render_kw", {}).setdefault("rows", rows)
    return TextAreaField(label, validators=_checks(required, limit), filters=[tidy], **options)


def _by(check: Callable[[str], Any] | None) -> list[Callable[..., Any]]:
    if check is None:
        return []

    def validate(form: Any, field: Any) -> None:
        try:
            check(field.data)
        except ValueError as problem:
            raise ValidationError(str(problem)) from None

    return [validate]


def _checks(required: str, limit: int) -> list[Callable[..., Any]]:
    checks: list[Callable[..., Any]] = [Length(max=limit, message=f"Write at most {limit:,} characters.")]
    if required:
        checks.insert(0, InputRequired(required))
    return checks
