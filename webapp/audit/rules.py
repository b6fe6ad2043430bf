"""The audit log in words: actions, fields and values as people say them. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from webapp.kit import money

TABLE = "audit_entries"
KEPT_YEARS = 7
DROPPED = "audit.dropped"  # the action of the entry that says which older ones were let go of
SOURCES = ("web", "api", "cron", "n8n", "worker", "system")
SOURCE_WORDS = {"web": "Browser", "api": "API", "cron": "Schedule", "n8n": "n8n", "worker": "Background work",
                "system": "Truckroll itself"}  # fmt: skip
# record types come from table names less their s
THINGS = {"propertie": "property", "item_categorie": "category", "item_category": "category", "api_key": "API key",
          "suppression": "do-not-contact entry", "organization": "company", "commission_rate": "commission rate",
          "user_session": "session", "sso_identitie": "sign-in with a provider"}  # fmt: skip
_LABELS = {"id": "Number", "rate_bps": "Rate", "ov_rate_bps": "Override rate", "totp_on": "Second factor",
           "sso": "Single sign-on", "url": "Address", "require_mfa": "Second factor for everyone",
           "second_person": "A second person approves pay"}  # fmt: skip
_SUFFIXES = ("_cents", "_bps", "_file_id", "_id")
_TONES = {"success": "approved paid sent accepted closed enabled restored linked",
          "danger": "rejected voided deleted removed failed revoked refused locked",
          "warning": "blocked reopened narrowed deactivated suspended widened",
          "info": "created added invited signed_in imported queued exported"}  # fmt: skip
_ICONS = {"created": "circle-plus", "added": "circle-plus", "recorded": "circle-plus", "updated": "pencil",
          "changed": "pencil", "approved": "check", "rejected": "x", "voided": "ban", "unvoided": "undo-2",
          "closed": "lock", "reopened": "lock", "sent": "send", "queued": "mail", "blocked": "ban",
          "failed": "triangle-alert", "retried": "refresh-cw", "merged": "git-merge", "unmerged": "split",
          "archived": "archive", "restored": "rotate-ccw", "removed": "trash-2", "deleted": "trash-2",
          "invited": "user-plus", "imported": "upload", "exported": "download", "revoked": "key-round",
          "signed_in": "log-in", "signed_out": "log-out"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gap:
    """Positions of a chain, both included, whose entries were let go of, and the hash of the last of them."""

    first: int
    last: int
    hash: bytes

    @property
    def entries(self) -> int:
        return self.last - self.first + 1


def joined(gaps: Iterable[Gap]) -> list[Gap]:
    """The same positions in as few gaps as can be: where one follows on another, the last hash stands for both."""
    found: list[Gap] = []
    for gap in sorted(gaps, key=lambda g: g.first):
        if found and found[-1].last + 1 == gap.first:
            found[-1] = Gap(found[-1].first, gap.last, gap.hash)
        else:
            found.append(gap)
    return found


def kept_since(now: datetime) -> datetime:
    """Seven years ago: what was written before may go."""
    year = now.year - KEPT_YEARS
    leap_day = (now.month, now.day) == (2, 29)  # no leap year is seven years after another
    return now.replace(year=year, day=28 if leap_day else now.day)


@dataclass(frozen=True, slots=True)
class Phrase:
    """How an action reads behind a name: “Kim Daniels *approved the sale*”."""

    text: str
    icon: str = "circle"
    tone: str = "neutral"


PHRASES: dict[str, Phrase] = {
    DROPPED: Phrase("let go of the entries older than seven years", "archive"),
    "commission_scale.set": Phrase("set the discount scale", "scale"),
    "commission_rate.set": Phrase("set the commission rate", "percent"),
    "customer.merged_away": Phrase("merged the customer into another", "git-merge"),
    "download.opened": Phrase("opened the download", "download"),
    "download.requested": Phrase("asked for the download", "download", "info"),
    "import.answered": Phrase("answered questions of the import", "circle-help"),
    "import.done": Phrase("finished the import", "check", "success"),
    "import.mapped": Phrase("matched the columns of the import", "columns-3"),
    "message.outbox": Phrase("kept the message in the Outbox", "inbox"),
    "message.queued": Phrase("wrote the message", "mail", "info"),
    "message.retried": Phrase("sent the message again", "refresh-cw", "info"),
    "pay_period.approval_withdrawn": Phrase("withdrew the approval of the pay period", "undo-2", "warning"),
    "secrets.rewritten": Phrase("encrypted secrets under the new key", "key-round"),
    "sale.created": Phrase("recorded the sale", "circle-plus", "info"),
    "saved_view.removed": Phrase("removed the saved view", "trash-2", "warning"),
    "saved_view.saved": Phrase("saved the view", "bookmark", "info"),
    "session.revoked": Phrase("ended a session", "log-out"),
    "session.token_replaced": Phrase("replaced the token of a session", "refresh-cw"),
    "user.backup_codes_made": Phrase("made new backup codes", "key-round"),
    "user.identity_linked": Phrase("linked a sign-in with a provider", "link", "success"),
    "user.identity_unlinked": Phrase("unlinked a sign-in with a provider", "unlink", "warning"),
    "user.invitation_accepted": Phrase("accepted the invitation", "user-check", "success"),
    "user.invited_again": Phrase("invited the user again", "user-plus", "info"),
    "user.password_changed": Phrase("changed the password", "key-round"),
    "user.password_reset": Phrase("set a new password by link", "key-round"),
    "user.password_reset_asked": Phrase("asked for a new password", "key-round", "info"),
    "user.second_factor_failed": Phrase("gave a wrong second factor", "shield-alert", "warning"),
    "user.sign_in_failed": Phrase("could not sign in", "shield-alert", "warning"),
}


def phrase(action: str, text: str, icon: str = "", tone: str = "") -> None:
    """Register better words for an action than the ones made from its name: `phrase("sale.created", "recorded the sale")`."""
    made = _made(action)
    PHRASES[action] = Phrase(text, icon or made.icon, tone or made.tone)


def in_words(action: str) -> Phrase:
    """An action as a phrase; made from its name where no domain registered one."""
    return PHRASES.get(action) or _made(action)


def _made(action: str) -> Phrase:
    thing, _, verb = action.rpartition(".")
    last = verb.rpartition(".")[2]
    tone = next((t for t, words in _TONES.items() if last in words.split()), "neutral")
    words = last.split("_")
    if not thing or last in ("signed_in", "signed_out"):
        text = " ".join(words)
    elif len(words) > 1:  # customer.property_added
        text = f"{words[-1]} the {' '.join(words[:-1])} of the {thing_words(thing)}"
    else:
        text = f"{last} the {thing_words(thing)}"
    return Phrase(text, _ICONS.get(last) or _ICONS.get(words[-1], "circle"), tone)


def thing_words(record_type: str) -> str:
    """`pay_period` → `pay period`."""
    return THINGS.get(record_type, record_type.replace("_", " ").replace(".", " "))


def label(field: str) -> str:
    """`sale_price_cents` → `Sale price`."""
    if field in _LABELS:
        return _LABELS[field]
    for suffix in _SUFFIXES:
        if field.endswith(suffix) and field != suffix[1:]:
            field = field.removesuffix(suffix)
            break
    return field.replace("_", " ").strip().capitalize()


def actor_words(actor: str, name: str) -> str:
    """Who did it: a person's name, `Zapier (API key)`, or `Truckroll` for its own work."""
    kind = actor.partition(":")[0]
    if kind in ("job", "system"):
        return "Truckroll"
    if kind == "key":
        return f"{name or actor} (API key)"
    if kind == "public":
        return name or "Somebody not signed in"
    return name or actor


Words = Callable[[datetime | date], str]


def value_words(field: str, value: Any, when: Words, names: Mapping[tuple[str, int], str]) -> str | None:
    """A value of a diff as people read it, None for nothing. `names` gives (field, id) → the record's name."""
    if value is None or value == "" or value == [] or value == {}:
        return None
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int):
        if field.endswith("_cents"):
            return money.dollars(value)
        if field.endswith("_bps"):
            return money.percent(value)
        known = names.get((field, value))
        if known:
            return known
        return f"number {value}" if field.endswith(("_id", "_by")) else f"{value:,}"
    if isinstance(value, str):
        return _text_words(field, value, when)
    if isinstance(value, list):
        return ", ".join(value_words(field, v, when, names) or "–" for v in value)
    if isinstance(value, dict):
        return "; ".join(f"{label(k)}: {value_words(k, v, when, names) or '–'}" for k, v in value.items())
    return str(value)


def _text_words(field: str, value: str, when: Words) -> str:
    if field.endswith(("_at", "_on", "_date", "_until")) or field == "anchor":
        try:
            return when(datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value))
        except ValueError:
            return value
    if field in ("status", "payment_status", "state", "kind", "pay_type", "role", "purpose", "channel", "frequency",
                 "basis", "structure", "level", "reason", "roles"):  # fmt: skip
        return value.replace("_", " ").capitalize() if "_" in value or value.islower() else value
    return value if len(value) <= 300 else value[:297] + "…"
