"""What the reference pages share: tables, anchors and the line that says where a page comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

GENERATED = (
    "<!-- Made from the code by scripts/reference_pages.py. Edit the code, then run scripts/docs: "
    "a test fails when this page is stale. -->"
)


def page(title: str, *blocks: str) -> str:
    """Return a whole page.

    Args:
        title: its heading.
        blocks: paragraphs, tables and headings, in order; empty ones are left out.
    """
    return "\n\n".join([GENERATED, f"# {title}", *(block.strip("\n") for block in blocks if block)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells are Markdown."""
    lines = [_line(head), _line(["---"] * len(head))]
    lines += [_line([_cell(one) for one in row]) for row in rows]
    return "\n".join(lines)


def code(text: str) -> str:
    """Return ``text`` as code."""
    return f"`{text}`"


def prose(docstring: str | None) -> str:
    """Return a docstring as one paragraph of Markdown: its double backticks become single ones."""
    text = " ".join((docstring or "").split())
    return text.replace("``", "`")


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(text: str) -> str:
    # A bar ends a cell even inside code.
    return re.sub(r"\s*\n\s*", " ", text).replace("|", "\\|")
