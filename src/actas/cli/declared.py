"""The files of ``plan`` and ``apply``, read as the server reads its own, up to where it takes over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from actas.cli.configuration import invalid
from actas.cli.exits import misused
from actas.cli.run import Run
from actas.core.ports import Json, JsonObject

if TYPE_CHECKING:
    from actas.settings.sources import Written

files_flag = click.option(
    "-f",
    "--file",
    "paths",
    multiple=True,
    required=True,
    metavar="FILE…",
    help="Configuration files and folders; may repeat.",
)
adopt_flag = click.option("--adopt", is_flag=True, help="Take over what the console keeps and they define.")
prune_flag = click.option(
    "--prune", is_flag=True, help="Put out of force what was applied before and they no longer define."
)


def wanted(run: Run, paths: Sequence[str], *, adopt: bool, prune: bool) -> JsonObject:
    """Return what files say, as the management API takes it.

    Raises:
        Failure: one has no name (exit 2), or they cannot be read (exit 3).
    """
    if "" in paths:
        raise misused("--file is empty")
    from actas.settings.objects import DEFAULTS
    from actas.settings.schema import LISTS
    from actas.settings.shaped import names_of
    from actas.settings.sources import gather

    gathered = gather([Path(one) for one in paths])
    for kind in LISTS:
        names_of(gathered.lists[kind], kind, gathered.faults)
    if gathered.faults:
        raise invalid(run, gathered.faults)
    own = sorted(name for name in gathered.sections if name != DEFAULTS)
    if own:
        run.out.talk(f"{', '.join(own)}: the server's own, which only its own files say; left out")
    objects: list[Json] = []
    if DEFAULTS in gathered.sections:
        objects.append(_object(DEFAULTS, DEFAULTS, gathered.sections[DEFAULTS]))
    for kind in LISTS:
        for written in gathered.lists[kind]:
            if written.name is None:
                raise invalid(run, [written.fault(("name",), "is required")])
            objects.append(_object(kind, written.name, written))
    return {"objects": objects, "adopt": adopt, "prune": prune}


def _object(kind: str, name: str, written: Written) -> JsonObject:
    document: Json = json.loads(json.dumps(written.value))
    return {"kind": kind, "name": name, "document": document, "place": written.place}
