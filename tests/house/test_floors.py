"""Domains meet only where docs/architecture.md says. Which floor lies above which is import-linter's (`make lint`)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from webapp.config import ROOT

HOUSE = {"kit", "models", "cli", "demo"}  # not domains
DOORS = {"service", "queries", "rules", "permissions", "registry"}
# where other domains put their cards on the settings page; how the company dispatches, read by every floor above
OPEN = {("accounts", "settings", "home"), ("dispatch", "settings")}


def domains() -> list[Path]:
    return [p for p in (ROOT / "webapp").iterdir() if (p / "__init__.py").exists() and p.name not in HOUSE]


def imports(tree: ast.AST) -> Iterator[tuple[str, ...]]:
    """What of `webapp` a module imports, each as (domain, module, …)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("webapp."):
            for name in node.names:
                yield (*node.module.split(".")[1:], name.name)
        elif isinstance(node, ast.Import):
            yield from (tuple(n.name.split(".")[1:]) for n in node.names if n.name.startswith("webapp."))


def trespasses(domain: str, tree: ast.AST, names: set[str]) -> list[str]:
    """Imports of another domain's insides."""
    return [
        ".".join(found)
        for found in imports(tree)
        if found[0] in names - {domain} and not (DOORS & set(found[1:]) or found[:3] in OPEN)
    ]


def test_a_domain_enters_another_by_its_service_queries_or_rules_only() -> None:
    names = {d.name for d in domains()}
    assert {"sales", "audit", "desk"} <= names
    wrong = {
        str(path.relative_to(ROOT)): found
        for domain in domains()
        for path in domain.rglob("*.py")
        if (found := trespasses(domain.name, ast.parse(path.read_text()), names))
    }
    assert wrong == {}


def test_the_search_for_trespasses_finds_one() -> None:
    tree = ast.parse(
        "from webapp.sales import service, forms\nfrom webapp.sales.views.lists import bp\nimport webapp.sales.api"
    )
    assert trespasses("desk", tree, {"sales", "desk"}) == ["sales.forms", "sales.views.lists.bp", "sales.api"]


def test_the_picture_of_the_floors_is_the_one_that_is_checked() -> None:
    import tomllib

    checked = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0][
        "layers"
    ]
    page = (ROOT / "docs" / "architecture.md").read_text()
    picture = page.split("## Floors")[1].split("## ")[0]
    drawn = [line.strip().split("  ")[0] for line in picture.splitlines() if re.match(r" {4}\S", line)]
    said = [sorted(part.strip() for part in line.replace("·", "|").split("|")) for line in drawn]
    assert said == [sorted(part.strip() for part in layer.split("|")) for layer in checked]


def test_every_module_of_the_kit_is_named_in_the_architecture() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    kit = page.split("## The kit in one page")[1]
    modules = {p.stem for p in (ROOT / "webapp" / "kit").glob("*.py")} - {"__init__"}
    assert {name for name in modules if f"`{name}" not in kit and f"{name}." not in kit} == set()
