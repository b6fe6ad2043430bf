"""Names and addresses reduced to what makes them the same: `name_key` and `address_key`.

Street words follow USPS Publication 28, appendices B and C.
"""

import re
import unicodedata

TITLES = frozenset(["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "sir", "hon"])
COMPANY_ENDINGS = frozenset(
    [
        "llc",
        "inc",
        "incorporated",
        "co",
        "corp",
        "corporation",
        "company",
        "ltd",
        "limited",
        "pllc",
        "lp",
        "llp",
        "pc",
    ]
)
GENERATIONS = frozenset(["jr", "sr", "ii", "iii", "iv"])
_STREET_WORDS = """
st street str strt|ave avenue av aven|blvd boulevard boul blv|dr drive drv|rd road|ln lane|ct court|cir circle circ
pl place|ter terrace terr|pkwy parkway pky|hwy highway hiway|trl trail|sq square|aly alley|xing crossing|cv cove
crk creek|expy expressway|ext extension|est estate|gdn garden|grv grove|hl hill|hls hills|holw hollow|is island
jct junction|lk lake|lks lakes|mdw meadow|mdws meadows|mt mount|mtn mountain|pt point|rdg ridge|riv river|rte route
run runn|shr shore|spg spring|spgs springs|sta station|tpke turnpike|vly valley|vw view|vlg village|vis vista|way wy
n north|s south|e east|w west|ne northeast|nw northwest|se southeast|sw southwest|ft fort|st saint
1st first|2nd second|3rd third|4th fourth|5th fifth|6th sixth|7th seventh|8th eighth|9th ninth|10th tenth
"""
SHORT = {
    word: group.split()[0]
    for group in re.split(r"[|\n]", _STREET_WORDS)
    for word in group.split()
}  # fmt: skip
UNITS = frozenset(
    [
        "apt",
        "apartment",
        "unit",
        "ste",
        "suite",
        "no",
        "num",
        "number",
        "rm",
        "room",
        "lot",
        "spc",
        "space",
        "trlr",
    ]
)
PLACED_UNITS = {"bldg": "b", "building": "b", "fl": "f", "floor": "f", "level": "f"}
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


def _plain(text: str) -> str:
    """Lower case without accents; text that has no Latin letters stays itself."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)


def name_key(name: str) -> str:
    """A name as it is compared: `Dr. José  O'Brien` → `jose obrien`, `Smith, John` → `john smith`.

    Titles, `the` at the front and a company's legal ending are left out; `&` is `and`. Jr and Sr stay.
    """
    text = re.sub(r"['’`.]", "", _plain(name)).replace("&", " and ").replace("+", " and ")
    before, comma, after = text.partition(",")
    if comma and "," not in after and not set(_words(after)) & (COMPANY_ENDINGS | GENERATIONS):
        text = f"{after} {before}"
    words = _words(text)
    kept = [w for w in words if w not in TITLES]
    if len(kept) > 1 and kept[0] == "the":
        kept = kept[1:]
    while len(kept) > 1 and kept[-1] in COMPANY_ENDINGS:
        kept = kept[:-1]
    return " ".join(kept or words)


def zip5(text: str) -> str:
    """The first five digits of a ZIP code, else empty."""
    digits = re.sub(r"\D", "", text)
    return digits[:5] if len(digits) in (5, 9) else ""


def address_key(address: str, unit: str = "", zip_code: str = "") -> str:
    """An address as it is compared: `123 Oak Street, Apt. 4` with 33601-1234 → `123 oak st|4|33601`.

    Empty for an empty address. The parts are the street, the unit, and the five digits of the ZIP code.
    """
    text = _plain(address).replace("#", " unit ")
    text = re.sub(r"\bp\.?\s*o\.?\s*box\b", "pobox", text)
    street, units = _split_unit(_words(re.sub(r"['’`.]", "", text)))
    if not street:
        return ""
    own = _words(re.sub(r"['’`.]", "", _plain(unit).replace("#", " ")))
    if own:
        rest, named = _split_unit(["0", "0", *own])
        units = [*rest[2:], *named]
    return f"{' '.join(SHORT.get(w, w) for w in street)}|{' '.join(units)}|{zip5(zip_code)}"


def _split_unit(words: list[str]) -> tuple[list[str], list[str]]:
    """The words of a street, and those of the unit behind it without their designators."""
    street: list[str] = []
    units: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        following = words[position + 1] if position + 1 < len(words) else ""
        # a designator comes after number and street, and only with a value behind it
        if len(street) >= 2 and following and word in PLACED_UNITS and len(following) <= 4:
            units.append(PLACED_UNITS[word] + following)
            position += 2
        elif len(street) >= 2 and following and word in UNITS:
            position += 1
            while position < len(words) and words[position] in UNITS:
                position += 1
            if position < len(words):
                units.append(words[position])
                position += 1
        else:
            (units or street).append(word)
            position += 1
    return street, units


def same_address(one: str, other: str) -> bool:
    """Whether two keys of :func:`address_key` name one place; a ZIP code that is missing contradicts nothing."""
    if not one or not other:
        return False
    (street, unit, code), (street2, unit2, code2) = one.split("|"), other.split("|")
    return (street, unit) == (street2, unit2) and (code == code2 or not code or not code2)


def names_agree(one: str, other: str) -> bool:
    """Whether two name keys may be the same person or company: nicknames, initials and left-out parts agree.

    An empty name agrees with any. `J Smith` agrees with `john smith`, `mary smith` with `john and mary smith`;
    `john smith jr` does not agree with `john smith sr`.
    """
    if not one or not other or one == other:
        return True
    shorter, longer = sorted((set(one.split()), set(other.split())), key=len)
    generations = (shorter & GENERATIONS, longer & GENERATIONS)
    if all(generations) and generations[0] != generations[1]:
        return False
    if len(shorter - GENERATIONS) >= 2 and shorter - GENERATIONS <= longer:
        return True
    return any(_persons_agree(p, q) for p in _persons(one) for q in _persons(other))


def same_family(one: str, other: str) -> bool:
    """Whether two name keys share a last name."""
    return bool({p[-1] for p in _persons(one)} & {p[-1] for p in _persons(other)})


def _persons(key: str) -> list[list[str]]:
    """`john and mary smith` → john smith, mary smith."""
    parts = [[w for w in part.split() if w not in GENERATIONS] for part in re.split(r"\band\b", key)]
    parts = [part for part in parts if part]
    last = parts[-1][-1] if parts and len(parts[-1]) > 1 else ""
    return [[*part, last] if len(part) == 1 and last and part is not parts[-1] else part for part in parts]


def _persons_agree(one: list[str], other: list[str]) -> bool:
    if len(one) == 1 or len(other) == 1:
        single, several = (one, other) if len(one) == 1 else (other, one)
        return single[0] in (several[0], several[-1])
    return one[-1] == other[-1] and _first_names_agree(one[0], other[0])


def _first_names_agree(one: str, other: str) -> bool:
    if one == other or other in NICKNAMES.get(one, ()):
        return True
    return one[0] == other[0] and (len(one) == 1 or len(other) == 1)
