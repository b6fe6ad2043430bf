"""What a browser keeps while its person is at a provider's page, and afterwards until they have chosen what to do.

A flow is a cookie of its own, encrypted, good for ten minutes and for one answer. Who came back without a place to go
(several organizations, or none) is kept in the session for as long.
"""

import hmac
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import redis
from flask import Response, after_this_request, current_app, request, session

from webapp.accounts.service import oidc
from webapp.accounts.service.id_tokens import Identity
from webapp.config import Settings
from webapp.kit import clock, crypto, doorbell

SECONDS = 600
SIGN_IN, REGISTER, LINK, INVITE = "sign-in", "register", "link", "invite"
_IDENTITY = "identity"  # where the session keeps who came back


@dataclass(frozen=True, slots=True)
class Begun:
    """A flow that was begun at this browser: what for, and where its person goes afterwards.

    `session_id` is the session that links an account; `token` the invitation that is being accepted.
    """

    provider: str
    purpose: str
    secrets: oidc.Flow
    begun_at: int
    next: str = ""
    session_id: int | None = None
    token: str = ""


def begin(provider: str, purpose: str, *, next_: str = "", session_id: int | None = None,
          token: str = "") -> Begun:  # fmt: skip
    """A fresh flow, not kept yet."""
    return Begun(provider, purpose, oidc.begin(), clock.unix(), next_, session_id, token)


def keep(answer: Response, flow: Begun) -> Response:
    """Give the flow to the browser. A newer one takes the place of an older."""
    settings: Settings = current_app.config["SETTINGS"]
    # Lax: it comes along when the provider sends the person back, and with nothing that another site makes them post
    answer.set_cookie(_name(), crypto.encrypt(orjson.dumps(asdict(flow))).decode(), max_age=SECONDS, httponly=True,
                      secure=settings.secure, samesite="Lax")  # fmt: skip
    return answer


def take(provider: str, state: str) -> Begun | None:
    """The flow that an answer belongs to, used up by it; None when this browser began no such one, or too long ago."""
    flow = _read()
    if flow is None or flow.provider != provider or not state:
        return None
    if not hmac.compare_digest(flow.secrets.state.encode(), state.encode()):
        return None  # and the browser's own goes on: a link from elsewhere does not break it
    after_this_request(_drop)
    return flow if _first(state) else None


def _read() -> Begun | None:
    try:
        found: dict[str, Any] = orjson.loads(crypto.decrypt(request.cookies.get(_name(), "").encode()))
    except ValueError:
        return None
    flow = Begun(**found | {"secrets": oidc.Flow(**found["secrets"])})  # encrypted by us: its shape is ours
    return flow if 0 <= clock.unix() - flow.begun_at <= SECONDS else None


def _first(state: str) -> bool:
    """Whether this answer was not seen before, also from a copied cookie. Unknown while Redis is away."""
    name = f"truckroll:sso:{crypto.digest('state', state).hex()}"
    try:
        return bool(doorbell.connection().set(name, 1, nx=True, ex=SECONDS + 60))
    except redis.RedisError:
        return True  # the provider takes a code only once, too


def _name() -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return "__Host-sso" if settings.secure else "sso"


def _drop(answer: Response) -> Response:
    settings: Settings = current_app.config["SETTINGS"]
    answer.delete_cookie(_name(), httponly=True, secure=settings.secure, samesite="Lax")
    return answer


# Who came back ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody whom a provider vouched for and who has yet to choose an organization, or to register one."""

    identity: Identity
    next: str


def remember(identity: Identity, next_: str) -> None:
    """Keep who came back for ten minutes."""
    session[_IDENTITY] = asdict(identity) | {"next": next_, "until": clock.unix() + SECONDS}


def arrived() -> Arrived | None:
    """Who came back at this browser a moment ago."""
    found = session.get(_IDENTITY)
    if not found or found["until"] < clock.unix():
        return None
    values = {name: found[name] for name in Identity.__dataclass_fields__}
    return Arrived(Identity(**values), found["next"])


def forget() -> None:
    """They have chosen, or given up."""
    session.pop(_IDENTITY, None)
