"""What customers are told, in the organization's words: kinds of messages, their variables, filling and checking."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MOST_BODY, MOST_SUBJECT, MOST_SMS = 4_000, 150, 480
_VARIABLE = re.compile(r"\{\s*([a-z_]*)\s*\}")

COMMON: Final = {
    "first_name": "The customer’s first name",
    "customer": "The customer’s whole name",
    "company": "Your company’s name",
    "phone": "Your company’s phone number",
    "job": "What is to be done",
    "address": "Where",
}
WHEN: Final = {"when": "The day and the arrival window", "day": "The day", "window": "The arrival window"}
LINK: Final = {"link": "The customer’s own link"}
WHO: Final = {"technician": "The technician’s first name"}


@dataclass(frozen=True, slots=True)
class Text:
    """The words of one kind. `email`, `sms`: whether it goes out that way."""

    subject: str
    body: str
    sms: str
    by_email: bool = True
    by_sms: bool = True


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message: its name, when it goes out, what may stand in it, its words unless changed.

    `by_night`: it may arrive during quiet hours, because it is about this very moment.
    """

    name: str
    hint: str
    variables: Mapping[str, str]
    text: Text
    by_night: bool = False


KINDS: Final[dict[str, Kind]] = {
    "booked": Kind(
        "Confirmation", "When a visit is booked", COMMON | WHEN | WHO | LINK,
        Text(
            "Your appointment with {company}: {day}",
            "Hello {first_name},\n\nyour appointment is booked.\n\nWhat: {job}\nWhen: {when}\nWhere: {address}\n\n"
            "Confirm it, choose another time or tell us what we should know:\n{link}\n\n"
            "Questions? Call {phone}.\n\n{company}",
            "{company}: your appointment is {when}. Confirm or change it: {link}",
        ),
    ),
    "reminder": Kind(
        "Reminder", "Some hours before the visit", COMMON | WHEN | WHO | LINK,
        Text(
            "Reminder: {company} comes {day}",
            "Hello {first_name},\n\nwe come {when}.\n\nWhat: {job}\nWhere: {address}\n\n"
            "Please confirm, or choose another time:\n{link}\n\nQuestions? Call {phone}.\n\n{company}",
            "{company} reminds you: we come {when}. Please confirm: {link}",
        ),
    ),
    "changed": Kind(
        "New time", "When the time of a visit has changed", COMMON | WHEN | WHO | LINK,
        Text(
            "Your appointment has a new time: {day}",
            "Hello {first_name},\n\nyour appointment has a new time.\n\nWhat: {job}\nNow: {when}\nWhere: {address}\n\n"
            "Does it suit you? Confirm it, or choose another time:\n{link}\n\nQuestions? Call {phone}.\n\n{company}",
            "{company}: your appointment is now {when}. Confirm or change it: {link}",
        ),
    ),
    "cancelled": Kind(
        "Cancelled", "When a visit is cancelled", COMMON | WHEN,
        Text(
            "Your appointment on {day} is cancelled",
            "Hello {first_name},\n\nyour appointment ({job}) on {when} is cancelled.\n\n"
            "If that is not what you expected, call {phone}.\n\n{company}",
            "{company}: your appointment on {when} is cancelled. Questions? Call {phone}.",
        ),
    ),
    "on_the_way": Kind(
        "On the way", "When the technician sets off", COMMON | WHO | LINK | {"eta": "How long the drive takes, about"},
        Text(
            "{technician} is on the way",
            "Hello {first_name},\n\n{technician} from {company} is on the way to you and arrives in {eta}.\n\n"
            "Follow the way here until the arrival:\n{link}\n\nQuestions? Call {phone}.\n\n{company}",
            "{technician} from {company} is on the way and arrives in {eta}. Follow: {link}",
        ),
        by_night=True,
    ),
    "summary": Kind(
        "What was done", "Some minutes after the visit", COMMON | WHO | LINK | {"done": "What was done", "day": "The day"},
        Text(
            "Your visit of {day}: what was done",
            "Hello {first_name},\n\nthank you for having us. This is what was done:\n\n{done}\n\n"
            "The whole summary, with photos and materials:\n{link}\n\nQuestions? Call {phone}.\n\n{company}",
            "Thank you from {company}! What was done, with photos: {link}",
            by_sms=False,
        ),
    ),
}  # fmt: skip


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template with its variables filled in; one that has no value leaves nothing behind."""
    text = _VARIABLE.sub(lambda match: values.get(match[1], ""), template)
    return "\n".join(re.sub(r" {2,}", " ", line).rstrip() for line in text.split("\n")).strip()


_PLAIN: Final = str.maketrans(
    {"–": "-", "—": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "\u00a0": " "}
)


def for_sms(text: str) -> str:
    """A text with the signs that the GSM alphabet has: one dash less costs half the price."""
    return text.translate(_PLAIN)


def problems(kind: str, template: str) -> list[str]:
    """What is wrong with a template, each in a sentence."""
    known = KINDS[kind].variables
    found = [
        f"There is no {{{name}}} here. Known are {', '.join('{' + k + '}' for k in known)}."
        for name in dict.fromkeys(_VARIABLE.findall(template))
        if name not in known
    ]
    if not found and re.search(r"[{}]", _VARIABLE.sub("", template)):
        found.append("A brace { or } stands alone. Variables are written like {first_name}.")
    return found


def sms_parts(text: str) -> int:
    """How many text messages a text takes: 160 signs each in the GSM alphabet, 70 in any other; fewer when joined."""
    plain = all(sign in _GSM for sign in text)
    whole, joined = (160, 153) if plain else (70, 67)
    length = (
        sum(2 if sign in _GSM_TWICE else 1 for sign in text) if plain else len(text.encode("utf-16-le")) // 2
    )
    return 1 if length <= whole else -(-length // joined)


# 3GPP TS 23.038, 6.2.1: the default alphabet and its extension, whose signs take two places
_GSM_TWICE: Final = frozenset("^{}\\[~]|€\f")
_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
) | _GSM_TWICE  # fmt: skip
