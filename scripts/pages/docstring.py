"""Docstrings in Google's form, made into Markdown."""

from __future__ import annotations

import inspect
import re
from typing import Final

_HEADS: Final = ("Args", "Attributes", "Returns", "Raises", "Yields")
_ITEM: Final = re.compile(r"([A-Za-z_][\w.]*): (.*)", re.DOTALL)


def markdown(text: str | None) -> list[str]:
    """Return the blocks of a docstring: its paragraphs, then each section as a list."""
    blocks: list[str] = []
    for block in _blocks(inspect.cleandoc(text or "")):
        head = block.partition(":\n")[0]
        if head in _HEADS:
            blocks += [f"*{head}*", _items(block.partition(":\n")[2])]
        elif block.startswith("    "):
            blocks.append(f"```python\n{inspect.cleandoc(block)}\n```")
        elif block != "::":
            blocks.append(_said(block))
    return blocks


def listed(text: str | None) -> frozenset[str]:
    """Return the names that a docstring's sections explain."""
    return frozenset(re.findall(r"^    ([a-z_]\w*): ", inspect.cleandoc(text or ""), re.MULTILINE))


def first_sentence(text: str | None) -> str:
    """Return the first sentence of a docstring."""
    return _said(inspect.cleandoc(text or "").split("\n\n")[0])


def _blocks(text: str) -> list[str]:
    """Split at blank lines, but keep an indented example whole."""
    blocks: list[str] = []
    for block in re.split(r"\n{2,}", text):
        if blocks and block.startswith("    ") and blocks[-1].startswith("    "):
            blocks[-1] += f"\n\n{block}"
        elif block.strip():
            blocks.append(block)
    return blocks


def _items(text: str) -> str:
    items: list[str] = []
    for line in inspect.cleandoc(text).split("\n"):
        if line.startswith(" ") and items:
            items[-1] += f" {line.strip()}"
        else:
            items.append(line)
    return "\n".join(f"- {_item(item)}" for item in items)


def _item(text: str) -> str:
    found = _ITEM.fullmatch(text)
    return _said(text) if found is None else f"`{found[1]}`: {_said(found[2])}"


def _said(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")
