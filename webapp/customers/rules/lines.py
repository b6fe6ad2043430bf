"""An address on one line, taken apart: `123 Oak St Apt 4, Tampa, FL 33601`.

Read from its end: country, ZIP code, state; then the parts between the commas; and where no comma tells, the town
begins behind the street's last word (St, Ave …) or behind the unit.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from webapp.customers.rules.postal import (
    COUNTRIES,
    DIRECTIONS,
    ENDINGS,
    LONE_UNITS,
    NAMED_FOR_THEIR_TOWN,
    NUMBERED,
    NUMBERS,
    PLACED_UNITS,
    SHORT,
    UNITS,
    state_code,
)
from webapp.customers.rules.words import plain, words


class Token(NamedTuple):
    """A word as it was written, and what it is compared by."""

    raw: str
    words: tuple[str, ...]

    @property
    def short(self) -> str:
        """Its one word in the short form; empty where it is several."""
        return SHORT.get(self.words[0], self.words[0]) if len(self.words) == 1 else ""

    @property
    def numbered(self) -> bool:
        return bool(self.words) and (self.words[0][0].isdigit() or self.words[0] in NUMBERS)


Tokens = list[Token]


@dataclass(slots=True)
class Line:
    """The parts of a line. `others`: what else the street may be; `sure`: whether nothing was guessed or left out."""

    street: Tokens = field(default_factory=list)
    unit: Tokens = field(default_factory=list)
    city: Tokens = field(default_factory=list)
    state: str = ""  # two letters, large
    zip: str = ""
    others: tuple[Tokens, ...] = ()
    sure: bool = True


_ZIP = re.compile(r"^(\d{5})(?:-?(\d{4}))?$")
_UNIT_NUMBER = re.compile(r"^(?:\d{1,4}[a-z]?|[a-z]\d{1,4})$")


def read(text: str, town: Sequence[str] = ()) -> Line:
    """Take a line apart. `town`: the words of the town where that is known, which the line may end with as well."""
    parts = [_tokens(part) for part in re.split(r"[,;\n]+", text)]
    parts = [part for part in parts if any(token.words for token in part)]
    line = Line()
    if not parts:
        return line
    _drop_country(parts)
    _take_zip(parts, line)
    _take_state(parts, line)
    if town:
        _drop_town(parts, town)
    _take_segments(parts, line)
    _split_street(line, open_end=not line.city and not town and bool(line.state or line.zip))
    return line


def _tokens(text: str) -> Tokens:
    found = []
    for raw in re.findall(r"#|[^\s#]+", text):
        token = Token(raw, ("unit",) if raw == "#" else tuple(words(plain(raw))))
        if token.words:
            found.append(token)
    return found


def _flat(tokens: Sequence[Token]) -> list[str]:
    return [w for token in tokens for w in token.words]


# From the end -----------------------------------------------------------------------------------------------------


def _drop_country(parts: list[Tokens]) -> None:
    if len(parts) > 1 and " ".join(_flat(parts[-1])) in COUNTRIES:
        parts.pop()
    elif len(parts[-1]) > 2 and parts[-1][-1].words[0] in ("usa", "us") and _ZIP.match(parts[-1][-2].raw):
        parts[-1].pop()


def _take_zip(parts: list[Tokens], line: Line) -> None:
    last = parts[-1]
    found = _ZIP.match(last[-1].raw.strip("."))
    if not found:
        return
    before = last[:-1]
    if before and (before[-1].words[-1] in UNITS or before[-1].short in NUMBERED):
        return  # Unit 33601, Highway 33601
    if len(parts) == 1 and not (len(before) >= 3 and before[0].numbered):
        return
    line.zip = f"{found[1]}-{found[2]}" if found[2] else found[1]
    last.pop()
    if not last:
        parts.pop()


def _take_state(parts: list[Tokens], line: Line) -> None:
    last, first = parts[-1], len(parts) == 1
    for length in (3, 2, 1):
        if length > len(last) - first:
            continue
        named = _flat(last[-length:])
        code, rest = state_code(named), last[:-length]
        if not code or not _is_state(parts, named, rest, code, first=first, zipped=bool(line.zip)):
            continue
        line.state = code.upper()
        parts[-1] = rest
        if not rest:
            parts.pop()
        return


def _is_state(
    parts: Sequence[Tokens], named: list[str], rest: Tokens, code: str, *, first: bool, zipped: bool
) -> bool:
    """Whether words at the end mean the state: not the town New York, nor the court and the north-east."""
    spelled = len(" ".join(named)) > 2
    if first:
        end = _end_of_street(rest)
        if end is not None and end < len(rest):
            return True  # there is a town before it
        return zipped and not spelled and code != "ne" and (code not in ENDINGS or end is not None)
    if rest or not spelled:
        return True
    towns = [part for part in parts[1:-1] if not _is_unit(part)]
    return bool(towns) or " ".join(named) not in NAMED_FOR_THEIR_TOWN


def _drop_town(parts: list[Tokens], town: Sequence[str]) -> None:
    """Leave out the town at the end of a street where it is known anyway."""
    last, length = parts[-1], 0
    while length < len(last) and len(_flat(last[len(last) - length :])) < len(town):
        length += 1
    rest = last[: len(last) - length]
    if _flat(last[len(rest) :]) != list(town):
        return
    if len(parts) > 1 and not rest:
        parts.pop()
    elif _end_of_street(rest) is not None or any(t.words[-1] in UNITS for t in rest[2:]):
        parts[-1] = rest


# Between the commas ------------------------------------------------------------------------------------------------


def _take_segments(parts: list[Tokens], line: Line) -> None:
    """Street, unit and town from what stands between the commas."""
    _take_unit_in_front(parts, line)
    start = next((n for n, part in enumerate(parts) if len(part) > 1 and part[0].numbered), 0)
    if start:
        line.sure = False  # the name of the building
    line.street, rest = parts[start], parts[start + 1 :]
    units = [part for part in rest if _is_unit(part)]
    rest = [part for part in rest if not _is_unit(part)]
    if rest and not any(c.isdigit() for token in rest[-1] for c in token.raw):
        line.city = rest.pop()
    line.sure = line.sure and not rest  # a subdivision, a second line: not part of the place
    line.unit += [token for part in units for token in part]


def _take_unit_in_front(parts: list[Tokens], line: Line) -> None:
    """`Apt 4, 123 Oak St` and `#4 123 Oak St`."""
    front = parts[0]
    if len(front) < 2 or front[0].words[-1] not in UNITS:
        return
    if len(front) == 2 and len(parts) > 1 and parts[1][0].numbered:
        line.unit += front
        parts.pop(0)
    elif len(front) > 4 - (len(front[0].raw) == 1) and front[2].numbered:
        line.unit += front[:2]
        parts[0] = front[2:]


def _is_unit(part: Sequence[Token]) -> bool:
    first = part[0].words[0]
    if first in UNITS or first in PLACED_UNITS:
        return len(part) > 1 or len(part[0].words) > 1
    return len(part) == 1 and (first in LONE_UNITS or bool(_UNIT_NUMBER.match("".join(part[0].words))))


# Within the street -------------------------------------------------------------------------------------------------


def _split_street(line: Line, *, open_end: bool) -> None:
    """Take the unit out of a street; with `open_end` also the town, which no comma parts from it."""
    street = line.street
    at = next((n for n in range(2, len(street)) if _begins_unit(street, n)), None)
    if at is not None:
        after = at + 2 + (street[at + 1].words[-1] in UNITS)  # Unit #4
        if after < len(street) and _continues_unit(street, after):
            after += 1
        line.street, unit, tail = street[:at], street[at:after], street[after:]
        more = next((n for n in range(len(tail)) if _begins_unit(tail, n)), None)
        if more is not None:  # Bldg 4 Apt 12
            unit, tail = [*unit, *tail[: more + 2]], tail[more + 2 :]
        line.unit = [*unit, *line.unit]
        if open_end:
            line.city = tail
        else:
            line.unit += tail
        return
    if open_end:
        _split_town(line)
    _take_unit_behind(line)


def _begins_unit(tokens: Sequence[Token], at: int) -> bool:
    """Whether a unit's designator stands there, with a value behind it."""
    if at + 1 >= len(tokens):
        return False
    word = tokens[at].words[-1]
    return word in UNITS or (word in PLACED_UNITS and len("".join(tokens[at + 1].words)) <= 4)


def _continues_unit(tokens: Sequence[Token], at: int) -> bool:
    """`Apt 4 B`: a single letter behind the number."""
    text = "".join(tokens[at].words)
    return len(text) == 1 and text.isalpha() and text not in DIRECTIONS


def _split_town(line: Line) -> None:
    street = line.street
    end = _end_of_street(street)
    if end is None:
        # no word ends the street: the last one, two or three may be the town
        line.others = tuple(street[:n] for n in range(len(street) - 1, max(1, len(street) - 4), -1))
        line.sure = False
        return
    line.street, line.city = street[:end], street[end:]
    if line.city and street[end - 1].short in DIRECTIONS and len(street[end - 1].raw.strip(".")) > 2:
        # 5th Avenue North, St Petersburg; Oak St, North Miami
        line.others = (street[: end - 1],)
        line.sure = False


def _end_of_street(tokens: Sequence[Token]) -> int | None:
    """Where the street ends, going by the word that streets end with; None where there is none."""
    for at, token in enumerate(tokens):
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        named = token.short in NUMBERED and following is not None and _is_roads_name(following)
        if at == 0 or not (named or (at >= 2 and token.short in ENDINGS)):
            continue
        end = at + 1 + named
        while end < len(tokens) and tokens[end].short in ENDINGS and tokens[end].short != "st":
            end += 1
        if end < len(tokens) and tokens[end].short in DIRECTIONS:
            end += 1
        return end
    return None


def _is_roads_name(token: Token) -> bool:
    text = "".join(token.words)
    return text.isdigit() or (len(text) == 1 and text not in DIRECTIONS)


def _take_unit_behind(line: Line) -> None:
    """`123 Oak St 4B`, `123 Oak St Rear`."""
    street = line.street
    if len(street) < 4:
        return
    text = "".join(street[-1].words)
    before = street[-2].short
    ended = before in ENDINGS - NUMBERED or (before in DIRECTIONS and street[-3].short in ENDINGS - NUMBERED)
    if ended and (text in LONE_UNITS or _UNIT_NUMBER.match(text)):
        line.unit = [street[-1], *line.unit]
        line.street = street[:-1]
