"""What an organization settled about appointments. Kept in `organizations.settings["appointments"]`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from webapp.accounts import queries as accounts
from webapp.appointments.rules import texts as words
from webapp.appointments.rules.moving import Terms

KEY: Final = "appointments"


@dataclass(frozen=True, slots=True)
class AppointmentSettings:
    """`texts`: only what differs from :data:`rules.texts.KINDS`, by kind and part. `summary_minutes`: how long after a visit
    its summary goes out, so that the last photos are in it."""

    terms: Terms = field(default_factory=Terms)
    summary_minutes: int = 15
    texts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    presets: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "AppointmentSettings":
        """From the organization's settings; what is missing or unknown is the default."""
        found = stored.get(KEY) or {}
        terms = {k: v for k, v in (found.get("terms") or {}).items() if k in Terms.__dataclass_fields__}
        return cls(Terms(**terms), int(found.get("summary_minutes", 15)), found.get("texts") or {},
                   tuple(found.get("presets") or ()))  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        return {
            "terms": asdict(self.terms), "summary_minutes": self.summary_minutes,
            "texts": {k: dict(v) for k, v in self.texts.items()}, "presets": [dict(p) for p in self.presets],
        }  # fmt: skip

    def text(self, kind: str) -> words.Text:
        """The words of a kind, as the organization has them."""
        known = {
            k: v for k, v in (self.texts.get(kind) or {}).items() if k in words.Text.__dataclass_fields__
        }
        return replace(words.KINDS[kind].text, **known)


def present() -> AppointmentSettings:
    """Those of the present organization."""
    return AppointmentSettings.of(accounts.organization().settings)
