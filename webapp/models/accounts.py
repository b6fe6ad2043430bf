"""Organizations, users, sessions, keys, and what belongs to one user."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit import ids
from webapp.kit.db import Base, Stamped, Tenanted, tenant_fk


class Organization(Base, Stamped):
    """A contractor's company, or one location of it. Its `tenant_id` is its public id."""

    __tablename__ = "organizations"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    business_code: Mapped[str] = mapped_column(Text)  # upper case; also in the directory
    name: Mapped[str] = mapped_column(Text)  # the legal name
    display_name: Mapped[str] = mapped_column(Text)
    primary_color: Mapped[str] = mapped_column(Text, default="#2563eb")
    logo_file_id: Mapped[int | None] = mapped_column(BigInteger)
    time_zone: Mapped[str] = mapped_column(Text, default="America/New_York")
    locale: Mapped[str] = mapped_column(Text, default="en-US")
    industry: Mapped[str] = mapped_column(Text, default="home_services")
    phone: Mapped[str] = mapped_column(Text, default="")
    email: Mapped[str] = mapped_column(Text, default="")
    address: Mapped[str] = mapped_column(Text, default="")
    parent_organization_id: Mapped[UUID | None] = mapped_column(Uuid)
    require_mfa: Mapped[bool] = mapped_column(Boolean, default=False)  # everyone must set up a second factor
    second_person: Mapped[bool] = mapped_column(
        Boolean, default=False
    )  # closing pay needs another's approval
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    sandbox_of: Mapped[UUID | None] = mapped_column(Uuid)  # of a sandbox: the organization it belongs to
    sandbox_id: Mapped[UUID | None] = mapped_column(Uuid)  # where its test keys work, once it was reset

    @property
    def id(self) -> UUID:
        return self.tenant_id


class User(Base, Tenanted, Stamped):
    """Somebody who signs in."""

    __tablename__ = "users"
    public_id: Mapped[UUID] = mapped_column(Uuid, default=lambda: ids.uuid4())
    username: Mapped[str] = mapped_column(Text)  # lower case
    email: Mapped[str] = mapped_column(Text, default="")  # lower case
    phone: Mapped[str] = mapped_column(Text, default="")  # E.164
    name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(
        Text
    )  # None until an invitation is accepted, or SSO only
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    narrowed: Mapped[list[str]] = mapped_column(
        ARRAY(Text), default=list
    )  # permissions taken away from this user
    technician_id: Mapped[int | None] = mapped_column(BigInteger)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)  # encrypted; confirmed once totp_on is set
    totp_on: Mapped[bool] = mapped_column(Boolean, default=False)
    totp_last_step: Mapped[int] = mapped_column(BigInteger, default=0)  # a code is good once
    email_codes: Mapped[bool] = mapped_column(Boolean, default=False)  # a mailed code as second factor
    last_sign_in_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    theme: Mapped[str] = mapped_column(Text, default="auto")
    __table_args__ = (
        Index("uq_users_username", "tenant_id", "username", unique=True),
        Index("uq_users_technician_id", "tenant_id", "technician_id", unique=True,
              postgresql_where=sql("technician_id is not null")),
        Index("ix_users_email", "tenant_id", "email"),
        tenant_fk("technician_id", table="technicians"),
    )  # fmt: skip


class UserSession(Base, Tenanted):
    """A signed-in browser or API client; revoked ones stop working within seconds."""

    __tablename__ = "user_sessions"
    user_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)  # browser, api
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)  # of the present refresh token or cookie secret
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary)  # rotated away: its use ends the session
    rotates: Mapped[bool] = mapped_column(Boolean, default=False)
    address: Mapped[str] = mapped_column(Text, default="")
    agent: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))  # absolute limit
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_why: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (
        Index("ix_user_sessions_user_id", "tenant_id", "user_id", "created_at"),
        tenant_fk("user_id", table="users", ondelete="CASCADE"),
    )


class BackupCode(Base, Tenanted):
    """A second factor on paper, good once."""

    __tablename__ = "backup_codes"
    user_id: Mapped[int] = mapped_column(BigInteger)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id", "code_hash"),
        tenant_fk("user_id", table="users", ondelete="CASCADE"),
    )


class OneTimeToken(Base, Tenanted):
    """A link or code that works once: invitation, password reset, mailed code, sign-in challenge."""

    __tablename__ = "one_time_tokens"
    user_id: Mapped[int] = mapped_column(BigInteger)
    purpose: Mapped[str] = mapped_column(Text)  # invite, reset, code, challenge
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    tries: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_one_time_tokens_token", "tenant_id", "purpose", "token_hash"),
        Index("ix_one_time_tokens_user_id", "tenant_id", "user_id", "purpose"),
        tenant_fk("user_id", table="users", ondelete="CASCADE"),
    )


class SsoIdentity(Base, Tenanted):
    """A user's identity at Google, Apple or Microsoft; issuer and subject are in the directory too."""

    __tablename__ = "sso_identities"
    user_id: Mapped[int] = mapped_column(BigInteger)
    provider: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        UniqueConstraint("tenant_id", "issuer", "subject"),
        Index("ix_sso_identities_user_id", "tenant_id", "user_id"),
        tenant_fk("user_id", table="users", ondelete="CASCADE"),
    )


class ApiKey(Base, Tenanted, Stamped):
    """A partner's credential. Only its hash is kept; the key itself was shown once."""

    __tablename__ = "api_keys"
    public_id: Mapped[UUID] = mapped_column(Uuid, default=lambda: ids.uuid4())
    name: Mapped[str] = mapped_column(Text)
    product: Mapped[str] = mapped_column(Text)  # field, growth, closebot …; with `_test`: of the sandbox
    prefix: Mapped[str] = mapped_column(Text)  # tk_live_AbC123: what people recognise it by
    lookup_key: Mapped[str] = mapped_column(Text)  # the part that finds it; in the directory by hash
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    role: Mapped[str] = mapped_column(Text, default="")  # field keys: the role it acts with
    scope: Mapped[str] = mapped_column(Text, default="")  # growth keys: read, write, admin
    access: Mapped[str] = mapped_column(Text, default="full")  # full, read, chosen
    scopes: Mapped[list[str]] = mapped_column(
        ARRAY(Text), default=list
    )  # of a key with chosen ones: sales:read
    allowed: Mapped[list[str]] = mapped_column(
        ARRAY(Text), default=list
    )  # addresses and blocks; none: anywhere
    secret_end: Mapped[str] = mapped_column(
        Text, default=""
    )  # the last characters, to tell two secrets apart
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary)  # of the secret before the last rotation
    previous_end: Mapped[str] = mapped_column(Text, default="")
    previous_until: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True)
    )  # and until when it works
    previous_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    rotated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[int | None] = mapped_column(BigInteger)
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reminded: Mapped[int] = mapped_column(SmallInteger, default=0)  # days before the end last told of: 14, 3
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_address: Mapped[str] = mapped_column(Text, default="")
    last_route: Mapped[str] = mapped_column(Text, default="")
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("uq_api_keys_lookup_key", "tenant_id", "lookup_key", unique=True),
        Index("ix_api_keys_created_by", "tenant_id", "created_by"),
        CheckConstraint("access in ('full', 'read', 'chosen')", name="access"),
        tenant_fk("created_by", table="users"),
    )


class ApiUsage(Base):
    """How often a key called a route on a day of the organization's calendar, by what came of it."""

    __tablename__ = "api_usage"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    key_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    route: Mapped[str] = mapped_column(Text, primary_key=True)  # GET /api/v1/sales/{sale_id}
    outcome: Mapped[str] = mapped_column(Text, primary_key=True)  # ok, refused, limited, failed
    requests: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (
        Index("ix_api_usage_day", "tenant_id", "day"),
        CheckConstraint("outcome in ('ok', 'refused', 'limited', 'failed')", name="outcome"),
        tenant_fk("key_id", table="api_keys", ondelete="CASCADE"),
    )


class ApiUsageMark(Base):
    """The last batch of counts that was filed, so that none is filed twice."""

    __tablename__ = "api_usage_marks"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    batch: Mapped[str] = mapped_column(Text)


class Notice(Base, Tenanted):
    """Something one user should know: an export is ready, an import failed."""

    __tablename__ = "notices"
    user_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)  # info, success, warning, danger
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text, default="")
    url: Mapped[str] = mapped_column(Text, default="")
    dedupe_key: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_notices_user_id", "tenant_id", "user_id", "created_at"),
        Index("uq_notices_dedupe_key", "tenant_id", "user_id", "dedupe_key", unique=True,
              postgresql_where=sql("dedupe_key is not null")),
        tenant_fk("user_id", table="users", ondelete="CASCADE"),
    )  # fmt: skip


class SavedView(Base, Tenanted):
    """A list's filters, order and columns under a name, for one user or for everybody."""

    __tablename__ = "saved_views"
    user_id: Mapped[int] = mapped_column(BigInteger)
    path: Mapped[str] = mapped_column(Text)  # /sales
    name: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)  # status=pending&sort=amount
    shared: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_saved_views_path", "tenant_id", "path"),
        Index("uq_saved_views_name", "tenant_id", "user_id", "path", "name", unique=True),
        CheckConstraint("length(name) between 1 and 60", name="name_length"),
        tenant_fk("user_id", table="users", ondelete="CASCADE"),
    )
