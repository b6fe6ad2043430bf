"""The Outbox, one message, the do-not-contact list, and the way out of marketing."""

from typing import Any

from flask import Blueprint, Response, current_app, request
from sqlalchemy import select

from webapp.audit import queries as audit
from webapp.kit import clock, context, csv, errors, files, limits, listing, lists, pages, search, tenancy
from webapp.kit.clean import phone_words
from webapp.kit.db import db, find, get
from webapp.kit.listing import ListQuery, Sort
from webapp.kit.permissions import may, public, requires
from webapp.kit.tables import StoredFile
from webapp.messaging import links, queries, rules, service
from webapp.messaging.forms import SuppressForm
from webapp.messaging.permissions import MESSAGING_MANAGE, MESSAGING_READ
from webapp.models import Message, Organization, Suppression

outbox_pages = Blueprint("messaging", __name__)

STATUSES = {
    "queued": "On its way",
    "sent": "Sent",
    "outbox": "Kept here",
    "blocked": "Blocked",
    "failed": "Failed",
}
TONES = {"outbox": "neutral", "queued": "info"}
CHANNELS = {"email": "Email", "sms": "Text message"}
PURPOSES = {"transactional": "Transactional", "marketing": "Marketing"}
SORTS = {"created": Sort(Message.created_at, descending=True), "to": Sort(Message.to_address)}
COLUMNS = [
    {"key": "created_at", "label": "When", "kind": "when", "sort": "created", "always": True},
    {"key": "to", "label": "To", "kind": "cell", "sort": "to"},
    {"key": "subject", "label": "Message", "kind": "cell", "always": True},
    {"key": "state", "label": "State", "kind": "cell"},
    {"key": "channel_words", "label": "Channel", "kind": "text"},
    {"key": "purpose_words", "label": "Purpose", "kind": "text", "hidden": True},
    {"key": "template", "label": "Template", "kind": "text", "hidden": True},
    {"key": "sent_at", "label": "Sent", "kind": "when", "hidden": True},
]
LABELS = {"status": "State", "channel": "Channel", "purpose": "Purpose", "from": "Since", "to": "Until"}
WORDS = {"status": STATUSES, "channel": CHANNELS, "purpose": PURPOSES}


@outbox_pages.get("/outbox")
@requires(MESSAGING_READ)
def outbox() -> Response:
    """Every message, newest first."""
    query = listing.read(SORTS, "created", labels=LABELS, words=WORDS)
    statement = _filtered(query)
    if dict(query.pairs).get("format") == "csv":
        return csv.response(_csv(statement), "messages")
    page = listing.rows(statement, query, SORTS, Message.id, total=lists.total(statement))
    page.rows = [_row(row) for row in page.rows]
    return pages.render("messaging/outbox.html", block={"results": "results"}, page_title="Outbox", page=page, query=query,
                        columns=COLUMNS, statuses=list(STATUSES.items()), channels=list(CHANNELS.items()),
                        purposes=list(PURPOSES.items()), may_manage=may(MESSAGING_MANAGE),
                        kept={c: why for c in CHANNELS if (why := queries.kept_here(c))})  # fmt: skip


def _filtered(query: ListQuery) -> Any:
    statement = queries.outbox()
    for name, column, known in (("status", Message.status, STATUSES), ("channel", Message.channel, CHANNELS),
                                ("purpose", Message.purpose, PURPOSES)):  # fmt: skip
        wanted = [v for v in query.getlist(name) if v in known]
        if wanted:
            statement = statement.where(column.in_(wanted))
    zone = queries.organization().time_zone
    if start := query.date("from"):
        statement = statement.where(Message.created_at >= clock.day_bounds(start, zone)[0])
    if end := query.date("to"):
        statement = statement.where(Message.created_at < clock.day_bounds(end, zone)[1])
    found = search.matching("message", query.get("q"))
    if found is not None:
        statement = statement.where(Message.id.in_(found))
    return statement


def _row(row: Any) -> dict[str, Any]:
    return {
        "id": row.id, "created_at": row.created_at, "to_name": row.to_name,
        "to_address": _shown_address(row.channel, row.to_address), "subject": row.subject or CHANNELS.get(row.channel),
        "why": row.why if row.status != "outbox" else "", "status": row.status, "secret": row.secret,
        "status_words": STATUSES.get(row.status, row.status), "tone": TONES.get(row.status),
        "channel": row.channel, "channel_words": CHANNELS.get(row.channel, row.channel),
        "purpose_words": PURPOSES.get(row.purpose, row.purpose), "template": row.template, "sent_at": row.sent_at,
    }  # fmt: skip


def _shown_address(channel: str, address: str) -> str:
    return phone_words(address) if channel == "sms" else address


def _csv(statement: Any) -> Any:
    zone = queries.organization().time_zone
    return statement.with_only_columns(
        csv.moment(Message.created_at, zone).label("Queued"), csv.moment(Message.sent_at, zone).label("Sent"),
        Message.status.label("State"), csv.safe(Message.why).label("Why"), Message.channel.label("Channel"),
        Message.purpose.label("Purpose"), csv.safe(Message.to_address).label("To"), csv.safe(Message.to_name).label("Name"),
        csv.safe(Message.subject).label("Subject"), csv.safe(Message.template).label("Template"),
        Message.public_id.label("Id"),
    ).order_by(Message.created_at.desc(), Message.id.desc())  # fmt: skip


@outbox_pages.get("/outbox/<int:message_id>")
@requires(MESSAGING_READ)
def message(message_id: int) -> Response:
    """One message as it is, or would be, received."""
    found = get(Message, message_id)
    text = queries.shown(found)
    attached = [(a, find(StoredFile, a["file_id"])) for a in found.attachments]
    return pages.render(
        "messaging/message.html", page_title=text.subject or "Text message", message=found, text=text,
        status_words=STATUSES.get(found.status, found.status), tone=TONES.get(found.status),
        address=_shown_address(found.channel, found.to_address), channel=CHANNELS.get(found.channel, found.channel),
        purpose=PURPOSES.get(found.purpose, found.purpose),
        attachments=[{"label": a["name"], "hint": _size(a["size"]), "icon": "paperclip",
                      "url": files.link(file) if file else None} for a, file in attached],
        about=audit.page_of(found.record_type, found.record_id), attempts=queries.attempts(found),
        entries=audit.history("message", found.id),
        may_retry=found.status in ("blocked", "failed", "outbox") and may(MESSAGING_MANAGE),
        kept=queries.kept_here(found.channel),
    )  # fmt: skip


def _size(amount: int) -> str:
    return f"{amount:,} bytes" if amount < 1024 else f"{amount // 1024:,} KB"


@outbox_pages.post("/outbox/<int:message_id>/retry")
@requires(MESSAGING_MANAGE)
def retry(message_id: int) -> Response:
    """Send a message again that did not leave."""
    service.retry(message_id)
    pages.toast("The message is on its way again.")
    return pages.redirect(f"/outbox/{message_id}")


@outbox_pages.post("/outbox/bulk/retry")
@requires(MESSAGING_MANAGE)
def retry_several() -> Response:
    """Send the ticked messages again; those that may not leave say why."""
    query = listing.read(SORTS, "created", labels=LABELS, words=WORDS)
    ids = lists.selected(lambda most: [row.id for row in db.session.execute(_filtered(query).limit(most))])
    done, refused = 0, ""
    for number in ids:
        try:
            service.retry(number)
            done += 1
        except errors.Conflict as problem:
            refused = problem.message
    if done:
        pages.toast(f"{done} on the way again.")
    if refused:
        pages.toast(f"{len(ids) - done} not sent again. {refused}", "warning")
    return pages.redirect(lists.back_to("/outbox", query))


# The do-not-contact list ------------------------------------------------------------------------------------------

SOURCES = {"link": "Unsubscribe link", "list-unsubscribe-header": "One click in the mail program",
           "provider": "The mail server or provider"}  # fmt: skip
LIST_SORTS = {"added": Sort(Suppression.created_at, descending=True), "address": Sort(Suppression.address)}
LIST_COLUMNS = [
    {"key": "address", "label": "Address", "kind": "text", "sort": "address", "always": True},
    {"key": "channel_words", "label": "Channel", "kind": "text"},
    {"key": "blocks", "label": "Blocks", "kind": "text"},
    {"key": "reason_words", "label": "Why", "kind": "text"},
    {"key": "source", "label": "Added by", "kind": "text"},
    {"key": "created_at", "label": "Since", "kind": "when", "sort": "added"},
    {"key": "remove", "label": "Remove", "kind": "cell", "hide_label": True, "always": True, "align": "end"},
]


@outbox_pages.get("/outbox/do-not-contact")
@requires(MESSAGING_READ)
def do_not_contact() -> Response:
    """Addresses that must not be written to, and why."""
    return _list_page(SuppressForm())


def _list_page(form: SuppressForm, status: int = 200, block: Any = None) -> Response:
    query = listing.read(LIST_SORTS, "added", labels={"channel": "Channel"}, words={"channel": CHANNELS})
    statement = select(
        Suppression.id, Suppression.channel, Suppression.address, Suppression.reason, Suppression.source,
        Suppression.created_at,
    ).where(Suppression.tenant_id == context.tenant_id())  # fmt: skip
    if query.get("channel") in CHANNELS:
        statement = statement.where(Suppression.channel == query.get("channel"))
    if wanted := query.get("q").strip().lower():
        digits = "".join(c for c in wanted if c.isdigit())
        number = digits if digits and not any(c.isalpha() or c == "@" for c in wanted) else wanted
        statement = statement.where(Suppression.address.contains(number, autoescape=True))
    page = listing.rows(statement, query, LIST_SORTS, Suppression.id, total=lists.total(statement))
    page.rows = [_list_row(row) for row in page.rows]
    return pages.render("messaging/do_not_contact.html", block=block or {"results": "results"}, status=status,
                        page_title="Do not contact", page=page, query=query, columns=LIST_COLUMNS,
                        channels=list(CHANNELS.items()), form=form, may_manage=may(MESSAGING_MANAGE))  # fmt: skip


def _list_row(row: Any) -> dict[str, Any]:
    everything = row.reason not in rules.MARKETING_ONLY
    words = rules.REASONS.get(row.reason, row.reason.replace("_", " "))
    return {"id": row.id, "address": _shown_address(row.channel, row.address),
            "channel_words": CHANNELS.get(row.channel, row.channel),
            "blocks": "Everything" if everything else "Marketing", "reason_words": words[:1].upper() + words[1:],
            "source": SOURCES.get(row.source, row.source), "created_at": row.created_at}  # fmt: skip


@outbox_pages.post("/outbox/do-not-contact")
@requires(MESSAGING_MANAGE)
def add_to_list() -> Response:
    """Put an address on the list."""
    form = SuppressForm()
    if form.validate():
        try:
            found = service.suppress(
                form.channel.data, form.address.data, form.reason.data, source=context.principal().name
            )
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(
                f"{found.address} is on the list.", undo_url=f"/outbox/do-not-contact/{found.id}/remove"
            )
            return pages.redirect("/outbox/do-not-contact")
    return _list_page(form, status=422, block="form")


@outbox_pages.post("/outbox/do-not-contact/<int:entry_id>/remove")
@requires(MESSAGING_MANAGE)
def remove_from_list(entry_id: int) -> Response:
    """Take an address off the list."""
    gone = service.unsuppress(entry_id)
    pages.toast(f"{gone.address} may be written to again.")
    return pages.redirect("/outbox/do-not-contact")


# The way out, for recipients --------------------------------------------------------------------------------------


@outbox_pages.route("/unsubscribe/<token>", methods=["GET", "POST"])
@public("the way out of marketing needs no account; the link carries its organization under a MAC")
def unsubscribe(token: str) -> Response:
    """Leave marketing. Opening the link changes nothing (scanners open links); the button, or one click in the mail
    program (RFC 8058), does."""
    limits.hit(current_app.config["SETTINGS"].limits.public_address, "unsubscribe", request.remote_addr or "")
    link = links.read_unsubscribe(token)
    if link is None:
        raise errors.NotFound(
            "This link is not one of ours, or was cut off. Answer the message instead, and ask."
        )
    tenant, channel, address = link
    with tenancy.across(tenant):
        company = db.session.get(Organization, tenant)
        if company is None:
            raise errors.NotFound("This company does not exist here any more.")
        name = company.display_name
        if request.method == "POST":
            service.suppress(channel, address, "user_unsubscribe",
                             source="list-unsubscribe-header" if "List-Unsubscribe" in request.form else "link")  # fmt: skip
    return pages.render("messaging/unsubscribe.html", page_title="Unsubscribe", company=name, address=address, token=token,
                        done=request.method == "POST")  # fmt: skip
