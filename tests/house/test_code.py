"""House rules of the code and of what is committed."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from webapp.config import ROOT

OURS = [p for folder in ("webapp", "jobs") for p in (ROOT / folder).rglob("*.py")]
MONEY = re.compile(r"cents|bps|dollars|amount|price|rate_|commission", re.IGNORECASE)


def committed() -> list[str]:
    out = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if out.returncode != 0:
        pytest.skip("not a git checkout")
    return [name for name in out.stdout.decode().split("\0") if name]


def float_uses(tree: ast.AST) -> list[int]:
    """Lines with a float literal, a float() call or a true division beside something named like money."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.Mult):
            names = " ".join(ast.unparse(part) for part in (node.left, node.right))
            floats = any(isinstance(n, ast.Constant) and isinstance(n.value, float) for n in ast.walk(node))
            if MONEY.search(names) and (isinstance(node.op, ast.Div) or floats):
                found.append(node.lineno)
        called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if called == "float" and MONEY.search(ast.unparse(node)):
            found.append(node.lineno)
    return found


def test_money_never_meets_a_float() -> None:
    wrong = []
    for path in OURS:
        if path.name == "csv.py" and path.parent.name == "kit":
            continue  # `/` there is SQL's integer division
        wrong += [f"{path.relative_to(ROOT)}:{line}" for line in float_uses(ast.parse(path.read_text()))]
    assert wrong == []


def test_the_search_for_floats_finds_one() -> None:
    assert float_uses(ast.parse("x = price_cents / 100\ny = 1.5 * rate_bps\nz = float(amount)")) == [1, 2, 3]


def test_code_asks_the_kit_for_the_time_and_for_randomness() -> None:
    pattern = re.compile(r"datetime\.(now|utcnow|today)\(|date\.today\(|\buuid\.uuid4\(|\btime\.time\(")
    allowed = {"webapp/kit/clock.py", "webapp/kit/limits.py"}
    wrong = [
        f"{p.relative_to(ROOT)}:{n}"
        for p in OURS
        if str(p.relative_to(ROOT)) not in allowed
        for n, line in enumerate(p.read_text().splitlines(), 1)
        if pattern.search(line) and "cli/" not in str(p)
    ]
    assert wrong == []


def test_migrations_never_import_the_application() -> None:
    for path in (ROOT / "migrations").rglob("*.py"):
        assert "webapp" not in re.findall(r"^(?:from|import) (\w+)", path.read_text(), re.MULTILINE), path


def test_modules_stay_small() -> None:
    long = {str(p.relative_to(ROOT)): n for p in OURS if (n := len(p.read_text().splitlines())) > 520}
    assert long == {}


def test_nothing_built_or_foreign_is_committed() -> None:
    names = committed()
    wrong = [
        n
        for n in names
        if re.search(r"(^|/)(node_modules|dist|vendor)/|\.min\.(js|css)$|\.(whl|tgz|woff2?)$", n)
    ]
    assert wrong == []
    large = [n for n in names if (ROOT / n).is_file() and (ROOT / n).stat().st_size > 400_000]
    assert large == []


def test_no_registry_is_named() -> None:
    hosts = re.compile(r"pypi" r"\.org|python" r"hosted\.org|registry\.npm" r"js|deb\.deb" r"ian")
    wrong = []
    for name in committed():
        path: Path = ROOT / name
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            wrong += [name] if hosts.search(text) else []
    assert wrong == []


def test_templates_hold_no_inline_code() -> None:
    inline = re.compile(
        r"<script(?![^>]*(src=|type=\"application/json\"))[^>]*>|<[a-z][^>{]*\s(style|on[a-z]+)=\"|\shx-on"
    )
    wrong = []
    for path in (ROOT / "templates").rglob("*.html"):
        if path.name.endswith("_pdf.html"):
            continue  # paper has no content security policy
        text = re.sub(r"{#.*?#}", "", path.read_text(), flags=re.DOTALL)
        wrong += [f"{path.relative_to(ROOT)}: {m.group(0)[:60]}" for m in inline.finditer(text)]
    assert wrong == []


def test_percentages_are_written_as_americans_do() -> None:
    spaced = re.compile(r"[\d}]\s%(?![\w({%}])(?! \w+[,)\]])")
    wrong = []
    for path in OURS:
        texts = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Constant)]
        wrong += [
            f"{path.relative_to(ROOT)}:{n.lineno}"
            for n in texts
            if isinstance(n.value, str) and spaced.search(n.value)
        ]
    wrong += [
        str(p.relative_to(ROOT))
        for p in (ROOT / "templates").rglob("*.html")
        if re.search(r"\d %\b|\}\} %", p.read_text())
    ]
    assert wrong == []
    assert spaced.search("pays 7.5 %")


BRITISH = re.compile(
    r"e-mail|colour|centre\b|cheque|catalogue|favour|behaviour|neighbour|licence|organis|recognis|company code",
    re.IGNORECASE,
)


def test_what_people_read_is_spelled_as_in_the_united_states_and_names_things_once() -> None:
    wrong = []
    for path in OURS:
        tree = ast.parse(path.read_text())
        docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                is_sentence = (
                    " " in node.value.strip() or node.value[:1].isupper()
                ) and not node.value.lstrip().startswith(("select", "insert"))
                if is_sentence and path.name != "imports.py" and BRITISH.search(node.value):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: {node.value[:60]}")
    for page in (ROOT / "templates").rglob("*.html"):
        read = re.sub(r"\{#.*?#\}", "", page.read_text(), flags=re.DOTALL)
        wrong += [f"{page.relative_to(ROOT)}: {found[0]}" for found in BRITISH.finditer(read)]
    assert wrong == []
