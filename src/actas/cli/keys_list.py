"""``actas keys list``: the keys of this server, never their private halves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.keys_shown import PURPOSES, document, next_of, when
from actas.cli.output import Listing
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.keys.life import Timetable
    from actas.keys.ring import KeyInfo


@make(
    examples=(
        ("the keys, for people", "actas keys list"),
        (
            "the audit keys as a JWK set, for whoever verifies the log",
            "actas keys list --audit-jwks > audit-keys.json",
        ),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.option(
    "--audit-jwks", is_flag=True, help="Print the public audit keys as a JWK set, for audit verify."
)
@click.option("--all", "everything", is_flag=True, help="Also the keys that are gone.")
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, audit_jwks: bool, everything: bool) -> None:
    """List the keys of this server, newest first.

    A key is prepared (published, not yet used), active (it signs), retired (still published) or gone. One
    that decrypts is published while it is active alone, and decrypts until it is gone.

    Exits 0, 3 when the configuration does not hold, 4 when the data folder cannot be used.
    """
    if audit_jwks:
        import json

        run.out.text(json.dumps(on_foundation(run, config, dev=dev, job=_audit_keys), indent=2))
        return
    keys, timetable = on_foundation(run, config, dev=dev, job=_keys)
    shown = [key for key in keys if everything or key.kept]
    run.out.listing(
        Listing(
            kind="actas/Key",
            items=[document(key, timetable) for key in shown],
            columns=("KEY", "ALGORITHM", "FOR", "STATE", "MADE", "NEXT"),
            rows=[
                (
                    key.kid,
                    key.algorithm,
                    PURPOSES[key.purpose],
                    key.state,
                    when(key.created_at),
                    next_of(key, timetable),
                )
                for key in shown
            ],
            names=[key.kid for key in shown],
            empty="there are no keys",
        )
    )


async def _keys(base: Foundation) -> tuple[tuple[KeyInfo, ...], Timetable]:
    return base.ring.keys(), base.rotation.timetable


async def _audit_keys(base: Foundation) -> dict[str, Json]:
    return base.ring.audit_keys()
