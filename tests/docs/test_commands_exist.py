"""Every command that a page tells to type exists, with every flag that it is given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.docs.pages import ROOT, pages

from actas.cli.main import program
from actas.cli.tree import Group

_TYPED = re.compile(
    r"(?:^|[\s$(`])actas ((?:-{0,2}[a-z][\w.-]*|\\\n)[^`|)\n]*(?:\\\n[^`|)\n]*)*)", re.MULTILINE
)
_FLAG = re.compile(r"(?<![\w-])(--?[a-z][a-z-]*)")


def typed(page: Path) -> Iterator[str]:
    """Yield what is typed after ``actas`` in code, in a block or within a line."""
    text = page.read_text(encoding="utf-8")
    spans = re.findall(r"```(?:bash|console|text)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    spans += re.findall(
        r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    )
    for span in spans:
        for match in _TYPED.finditer(span):
            yield match[1].replace("\\\n", " ")


def found(words: list[str]) -> tuple[click.Command, list[str]] | None:
    """Return the command that the first words name, and the other words."""
    here: click.Command = program
    while isinstance(here, Group) and words and not words[0].startswith("-"):
        named = {entry.name: entry for entry in here.entries}
        if words[0] not in named:
            return None
        here, words = named[words[0]].load(), words[1:]
    return here, words


def flags_of(command: click.Command) -> set[str]:
    """Return the flags that a command takes, the global ones included."""
    ctx = click.Context(command, info_name="actas")
    return {name for param in command.get_params(ctx) for name in (*param.opts, *param.secondary_opts)}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_exists(page: Path) -> None:
    wrong = []
    for line in typed(page):
        words = line.split()
        if not re.fullmatch(r"[a-z-]+", words[0]):
            continue
        resolved = found(words)
        if resolved is None:
            wrong.append(f"actas {line}")
            continue
        command, rest = resolved
        known = flags_of(command)
        unknown = [flag for flag in _FLAG.findall(" ".join(rest)) if flag not in known]
        wrong += [f"actas {line}: there is no {flag}" for flag in unknown]
    assert wrong == []
