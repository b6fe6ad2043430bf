"""What can be imported. A domain registers a spec per kind here; the engine knows no domain."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.kit import errors

NEW, CHANGED, SAME, WRONG, UNSURE = "new", "changed", "same", "wrong", "unsure"
STATUSES = (NEW, CHANGED, SAME, WRONG, UNSURE)

Values = dict[str, Any]  # our field's name → its parsed value; None where the cell is empty or not mapped


@dataclass(slots=True)
class Context:
    """What a spec may know while it checks or writes.

    `memo` lives as long as one check or one writing: for what was looked up or made once already, such as
    `memo["category", "heating"] = 12`. `chosen` is the answer to a row's question: a record's id, or `new`.
    `written` is the record that an earlier import made of a row with the same natural key, if any.
    """

    zone: str  # IANA, of the organization
    options: Mapping[str, Any] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict)
    chosen: str | None = None
    written: int | None = None
    row_number: int = 0

    @property
    def answers(self) -> list[int] | None:
        """The answer to a row's question as records: one, none (a new one is to be made), or None: it asked nothing."""
        if not self.chosen:
            return None
        return [int(self.chosen)] if self.chosen != NEW else []


Parse = Callable[[str, Context], Any]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One of our fields. `parse` makes its value of the cell's text and raises ValueError with a sentence.

    `synonyms` are other headings it is known by; case, spaces and punctuation do not matter.
    """

    name: str
    label: str
    required: bool = False
    synonyms: tuple[str, ...] = ()
    parse: Parse | None = None
    example: str = ""
    hint: str = ""
    most: int = 500  # characters


@dataclass(frozen=True, slots=True)
class Choice:
    """A record that a row may mean."""

    id: int
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row, at one of our fields (or "" for the whole row)."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a row makes of one of our fields: from what to what, in words ("" is nothing)."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What writing a row would do.

    `unsure` carries the `choices` and, as its only problem, the question; rows with the same question and choices are
    answered together. `also` names what is made besides the row (“Category Heating”), for people to see beforehand, and
    `changes` what a changed row changes.
    """

    status: str
    problems: Sequence[Problem] = ()
    choices: Sequence[Choice] = ()
    record_id: int | None = None
    also: Sequence[str] = ()
    changes: Sequence[Change] = ()


@dataclass(frozen=True, slots=True)
class ImportSpec:
    """How a kind of record is imported.

    `natural_key(values)` is what a row is known by ("tech:E-12"), or None when only its whole content says so; then the
    engine remembers which rows it wrote, and the same file again changes nothing. `check` must write nothing; `write`
    acts through the domain's service and returns the record's id. `prepare` may look up what 500 rows need at once.
    """

    kind: str  # technicians
    title: str  # Technicians
    permission: str
    fields: tuple[FieldSpec, ...]
    check: Callable[[Values, Context], Outcome]
    write: Callable[[Values, Context], int]
    natural_key: Callable[[Values], str | None] = lambda values: None
    prepare: Callable[[Sequence[Values], Context], None] | None = None
    record_url: str = ""  # /technicians/{}
    list_url: str = ""  # /technicians
    one: str = "record"  # technician
    many: str = "records"  # technicians
    asks_for: str = ""  # what a question's answer is, when not `one`: customer
    help: str = ""  # a sentence for the upload page

    def field(self, name: str) -> FieldSpec:
        return next(f for f in self.fields if f.name == name)

    def label(self, name: str) -> str:
        """A field's label, also for "" (the whole row)."""
        return next((f.label for f in self.fields if f.name == name), "Row")


SPECS: dict[str, ImportSpec] = {}


def register(spec: ImportSpec) -> ImportSpec:
    """Make a kind known. Registering it again replaces it."""
    SPECS[spec.kind] = spec
    return spec


def find(kind: str) -> ImportSpec:
    """Raises NotFound for a kind that no domain registered."""
    found = SPECS.get(kind)
    if found is None:
        raise errors.NotFound(f"Records of the kind “{kind[:60]}” cannot be imported.")
    return found
