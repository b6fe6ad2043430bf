"""Shapes of the accounts endpoints."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class In(BaseModel):
    """A request: nothing but its own fields."""

    model_config = ConfigDict(extra="forbid")


class Branding(BaseModel):
    display_name: str
    primary_color: str


class TenantOut(BaseModel):
    """The document's one answer in camelCase."""

    businessCode: str  # noqa: N815
    businessName: str  # noqa: N815
    apiUrl: str  # noqa: N815
    tenantId: str  # noqa: N815
    branding: Branding


class LoginIn(In):
    username: Short
    password: Secret


class UserOut(BaseModel):
    """`technician_id` is there when the user is a technician."""

    id: int
    username: str
    name: str
    is_admin: bool
    roles: list[str]
    technician_id: int | None = None


class LoginOut(BaseModel):
    """Tokens and user; or, where a second factor is asked for, `mfa_required` and the challenge to answer."""

    access_token: str | None = None
    refresh_token: str | None = None
    user: UserOut | None = None
    mfa_required: bool | None = None
    mfa_challenge_token: str | None = None


class VerifyIn(In):
    challenge_token: Token
    code: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class MailCodeIn(In):
    challenge_token: Token


class MailCodeOut(BaseModel):
    sent: bool


class RefreshIn(In):
    """`rotate` asks for a new refresh token as well; the old one must then not be used again."""

    refresh_token: Token
    rotate: bool = False


class RefreshOut(BaseModel):
    access_token: str
    refresh_token: str | None = None


class RegisterIn(In):
    email: Annotated[str, StringConstraints(min_length=3, max_length=254)]
    username: Annotated[str, StringConstraints(min_length=2, max_length=64)]
    password: Secret
    first_name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    last_name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    company_name: Annotated[str, StringConstraints(min_length=2, max_length=120)]


class RegisterOut(BaseModel):
    access_token: str
    refresh_token: str
    user: UserOut
    tenant_id: str
    business_code: str
    business_name: str


class LogoutOut(BaseModel):
    logged_out: bool


class MeOut(UserOut):
    """Who the credential stands for, and where."""

    email: str
    tenant_id: str
    business_code: str
    business_name: str


class IdTokenIn(In):
    id_token: Annotated[str, StringConstraints(min_length=1, max_length=16384)]


class SsoRegisterIn(IdTokenIn):
    """`company_name` and `username` are made from the identity when they are not sent."""

    company_name: Annotated[str, StringConstraints(max_length=120)] = ""
    username: Annotated[str, StringConstraints(max_length=64)] = ""


class LinkedOut(BaseModel):
    linked: bool
    provider: str
    email: str


class HealthOut(BaseModel):
    """`tenant_id`, `environment` and `scopes` are there when a key is sent."""

    status: str
    version: str
    tenant_id: str | None = None
    environment: str | None = None
    scopes: list[str] | None = None
    timestamp: datetime


class OrganizationSettings(BaseModel):
    timezone: str
    default_locale: str


class OrganizationOut(BaseModel):
    id: str
    name: str
    industry: str
    parent_organization_id: str | None
    settings: OrganizationSettings
    created_at: datetime


def user_shape(user: Any) -> dict[str, Any]:
    """A user as the field API answers it."""
    shape = {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "is_admin": bool({"owner", "admin"} & set(user.roles)),
        "roles": list(user.roles),
    }
    return shape | ({"technician_id": user.technician_id} if user.technician_id is not None else {})
