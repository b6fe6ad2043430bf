"""Technicians' skills from a CSV file: one row for each skill of each technician. Skills are made on the way."""

from typing import Any

from webapp.fleet.imports.people import technician
from webapp.fleet.permissions import SKILLS_EDIT
from webapp.fleet.queries import skilled as queries
from webapp.fleet.rules import skills as rules
from webapp.fleet.service import skills as service
from webapp.imports import rules as cells
from webapp.imports.registry import (
    CHANGED,
    NEW,
    SAME,
    WRONG,
    Context,
    FieldSpec,
    ImportSpec,
    Outcome,
    Problem,
    Values,
    register,
)
from webapp.kit import errors


def _level(text: str, ctx: Context) -> int:
    plain = cells.plain(text)
    for number, word in rules.LEVELS.items():
        if plain in (str(number), cells.plain(word), cells.plain(f"{number} {word}")):
            return number
    raise ValueError(f"“{text[:40]}” is no level; write 1 (helper) to 5 (expert).")


FIELDS = (
    FieldSpec("technician", "Technician", required=True, most=120, example="Mike Johnson",
              synonyms=("Name", "Employee", "Technician name", "Tech", "Full name"), hint="A name or an employee number."),
    FieldSpec("employee_number", "Employee number", most=40, example="T-104",
              synonyms=("Number", "Employee ID", "Emp no", "Badge", "Tech ID")),
    FieldSpec("skill", "Skill", required=True, most=80, example="EPA 608",
              synonyms=("Certification", "Skill name", "License", "Trade", "Qualification"),
              hint="One that is not there yet is made."),
    FieldSpec("level", "Level", parse=_level, example="4", synonyms=("Rating", "Proficiency", "Grade"),
              hint="1 (helper) to 5 (expert); 3 when left empty."),
    FieldSpec("expires_on", "Expires on", parse=cells.parse_date, example="2027-03-01",
              synonyms=("Expiry", "Expiration", "Expiration date", "Expires", "Valid until", "Valid to")),
    FieldSpec("certificate", "Certificate", most=80, example="608-11873",
              synonyms=("Certificate number", "Certificate no", "License number", "Cert", "Cert number")),
    FieldSpec("notes", "Notes", most=2_000, synonyms=("Note", "Comment", "Comments")),
)  # fmt: skip
USUAL_LEVEL = 3


def natural_key(values: Values) -> str | None:
    who = (values["employee_number"] or values["technician"]).casefold()
    return f"{who}:{cells.plain(values['skill'])}"


def check(values: Values, ctx: Context) -> Outcome:
    """Compare a row with what the technician has. What the file leaves empty stays as it is."""
    who, problem = technician(values["technician"], values["employee_number"] or "", ctx, "technician")
    if who is None:
        assert problem is not None
        return Outcome(WRONG, [problem])
    skill, archived = _skill(values["skill"], ctx)
    if archived:
        return Outcome(WRONG, [Problem("skill", f"The skill {values['skill']} is archived.")])
    given = rules.cleaned(_given(values))
    if skill is None:
        rules.cleaned_skill({"name": values["skill"]})
        return Outcome(NEW, also=[f"Skill {values['skill']}"])
    held = queries.held(who, skill)
    if held is None:
        return Outcome(NEW)
    changes = cells.compared(held, given)
    return Outcome(CHANGED if changes else SAME, record_id=held.id, changes=changes)


def write(values: Values, ctx: Context) -> int:
    """Give the technician the skill, or change what they have of it."""
    who, problem = technician(values["technician"], values["employee_number"] or "", ctx, "technician")
    if who is None:
        assert problem is not None
        raise errors.Invalid.one(problem.field, problem.message)
    skill, _ = _skill(values["skill"], ctx)
    if skill is None:
        certified = bool(values["expires_on"] or values["certificate"])
        skill = service.create_skill({"name": values["skill"], "certified": certified}).id
        ctx.memo["skill", cells.plain(values["skill"])] = (skill, False)
    given = _given(values)
    if queries.held(who, skill) is None:
        given.setdefault("level", USUAL_LEVEL)
    return service.put(who, skill, given).id


def _given(values: Values) -> dict[str, Any]:
    return {k: values[k] for k in rules.FIELDS if values[k] is not None}


def _skill(name: str, ctx: Context) -> tuple[int | None, bool]:
    """The skill of this name and whether it is archived; None where it would be made."""
    key = ("skill", cells.plain(name))
    if key not in ctx.memo:
        found = queries.named(name)
        if found is None:
            return None, False
        ctx.memo[key] = (found.id, found.archived)
    known: tuple[int, bool] = ctx.memo[key]
    return known


SPEC = register(
    ImportSpec(
        kind="technician-skills",
        title="Technician skills",
        permission=SKILLS_EDIT,
        fields=FIELDS,
        check=check,
        write=write,
        natural_key=natural_key,
        list_url="/technician-skills/certificates?state=all",
        one="skill",
        many="skills",
        help="Who can do what, with levels and certificates: one row for each skill of each technician.",
    )
)
