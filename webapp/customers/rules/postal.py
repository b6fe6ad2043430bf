"""The words of addresses and their short forms (USPS Publication 28, appendices B and C)."""

import re
from collections.abc import Sequence

from webapp.customers.rules.words import word_set


def _groups(text: str) -> dict[str, str]:
    """Each word of a group → the group's first."""
    return {word: group.split()[0] for group in re.split(r"[|\n]", text) if group for word in group.split()}


SHORT = _groups("""
st street str strt|ave avenue av aven|blvd boulevard boul blv|dr drive drv|rd road|ln lane|ct court|cir circle circ
pl place|ter terrace terr|pkwy parkway pky|hwy highway hiway|trl trail|sq square|aly alley|xing crossing|cv cove
crk creek|expy expressway|ext extension|est estate|gdn garden|grv grove|hl hill|hls hills|holw hollow|is island
jct junction|lk lake|lks lakes|mdw meadow|mdws meadows|mt mount|mtn mountain|pt point|rdg ridge|riv river|rte route
run runn|shr shore|spg spring|spgs springs|sta station|tpke turnpike|vly valley|vw view|vlg village|vis vista|way wy
plz plaza|bnd bend|n north|s south|e east|w west|ne northeast|nw northwest|se southeast|sw southwest|ft fort|st saint
1st first|2nd second|3rd third|4th fourth|5th fifth|6th sixth|7th seventh|8th eighth|9th ninth|10th tenth
11th eleventh|12th twelfth|13th thirteenth|14th fourteenth|15th fifteenth|16th sixteenth|17th seventeenth
18th eighteenth|19th nineteenth|20th twentieth
""")
NUMBERS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
           "nine": "9", "ten": "10"}  # fmt: skip
DIRECTIONS = word_set("n s e w ne nw se sw")
# the words, in their short form, that a street's name commonly ends with
ENDINGS = word_set(
    "st ave blvd dr rd ln ct cir pl ter pkwy hwy trl sq way aly plz xing cv expy tpke bnd loop path pike row run"
)
# after these a number or a letter is the road's name: Avenue B, County Road 12
NUMBERED = word_set("ave rd hwy rte us sr cr fm interstate i box pobox")
UNITS = word_set("apt apartment unit ste suite no num number rm room lot spc space trlr trailer ph penthouse")
PLACED_UNITS = {"bldg": "b", "building": "b", "fl": "f", "floor": "f", "level": "f"}
# units that need no number
LONE_UNITS = word_set("rear front frnt upper uppr lower lowr side basement bsmt lobby lbby office ofc")
TOWN_WORDS = {"saint": "st", "fort": "ft", "mount": "mt"}
COUNTRIES = frozenset(["usa", "us", "united states", "united states of america"])
STATES = {
    "alabama": "al", "alaska": "ak", "arizona": "az", "arkansas": "ar", "california": "ca", "colorado": "co",
    "connecticut": "ct", "delaware": "de", "district of columbia": "dc", "florida": "fl", "georgia": "ga", "hawaii": "hi",
    "idaho": "id", "illinois": "il", "indiana": "in", "iowa": "ia", "kansas": "ks", "kentucky": "ky", "louisiana": "la",
    "maine": "me", "maryland": "md", "massachusetts": "ma", "michigan": "mi", "minnesota": "mn", "mississippi": "ms",
    "missouri": "mo", "montana": "mt", "nebraska": "ne", "nevada": "nv", "new hampshire": "nh", "new jersey": "nj",
    "new mexico": "nm", "new york": "ny", "north carolina": "nc", "north dakota": "nd", "ohio": "oh", "oklahoma": "ok",
    "oregon": "or", "pennsylvania": "pa", "puerto rico": "pr", "rhode island": "ri", "south carolina": "sc",
    "south dakota": "sd", "tennessee": "tn", "texas": "tx", "utah": "ut", "vermont": "vt", "virginia": "va",
    "virgin islands": "vi", "washington": "wa", "west virginia": "wv", "wisconsin": "wi", "wyoming": "wy", "guam": "gu",
}  # fmt: skip
CODES = frozenset(STATES.values())
NAMED_FOR_THEIR_TOWN = frozenset(["new york", "washington"])


def state_code(named: Sequence[str]) -> str:
    """The two letters of a state, given its words or its code; empty for anything else."""
    text = " ".join(named)
    return text if text in CODES else STATES.get(text, "")
