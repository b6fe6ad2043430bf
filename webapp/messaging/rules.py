"""Whether a message may leave, and when: no session, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from email_validator import EmailNotValidError, validate_email

CHANNELS = ("email", "sms")
PURPOSES = ("transactional", "marketing")
# what a suppression says about why; any reason that is not known here blocks everything
REASONS = {
    "user_unsubscribe": "unsubscribed from marketing",
    "spam_complaint": "reported a message as spam",
    "no_marketing": "asked for no marketing",
    "bounced": "does not exist: an earlier message bounced",
    "stop": "answered STOP",
    "do_not_contact": "asked not to be contacted",
}
MARKETING_ONLY = frozenset({"user_unsubscribe", "spam_complaint", "no_marketing"})


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local times between which marketing waits. The default is the law's: 47 CFR 64.1200(c)(1), before 8 and after 21."""

    start: time = time(21)
    end: time = time(8)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "QuietHours":
        """From an organization's settings: `{"quiet_hours": {"start": "20:00", "end": "09:00"}}`."""
        given = settings.get("quiet_hours") or {}
        return cls(
            time.fromisoformat(given.get("start", "21:00")), time.fromisoformat(given.get("end", "08:00"))
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """`send` now, `wait` until a moment (UTC), or `block`; `why` is a sentence for the Outbox."""

    action: str
    why: str = ""
    until: datetime | None = None


SEND = Verdict("send")


def address_key(channel: str, address: str) -> str:
    """An address as it is compared: mail in lower case, numbers in E.164 (of the United States when no country is named).

    Raises ValueError with a sentence when it is none.
    """
    address = address.strip()
    if channel == "email":
        try:
            return validate_email(
                address, check_deliverability=False, test_environment=True
            ).normalized.lower()
        except EmailNotValidError as problem:
            raise ValueError(f"“{address}” is not an email address: {problem}") from None
    try:
        number = phonenumbers.parse(address, "US")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValueError(f"“{address}” is not a phone number.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def quiet_until(now: datetime, zone: str, hours: QuietHours) -> datetime | None:
    """When the recipient's quiet hours end, or None outside of them. `now` and the answer are UTC."""
    if hours.start == hours.end:
        return None
    local = now.astimezone(ZoneInfo(zone))
    here = local.time().replace(tzinfo=None)
    over_night = hours.start > hours.end
    quiet = (here >= hours.start or here < hours.end) if over_night else hours.start <= here < hours.end
    if not quiet:
        return None
    day = local.date() + timedelta(days=1 if over_night and here >= hours.start else 0)
    return datetime.combine(day, hours.end, ZoneInfo(zone)).astimezone(now.tzinfo)


def clock_words(moment: datetime, zone: str) -> str:
    local = moment.astimezone(ZoneInfo(zone))
    hour = f"{local:%I:%M %p}".lstrip("0")
    return f"{local:%a, %b} {local.day}, {hour} {local.tzname()}"


def judge(
    *,
    channel: str,
    purpose: str,
    address: str,
    suppressed: str | None,
    consent: str,
    now: datetime,
    zone: str,
    hours: QuietHours,
) -> Verdict:
    """Whether a message may leave now.

    `suppressed` is the reason on the do-not-contact list, None when not on it. `consent` says how the recipient
    agreed to marketing; texts need one (47 CFR 64.1200(a)(2)), mail needs only a way out (15 USC 7704).
    """
    marketing = purpose == "marketing"
    if suppressed is not None and (marketing or suppressed not in MARKETING_ONLY):
        what = REASONS.get(suppressed, f"is on the do-not-contact list ({suppressed.replace('_', ' ')})")
        return Verdict("block", f"Not sent: {address} {what}.")
    if not marketing:
        return SEND
    if channel == "sms" and not consent:
        return Verdict("block", f"Not sent: {address} has not agreed to marketing by text.")
    until = quiet_until(now, zone, hours)
    if until is not None:
        return Verdict(
            "wait", f"Waits until {clock_words(until, zone)}: quiet hours where the recipient is.", until
        )
    return SEND
