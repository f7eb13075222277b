"""``actas keys list``: the keys of this server, never their private halves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.output import Listing
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.keys.ring import KeyInfo

_PURPOSES: Final = {"token": "signs tokens", "audit": "seals the audit log"}


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
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, audit_jwks: bool) -> None:
    """List the keys of this server, newest first.

    Exits 0, 3 when the configuration does not hold, 4 when the data folder cannot be used.
    """
    if audit_jwks:
        import json

        run.out.text(json.dumps(on_foundation(run, config, dev=dev, job=_audit_keys), indent=2))
        return
    keys = on_foundation(run, config, dev=dev, job=_keys)
    run.out.listing(
        Listing(
            kind="actas/Key",
            items=[_document(key) for key in keys],
            columns=("KEY", "ALGORITHM", "FOR", "STATE", "MADE"),
            rows=[
                (key.kid, key.algorithm, _PURPOSES[key.purpose], key.state, _when(key.created_at))
                for key in keys
            ],
            names=[key.kid for key in keys],
            empty="there are no keys",
        )
    )


async def _keys(base: Foundation) -> tuple[KeyInfo, ...]:
    return base.ring.keys()


async def _audit_keys(base: Foundation) -> dict[str, Json]:
    return base.ring.audit_keys()


def _document(key: KeyInfo) -> dict[str, Json]:
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "purpose": key.purpose,
        "state": key.state,
        "created_at": key.created_at,
    }


def _when(at: int) -> str:
    return time.strftime("%d %b %Y %H:%M UTC", time.gmtime(at))
