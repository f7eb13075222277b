"""Write ``docs/specs``: each requirement with the tests that show it. ``--check`` only compares."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.promises.row import Page, Requirement  # noqa: E402  (found through the line above)
from tests.requirements import PAGES, ROWS, Shown, shown  # noqa: E402

INTRODUCTION = """Every requirement that this release takes a position on, with the tests that show it.
Made by `scripts/spec_pages.py` from `tests/requirements.py`; a test fails when it is stale."""


def page(name: Page, tests: tuple[Shown, ...]) -> str:
    """Return the text of one page."""
    rows = [row for row in ROWS if row.page == name]
    kept = [_line(row, _proof(row, tests)) for row in rows if row.claimed]
    parts = [f"# {PAGES[name]}\n\n{INTRODUCTION}\n", _table("Shown by", kept)]
    absent = [_line(row, row.reason) for row in rows if not row.claimed]
    if absent:
        parts += ["## Not claimed\n", _table("Why not", absent)]
    return "\n".join(parts)


def _table(last: str, lines: list[str]) -> str:
    return "\n".join([f"| Id | Source | What it says | {last} |", "|---|---|---|---|", *lines]) + "\n"


def _line(row: Requirement, last: str) -> str:
    return f"| {row.id} | {row.source} | {row.says} | {last} |"


def _proof(row: Requirement, tests: tuple[Shown, ...]) -> str:
    files: dict[str, list[str]] = {}
    for one in tests:
        if row.id in one.ids:
            files.setdefault(one.file, []).append(one.sentence + (" (known to fail)" if one.fails else ""))
    return "<br>".join(f"[{file}](../../{file}): {'; '.join(found)}" for file, found in files.items())


def main() -> int:
    """Write every page that is stale, or with ``--check`` name it; return how many were named."""
    folder, tests, checking = ROOT / "docs" / "specs", shown(), "--check" in sys.argv
    folder.mkdir(parents=True, exist_ok=True)
    pages = {folder / f"{name}.md": page(name, tests) for name in PAGES}
    stale = [path for path in pages if not path.exists() or path.read_text(encoding="utf-8") != pages[path]]
    for path in stale:
        if checking:
            print(f"{path.relative_to(ROOT)} is stale; run scripts/spec_pages.py")
        else:
            path.write_text(pages[path], encoding="utf-8")
    return len(stale) if checking else 0


sys.exit(main())
