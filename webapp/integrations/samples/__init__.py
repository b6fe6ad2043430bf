"""How receivers check signatures, in the languages that they are written in: files that run, shown on a page."""

from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Sample:
    """One language's file."""

    language: str
    name: str
    text: str


SAMPLES = tuple(
    Sample(language, name, (_HERE / name).read_text())
    for language, name in (("Python", "verify.py"), ("JavaScript", "verify.js"), ("PHP", "verify.php"), ("Ruby", "verify.rb"))
)  # fmt: skip
