"""How an organization dispatches: business hours, lengths, what is kept free. Kept in `organizations.settings["dispatch"]`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from webapp.accounts import queries as accounts

KEY: Final = "dispatch"
WEEK: Final = {0: (480, 1020), 1: (480, 1020), 2: (480, 1020), 3: (480, 1020), 4: (480, 1020)}


@dataclass(frozen=True, slots=True)
class DispatchSettings:
    """Minutes are after local midnight where they name a time of day.

    `business_hours`: weekday (0 Monday) → (opens, closes); days that are not there are closed.
    `emergency_minutes`: working time a day, over all technicians, that booking and planning leave free for urgent
    jobs. `drive_mph`: the speed that turns distances into minutes where no road server is configured.
    """

    business_hours: Mapping[int, tuple[int, int]] = field(default_factory=lambda: dict(WEEK))
    board_from: int = 420
    board_until: int = 1140
    window_minutes: int = 120  # length of an arrival window offered to a customer
    emergency_minutes: int = 0
    drive_mph: int = 30
    reminder_hours: int = 24  # before the visit; 0: none
    tracking: bool = True  # “on the way” carries a live link
    require_signature: bool = False

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "DispatchSettings":
        """From the organization's settings; what is missing or unreadable is the default."""
        found = {k: v for k, v in (stored.get(KEY) or {}).items() if k in cls.__dataclass_fields__}
        hours = found.get("business_hours")
        if hours is not None:
            found["business_hours"] = {int(day): (int(a), int(b)) for day, (a, b) in hours.items()}
        return cls(**found)

    def as_json(self) -> dict[str, Any]:
        found = asdict(self)
        found["business_hours"] = {str(k): list(v) for k, v in self.business_hours.items()}
        return found


def present() -> DispatchSettings:
    """Those of the present organization."""
    return DispatchSettings.of(accounts.organization().settings)


def zone() -> str:
    """The organization's IANA time zone."""
    return accounts.organization().time_zone
