"""Shapes of the APIs of zones, skills and vehicles."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[int, Field(ge=1, lt=2**63)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
STRICT = ConfigDict(extra="forbid")


class Removed(BaseModel):
    """What became of a record: deleted, or archived because others refer to it."""

    id: int
    deleted: bool
    archived: bool


def shape(record: Any, model: type[BaseModel], **more: Any) -> dict[str, Any]:
    """A record as the API answers it; `more` are fields that are no columns of it."""
    return {name: more[name] if name in more else getattr(record, name) for name in model.model_fields}
