"""``actas audit tail``: the last entries, and those to come."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.entries import COLUMNS, document, row
from actas.cli.output import Listing
from actas.cli.run import Run
from actas.cli.tree import command as make

if TYPE_CHECKING:
    from actas.app import Foundation

PAUSE = 0.5
"""Seconds between two looks while following."""


@make(
    examples=(
        ("the last twenty", "actas audit tail -n 20"),
        ("what happens now, as one JSON document a line", "actas audit tail --follow -o jsonl"),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.option("-n", "--number", type=click.IntRange(1, 10_000), default=10, help="How many entries; 10.")
@click.option("--follow", is_flag=True, help="Go on until interrupted.")
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, number: int, follow: bool) -> None:
    """Show the last entries, and follow if asked."""
    from actas.store.audit_reader import tail

    last, follower = tail(on_foundation(run, config, dev=dev, job=folder_of), number)
    _show(run, last)
    while follow:
        time.sleep(PAUSE)
        _show(run, follower.more())


async def folder_of(base: Foundation) -> Path:
    """Return where the log is."""
    return base.audit_folder


def _show(run: Run, found: list[bytes]) -> None:
    events: list[dict[str, Any]] = [json.loads(line) for line in found]
    if events:
        run.out.listing(
            Listing(
                kind="actas/Entry",
                items=[document(event) for event in events],
                columns=COLUMNS,
                rows=[row(event) for event in events],
                names=[str(event["id"]) for event in events],
            )
        )
