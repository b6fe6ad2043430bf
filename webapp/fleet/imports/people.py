"""Which technician a cell of a file means."""

from typing import NamedTuple

from sqlalchemy import select

from webapp.imports import rules as cells
from webapp.imports.registry import Context, Problem
from webapp.kit import context
from webapp.kit.db import rows
from webapp.models import Technician


class Known(NamedTuple):
    """A technician, as far as names go."""

    id: int
    name: str
    number: str


def technician(said: str, number: str, ctx: Context, field: str) -> tuple[int | None, Problem | None]:
    """The technician with this employee number, else of this name (which may be a number too), or why there is none."""
    everybody = _everybody(ctx)
    found = [t for t in everybody if number and t.number.casefold() == number.casefold()]
    if not found and said:
        found = [t for t in everybody if t.number and t.number.casefold() == said.casefold()]
        found = found or [t for t in everybody if cells.plain(t.name) == cells.plain(said)]
    if len(found) == 1:
        return found[0].id, None
    if found:
        return None, Problem(field, f"Several technicians are called {said}; write the employee number.")
    return None, Problem(field, f"No technician is called {said or number}.")


def _everybody(ctx: Context) -> list[Known]:
    """Every technician, read once for a check or a writing."""
    found: list[Known] | None = ctx.memo.get("technicians")
    if found is None:
        statement = select(Technician.id, Technician.name, Technician.employee_number).where(
            Technician.tenant_id == context.tenant_id()
        )
        found = ctx.memo["technicians"] = [
            Known(r.id, r.name, r.employee_number or "") for r in rows(statement)
        ]
    return found
