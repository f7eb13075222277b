"""Write ``docs/specs``: each requirement, what it says, and the tests that show it.

``python scripts/spec_pages.py`` writes the pages; with ``--check`` it names those that are stale and fails.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.requirements import PAGES, ROWS, Shown, shown  # noqa: E402  (found through the line above)
from tests.promises.row import Page, Requirement  # noqa: E402

INTRODUCTION = (
    "Every requirement this release takes a position on, in our words, with the tests that show it.\n"
    "Made by `scripts/spec_pages.py` from `tests/requirements.py`; a test fails when it is stale.\n"
)


def page(name: Page, tests: tuple[Shown, ...]) -> str:
    """Return the text of one page."""
    rows = [row for row in ROWS if row.page == name]
    lines = [
        f"# {PAGES[name]}",
        "",
        INTRODUCTION,
        "| Id | Source | What it says | Shown by |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row.id} | {row.source} | {row.says} | {_proof(row, tests)} |" for row in rows if row.claimed
    ]
    absent = [f"| {row.id} | {row.source} | {row.says} | {row.reason} |" for row in rows if not row.claimed]
    if absent:
        lines += [
            "",
            "## Not claimed",
            "",
            "| Id | Source | What it says | Why not |",
            "|---|---|---|---|",
            *absent,
        ]
    return "\n".join(lines) + "\n"


def _proof(row: Requirement, tests: tuple[Shown, ...]) -> str:
    return "<br>".join(
        f"[{one.test.removeprefix('test_').replace('_', ' ')}](../../{one.file})"
        for one in tests
        if row.id in one.ids
    )


def main() -> int:
    """Write or check every page."""
    tests, stale = shown(), 0
    for name in PAGES:
        path, text = ROOT / "docs" / "specs" / f"{name}.md", page(name, tests)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if "--check" in sys.argv:
            print(f"{path.relative_to(ROOT)} is stale; run scripts/spec_pages.py")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return stale if "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
