r"""[P08] Digits are `0` to `9` wherever text is read: `\d`, `isdigit` and `int` take Arabic ones and small ones too.

`int("²")` raises after `"²".isdigit()`; `"٠٦"` is a number to `int`, and no telephone number to anybody else.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED = sorted(
    path
    for folder in ("contracts", "client", "gateway", "connectors")
    for path in (ROOT / folder).glob("**/avgate_*/**/*.py")
)
# What only hides things hides more by it, and never decides what is let in.
HIDES = (
    "logs/net.py",
    "kit/private.py",
    "kit/pattern.py",
    "kit/alteration.py",
    "avgate_contracts/identifier.py",
)
_DIGITS = frozenset({"isdigit", "isdecimal", "isnumeric"})


def broad(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Where text is looked at for digits of any script, and what by."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_regex(node.func):
            for text in ast.walk(node):
                if isinstance(text, ast.Constant) and isinstance(text.value, (str, bytes)):
                    found = text.value if isinstance(text.value, str) else ""  # bytes: ASCII only
                    if r"\d" in found and "(?a)" not in found and not _says_ascii(node):
                        yield text.lineno, r"\d"
                    if found.endswith("$") and _called(node.func) == "match":
                        yield text.lineno, "match and $, which lets a line end pass"
        if (
            isinstance(node, ast.Call)
            and _called(node.func) in _DIGITS
            and not _is_guarded(tree, node)
        ):
            yield node.lineno, str(_called(node.func))


def _is_regex(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute)
        and isinstance(called.value, ast.Name)
        and called.value.id == "re"
    )


def _called(called: ast.expr) -> str | None:
    return called.attr if isinstance(called, ast.Attribute) else None


def _says_ascii(call: ast.Call) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == "ASCII" for one in ast.walk(call))


def _is_guarded(tree: ast.AST, call: ast.Call) -> bool:
    """Whether `isascii` stands in front of it, of the same text."""
    if not isinstance(call.func, ast.Attribute):
        return False
    whose = ast.dump(call.func.value)
    chains = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) and call in ast.walk(node)
    ]
    return any(
        isinstance(one, ast.Attribute) and one.attr == "isascii" and ast.dump(one.value) == whose
        for chain in chains
        for one in ast.walk(chain)
    )


def test_only_ascii_digits_are_digits() -> None:
    looked_at = [path for path in SHIPPED if not str(path).endswith(HIDES)]
    found = [
        (str(path.relative_to(ROOT)), *where)
        for path in looked_at
        for where in broad(ast.parse(path.read_text("utf-8")))
    ]
    assert len(looked_at) > 500
    assert found == []


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ('re.compile(r"\\d+")', 1),
        ('re.compile(r"\\d+", re.ASCII)', 0),
        ('re.match(r"^[0-9]+$", text)', 1),
        ('re.fullmatch(r"[0-9]+", text)', 0),
        ("text.isdigit()", 1),
        ("text.isascii() and text.isdigit()", 0),
        ("other.isascii() and text.isdecimal()", 1),
        ('re.compile(rb"\\d+")', 0),
    ],
)
def test_what_looks_for_it_finds_it(code: str, count: int) -> None:
    assert len(list(broad(ast.parse(code)))) == count
