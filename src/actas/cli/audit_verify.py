"""``actas audit verify``: a file and a public key are enough, so that somebody outside can run it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from actas.cli.busy import busy
from actas.cli.configuration import configuration_flag, dev_flag, on_foundation, paths_of
from actas.cli.exits import Exit, Failure, misused
from actas.cli.minutes import log_alone
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.cli.verified import document, lines, outcome

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.audit.kept import KeptLog
    from actas.audit.verify import Verdict
    from actas.crypto.jose import PublicKey

_MOST_KEY_BYTES: Final = 64 * 1024


class First(click.ParamType[int]):
    """The number of the first entry that is expected, or ``any`` for a part. Converts to 0 for ``any``."""

    name = "first"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        typed = str(value)
        if typed == "any":
            return 0
        if not typed.isascii() or not typed.isdecimal() or len(typed) > 18 or int(typed) < 1:
            self.fail(f"{value!r} is neither the number of an entry, from 1, nor the word any", param, ctx)
        return int(typed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be verified, and with what.

    Attributes:
        log: a file, a folder, or a log where it is kept.
        keys: the audit keys by ``kid``, or None when there are none.
        copies: files of checkpoints, besides those beside the log.
    """

    log: Path | KeptLog
    keys: Mapping[str, PublicKey] | None
    copies: Sequence[Path]


@make(
    examples=(
        ("the log of this server", "actas audit verify"),
        (
            "an export, anywhere, with the checkpoints that were kept elsewhere",
            "actas audit verify audit.jsonl --key audit-keys.json --checkpoint witness.jsonl",
        ),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.argument("file", required=False)
@click.option("--checkpoint", multiple=True, metavar="FILE", help="Checkpoints kept elsewhere; may repeat.")
@click.option("--key", metavar="FILE", help="The public audit keys: actas keys list --audit-jwks.")
@click.option(
    "--from", "start", type=First(), default=1, metavar="N", help="First entry expected; any for a part.  [1]"
)
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
    configuration. With --key it needs neither a configuration nor a server. What no checkpoint reaches yet is
    said: whoever can write the files could still change it.

    Exits 0 when the log is whole and a signed checkpoint proves it, 1 when nothing could be proven for want
    of a key or a checkpoint, 4 when a file cannot be read, 7 when anything is wrong.
    """
    asked = _question(run, config, dev=dev, file=file, key=key, copies=[Path(one) for one in checkpoint])
    keyed = asked.keys is not None
    verdict = _verified(run, asked, start=start or None)
    run.out.answer(
        Answer(
            kind="actas/AuditVerdict",
            body=document(verdict, keyed=keyed),
            name=outcome(verdict, keyed=keyed),
            lines=list(lines(verdict, keyed=keyed)),
        )
    )
    match outcome(verdict, keyed=keyed):
        case "broken":
            first = verdict.first
            message = "the log is not whole" if first is None else first.sentence
            raise Failure(message, code="integrity", exit=Exit.INTEGRITY, told=True)
        case "unproven":
            message = (
                "nothing was proven: there is no key" if not keyed else "nothing was proven: no checkpoint"
            )
            raise Failure(message, code="unproven", exit=Exit.NO, told=True)
        case "whole":
            return


def _question(
    run: Run, config: tuple[str, ...], *, dev: bool, file: str | None, key: str | None, copies: Sequence[Path]
) -> Question:
    """Return what is asked. A configuration is read only for what the flags leave open."""
    keys = None if key is None else _keys(key)
    configured = bool(config) or any(os.path.lexists(one) for one in paths_of(run, config))
    if file is not None and (keys is not None or not configured):
        return Question(log=Path(file), keys=keys, copies=copies)
    log, ring, kept = on_foundation(run, config, dev=dev, job=_own, broken=log_alone)
    if file is not None:
        return Question(log=Path(file), keys=ring, copies=copies)
    for path in kept:
        if not path.exists():
            run.out.warn(f"the copy of the checkpoints in {path} is not there")
    kept = tuple(path for path in kept if path.exists())
    return Question(log=log, keys=ring if keys is None else keys, copies=(*kept, *copies))


async def _own(base: Foundation) -> tuple[KeptLog, dict[str, PublicKey], tuple[Path, ...]]:
    from actas.audit.checkpoint import ring_keys

    # Only the node that seals a shared log has a copy of its own.
    named = base.definitions.audit.checkpoints_to
    copies = tuple(one for one in base.checkpoint_copies if one in named or one.exists())
    return base.audit_log, ring_keys(base.ring), copies


def _verified(run: Run, asked: Question, *, start: int | None) -> Verdict:
    from actas.audit.kept import LogUnreadable
    from actas.store.audit_proof import Unreadable, verify_log, verify_path

    log, copies, keys = asked.log, asked.copies, asked.keys

    def verdict() -> Verdict:
        if isinstance(log, Path):
            return verify_path(log, checkpoints=copies, keys=keys, start=start)
        return verify_log(log, checkpoints=copies, keys=keys, start=start)

    try:
        size = f"{_bytes(log) / 1_000_000:,.0f} MB"
        return busy(run, lambda: f"verifying {size}", verdict)
    except (Unreadable, LogUnreadable) as problem:
        raise Failure(str(problem), code="unreadable", exit=Exit.UNFINISHED) from problem
    except OSError as problem:
        message = f"{log} cannot be read: {problem.strerror or problem}"
        raise Failure(message, code="unreadable", exit=Exit.UNFINISHED) from problem


def _bytes(log: Path | KeptLog) -> int:
    from actas.store.audit_folder import FolderLog

    if not isinstance(log, Path):
        return log.size()
    if log.is_dir():
        return FolderLog(log).size()
    return log.stat().st_size if log.exists() else 0


def _keys(path: str) -> dict[str, PublicKey]:
    """Return the keys of a file that holds a JWK set, or one JWK.

    Raises:
        Failure: it does not (exit 2).
    """
    from actas.audit.checkpoint import read_keys
    from actas.crypto.json import BadJson, read_object

    try:
        with Path(path).open("rb") as file:
            found = read_object(file.read(_MOST_KEY_BYTES + 1), max_bytes=_MOST_KEY_BYTES)
        return read_keys({"keys": [found]} if "kty" in found and "keys" not in found else found)
    except OSError as problem:
        raise misused(f"--key: {path} cannot be read: {problem.strerror}") from None
    except (BadJson, ValueError) as problem:
        raise misused(f"--key: {path}: {problem}", hint="actas keys list --audit-jwks prints it") from None
