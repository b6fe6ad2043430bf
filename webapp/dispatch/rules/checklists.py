"""What a checklist may hold."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from webapp.dispatch.rules.values import JOB_TYPES, MOST_STEPS
from webapp.kit import clean

FIELDS: Final = ("name", "job_type", "steps")
LONGEST: Final = 200  # characters of a step


def cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were sent, fit to keep: `steps` as `[{"text", "required"}]`, empty ones left out. Raises Invalid."""
    found = {k: v for k, v in values.items() if k in FIELDS}
    problems = clean.Problems()
    if "name" in found:
        found["name"] = problems.of("name", clean.name, found["name"] or "", 80)
    if "job_type" in found:
        found["job_type"] = found["job_type"] or None
        if found["job_type"] is not None and found["job_type"] not in JOB_TYPES:
            problems.add("job_type", f"must be one of {', '.join(JOB_TYPES)}, or empty.")
    if "steps" in found:
        found["steps"] = problems.of("steps", _steps, found["steps"] or [])
    problems.done()
    return found


def _steps(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for number, step in enumerate(steps, 1):
        try:
            text = clean.line(str(step.get("text") or ""), LONGEST)
        except ValueError as problem:
            raise ValueError(f"Step {number}: {problem}") from None
        if text:
            found.append({"text": text, "required": bool(step.get("required"))})
    if not found:
        raise ValueError("Write at least one step.")
    if len(found) > MOST_STEPS:
        raise ValueError(f"At most {MOST_STEPS} steps.")
    return found
