"""Write ``docs/reference`` from the code: settings, rules, errors, events, metrics, commands and the SDK.

``python scripts/reference_pages.py`` writes the pages; with ``--check`` it names those that are stale and
fails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from scripts.pages import api, commands, configuration, errors, events, metrics, rules, sdk  # noqa: E402  (found through the line above)

FOLDER = ROOT / "docs" / "reference"

PAGES: dict[str, Callable[[], str]] = {
    "configuration": configuration.make,
    "rules": rules.make,
    "errors": errors.make,
    "events": events.make,
    "api": api.make,
    "metrics": metrics.make,
    "commands": commands.make,
    "sdk": sdk.make,
}
"""Each page with what makes it."""


def is_current(name: str) -> bool:
    """Whether the page says what the code says."""
    path = FOLDER / f"{name}.md"
    return path.exists() and path.read_text(encoding="utf-8") == PAGES[name]()


def main() -> int:
    """Write or check every page."""
    stale = [name for name in PAGES if not is_current(name)]
    for name in stale:
        path = FOLDER / f"{name}.md"
        if "--check" in sys.argv:
            print(f"{path.relative_to(ROOT)} is stale; run scripts/docs")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(PAGES[name](), encoding="utf-8")
    return len(stale) if "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
