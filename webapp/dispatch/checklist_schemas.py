"""Shapes of the checklist API."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from webapp.dispatch.rules.checklists import LONGEST
from webapp.dispatch.rules.values import MOST_STEPS
from webapp.dispatch.schemas import Id, JobType
from webapp.kit.paging import PageQuery
from webapp.models import ChecklistStep, ChecklistTemplate

STRICT = ConfigDict(extra="forbid")


class Step(BaseModel):
    """A step. A required one must be done, or passed over with a note, before the job completes."""

    model_config = STRICT
    text: str = Field(min_length=1, max_length=LONGEST)
    required: bool = False


Steps = Annotated[list[Step], Field(min_length=1, max_length=MOST_STEPS)]


class ChecklistIn(BaseModel):
    """A checklist. Every job of `job_type` gets it by itself; without one it is put on by hand."""

    model_config = STRICT
    name: str = Field(min_length=1, max_length=80)
    job_type: JobType | None = None
    steps: Steps


class ChecklistChange(BaseModel):
    """What is sent changes, what is left out stays; jobs that have the checklist keep their steps."""

    model_config = STRICT
    name: str = Field("", max_length=80)
    job_type: JobType | None = None
    steps: Steps = Field(default_factory=lambda: [Step(text="Step")])
    archived: bool = False


class ChecklistOut(BaseModel):
    """A checklist that jobs get."""

    id: int
    name: str
    job_type: str | None
    steps: list[Step]
    archived: bool
    created_at: datetime
    updated_at: datetime


class ChecklistQuery(PageQuery):
    """Which checklists to list."""

    archived: bool | None = False


class PutOnIn(BaseModel):
    """Which checklist to put on the job."""

    model_config = STRICT
    checklist_id: Id


class JobStepOut(BaseModel):
    """A step on a job's checklist."""

    id: int
    position: int
    checklist: str
    body: str
    required: bool
    done_at: datetime | None
    done_by: str
    note: str
    version: int


class Removed(BaseModel):
    """What became of it."""

    id: int
    deleted: bool
    archived: bool


def checklist(record: ChecklistTemplate) -> dict[str, Any]:
    """A checklist as the API answers it."""
    return {name: getattr(record, name) for name in ChecklistOut.model_fields}


def step(record: ChecklistStep) -> dict[str, Any]:
    """A step of a job as the API answers it."""
    return {name: getattr(record, name) for name in JobStepOut.model_fields}
