"""The program ``actas``: its table of commands, and how whatever happens becomes an exit code.

To add a command, write a module with a ``command`` in it and give it one line below. The line repeats the
first sentence of the command's help, so that ``actas --help`` needs to import none of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

import click
from click.shell_completion import shell_complete

from actas import __version__
from actas.cli.exits import Exit, Failure
from actas.cli.run import Run, World
from actas.cli.tree import Entry, Group

COMMANDS: Final = (
    Entry("demo", "actas.cli.demo", "Take the guided tour on this computer."),
    Entry("init", "actas.cli.init", "Write a starter configuration."),
    Entry("serve", "actas.cli.serve", "Run the server."),
    Entry(
        "check",
        "actas.cli.check",
        "Check a configuration as the server reads it, and run its policy tests.",
    ),
    Entry("exchange", "actas.cli.exchange", "Ask for a token (RFC 8693)."),
    Entry("inspect", "actas.cli.inspect", "Take a token apart, check it, draw its chain."),
    Entry("introspect", "actas.cli.introspect", "Ask the server whether a token is live (RFC 7662)."),
    Entry("revoke", "actas.cli.revoke", "End a token and everything that was exchanged from it."),
    Entry("explain", "actas.cli.explain", "Say why an exchange would be, or was, granted or refused."),
    Entry(
        "login",
        "actas.cli.login",
        "Sign in for managing a server, as a client that holds a role there, or as a person who does.",
    ),
    Entry("logout", "actas.cli.logout", "Forget the login at a server."),
    Entry("whoami", "actas.cli.whoami", "Say who is signed in at a server, and as what."),
    Entry("context", "actas.cli.context", "Know servers by name, and say which one is asked."),
    Entry(
        "plan",
        "actas.cli.plan",
        "Say what apply would change, and run the policy tests against it.",
    ),
    Entry(
        "apply",
        "actas.cli.apply",
        "Make what files say so on every node: whole, tested, or not at all.",
    ),
    Entry("export", "actas.cli.export", "Write what exists as a configuration file: what apply takes."),
    Entry("clients", "actas.cli.clients", "Look at clients, switch them off, and make their secrets."),
    Entry("apis", "actas.cli.apis", "Look at APIs, and switch them off."),
    Entry("issuers", "actas.cli.issuers", "Look at trusted issuers, and switch them off."),
    Entry("users", "actas.cli.users", "Look at users, lock them out, and take away what they have lost."),
    Entry("rules", "actas.cli.rules", "Look at rules, test them, and ask who can reach what."),
    Entry(
        "connections",
        "actas.cli.connections",
        "Look at connections to other domains, try them, and pause them.",
    ),
    Entry(
        "impersonate",
        "actas.cli.impersonate",
        "Act as somebody, in the open.",
    ),
    Entry("audit", "actas.cli.audit", "Read the minutes, and prove that nobody edited them."),
    Entry("keys", "actas.cli.keys", "Look at and change the keys that sign tokens and seal the audit log."),
    Entry("db", "actas.cli.db", "Look after the database: its schema, its size, its backups."),
    Entry("doctor", "actas.cli.doctor", "Find out why it does not work, or soon will not."),
    Entry("completion", "actas.cli.completion", "Print the script that completes commands in a shell."),
    Entry("version", "actas.cli.version", "Say which version this is."),
)

COMPLETE: Final = "_ACTAS_COMPLETE"
"""The variable by which a shell asks what could come next; its value names the shell."""


@click.command(cls=Group, entries=COMMANDS, invoke_without_command=True)
@click.option("--version", is_flag=True, help="Say which version this is.")
@click.pass_context
def program(ctx: click.Context, *, version: bool) -> None:
    """Turn the token you have into the token you need, and remember who acted for whom."""
    if ctx.invoked_subcommand is not None:
        return
    if not version:
        raise click.exceptions.NoArgsIsHelpError(ctx)
    found = program.get_command(ctx, "version")
    if found is None:
        raise LookupError("the command version is not in the table")
    ctx.invoke(found)


def run(argv: Sequence[str] | None = None, *, world: World | None = None) -> int:
    """Run the program once.

    Args:
        argv: the words after the program's name; those of this process when left out.
        world: what is outside; this process when left out.

    Returns:
        The exit code.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    here = World.real() if world is None else world
    this = Run(here)
    try:
        code = _ended(this, words)
    except KeyboardInterrupt:  # a second one, while the first was being dealt with
        code = Exit.INTERRUPTED
    except BrokenPipeError:
        code = Exit.UNFINISHED
    return int(_flushed(here, code))


def main() -> None:
    """Run the program and end the process."""
    sys.exit(run())


def _ended(this: Run, words: list[str]) -> Exit:
    """Run the command and say how it ended. Whatever goes wrong has been told when this returns.

    Click's own ``main`` is not used: it ends the process by itself when a pipe breaks.
    """
    try:
        if instruction := this.variable(COMPLETE):
            return Exit(shell_complete(program, {"obj": this}, "actas", COMPLETE, instruction))
        _require_text(words)
        with program.make_context("actas", list(words), obj=this) as ctx:
            program.invoke(ctx)
    except click.exceptions.Exit as ended:
        return Exit(ended.exit_code)
    except Failure as failure:
        return _told(this, failure)
    except click.UsageError as wrong:
        return _told(this, _misused(this, wrong, words))
    except (click.Abort, KeyboardInterrupt, EOFError):
        this.out.aside()  # closes the line on which the terminal wrote ^C
        interrupted = Failure("Interrupted.", code="interrupted", exit=Exit.INTERRUPTED, told=True)
        return _told(this, interrupted)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the one place where our own faults end
        return _told(this, _our_fault(this, error))
    return Exit.YES


def _require_text(words: Sequence[str]) -> None:
    """Return when every word is text, which is what the audit log, a server and a terminal can take.

    Raises:
        UsageError: one is not: bytes that are no UTF-8 reach Python as halves of characters.
    """
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise click.UsageError(f"{word!r} is not UTF-8") from None


def _told(this: Run, failure: Failure) -> Exit:
    this.out.failure(failure)
    return failure.exit


def _misused(this: Run, wrong: click.UsageError, words: Sequence[str]) -> Failure:
    """Return the failure that a mistake on the command line is."""
    if _wants_json(words):  # the flag may stand behind the mistake, where it was not read any more
        this.options.format = "json"
    message = wrong.format_message()
    if isinstance(wrong, click.exceptions.NoArgsIsHelpError):
        for line in () if this.out.structured else message.split("\n"):
            this.out.aside(line)
        return Failure("Which command?", code="usage", exit=Exit.USAGE, hint="actas --help", told=True)
    path = "actas" if wrong.ctx is None else wrong.ctx.command_path
    return Failure(message, code="usage", exit=Exit.USAGE, hint=f"{path} --help")


def _wants_json(words: Sequence[str]) -> bool:
    pairs = zip(words, [*words, ""][1:], strict=True)
    return any(
        word in ("--json", "-ojson", "--output=json") or (word in ("-o", "--output") and after == "json")
        for word, after in pairs
    )


def _our_fault(this: Run, error: Exception) -> Failure:
    """Return what is said about a defect of ours: where it is, never what it held.

    The message of the exception may repeat a token, so only its type and place are shown. The reference
    is made from them, so that two reports of one defect have the same one.
    """
    import hashlib
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.name}:{frame.lineno}" for frame in frames if "actas" in frame.filename]
    seen = "|".join((__version__, type(error).__name__, *places))
    reference = hashlib.sha256(seen.encode()).hexdigest()[:12]
    if this.options.verbose > 1:
        from actas.core.redaction import Redaction

        for part in Redaction().text("".join(traceback.format_exception(error))).rstrip("\n").split("\n"):
            this.out.aside(part)
    return Failure(
        f"Something went wrong inside actas ({type(error).__name__}). Reference {reference}.",
        code="internal",
        exit=Exit.OURS,
        hint=f"report it with the reference and the version, {__version__}; -vv shows where it happened",
        more={"reference": reference},
    )


def _flushed(world: World, code: Exit) -> Exit:
    """Write out what is left, and keep quiet when whoever read it has gone."""
    for stream in (world.stdout, world.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            # The interpreter flushes once more when it ends, and would complain then.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code
