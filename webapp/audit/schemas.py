"""Shapes of the audit log's API."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from webapp.kit.paging import CursorQuery

Source = Literal["api", "cron", "n8n", "worker", "system"]


class AuditFilter(BaseModel):
    """Which entries: the same for the list and the export."""

    model_config = ConfigDict(extra="forbid")
    action: str | None = Field(None, max_length=100, description="For example `lead.updated`")
    source: Source | None = Field(
        None, description="Where the change came from; what people do on the pages is `api`"
    )
    start_at: AwareDatetime | None = Field(None, description="Created at or after this moment")
    end_at: AwareDatetime | None = Field(None, description="Created at or before this moment")

    @model_validator(mode="after")
    def _in_order(self) -> "AuditFilter":
        if self.start_at and self.end_at and self.start_at > self.end_at:
            raise ValueError("start_at must not be after end_at.")
        return self


class AuditQuery(AuditFilter, CursorQuery):
    """`cursor` and `limit` beside the filters."""


class AuditExport(AuditFilter):
    """`limit`: so many entries at most, the newest; all of them without."""

    limit: int | None = Field(None, ge=1, description="The newest so many entries; all of them when left out")


class AuditEntryOut(BaseModel):
    """One entry: what was done, from where, and a per-field difference in `payload.diff`."""

    id: UUID
    organization_id: UUID
    action: str
    source: Source
    correlation_id: str
    payload: dict[str, Any] = Field(
        description="`<record>_id`, `diff` {field: {from, to}}, `key_id`, `reason`"
    )
    created_at: datetime
