"""Files coming in (imports) and going out (downloads), each with the job that works on it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit.db import Base, Stamped, Tenanted, tenant_fk


class Download(Base, Tenanted, Stamped):
    """An export somebody asked for. Its file stays until it expires."""

    __tablename__ = "downloads"
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)  # sales.csv, pay_period.statements
    title: Mapped[str] = mapped_column(Text)
    args: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    status: Mapped[str] = mapped_column(Text, default="preparing")  # preparing, ready, failed, expired
    error: Mapped[str] = mapped_column(Text, default="")
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    file_id: Mapped[int | None] = mapped_column(BigInteger)
    __table_args__ = (
        Index("ix_downloads_user_id", "tenant_id", "user_id", "created_at"),
        Index("ix_downloads_file_id", "tenant_id", "file_id"),
        tenant_fk("user_id", table="users"),
        tenant_fk("file_id", table="stored_files"),
    )


class Import(Base, Tenanted, Stamped):
    """A CSV file on its way in: uploaded, mapped, checked, confirmed, written."""

    __tablename__ = "imports"
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)  # technicians, items, customers, sales
    filename: Mapped[str] = mapped_column(Text)
    file_id: Mapped[int | None] = mapped_column(BigInteger)
    encoding: Mapped[str] = mapped_column(Text, default="utf-8")
    delimiter: Mapped[str] = mapped_column(Text, default=",")
    header: Mapped[list[str]] = mapped_column(JSONB, default=list)
    mapping: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)  # our field → column of the file
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    # one of: uploaded, checking, checked, importing, done, failed, cancelled
    status: Mapped[str] = mapped_column(Text, default="uploaded")
    error: Mapped[str] = mapped_column(Text, default="")
    rows_total: Mapped[int] = mapped_column(Integer, default=0)
    rows_new: Mapped[int] = mapped_column(Integer, default=0)
    rows_changed: Mapped[int] = mapped_column(Integer, default=0)
    rows_same: Mapped[int] = mapped_column(Integer, default=0)
    rows_wrong: Mapped[int] = mapped_column(Integer, default=0)
    rows_unsure: Mapped[int] = mapped_column(Integer, default=0)
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_imports_created_at", "tenant_id", "created_at"),
        Index("ix_imports_file_id", "tenant_id", "file_id"),
        Index("ix_imports_user_id", "tenant_id", "user_id"),
        tenant_fk("user_id", table="users"),
        tenant_fk("file_id", table="stored_files"),
    )


class ImportRow(Base, Tenanted):
    """What became of one row. `row_key` makes a repeated import find what it wrote the first time."""

    __tablename__ = "import_rows"
    import_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)
    row_number: Mapped[int] = mapped_column(Integer)  # as a spreadsheet counts: the header is 1
    status: Mapped[str] = mapped_column(Text)  # new, changed, same, wrong, unsure
    problems: Mapped[list[dict[str, str]]] = mapped_column(
        JSONB, default=list
    )  # column, message; of a changed row before, after
    choices: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)  # candidates, when unsure
    chosen: Mapped[str | None] = mapped_column(Text)  # "new" or the id that was picked
    row_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    record_id: Mapped[int | None] = mapped_column(BigInteger)
    __table_args__ = (
        Index("uq_import_rows_row", "tenant_id", "import_id", "row_number", unique=True),
        Index("ix_import_rows_status", "tenant_id", "import_id", "status", "row_number"),
        Index("ix_import_rows_key", "tenant_id", "kind", "row_key"),
        tenant_fk("import_id", table="imports"),
    )
