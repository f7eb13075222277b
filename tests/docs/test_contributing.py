"""What CONTRIBUTING.md says of the code holds for the code."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_MODULE = 300
LONGEST_FUNCTION = 50


def modules() -> list[Path]:
    found = [*(ROOT / "src").rglob("*.py"), *(ROOT / "sdk" / "src").rglob("*.py")]
    assert len(found) > 200
    return found


def test_no_module_is_longer_than_contributing_says() -> None:
    assert f"module at most {LONGEST_MODULE}" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {path.name for path, lines in lengths.items() if lines > LONGEST_MODULE} == set()


def test_no_function_is_longer_than_contributing_says() -> None:
    assert f"function has at most {LONGEST_FUNCTION} lines" in (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    long = [
        f"{path.name}: {node.name}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []
