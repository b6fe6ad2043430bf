"""Web Push: subscriptions of browsers, and messages to them that only they can read (RFC 8030, 8291, 8292).

The company has one key pair, made when it is first needed; the private key is kept encrypted. Addresses of push services
are given by browsers, so they are called as any address that a user gave: through `kit/outbound`.
"""

import base64
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import http_ece
import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import current_app
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from webapp.kit import clock, context, crypto, errors, journal, outbound, secrets
from webapp.kit.db import db
from webapp.models import PushKey, PushSubscription

secrets.declare(PushKey, "sealed")
secrets.declare(PushSubscription, "sealed")
TTL: Final = 12 * 3600  # seconds that a push service tries for: tomorrow it is no news any more
JWT_HOURS: Final = 12  # RFC 8292 allows 24
MOST_SUBSCRIPTIONS: Final = 10  # of one person
GONE: Final = (404, 410)  # the browser is no longer there (RFC 8030, 7.3)
MOST_PAYLOAD: Final = 3_000  # bytes; push services take 4,096 with everything around it


@dataclass(frozen=True, slots=True)
class Keys:
    """The company's key pair. `public` is the uncompressed point in base64url, as browsers subscribe with it."""

    public: str
    private_pem: bytes


def keys() -> Keys:
    """The present organization's key pair, made at the first question."""
    found = _stored()
    if found is None:
        private = ec.generate_private_key(ec.SECP256R1())
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        point = private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        values = {"public_key": encoded(point), "sealed": crypto.encrypt(pem), "created_at": clock.now()}
        # two who ask at once get the same pair: whoever comes second finds the first one's
        db.session.execute(
            insert(PushKey).values(tenant_id=context.tenant_id(), **values).on_conflict_do_nothing()
        )
        found = _stored()
        assert found is not None  # somebody wrote it just now
    return Keys(found.public_key, crypto.decrypt(found.sealed))


def _stored() -> PushKey | None:
    return db.session.scalar(select(PushKey).where(PushKey.tenant_id == context.tenant_id()))


# Subscriptions ----------------------------------------------------------------------------------------------------


def subscribe(endpoint: str, p256dh: str, auth: str, user_agent: str = "") -> PushSubscription:
    """Keep the present user's browser. The same address again takes its place, also from somebody else.

    Raises Invalid for an address that may not be called, or keys that are none.
    """
    me = _user()
    outbound.check(endpoint)
    _check_keys(p256dh, auth)
    sealed = crypto.encrypt(orjson.dumps({"endpoint": endpoint, "p256dh": p256dh, "auth": auth}))
    values = {
        "user_id": me,
        "sealed": sealed,
        "user_agent": user_agent[:300],
        "created_at": clock.now(),
        "failed_at": None,
    }
    number = db.session.scalar(
        insert(PushSubscription)
        .values(tenant_id=context.tenant_id(), endpoint_hash=crypto.digest(endpoint), **values)
        .on_conflict_do_update(index_elements=["tenant_id", "endpoint_hash"], set_=values)
        .returning(PushSubscription.id)
    )  # fmt: skip
    journal.audit("push.subscribed", diff={}, record_type="user", record_id=me)
    _keep_few(me)
    return db.session.get_one(PushSubscription, (context.tenant_id(), number), populate_existing=True)


def _keep_few(user_id: int) -> None:
    """The oldest of many browsers is one that nobody uses any more."""
    for old in of_user(user_id)[MOST_SUBSCRIPTIONS:]:
        db.session.delete(old)
    db.session.flush()


def _check_keys(p256dh: str, auth: str) -> None:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(p256dh))
        good = len(decoded(auth)) == 16
    except ValueError:
        good = False
    if not good:
        raise errors.Invalid.one("keys", "These are not the keys of a push subscription.")


def unsubscribe(endpoint: str) -> bool:
    """Forget the present user's browser; whether it was known."""
    me = _user()
    gone = db.session.execute(
        delete(PushSubscription).where(
            PushSubscription.tenant_id == context.tenant_id(),
            PushSubscription.user_id == me,
            PushSubscription.endpoint_hash == crypto.digest(endpoint),
        )
    )
    if gone.rowcount:  # type: ignore[attr-defined]  # a DELETE gives a CursorResult
        journal.audit("push.unsubscribed", diff={}, record_type="user", record_id=me)
        return True
    return False


def of_user(user_id: int) -> list[PushSubscription]:
    """A person's browsers, the latest first."""
    return list(
        db.session.scalars(
            select(PushSubscription)
            .where(PushSubscription.tenant_id == context.tenant_id(), PushSubscription.user_id == user_id)
            .order_by(PushSubscription.id.desc())
        )
    )


def _user() -> int:
    who = context.principal()
    if who.kind != "user" or who.id is None:
        raise errors.Forbidden("Only somebody who is signed in can be told by push.")
    return who.id


# Sending ----------------------------------------------------------------------------------------------------------


def send(user_id: int, message: dict[str, Any], *, topic: str = "") -> int:
    """Tell all of a person's browsers; how many push services took it.

    A browser that is gone (404, 410) is forgotten; one that cannot be reached is marked and tried again next time.
    A newer message takes the place of one with the same `topic` that was not delivered yet.
    """
    reached = 0
    for each in of_user(user_id):
        try:
            found = orjson.loads(crypto.decrypt(each.sealed))
            status = _post(found, message, topic)
        except (outbound.Refused, outbound.Failed, ValueError):
            status = 0
        if status in GONE:
            db.session.delete(each)
        elif 200 <= status < 300:
            each.failed_at = None
            reached += 1
        else:
            each.failed_at = clock.now()
    db.session.flush()
    return reached


def _post(found: dict[str, str], message: dict[str, Any], topic: str) -> int:
    pair = keys()
    headers = {
        "TTL": str(TTL),
        "Urgency": "high",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "Authorization": f"vapid t={token(found['endpoint'], pair)}, k={pair.public}",
    }
    if topic:
        headers["Topic"] = encoded(crypto.digest(topic))[:32]
    return outbound.fetch("POST", found["endpoint"], headers, sealed_for(found, message)).status


def sealed_for(found: dict[str, str], message: dict[str, Any]) -> bytes:
    """The message as only that browser can read it (RFC 8291)."""
    return bytes(
        http_ece.encrypt(
            orjson.dumps(message)[:MOST_PAYLOAD],
            private_key=ec.generate_private_key(ec.SECP256R1()),
            dh=decoded(found["p256dh"]),
            auth_secret=decoded(found["auth"]),
            version="aes128gcm",
        )
    )


def token(endpoint: str, pair: Keys) -> str:
    """Who we are, for one push service (RFC 8292): signed with the company's key, good for half a day."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": clock.unix() + JWT_HOURS * 3600,
        "sub": _contact(),
    }
    return jwt.encode(
        {"typ": "JWT", "alg": "ES256"}, claims, ECKey.import_key(pair.private_pem), algorithms=["ES256"]
    )


def _contact() -> str:
    """Where a push service reaches whoever runs this server: RFC 8292 wants https or mailto."""
    base = str(current_app.config["SETTINGS"].base_url)
    host = urlsplit(base).hostname or "localhost"
    return base if base.startswith("https://") else f"mailto:admin@{host}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Base64url with or without its padding. Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
