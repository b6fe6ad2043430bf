"""The signing key, and how receivers check what it signs."""

from flask import Response

from webapp.audit import queries as audit
from webapp.integrations.connectors import queries
from webapp.integrations.connectors.service import keys as service
from webapp.integrations.connectors.views.registry import PATH
from webapp.integrations.permissions import CONNECTORS_MANAGE, CONNECTORS_READ
from webapp.integrations.samples import SAMPLES
from webapp.integrations.views import bp
from webapp.kit import clock, pages
from webapp.kit.permissions import may, requires

HERE = f"{PATH}/key"


@bp.get("/settings/connectors/key")
@requires(CONNECTORS_READ)
def signing_key() -> Response:
    """Which key signs, and which one waits."""
    return _page([])


def _page(secrets: list[tuple[str, str]]) -> Response:
    now, rows = clock.now(), queries.key_rows()
    present = next((r for r in rows if r.starts_at <= now), rows[-1] if rows else None)
    waiting = next((r for r in rows if r.starts_at > now and r is not present), None)
    return pages.render("integrations/connectors/key.html", present=present, waiting=waiting, secrets=secrets,
                        older=[r for r in rows if present and r.starts_at < present.starts_at],
                        may_manage=may(CONNECTORS_MANAGE), page_title="Signing key",
                        entries=audit.history("connector_key", present.id) if present else [])  # fmt: skip


@bp.post("/settings/connectors/key/make")
@requires(CONNECTORS_MANAGE)
def make_key() -> Response:
    """Make the first key, before there is a connector."""
    service.ensure()
    return pages.redirect(HERE)


@bp.post("/settings/connectors/key/show")
@requires(CONNECTORS_MANAGE)
def show_key() -> Response:
    """The key as text, on this page only; that it was shown is written down."""
    now = clock.now()
    found = service.shown()
    return _page([("Signs next" if key.starts_at > now and len(found) > 1 else "Signs now", key.text)
                  for key in sorted(found, key=lambda k: k.starts_at)])  # fmt: skip


@bp.post("/settings/connectors/key/rotate")
@requires(CONNECTORS_MANAGE)
def rotate_key() -> Response:
    """A new key, which signs a day from now."""
    made = service.rotate()
    pages.toast("The new key signs alone 24 hours from now, and beside the present one until then.")
    return _page([("Signs next", made.text)])


@bp.post("/settings/connectors/key/use")
@requires(CONNECTORS_MANAGE)
def use_key() -> Response:
    """The waiting key signs at once."""
    service.use_now()
    pages.toast("The new key signs from now on.")
    return pages.redirect(HERE)


@bp.post("/settings/connectors/key/withdraw")
@requires(CONNECTORS_MANAGE)
def withdraw_key() -> Response:
    """The waiting key is thrown away."""
    service.withdraw()
    pages.toast("The new key is withdrawn; the present one goes on.")
    return pages.redirect(HERE)


@bp.get("/settings/verification-samples")
@requires(CONNECTORS_READ)
def verification_samples() -> Response:
    """How a receiver checks what arrives, in the languages that receivers are written in."""
    return pages.render("integrations/samples.html", samples=SAMPLES, page_title="Verification samples")
