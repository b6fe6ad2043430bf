"""The installed application: its frame, service worker and manifest, what it keeps, and what it sends.

`/sw.js` and the frame hold nothing of anybody, so they are the same for everyone and asked for without a session.
"""

from typing import Any, TypeVar

import orjson
from flask import Response, current_app, request
from flask_wtf.csrf import generate_csrf
from pydantic import BaseModel

from webapp.dispatch import service as dispatch
from webapp.dispatch.permissions import DISPATCH_OWN
from webapp.dispatch.service import positions
from webapp.kit import assets, clock, context, crypto, errors, json, pages, permissions, requests
from webapp.kit.permissions import requires
from webapp.phone import schemas, shapes
from webapp.phone.service import actions, push
from webapp.phone.views import app_bp

FRAME = "/phone/frame"
FRAME_TEMPLATES = ("base.html", "phone/frame.html", "phone/_head.html")
MOST_SENT = 14 * 1024 * 1024  # bytes of a photo with its words


@app_bp.get("/sw.js")
@permissions.public("no session: the service worker, which holds nothing of anybody")
def worker() -> Response:
    """The service worker at the root, so that it serves the whole site; the browser looks for a newer one each day."""
    built = orjson.loads(assets.path_of("phone-files.json").read_bytes())
    names = [assets.PREFIX + name for name in built["files"]]
    # the frame is kept with the files: where its words change, everything is kept anew
    version = crypto.digest(built["version"], *(_source(name) for name in FRAME_TEMPLATES)).hex()[:12]
    told = orjson.dumps({"version": version, "files": names, "frame": FRAME}).decode()
    source = assets.path_of("phone-worker.js").read_text(encoding="utf-8")
    answer = Response(f"self.TRUCKROLL = {told};\n{source}", mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"  # a newer one must be found at once
    answer.headers["Service-Worker-Allowed"] = "/"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'"
    return _tagged(answer)


def _source(template: str) -> str:
    loader = current_app.jinja_env.loader
    assert loader is not None  # Flask's own
    return loader.get_source(current_app.jinja_env, template)[0]


def _tagged(answer: Response) -> Response:
    """304 while it is as the browser has it."""
    answer.add_etag()
    answer.make_conditional(request)
    return answer


@app_bp.get("/manifest.webmanifest")
@permissions.public("no session: what the application is called when it is installed")
def manifest() -> Response:
    """The web app manifest."""
    icons = [
        {"src": assets.asset(f"icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size in (192, 512)
        for purpose in ("any", "maskable")
    ]  # fmt: skip
    found = {
        "id": "/my/day", "name": "Truckroll", "short_name": "Truckroll", "description": "My day: jobs, time and sales",
        "start_url": "/my/day", "scope": "/", "display": "standalone", "orientation": "any",
        "background_color": "#fbfbfc", "theme_color": "#fbfbfc", "icons": icons,
        "shortcuts": [{"name": "My time", "url": "/my/time"}, {"name": "My sales", "url": "/my/sales"}],
    }  # fmt: skip
    answer = Response(orjson.dumps(found), mimetype="application/manifest+json")
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


@app_bp.get(FRAME)
@permissions.public("no session: the frame of the application, which holds nothing of anybody")
def frame() -> Response:
    """The page that the phone opens without a signal; everything in it comes from what the phone keeps."""
    answer = pages.render("phone/frame.html", page_title="My day")
    answer.headers.pop("Vary", None)
    return answer


@app_bp.get("/phone/session")
@permissions.public("whoever asks learns whether they are signed in, and as whom")
def session() -> Response:
    """Who sits here, the form token, and what the time is."""
    if context.principal().kind != "user":
        return json.answer({"signed_in": False, "now": clock.iso_ms(clock.now())})
    navigation: Any = current_app.jinja_env.globals["nav"]
    return json.answer({"signed_in": True, **shapes.session(navigation(), generate_csrf())})


@app_bp.get("/my/phone/day")
@requires(DISPATCH_OWN)
def day() -> Response:
    """Everything the phone keeps for today and tomorrow, but the price book."""
    return json.answer(shapes.day(), milliseconds=True)


@app_bp.get("/my/phone/prices")
@requires(DISPATCH_OWN)
def prices() -> Response:
    """The price book; 304 while it is as the phone has it."""
    answer = json.answer(shapes.prices())
    answer.headers["Cache-Control"] = "private, no-cache"
    return _tagged(answer)


@app_bp.post("/my/phone/actions")
@requires(DISPATCH_OWN)
def act() -> Response:
    """Do one action of the phone's queue. The answer is final and given again for the same key."""
    body, picture = _action()
    mine = shapes.person()
    if body.person and body.person != mine:
        raise errors.Forbidden(
            "This was kept by somebody else on this phone. They have to sign in to send it."
        )
    return actions.perform(
        actions.Action(
            key=body.key, kind=body.kind, job_id=body.job_id, happened_at=body.happened_at, sent_at=body.sent_at,
            seen_pass=body.seen_pass, data=body.data, picture=picture,
        )
    )  # fmt: skip


def _action() -> tuple[schemas.ActionIn, bytes]:
    if request.mimetype != "multipart/form-data":
        return _body(schemas.ActionIn), b""
    if (request.content_length or 0) > MOST_SENT:
        raise errors.TooLarge("The photo is too large.")
    sent = request.files.get("picture")
    return requests.check(
        schemas.ActionIn, _json(request.form.get("action", ""))
    ), sent.read() if sent else b""


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise errors.BadRequest("The action is not JSON.") from None


M = TypeVar("M", bound=BaseModel)


def _body(model: type[M]) -> M:
    return requests.body(model)


@app_bp.post("/my/phone/location")
@requires(DISPATCH_OWN)
def location() -> Response:
    """Where the phone is, while its page is open, clocked in and with consent."""
    body = _body(schemas.LocationIn)
    positions.report(body.latitude, body.longitude, speed=body.speed, heading=body.heading, accuracy=body.accuracy,
                     happened_at=body.happened_at, sent_at=body.sent_at)  # fmt: skip
    return json.answer({"kept": True})


@app_bp.post("/my/phone/conflicts/<int:conflict_id>")
@requires(DISPATCH_OWN)
def decide(conflict_id: int) -> Response:
    """Say which version holds."""
    body = _body(schemas.DecisionIn)
    dispatch.resolve_conflict(conflict_id, body.choice)
    return json.answer({"decided": body.choice})


@app_bp.get("/my/phone/push")
@requires(DISPATCH_OWN)
def push_key() -> Response:
    """The key that browsers subscribe with."""
    return json.answer({"key": push.keys().public})


@app_bp.post("/my/phone/push")
@requires(DISPATCH_OWN)
def subscribe() -> Response:
    """Keep this browser's push subscription."""
    body = _body(schemas.PushIn)
    push.subscribe(body.endpoint, body.keys.p256dh, body.keys.auth, request.headers.get("User-Agent", ""))
    return json.answer({"subscribed": True})


@app_bp.post("/my/phone/push/forget")
@requires(DISPATCH_OWN)
def unsubscribe() -> Response:
    """Forget this browser's push subscription."""
    return json.answer({"forgotten": push.unsubscribe(_body(schemas.ForgetIn).endpoint)})
