"""Which values a merged customer keeps."""

from collections.abc import Mapping
from typing import Any

MERGED_FIELDS = {"name": "Name", "company": "Company", "kind": "Kind", "phone": "Phone", "email": "Email",
                 "reference": "Reference", "tags": "Tags", "notes": "Notes"}  # fmt: skip
JOINED = ("tags", "notes")  # both values can be kept


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


def chosen_values(
    kept: Mapping[str, Any], other: Mapping[str, Any], choices: Mapping[str, str]
) -> dict[str, Any]:
    """The values the kept customer gets anew, by `kept`, `other` or `both` for each field.

    A field without a choice follows :func:`default_choices`; an unknown choice counts as none.
    """
    found: dict[str, Any] = {}
    for name, usual in default_choices(kept, other).items():
        choice = choices.get(name)
        if choice not in ("kept", "other", "both") or (choice == "both" and name not in JOINED):
            choice = usual
        if choice == "other":
            found[name] = other[name]
        elif choice == "both":
            found[name] = _both(kept[name], other[name])
    return found


def _both(mine: Any, theirs: Any) -> Any:
    if isinstance(mine, list):
        known = {tag.casefold() for tag in mine}
        return [*mine, *(tag for tag in theirs if tag.casefold() not in known)]
    return "\n\n".join(part for part in (mine, theirs) if part)
