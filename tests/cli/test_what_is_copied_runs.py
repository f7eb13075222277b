"""What the command line prints to be copied can be run: examples are read, and hints name the flags they need."""

from __future__ import annotations

import re
import shlex

import click
import pytest
from tests.cli.test_conventions import LEAVES
from tests.fakes.kept_log import KeptLog
from tests.fakes.program import Program, Stream

from actas.cli.main import COMMANDS
from actas.cli.repeated import repeated
from actas.cli.run import Run, World
from actas.cli.tree import Command, Entry, Group

EXAMPLES = [
    typed
    for _, command in LEAVES
    if isinstance(command, Command)
    for _, typed in command.examples
    if typed.startswith("actas ")
]
FLAGS_OF_ALL = frozenset({"--json", "--quiet", "--dry-run", "--verbose", "-v", "--ascii", "--no-color"})
WITH_VALUE = frozenset({"--server", "-o", "--output", "--timeout"})


def world(**environ: str) -> World:
    return World(stdin=Stream(), stdout=Stream(), stderr=Stream(), environ=environ)


def leaf(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that is named, and what follows it."""
    entries, rest = tuple(COMMANDS), list(words)
    while True:
        (found,) = [entry for entry in entries if entry.name == rest[0]]
        command, rest = found.load(), rest[1:]
        if not isinstance(command, Group):
            return command, rest
        entries = command.entries


def without_global_flags(words: list[str]) -> list[str]:
    kept: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in WITH_VALUE:
            skip = True
        elif word not in FLAGS_OF_ALL:
            kept.append(word)
    return kept


@pytest.mark.parametrize("typed", EXAMPLES)
def test_an_example_is_read_as_it_is_printed(typed: str) -> None:
    assert "…" not in typed
    words = shlex.split(re.split(r" [|<>]|;|&&", typed, maxsplit=1)[0])
    command, rest = leaf(words[1:])
    context = command.make_context(command.name, without_global_flags(rest), obj=Run(world()))
    assert context.params is not None


def path_of(command: click.Command) -> str:
    """How a command is typed."""

    def below(entries: tuple[Entry, ...], so_far: str) -> str | None:
        for entry in entries:
            one, name = entry.load(), f"{so_far} {entry.name}"
            if one is command:
                return name
            found = below(one.entries, name) if isinstance(one, Group) else None
            if found is not None:
                return found
        return None

    found = below(tuple(COMMANDS), "actas")
    assert found is not None
    return found


@pytest.mark.parametrize(("entry", "command"), LEAVES, ids=[entry.name for entry, _ in LEAVES])
def test_a_named_command_gets_the_flags_that_it_takes(entry: Entry, command: click.Command) -> None:
    typed = path_of(command)
    takes = any("--dev" in one.opts for one in command.params)
    assert repeated(f"hint: {typed} says more", "--dev") == (
        f"hint: {typed} --dev says more" if takes else f"hint: {typed} says more"
    )


def test_flags_are_not_said_twice_and_none_are_made_up() -> None:
    assert repeated("actas serve --dev starts one", "--dev") == "actas serve --dev starts one"
    assert repeated("actas serve makes it", "") == "actas serve makes it"
    assert repeated("actas auditor", "--dev") == "actas auditor"


def test_whoever_looks_with_flags_is_told_to_go_on_with_them(actas: Program, kept: KeptLog) -> None:
    flags = f"--dev -c {kept.file}"
    given = ("--dev", "-c", str(kept.file))
    missing = actas("audit", "show", "x_nobody", *given)
    assert f"hint   actas audit search {flags} finds entries" in missing.err
    assert actas("audit", "show", "x_nobody", *given, "--json").error["hint"] == (
        f"actas audit search {flags} finds entries"
    )
    shown = actas("audit", "show", kept.refused, *given).out
    (typed,) = re.findall(r" why +actas (explain .*)\n", shown)
    assert typed == f"explain {flags} --entry {kept.refused}"
    assert actas(*shlex.split(typed)).out.startswith("REFUSED  ")


def test_a_server_at_a_plain_address_is_explained_with_dev() -> None:
    """Only ``actas serve --dev`` is at such an address; where ACTAS_DEV is set, nobody has to say it."""

    def again(**environ: str) -> str:
        run = Run(world(**environ))
        run.server()
        return run.options.again

    assert again(ACTAS_SERVER="http://127.0.0.1:8693") == "--dev"
    assert again(ACTAS_SERVER="http://127.0.0.1:8693", ACTAS_DEV="1") == ""
    assert again(ACTAS_SERVER="https://sts.acme.example") == ""
