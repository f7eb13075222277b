"""The pages that people write, taken apart: blocks of code with what a comment before them says, and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
GENERATED = ("reference/sdk.md",)
"""Pages whose code is signatures."""

_BLOCK = re.compile(
    r"(?:^<!-- (?P<said>[a-z]+)(?:: (?P<about>[^>]*?))? -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_ANCHOR = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of code.

    Attributes:
        said: the first word of the comment before it: run, start, demo, file or write; empty without one.
        about: the rest of that comment.
    """

    page: Path
    language: str
    said: str
    about: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.text.split(chr(10))[0][:60]}"


def pages() -> list[Path]:
    """Every page of the repository that people read."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(language: str) -> list[Block]:
    """Every block in a language, but for signatures."""
    return [
        block
        for page in pages()
        if not str(page).endswith(GENERATED)
        for block in blocks_of(page)
        if block.language == language
    ]


def blocks_of(page: Path) -> list[Block]:
    """Every block of one page, in order."""
    return [
        Block(
            page=page,
            language=found["language"],
            said=found["said"] or "",
            about=found["about"] or "",
            text=found["text"],
        )
        for found in _BLOCK.finditer(page.read_text(encoding="utf-8"))
    ]


def links_of(page: Path) -> Iterator[str]:
    """Yield the targets of a page's links that lead to a file of the repository."""
    text = re.sub(r"```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for found in _LINK.finditer(text):
        if not re.match(r"[a-z]+:", found["target"]):
            yield found["target"]


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made where Markdown is shown."""
    text = re.sub(r"```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {_ANCHOR.sub("", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(text)}
