"""How both versions of a conflict between a phone and the office read."""

from collections.abc import Mapping
from typing import Any

from webapp.dispatch import words


def of_conflict(action: str, sent: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, str]:
    """`phone`, `office`: each version in words; `why`: why both cannot hold; `by`: who changed it at the office."""
    return {
        "phone": _phone(action, sent),
        "office": str(found.get("words") or ""),
        "why": str(found.get("why") or ""),
        "by": str(found.get("by") or ""),
    }


def _phone(action: str, sent: Mapping[str, Any]) -> str:
    match action:
        case "status":
            said = words.STATUSES.get(str(sent.get("status")), str(sent.get("status")))
            return f"{said}: {sent['outcome']}" if sent.get("outcome") else said
        case "checklist":
            said = "Done" if sent.get("done") else "Not done"
            return f"{said}: {sent['note']}" if sent.get("note") else said
        case "outcome":
            return str(sent.get("outcome") or "")
        case "note":
            return f"Note: {sent.get('body') or ''}"
        case "material":
            return f"Used: {sent.get('description') or 'an item of the price book'}"
        case "reading":
            return f"{sent.get('name')}: {sent.get('value')} {sent.get('unit') or ''}".strip()
        case "photo":
            return f"A photo{': ' + str(sent['caption']) if sent.get('caption') else ''}"
        case "signature":
            return f"Signed by {sent.get('signer')}"
    return action.replace("-", " ").capitalize()
