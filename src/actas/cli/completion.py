"""``actas completion``: the script that a shell runs to complete commands and flags."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from actas.cli.exits import Exit, Failure
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.tree import command as make


@make(
    examples=(
        ("for this shell, from now on", 'eval "$(actas completion bash)"'),
        ("for every fish shell", "actas completion fish > ~/.config/fish/completions/actas.fish"),
    ),
    dry_run="harmless",
)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def command(ctx: click.Context, *, shell: str) -> None:
    """Print the script that completes commands in a shell."""
    from actas.cli.main import COMPLETE

    found = get_completion_class(shell)
    run = ctx.find_object(Run)
    if found is None or run is None:
        raise LookupError(f"no completion for {shell}")
    try:
        script = found(ctx.find_root().command, {}, "actas", COMPLETE).source()
    except RuntimeError as error:
        raise Failure(str(error), code="unsupported", exit=Exit.UNFINISHED) from None
    body = {"shell": shell, "script": script}
    answer = Answer(kind="actas/Completion", body=body, name=shell, lines=script.rstrip("\n").split("\n"))
    run.out.answer(answer)
