"""What webhooks and connectors have in common: addresses, names of events, telling the owners of a pause."""

from collections.abc import Sequence

from webapp.accounts.service import notices
from webapp.integrations import queries, rules
from webapp.kit import errors, outbound
from webapp.messaging import service as messaging

MOST_NAMES = 100


def address(url: str) -> tuple[str, bool]:
    """An address as it will be called, and whether its host resolves now. Raises Invalid for one that may not be called."""
    try:
        found = outbound.check(url.strip())
    except outbound.Refused as problem:
        raise errors.Invalid.one("url", problem.message) from None
    return found.url, found.resolves


def event_names(given: Sequence[str]) -> list[str]:
    """Names and groups of events, in order, each once. Raises Invalid for none, too many, and unknown ones."""
    names = sorted({name.strip() for name in given} - {""})
    if not names:
        raise errors.Invalid.one("events", "Choose at least one event.")
    if len(names) > MOST_NAMES:
        raise errors.Invalid.one("events", f"Choose at most {MOST_NAMES} events, or a group such as sale.*.")
    unknown = [name for name in names if not rules.known(name)]
    if unknown:
        shown = ", ".join(f"“{name[:60]}”" for name in unknown[:5])
        raise errors.Invalid.one("events", f"There is no event {shown}.")
    return names


def tell_paused(
    kind: str, number: int, creator: int | None, *, title: str, text: str, begins: str, url: str
) -> None:
    """Tell owners and admins, and who made it, that something was paused by itself: a notice, and a mail to owners.
    `begins`: the mail's first sentence."""
    for user in queries.owners(creator):
        notices.notify(user.id, "warning", title, text, url, dedupe_key=f"{kind}:{number}")
        if user.email and "owner" in user.roles:
            messaging.send_email(
                user.email, user.name, title, f"{begins}\n\n{text}\n", template=f"{kind}_paused",
                record_type=kind, record_id=number,
            )  # fmt: skip


def settle_paused(kind: str, number: int, creator: int | None) -> None:
    """It goes on: the notices of its pause are over."""
    for user in queries.owners(creator):
        notices.settle(user.id, f"{kind}:{number}")
