"""What CONTRIBUTING.md says of the code holds for the code."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_MODULE = 300


def test_no_module_is_longer_than_contributing_says() -> None:
    assert f"module at most {LONGEST_MODULE}" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    modules = [*(ROOT / "src").rglob("*.py"), *(ROOT / "sdk" / "src").rglob("*.py")]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    assert {path.name for path, lines in lengths.items() if lines > LONGEST_MODULE} == set()
    assert len(lengths) > 200
