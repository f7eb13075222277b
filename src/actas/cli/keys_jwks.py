"""``actas keys jwks``: the public keys, as others see them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.foundation import Foundation


@make(
    examples=(
        ("what /jwks answers, without a server", "actas keys jwks"),
        ("for whoever verifies the audit log", "actas keys jwks --use audit > audit-keys.json"),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.option("--use", type=click.Choice(["sig", "client", "audit"]), default="sig", help="Which keys; sig.")
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, use: str) -> None:
    """Print the public keys as a JWK set.

    Those of tokens are the ones that are prepared, active or retired; those of the audit log, every one
    that ever sealed it; those of client, what issuers know this server by where people sign in through them.

    Exits 0, 3 when the configuration does not hold, 4 when the data folder cannot be used.
    """

    async def job(base: Foundation) -> dict[str, Json]:
        sets = {"audit": base.ring.audit_keys, "client": base.ring.client_keys}
        return sets.get(use, base.ring.published)()

    run.out.text(json.dumps(on_foundation(run, config, dev=dev, job=job), indent=2))
