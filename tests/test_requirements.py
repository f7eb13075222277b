"""Every requirement that is claimed has a test, and every test names a requirement that exists."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

from tests.requirements import PAGES, REQUIREMENTS, ROOT, ROWS, shown

REQUIRED = {
    "TX": [*range(1, 6), *range(10, 24), *range(30, 36), *range(40, 65), *range(70, 74), *range(80, 87),
           *range(90, 95), *range(100, 110), *range(120, 126), *range(140, 145)],
    "AG": [*range(40, 44), *range(46, 49)],
    "SEC": [*range(1, 54), *range(86, 95)],
    "REL": [*range(1, 4)],
}  # fmt: skip
"""The ids that this release must at least take a position on."""


def _padded(prefix: str, number: int) -> str:
    return f"{prefix}-{number:02d}" if prefix in ("SEC", "REL") else f"{prefix}-{number}"


def test_every_id_is_listed_once() -> None:
    assert [name for name, count in Counter(row.id for row in ROWS).items() if count > 1] == []


def test_every_requirement_of_this_release_has_a_position() -> None:
    wanted = {_padded(prefix, number) for prefix, numbers in REQUIRED.items() for number in numbers}
    assert sorted(wanted - REQUIREMENTS.keys()) == []


def test_every_claimed_requirement_has_a_test() -> None:
    named = {one for test in shown() if not test.fails for one in test.ids}
    assert [row.id for row in ROWS if row.claimed and row.id not in named] == []


def test_every_test_names_a_requirement_that_exists() -> None:
    unknown = [
        f"{test.file}: {test.test}: {one}" for test in shown() for one in test.ids if one not in REQUIREMENTS
    ]
    assert unknown == []


def test_every_requirement_that_is_not_claimed_says_why() -> None:
    assert [row.id for row in ROWS if row.claimed == bool(row.reason)] == []


def test_every_requirement_has_a_source_and_is_one_sentence() -> None:
    for row in ROWS:
        assert row.source, row.id
        assert re.fullmatch(r"\S.{8,160}\.", row.says), row.id
        assert row.page in PAGES


def test_the_pages_of_the_specifications_are_current() -> None:
    """``python scripts/spec_pages.py`` writes them."""
    found = subprocess.run(
        [sys.executable, "scripts/spec_pages.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (found.stdout, found.stderr, found.returncode) == ("", "", 0)
