"""Technicians from a CSV file. One is known by the employee number, else by the name."""

from typing import Any, NamedTuple

from sqlalchemy import select

from webapp.imports import rules as cells
from webapp.imports.registry import (
    CHANGED,
    NEW,
    SAME,
    UNSURE,
    WRONG,
    Choice,
    Context,
    FieldSpec,
    ImportSpec,
    Outcome,
    Problem,
    Values,
    register,
)
from webapp.kit import clean, context, errors
from webapp.kit.db import db, get
from webapp.models import Technician
from webapp.technicians import rules, service
from webapp.technicians.permissions import EDIT

PAY_TYPES = {
    "Hourly": "hourly",
    "Salary": "salary",
    "Commission only": "commission",
    "Per hour": "hourly",
    "Hour": "hourly",
    "Salaried": "salary",
    "Commission": "commission",
}
FIELDS = (
    FieldSpec("name", "Name", required=True, most=120, example="Mike Johnson",
              synonyms=("Technician", "Technician name", "Full name", "Employee", "Employee name", "Tech")),
    FieldSpec("employee_number", "Employee number", most=40, example="T-104",
              synonyms=("Number", "No", "ID", "Employee ID", "Emp no", "Badge", "Tech ID"),
              hint="Recognizes somebody who is here already, whatever the name says."),
    FieldSpec("pay_type", "Pay type", required=True, parse=cells.one_of(PAY_TYPES), example="Hourly",
              synonyms=("Pay", "Paid", "Compensation", "Type")),
    FieldSpec("base_pay_cents", "Base pay", parse=cells.parse_money, example="28.50",
              synonyms=("Rate", "Hourly rate", "Pay rate", "Wage", "Salary"),
              hint="Dollars an hour, or a pay period for a salary."),
    FieldSpec("email", "Email", example="mike@example.com", synonyms=("E-mail", "Email address", "Mail")),
    FieldSpec("phone", "Phone", example="(512) 555-0123", synonyms=("Mobile", "Cell", "Cell phone", "Phone number")),
    FieldSpec("supervisor", "Supervisor", example="T-100", synonyms=("Reports to", "Manager", "Boss", "Lead"),
              hint="A name or an employee number."),
    FieldSpec("starts_on", "First day", parse=cells.parse_date, example="2024-03-01",
              synonyms=("Start date", "Hired", "Hire date", "Starts on", "Active from")),
    FieldSpec("ends_on", "Last day", parse=cells.parse_date,
              synonyms=("End date", "Left", "Termination date", "Ends on", "Active to")),
    FieldSpec("notes", "Notes", most=10_000, synonyms=("Note", "Comment", "Comments")),
)  # fmt: skip


def natural_key(values: Values) -> str | None:
    if values["employee_number"]:
        return f"number:{values['employee_number'].casefold()}"
    return f"name:{cells.plain(values['name'])}"


class Known(NamedTuple):
    """A technician who is here, as far as names go."""

    id: int
    name: str
    number: str
    hint: str


def check(values: Values, ctx: Context) -> Outcome:
    """Compare a row with who is here. What the file leaves empty stays as it is."""
    found = _like(values, ctx)
    if len(found) > 1:
        question = Problem("name", f"Several technicians are called {values['name']}.")
        return Outcome(UNSURE, [question], [Choice(t.id, t.name, t.hint) for t in found])
    changes, problem = _wanted(values, ctx)
    if problem is not None:
        return Outcome(WRONG, [problem])
    # who comes in this file may be named as a supervisor further down
    ctx.memo.setdefault("coming", set()).update(
        cells.plain(values[k]) for k in ("name", "employee_number") if values[k]
    )
    if not found:
        rules.cleaned({"name": "", **changes})
        return Outcome(NEW)
    technician = get(Technician, found[0].id)
    held = {name: getattr(technician, name) for name in rules.FIELDS}
    everybody = _everybody(ctx)

    def name_of(number: int | None) -> str:
        return everybody[number].name if number in everybody else ""

    found_changes = cells.compared(
        technician, rules.cleaned(changes, held), {"supervisor_id": ("supervisor", name_of)}
    )
    return Outcome(CHANGED if found_changes else SAME, record_id=technician.id, changes=found_changes)


def write(values: Values, ctx: Context) -> int:
    """Add a technician, or change the one who is meant."""
    changes, problem = _wanted(values, ctx, ready=True)
    if problem is not None:
        raise errors.Invalid.one(problem.field, problem.message)
    answers = ctx.answers
    found = [t.id for t in _like(values, ctx)] if answers is None else answers
    if len(found) > 1:
        raise errors.Conflict(
            f"Several technicians are called {values['name']} by now. Import this row again."
        )
    technician = service.update(found[0], changes) if found else service.create(changes)
    _everybody(ctx)[technician.id] = _known(technician)
    return technician.id


def _wanted(values: Values, ctx: Context, *, ready: bool = False) -> tuple[dict[str, Any], Problem | None]:
    """The columns a row gives, with its supervisor found. Until the writing one may come earlier in the file."""
    given = {k: v for k, v in values.items() if v is not None and k != "supervisor"}
    said = values["supervisor"]
    if not said:
        return given, None
    leaders = _called(said, ctx)
    if len(leaders) == 1:
        return given | {"supervisor_id": leaders[0].id}, None
    if len(leaders) > 1:
        return given, Problem(
            "supervisor", f"Several technicians are called {said}; write the employee number."
        )
    if not ready and cells.plain(said) in ctx.memo.get("coming", set()):
        return given, None
    return given, Problem(
        "supervisor", f"No technician is called {said}. Supervisors come first in the file."
    )


def _like(values: Values, ctx: Context) -> list[Known]:
    """Who has this employee number; else who has this name and, where a number is given, no number yet."""
    number = (values["employee_number"] or "").casefold()
    everybody = _everybody(ctx).values()
    numbered = [t for t in everybody if number and t.number.casefold() == number]
    named = [t for t in everybody if cells.plain(t.name) == cells.plain(values["name"])]
    return numbered or [t for t in named if not (number and t.number)]


def _called(said: str, ctx: Context) -> list[Known]:
    everybody = _everybody(ctx).values()
    numbered = [t for t in everybody if t.number and t.number.casefold() == said.casefold()]
    return numbered or [t for t in everybody if cells.plain(t.name) == cells.plain(said)]


def _everybody(ctx: Context) -> dict[int, Known]:
    """Every technician, read once for a check or a writing."""
    found: dict[int, Known] | None = ctx.memo.get("technicians")
    if found is None:
        statement = select(Technician).where(Technician.tenant_id == context.tenant_id())
        found = ctx.memo["technicians"] = {t.id: _known(t) for t in db.session.scalars(statement)}
    return found


def _known(technician: Technician) -> Known:
    number = technician.employee_number or ""
    hint = number or clean.phone_words(technician.phone) or technician.email
    return Known(technician.id, technician.name, number, hint)


SPEC = register(
    ImportSpec(
        kind="technicians",
        title="Technicians",
        permission=EDIT,
        fields=FIELDS,
        check=check,
        write=write,
        natural_key=natural_key,
        record_url="/technicians/{}",
        list_url="/technicians",
        one="technician",
        many="technicians",
        help="Who works in the field, and how they are paid.",
    )
)
