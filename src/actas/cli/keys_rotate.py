"""``actas keys rotate``: let a new key follow the one that signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.keys_changing import recorded, tell
from actas.cli.run import Run
from actas.cli.sure import make_sure, yes_flag
from actas.cli.tree import command as make

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.keys.ring import Purpose
    from actas.keys.rotation import Change

USES: Final[dict[str, tuple[Purpose, ...]]] = {
    "sig": ("token", "id_token", "grant", "client"),
    "audit": ("audit",),
    "enc": ("encryption",),
}

_AT_ONCE: Final = (
    "The new key signs at once. For up to 5 minutes, and longer where somebody keeps key sets for longer,",
    "verifiers may refuse new tokens because they do not know it yet.",
)


@make(
    examples=(
        ("publish a new key now, and let it sign when everybody knows it", "actas keys rotate"),
        ("the key that seals the audit log", "actas keys rotate --use audit"),
        ("the keys that decrypt grants for this server", "actas keys rotate --use enc"),
    ),
    dry_run="rehearses",
)
@configuration_flag
@dev_flag
@click.option("--use", type=click.Choice([*USES]), default="sig", help="Which key; sig.")
@click.option("--now", "at_once", is_flag=True, help="Let it sign at once, known or not.")
@yes_flag
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, use: str, at_once: bool, yes: bool) -> None:
    """Let a new key follow the one that signs.

    It is published now and signs after keys.signing.publish_ahead; the old one stays published for
    keys.signing.keep_after. Running servers follow by themselves. They also do this every
    keys.signing.rotate_every, except for the key of the audit log. With --use enc it goes the other way
    round: the new key is published after keys.signing.publish_ahead, when every node has it, and the old one
    decrypts for keys.signing.keep_after without being published.

    Exits 0, 1 when a change is under way already, 2 when --now needs --yes, 3 when the configuration does
    not hold, 4 when the data folder cannot be used.
    """
    rehearse = run.options.dry_run
    if at_once and not rehearse:
        make_sure(run, _AT_ONCE, yes=yes)

    async def job(base: Foundation) -> tuple[tuple[Change, ...], Foundation]:
        changes = await recorded(
            base,
            lambda: base.rotation.rotate(USES[use], at_once=at_once, rehearse=rehearse),
            rehearse=rehearse,
        )
        return changes, base

    changes, base = on_foundation(run, config, dev=dev, job=job)
    tell(run, changes, base)
