"""``commands.md``: every command with its flags and examples, from the program itself."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import click
from scripts.pages.markdown import code, page, table

from actas.cli import exits
from actas.cli.main import program
from actas.cli.tree import Command, Group

INTRODUCTION: Final = """
Answers go to stdout, everything else to stderr, so that a pipe sees the answer and nothing else. Colour and
drawings appear on a terminal only; `NO_COLOR` and `--no-color` switch colour off, `--ascii` swaps every
symbol. With `--json` an error is JSON too, on stderr: one `error` object with `code`, `message`, `hint` and
`exit`. Global flags may stand before or after the command.

Where a command takes a TOKEN, it takes `@name` for one that was saved with `--save`, `@file`, `-` for stdin,
`env:NAME`, or the text itself.
"""

VARIABLES: Final[dict[str, str]] = {
    "ACTAS_CONFIG": "the configuration file or folder, when there is no `-c`",
    "ACTAS_DEV": "`1` is the same as `--dev`",
    "ACTAS_SERVER": "the server to ask, when there is no `--server`",
    "ACTAS_ISSUER": "the same, after `ACTAS_SERVER`; the SDK reads it too",
    "ACTAS_CLIENT_ID": "who asks, when there is no `--client`; the SDK reads it too",
    "ACTAS_CLIENT_SECRET": "its secret, when there is no `--secret`; the SDK reads it too",
    "ACTAS_CLIENT_CERTIFICATE": "its TLS certificate and key in a PEM file, when there is no `--certificate`",
    "ACTAS_WORKLOAD_TOKEN": "the file of its platform's token, when there is no `--workload-token`",
    "ACTAS_CLIENT_KEY": "the file of its private key, one JWK, when there is no `--key`; the SDK too",
    "ACTAS_HOME": "where saved tokens are kept; else `$XDG_STATE_HOME/actas`, else `~/.local/state/actas`",
    "NO_COLOR": "no colour",
}
"""The variables that commands read. A test compares it with the code."""

EMPTY: Final = """
A variable that is empty counts as missing. `ACTAS_SERVER__…` and its like override the
[configuration](configuration.md#environment).
"""

_DRY: Final = {
    "rehearses": "`--dry-run` shows what would change.",
    "harmless": "",
    "refused": "With `--dry-run` it does nothing and exits 2.",
}


def make() -> str:
    """Return the page."""
    blocks = [
        INTRODUCTION,
        "## Exit codes",
        table(("Code", "Means"), _exits()),
        "## Global flags",
        _flags(_global()),
        "## Environment",
        EMPTY,
        table(("Variable", "Is"), ((code(name), meaning) for name, meaning in VARIABLES.items())),
    ]
    for path, command in commands(program, ""):
        blocks += _command(path, command)
    return page("Commands", *blocks)


def commands(group: Group, above: str) -> Iterator[tuple[str, Command]]:
    """Yield every command that does something, with the words that name it.

    Args:
        above: the words of the group, with a space at the end; empty for the program.
    """
    for entry in group.entries:
        loaded = entry.load()
        if isinstance(loaded, Group):
            yield from commands(loaded, f"{above}{entry.name} ")
        elif isinstance(loaded, Command):
            yield f"{above}{entry.name}", loaded
        else:
            raise TypeError(f"{entry.name} is neither a command nor a group of them")


def _exits() -> Iterator[tuple[str, str]]:
    tree = ast.parse(inspect.getsource(exits.Exit))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef))
    for member, said in pairwise(body):
        if isinstance(member, ast.Assign) and isinstance(said, ast.Expr):
            yield ast.unparse(member.value), str(ast.literal_eval(said.value))


def _global() -> list[click.Parameter]:
    ctx = click.Context(program, info_name="actas")
    return program.get_params(ctx)


def _command(path: str, command: Command) -> list[str]:
    ctx = _context(path, command)
    said = inspect.cleandoc(command.help or "")
    usage = " ".join(["actas", path, *command.collect_usage_pieces(ctx)])
    examples = "\n\n".join(f"# {wanted}\n{typed}" for wanted, typed in command.examples)
    return [
        f"## actas {path}",
        said,
        _DRY[command.dry_run],
        f"```text\n{usage}\n```",
        _flags(command.params),
        f"```bash\n{examples}\n```",
    ]


def _context(path: str, command: click.Command) -> click.Context:
    return click.Context(command, info_name=path, parent=click.Context(program, info_name="actas"))


def _flags(flags: list[click.Parameter]) -> str:
    """Return a table of options; arguments are in the line above it."""
    ctx = click.Context(program, info_name="actas")
    records = [
        record
        for flag in flags
        if isinstance(flag, click.Option) and (record := flag.get_help_record(ctx)) is not None
    ]
    return table(("Flag", "Means"), ((code(flag), meaning) for flag, meaning in records)) if records else ""
