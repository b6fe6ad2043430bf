"""What a username, an address, a password and a set of roles may be."""

import re
from collections.abc import Iterable, Sequence

from email_validator import EmailNotValidError, validate_email

from webapp.kit.permissions import ROLES

USERNAME = re.compile(r"^[a-z0-9][a-z0-9._@+-]{1,63}$")
STAFF_ROLES = tuple(r for r in ROLES if r != "customer")  # customers have an identity of their own


def username(text: str) -> str:
    """A username as it is stored. Raises ValueError with a sentence."""
    found = text.strip().lower()
    if not USERNAME.match(found):
        raise ValueError("A username has 2 to 64 characters: letters, digits and . _ @ + -")
    return found


def email(text: str) -> str:
    """An address as it is stored, lower case; empty stays empty. Raises ValueError with a sentence."""
    if not text.strip():
        return ""
    if len(text) > 254:
        raise ValueError("This is not an email address.")
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise ValueError("This is not an email address.") from None


def roles(wanted: Iterable[str]) -> list[str]:
    """Roles in their fixed order, each once. Raises ValueError with a sentence."""
    chosen = set(wanted)
    unknown = chosen - set(STAFF_ROLES)
    if unknown:
        raise ValueError(f"There is no role “{min(unknown)}”.")
    if not chosen:
        raise ValueError("Choose at least one role.")
    return [r for r in STAFF_ROLES if r in chosen]


# Passwords ----------------------------------------------------------------------------------------------------------

# what the lists of stolen passwords are full of, before people add a year and an exclamation mark
_COMMON_WORDS = (
    "password passwort passw contrasena welcome letmein changeme change admin administrator login master access "
    "secret qwerty qwertyuiop qwertz azerty asdfgh asdfghjkl zxcvbn zxcvbnm iloveyou sunshine princess monkey "
    "dragon football baseball basketball superman batman trustno shadow michael jennifer jordan hunter ranger "
    "buster soccer hockey killer george charlie andrew thomas jessica pepper daniel starwars computer freedom "
    "whatever ginger summer winter spring autumn fall january february march april may june july august september "
    "october november december monday tuesday wednesday thursday friday saturday sunday hello test testing temp "
    "temporary default guest user root company business office service heating cooling plumbing electric "
    "electrical hvac truckroll technician dispatcher america texas florida california newyork chicago mustang "
    "corvette ferrari harley yankees cowboys steelers eagles lakers patriots money lucky love angel babygirl "
    "flower cookie chocolate banana orange pokemon minecraft google facebook internet samsung apple microsoft abc "
    "abcd abcdef abcdefg abcdefgh abcdefghij"
)
_COMMON = frozenset(_COMMON_WORDS.split())
_LEET = str.maketrans("0134578@$!", "oieastbasi")
_ROWS = (
    "01234567890123456789", "09876543210987654321", "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba",
    "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)  # fmt: skip


def guessable(password: str, names: Sequence[str] = ()) -> bool:
    """Whether a password is one of the first that anybody would try.

    One word that everybody uses, or a name of one's own (`names`), with nothing but digits and marks around it; a row of
    the keyboard; few different characters. Two words that have nothing to do with each other pass.
    """
    low = password.casefold()
    if len(set(low)) < 4 or any(low in row for row in _ROWS):
        return True
    own = {re.sub(r"[^a-z]+", "", part) for name in names for part in _parts(name.casefold())}
    known = _COMMON | {name for name in own if len(name) > 2}
    return any(_once(root) in known for root in _roots(low))


def _parts(name: str) -> list[str]:
    return [name, *re.split(r"[^a-z0-9]+", name)]


def _roots(low: str) -> Iterable[str]:
    """The letters of a password: as they stand, and with digits read as the letters they replace."""
    for text in (low, low.translate(_LEET)):
        yield re.sub(r"[^a-z]+", "", text)
        yield re.sub(r"[^a-z]+", "", re.sub(r"^[^a-z]+|[^a-z]+$", "", low).translate(_LEET))


def _once(root: str) -> str:
    """A word that is written several times, once."""
    found = re.fullmatch(r"(.+?)\1+", root)
    return found[1] if found else root
