"""Commands on jobs. Each locks the job first, then the lanes it touches, so that two dispatchers never both win."""

from webapp.dispatch.service.details import set_step, write_note
from webapp.dispatch.service.jobs import (
    NewJob,
    SkillNeed,
    cancel,
    confirm,
    copy,
    create,
    hold,
    release,
    update,
)
from webapp.dispatch.service.placing import (
    Placement,
    Stale,
    add_visit,
    assign,
    clashes_of,
    hints,
    place,
    unassign,
)
from webapp.dispatch.service.steps import Report, report

__all__ = [
    "NewJob",
    "Placement",
    "Report",
    "SkillNeed",
    "Stale",
    "add_visit",
    "assign",
    "cancel",
    "clashes_of",
    "confirm",
    "copy",
    "create",
    "hints",
    "hold",
    "place",
    "release",
    "report",
    "set_step",
    "unassign",
    "update",
    "write_note",
]
