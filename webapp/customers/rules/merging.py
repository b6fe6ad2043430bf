"""Which values a merged customer keeps, and what is left of them when one is taken out again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MERGED_FIELDS = {"name": "Name", "company": "Company", "kind": "Kind", "phone": "Phone", "email": "Email",
                 "reference": "Reference", "tags": "Tags", "notes": "Notes"}  # fmt: skip
JOINED = ("tags", "notes")  # both values can be kept


@dataclass(slots=True)
class Step:
    """What one merge did to a field of the customer that was kept. `theirs` is the merged one's own value."""

    choice: str  # kept, other, both
    theirs: Any
    start: Any = None
    end: Any = None
    recorded: bool = True  # whether the merge changed the field at all


def default_choices(kept: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, str]:
    """For each field that differs: `kept`, `other` where the kept one is empty, or `both`."""
    choices = {}
    for name in MERGED_FIELDS:
        mine, theirs = kept[name] or None, other[name] or None
        if mine == theirs:
            continue
        if mine and theirs and name in JOINED:
            choices[name] = "both"
        else:
            choices[name] = "kept" if mine else "other"
    return choices


def made_choices(
    kept: Mapping[str, Any], other: Mapping[str, Any], choices: Mapping[str, str]
) -> dict[str, str]:
    """For each field that differs the choice made, else the default; an unknown choice counts as none.

    `both` of a value and nothing is the value, so that it is the same as taking that one.
    """
    found = {}
    for name, usual in default_choices(kept, other).items():
        choice = choices.get(name)
        joins = name in JOINED and kept[name] and other[name]
        if choice not in ("kept", "other", "both") or (choice == "both" and not joins):
            choice = usual
        found[name] = choice
    return found


def chosen_values(
    kept: Mapping[str, Any], other: Mapping[str, Any], choices: Mapping[str, str]
) -> dict[str, Any]:
    """The values the kept customer gets anew, by `kept`, `other` or `both` for each field.

    A field without a choice follows :func:`default_choices`.
    """
    made = made_choices(kept, other, choices)
    return {
        name: joined(choice, kept[name], other[name]) for name, choice in made.items() if choice != "kept"
    }


def joined(choice: str, mine: Any, theirs: Any) -> Any:
    """What a choice makes of two values."""
    if choice == "other":
        return theirs
    if choice == "kept":
        return mine
    if isinstance(mine, list):
        known = {tag.casefold() for tag in mine}
        return [*mine, *(tag for tag in theirs if tag.casefold() not in known)]
    return "\n\n".join(part for part in (mine, theirs) if part)


def step_of(field: str, change: Mapping[str, Any] | None, theirs: Any) -> Step:
    """What a merge did to a field, from what it kept of that: `from`, `to`, `choice`, or nothing."""
    if change is None:
        return Step("kept", theirs, recorded=False)
    choice = change.get("choice") or ("both" if field in JOINED and change["to"] != theirs else "other")
    return Step(choice, theirs, change["from"], change["to"])


def taken_out(now: Any, first: Step, later: Sequence[Step]) -> Any:
    """A field's value without what one merge brought to it.

    `now` is the value as it stands, `first` what that merge did, `later` the merges since, whose steps are written anew
    as if the first had never been. What a person changed since stays; of tags and notes only what the merged one
    brought goes.
    """
    return _replayed(now, first, later, first.start, None)


def replaced(now: Any, first: Step, later: Sequence[Step], theirs: Any) -> Any:
    """As :func:`taken_out`, where the merged customer stays and only its own value became another one."""
    value = _again(first, first.start, theirs)
    found = _replayed(now, first, later, value, theirs)
    first.theirs, first.end = theirs, value
    return found


def _replayed(now: Any, first: Step, later: Sequence[Step], value: Any, theirs: Any) -> Any:
    expected = first.end
    for step in later:
        if not step.recorded:
            step.start = step.end = expected
        if step.start != expected:
            return _without(now, first, later, theirs)
        expected = step.end
        step.start, step.end = value, _again(step, value, step.theirs)
        step.recorded = step.recorded or step.start != step.end
        value = step.end
    return value if now == expected else _without(now, first, later, theirs)


def _again(step: Step, mine: Any, theirs: Any) -> Any:
    """A merge made again: what is empty on one side is filled from the other, unless empty is what was chosen."""
    if not theirs:
        return theirs if step.choice == "other" and not step.theirs else mine
    return joined(step.choice if mine else "other", mine, theirs)


def _without(now: Any, first: Step, later: Sequence[Step], theirs: Any) -> Any:
    """A value that was changed by hand since, without the part of it that was another one's."""
    if first.choice != "both":
        return now
    before = first.theirs or ""
    if isinstance(now, list):
        others = {
            tag.casefold()
            for tags in (first.start, theirs or [], *(s.theirs or [] for s in later))
            for tag in tags
        }
        gone = {tag.casefold() for tag in before} - others
        return [tag for tag in now if tag.casefold() not in gone]
    parts = str(now).split("\n\n")
    gone_parts = str(before).split("\n\n")
    for at in range(len(parts) - len(gone_parts), -1, -1):
        if parts[at : at + len(gone_parts)] == gone_parts:
            kept = str(theirs).split("\n\n") if theirs else []
            return "\n\n".join([*parts[:at], *kept, *parts[at + len(gone_parts) :]])
    return now
