"""When two names are one person or company: `name_key` reduces a name, `compare_names` says how alike two keys are."""

import re
from enum import IntEnum

from webapp.customers.rules.words import plain, word_set, words

TITLES = word_set("mr mrs ms miss mx dr prof rev sir hon")
COMPANY_ENDINGS = word_set(
    "llc inc incorporated co corp corporation company ltd limited pllc plc lp llp lllp pc"
)
CREDENTIALS = word_set("md dds dmd dvm phd esq cpa rn")
GENERATIONS = word_set("jr sr ii iii iv")
_NICKNAMES = """
william bill billy will liam|robert bob bobby rob|richard rick dick rich|james jim jimmy jamie|john johnny jack jon
michael mike mick|thomas tom tommy|charles charlie chuck|joseph joe joey|david dave|daniel dan danny|edward ed eddie ted
anthony tony|christopher chris|matthew matt|nicholas nick|andrew andy drew|steven steve stephen|kenneth ken kenny
gregory greg|timothy tim|jeffrey jeff geoffrey|patrick pat|samuel sam|benjamin ben|alexander alex|lawrence larry
ronald ron|donald don|gerald jerry|raymond ray|frederick fred|walter walt|phillip phil philip|peter pete
elizabeth liz beth betty eliza|katherine kate kathy katie catherine cathy|margaret maggie meg peggy|jennifer jen jenny
patricia patty trish pat|susan sue susie|deborah deb debbie|barbara barb|rebecca becky|jessica jess|christine chris tina
victoria vicky|theresa terry teresa|sandra sandy|pamela pam|kimberly kim|cynthia cindy|judith judy|jacqueline jackie
"""
NICKNAMES: dict[str, frozenset[str]] = {}
for _group in re.split(r"[|\n]", _NICKNAMES):
    _names = frozenset(_group.split())
    for _name in _names:
        NICKNAMES[_name] = NICKNAMES.get(_name, frozenset()) | _names

Person = tuple[str, ...]


class Alike(IntEnum):
    """How alike two names are."""

    NOT = 0
    FAMILY = 1  # the last name only
    AGREE = 2  # may well be one: a nickname, an initial, one of a couple, a part of the name
    NEAR = 3  # the same but for a middle name that one of them lacks
    SAME = 4


def name_key(name: str) -> str:
    """A name as it is compared: `Dr. José  O'Brien` → `jose obrien`, `Smith, John` → `john smith`.

    Titles, credentials, `the` at the front and a company's legal ending are left out; `&` is `and`. Jr and Sr stay.
    """
    text = plain(name).replace("&", " and ").replace("+", " and ")
    segments = [found for found in (words(part) for part in text.split(",")) if found]
    while len(segments) > 1 and set(segments[-1]) <= CREDENTIALS:
        segments.pop()
    behind = segments.pop() if len(segments) == 3 and set(segments[2]) <= GENERATIONS else []
    if len(segments) == 2 and not set(segments[1]) & (COMPANY_ENDINGS | GENERATIONS):
        segments.reverse()
    every = [word for segment in [*segments, behind] for word in segment]
    kept = [word for word in every if word not in TITLES]
    while len(kept) > 1 and kept[0] in ("the", "and"):  # Mr. and Mrs. Smith
        kept = kept[1:]
    while len(kept) > 1 and (kept[-1] in COMPANY_ENDINGS or kept[-1] in CREDENTIALS):
        kept = kept[:-1]
    return " ".join(kept or every)


def compare_names(one: str, other: str) -> Alike:
    """How alike two name keys are. An empty name agrees with any.

    `J Smith` agrees with `john smith`, `mary smith` with `john and mary smith`; `john a smith` is near `john smith`;
    `john smith jr` and `john smith sr`, `john a smith` and `john b smith` share the last name only.
    """
    if not one or not other:
        return Alike.AGREE
    if one == other:
        return Alike.SAME
    mine, theirs = persons(one), persons(other)
    if _generations(one) and _generations(other) and _generations(one) != _generations(other):
        return Alike.FAMILY if {p[-1] for p in mine} & {p[-1] for p in theirs} else Alike.NOT
    if len(mine) > 1 and sorted(mine) == sorted(theirs):
        return Alike.SAME  # John & Mary, Mary & John
    best = max((_persons_alike(p, q) for p in mine for q in theirs), default=Alike.NOT)
    if best is Alike.NEAR and (
        (len(mine), len(theirs)) != (1, 1) or _generations(one) != _generations(other)
    ):
        best = Alike.AGREE
    if best < Alike.AGREE and _is_part(one, other) and best is not Alike.FAMILY:
        best = Alike.AGREE
    return best


def _generations(key: str) -> set[str]:
    return set(key.split()) & GENERATIONS


def _is_part(one: str, other: str) -> bool:
    """`smith plumbing`, `smith plumbing supply`."""
    shorter, longer = sorted((set(one.split()) - GENERATIONS, set(other.split()) - GENERATIONS), key=len)
    return len(shorter) >= 2 and shorter <= longer


def first_names(first: str) -> list[str]:
    """What a first name may be written as: itself, what it is short or long for, its initial."""
    return [
        first,
        *sorted(NICKNAMES.get(first, frozenset()) - {first}),
        *([first[0]] if len(first) > 1 else []),
    ]


def persons(key: str) -> list[Person]:
    """The persons of a name key: `john and mary smith` → john smith, mary smith."""
    parts = [[w for w in part.split() if w not in GENERATIONS] for part in re.split(r"\band\b", key)]
    parts = [part for part in parts if part]
    last = parts[-1][-1] if parts and len(parts[-1]) > 1 else ""
    return [
        (*part, last) if len(part) == 1 and last and part is not parts[-1] else tuple(part) for part in parts
    ]


def _persons_alike(one: Person, other: Person) -> Alike:
    if len(one) == 1 or len(other) == 1:
        single, several = (one, other) if len(one) == 1 else (other, one)
        return Alike.AGREE if single[0] in (several[0], several[-1]) else Alike.NOT
    if one[-1] != other[-1]:
        return Alike.NOT
    if not _middles_agree(one[1:-1], other[1:-1]) or not _first_names_agree(one[0], other[0]):
        return Alike.FAMILY
    if one[0] != other[0]:
        return Alike.AGREE
    return Alike.NEAR


def _middles_agree(one: Person, other: Person) -> bool:
    return not one or not other or all(_same_or_initial(p, q) for p, q in zip(one, other, strict=False))


def _first_names_agree(one: str, other: str) -> bool:
    return other in NICKNAMES.get(one, ()) or _same_or_initial(one, other)


def _same_or_initial(one: str, other: str) -> bool:
    return one == other or (one[0] == other[0] and (len(one) == 1 or len(other) == 1))
