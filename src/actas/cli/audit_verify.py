"""``actas audit verify``: a file and a public key are enough, so that somebody outside can run it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.exits import Exit, Failure, misused
from actas.cli.output import Answer, Ink, Line
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app import Foundation
    from actas.audit.verify import Verdict
    from actas.crypto.jose import PublicKey

_MOST_KEY_BYTES = 64 * 1024


@make(
    examples=(
        ("the log of this server", "actas audit verify"),
        ("an export, anywhere", "actas audit verify audit.jsonl --key audit-keys.json"),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.argument("file", required=False)
@click.option("--checkpoint", multiple=True, metavar="FILE", help="Checkpoints kept elsewhere; may repeat.")
@click.option("--key", metavar="FILE", help="The public audit keys: actas keys list --audit-jwks.")
@click.option("--from", "start", type=click.IntRange(1), default=1, help="First entry expected; 1.")
@click.pass_obj
def command(
    run: Run,
    /,
    config: tuple[str, ...],
    *,
    dev: bool,
    file: str | None,
    checkpoint: tuple[str, ...],
    key: str | None,
    start: int,
) -> None:
    """Prove that no entry was edited, removed, added or cut off.

    FILE is an export, the file of one stream, or a folder of streams; without it, the log of the
    configuration. A cut is found as far as a checkpoint reaches: what is not sealed yet is said.
    """
    from actas.store.audit_proof import Unreadable, verify_path

    copies = [Path(one) for one in checkpoint]
    if file is None:
        path, keys = on_foundation(run, config, dev=dev, job=_own)
    else:
        path, keys = Path(file), None
    if key is not None:
        keys = _keys(key)
    if run.out.terminal:
        run.out.talk(f"verifying {path} …")
    try:
        verdict = verify_path(path, checkpoints=copies, keys=keys, start=start)
    except Unreadable as problem:
        raise Failure(str(problem), code="unreadable", exit=Exit.UNFINISHED) from problem
    run.out.answer(_answer(verdict, keyed=keys is not None))
    if not verdict.whole:
        first = verdict.first
        message = first.sentence if first is not None else "the log is not whole"
        raise Failure(message, code="integrity", exit=Exit.INTEGRITY, told=True)


async def _own(base: Foundation) -> tuple[Path, dict[str, PublicKey] | None]:
    from actas.audit.checkpoint import ring_keys

    return base.audit_folder, ring_keys(base.ring)


def _keys(path: str) -> dict[str, PublicKey]:
    from actas.audit.checkpoint import read_keys
    from actas.crypto.json import BadJson, read_object

    try:
        with Path(path).open("rb") as file:
            return read_keys(read_object(file.read(_MOST_KEY_BYTES + 1), max_bytes=_MOST_KEY_BYTES))
    except OSError as problem:
        raise misused(f"--key: {path} cannot be read: {problem.strerror}") from None
    except (BadJson, ValueError) as problem:
        raise misused(f"--key: {path}: {problem}", hint="actas keys list --audit-jwks prints it") from None


def _answer(verdict: Verdict, *, keyed: bool) -> Answer:
    good, bad = Ink("✓ ", "good"), Ink("✕ ", "bad")
    shown: list[Line] = [(bad, finding.sentence) for finding in verdict.findings]
    if verdict.whole:
        span = f"      {verdict.first_at} → {verdict.last_at}" if verdict.entries else ""
        shown.append((good, f"{verdict.entries:,} entries, no gap, no edit{span}"))
        if keyed:
            signed = f" signed by {', '.join(verdict.kids)}" if verdict.kids else ""
            shown.append((good, f"{verdict.checkpoints:,} checkpoints{signed}, all match"))
    for one in verdict.streams:
        after = f", {one.unsealed} after it not yet sealed" if one.unsealed else ""
        shown.append(f"  {one.stream}: sealed up to entry {one.sealed}{after}")
    if not keyed:
        shown.append(
            Ink("no key was given, so no checkpoint was checked: a cut end would not be seen", "warn")
        )
    streams: list[Json] = [
        {"stream": one.stream, "sealed": one.sealed, "unsealed": one.unsealed} for one in verdict.streams
    ]
    body: dict[str, Json] = {
        "whole": verdict.whole,
        "entries": verdict.entries,
        "checkpoints": verdict.checkpoints,
        "keys": [*verdict.kids],
        "streams": streams,
        "findings": [
            {"stream": one.stream, "seq": one.seq, "message": one.sentence} for one in verdict.findings
        ],
    }
    name = "whole" if verdict.whole else "broken"
    return Answer(kind="actas/AuditVerdict", body=body, name=name, lines=shown)
