"""The tree of commands: loaded when asked for, each with the global flags and two worked examples.

``actas --help`` must answer at once, so a group knows the names and summaries of its commands without
importing them. Owns nothing else: the table itself is in ``main``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from actas.cli.exits import misused
from actas.cli.run import FORMATS, Run
from actas.cli.values import Span

DryRun = Literal["rehearses", "harmless", "refused"]
"""What ``--dry-run`` means to a command: it shows what it would do; it changes nothing anyway; or it
cannot, and refuses rather than do the real thing."""

_HELP: Final = ("-h", "--help")


@dataclass(frozen=True, slots=True)
class Entry:
    """One command of a group, before it is loaded.

    Attributes:
        module: the module whose ``command`` it is.
        summary: one line for the list of commands: the first sentence of its help.
        found: the table of the module that holds it, and its key there; None: it is ``command``.
    """

    name: str
    module: str
    summary: str
    found: tuple[str, str] | None = None

    def load(self) -> click.Command:
        """Import the command."""
        module = importlib.import_module(self.module)
        found = module.command if self.found is None else getattr(module, self.found[0])[self.found[1]]
        if not isinstance(found, click.Command):
            raise TypeError(f"{self.module}.command is not a command")
        found.name = self.name
        return found


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Note a global flag that was really given; one that was not changes nothing."""
    if ctx.get_parameter_source(param.name) is not ParameterSource.COMMANDLINE:
        return value
    run = ctx.find_object(Run)
    if run is None:
        raise TypeError("a command was invoked without a Run")
    match param.name:
        case "json":
            run.options.format = "json"
        case "verbose":
            run.options.verbose += int(value)
        case "format":
            run.options.format = next(known for known in FORMATS if known == value)
        case name:
            setattr(run.options, name, value)
    return value


def _flag(*names: str, **attributes: Any) -> click.Option:
    return click.Option(list(names), expose_value=False, callback=_remember, **attributes)


def _global_flags() -> list[click.Option]:
    return [
        _flag(
            *("-s", "--server"),
            metavar="URL|CONTEXT",
            help="Server to ask: ACTAS_SERVER, ACTAS_ISSUER, the context, else http://127.0.0.1:8693.",
        ),
        _flag("-o", "--output", "format", type=click.Choice(FORMATS), help="Form of the answer."),
        _flag("--json", is_flag=True, help="The same as -o json."),
        _flag("-q", "--quiet", is_flag=True, help="Only answers and errors."),
        _flag("-v", "--verbose", count=True, help="More; twice for the wire."),
        _flag("--no-color", "no_colour", is_flag=True, help="No colour; NO_COLOR does the same."),
        _flag("--ascii", is_flag=True, help="No symbols outside ASCII."),
        _flag("--timeout", type=Span(bare=True), metavar="SPAN", help="Longest wait for an answer; 10s."),
        _flag("--dry-run", is_flag=True, help="Show what would change, and change nothing."),
    ]


class _Common(click.Command):
    """What commands and groups share: help that goes where answers go, and the global flags."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        attributes.setdefault("context_settings", {"help_option_names": list(_HELP), "max_content_width": 96})
        super().__init__(*args, **attributes)
        self._global = _global_flags()
        self._help = click.Option(
            list(_HELP),
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_help,
            help="Show this and exit.",
        )

    def get_help_option(self, ctx: click.Context) -> click.Option | None:  # noqa: ARG002 - click's
        return self._help

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:  # noqa: ARG002 - click's
        return [*self.params, *self._global, self._help]

    def _write_flags(
        self, formatter: click.HelpFormatter, title: str, flags: Sequence[click.Parameter]
    ) -> None:
        ctx = click.get_current_context()
        options = [flag for flag in flags if isinstance(flag, click.Option)]
        records = [record for flag in options if (record := flag.get_help_record(ctx)) is not None]
        if records:
            with formatter.section(title):
                formatter.write_dl(records)


def _show_help(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
    if value and not ctx.resilient_parsing:
        run = ctx.find_object(Run)
        if run is not None:
            run.out.text(ctx.get_help())
        ctx.exit()


class Command(_Common):
    """A command.

    Args:
        examples: pairs of what is wanted and what is typed; two or more.
        dry_run: what ``--dry-run`` means to it.
    """

    def __init__(
        self, *args: Any, examples: Sequence[tuple[str, str]], dry_run: DryRun, **attributes: Any
    ) -> None:
        super().__init__(*args, **attributes)
        self.examples = tuple(examples)
        self.dry_run: DryRun = dry_run

    def invoke(self, ctx: click.Context) -> Any:
        run = ctx.find_object(Run)
        if run is not None and run.options.dry_run and self.dry_run == "refused":
            raise misused(
                f"{ctx.command_path} cannot be rehearsed, so nothing was done",
                hint="actas explain rehearses a request" if self.name == "exchange" else None,
            )
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with ctx.scope(cleanup=False):
            self._write_flags(formatter, "Flags", self.params)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Examples"):
            for number, (wanted, typed) in enumerate(self.examples):
                indent = " " * formatter.current_indent
                formatter.write("\n" if number else "")
                formatter.write(f"{indent}# {wanted}\n{indent}{typed}\n")
        formatter.write("\nGlobal flags, such as --json, work here too: actas --help lists them.\n")


class Group(_Common, click.Group):
    """A group whose commands are loaded when they are asked for.

    Args:
        entries: its commands, in the order in which help lists them.
    """

    def __init__(self, *args: Any, entries: Sequence[Entry], **attributes: Any) -> None:
        super().__init__(*args, subcommand_metavar="COMMAND [ARGS]…", **attributes)
        self.entries = tuple(entries)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return [entry.name for entry in self.entries]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        return next((entry.load() for entry in self.entries if entry.name == cmd_name), None)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and name not in self.list_commands(ctx):
            raise click.exceptions.NoSuchCommand(name, possibilities=self.list_commands(ctx), ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with ctx.scope(cleanup=False):
            with formatter.section("Commands"):
                formatter.write_dl([(entry.name, entry.summary) for entry in self.entries])
            if ctx.parent is None:
                self._write_flags(formatter, "Global flags", [*self._global, *self.params, self._help])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names of commands without loading any."""
        found = [
            CompletionItem(entry.name, help=entry.summary)
            for entry in self.entries
            if entry.name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


def command(
    *,
    examples: Sequence[tuple[str, str]],
    dry_run: DryRun = "refused",
    help: str | None = None,  # noqa: A002 - click's
) -> Callable[[Callable[..., None]], Command]:
    """Make a command of a function whose docstring is its help.

    Args:
        examples: pairs of what is wanted and what is typed; two or more.
        dry_run: what ``--dry-run`` means to it. A command that changes nothing says ``harmless``.
        help: its help, when the function is made for several commands.
    """
    return click.command(cls=Command, examples=examples, dry_run=dry_run, help=help)
