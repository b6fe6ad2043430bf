"""What domains above know of a job, for its page and for the board. They register here in their plug.

`JOB_PANELS`: functions from a job to a dict as `components/panel.html` takes it, or None when there is nothing to show.
`MARKS`: functions from ids of jobs to marks by id, each in a fixed number of statements however many there are.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from webapp.models import DispatchJob


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign on a job's block: `key` for programs, `text` for people, and how much it presses.

    `level` is `info`, `warning` or `danger`; `until`: the moment it counts down to, if any.
    """

    key: str
    text: str
    level: str = "info"
    icon: str = "timer"
    until: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


Panel = Callable[[DispatchJob], dict[str, Any] | None]
Marker = Callable[[Collection[int]], Mapping[int, Sequence[Mark]]]
JOB_PANELS: list[Panel] = []
MARKS: list[Marker] = []
_ORDER: Final = {"danger": 0, "warning": 1, "info": 2}


def marks_of(job_ids: Collection[int]) -> dict[int, list[Mark]]:
    """Every mark of some jobs, the most pressing first; jobs without one are not there."""
    found: dict[int, list[Mark]] = {}
    if job_ids:
        for marker in MARKS:
            for job_id, marks in marker(job_ids).items():
                found.setdefault(job_id, []).extend(marks)
    for several in found.values():
        several.sort(key=lambda m: _ORDER.get(m.level, 9))
    return {job_id: marks for job_id, marks in found.items() if marks}


def panels_of(job: DispatchJob) -> list[dict[str, Any]]:
    """What there is to show on a job's page."""
    return [made for made in (panel(job) for panel in JOB_PANELS) if made is not None]
