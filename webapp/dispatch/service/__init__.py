"""Commands on jobs. Each locks the job first, then the lanes it touches, so that two dispatchers never both win."""

from webapp.dispatch.service.attachments import add_document, add_photo, add_signature, remove_file
from webapp.dispatch.service.conflicts import conflict_words
from webapp.dispatch.service.conflicts import resolve as resolve_conflict
from webapp.dispatch.service.details import set_step, take_reading, write_note
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
from webapp.dispatch.service.materials import add_material, remove_material
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
    "add_document",
    "add_material",
    "add_photo",
    "add_signature",
    "add_visit",
    "assign",
    "cancel",
    "clashes_of",
    "confirm",
    "conflict_words",
    "copy",
    "create",
    "hints",
    "hold",
    "place",
    "release",
    "remove_file",
    "remove_material",
    "report",
    "resolve_conflict",
    "set_step",
    "take_reading",
    "unassign",
    "update",
    "write_note",
]
