"""The flags that name a configuration, work over it and its data folder, and how what stops it is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from actas.cli.exits import Exit, Failure, misused
from actas.cli.run import Run

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.settings.faults import ConfigurationFaults, Fault
    from actas.settings.load import Draft
    from actas.settings.references import SecretsMode

DEFAULT: Final = "actas.yaml"

_ENVELOPE: Final = (
    "keys.envelope must be the very key that this data folder was made with: restore it from its backup; "
    "a new one opens nothing. To change to another, name the old one as keys.previous_envelope"
)

_AN_OLDER_ONE: Final = (
    "a running server goes on with what it took last; to read its log until this is mended, put an older "
    "copy of the file beside it and name that with -c"
)

_OF_THE_CONSOLE: Final = (
    "what is of the console is changed or deleted there while the server runs; while it does not start, "
    "write it into the files under the same name, as it should be, and start once with actas serve --adopt"
)

T = TypeVar("T")

configuration_flag = click.option(
    "-c",
    "--config",
    multiple=True,
    metavar="FILE…",
    help="Configuration files and folders; ACTAS_CONFIG, else ./actas.yaml.",
)


dev_flag = click.option(
    "--dev",
    is_flag=True,
    help="Allow http on this computer and less strict secrets; ACTAS_DEV=1 does the same.",
)


def is_dev(run: Run, *, dev: bool) -> bool:
    """Return whether the configuration is read for development."""
    said = run.variable("ACTAS_DEV") == "1"
    run.options.dev = dev and not said
    return dev or said


def paths_of(run: Run, config: Sequence[str]) -> tuple[str, ...]:
    """Return the files to read: the flag, ``ACTAS_CONFIG``, ``./actas.yaml``.

    Raises:
        Failure: one has no name: a variable of a script is not set (exit 2).
    """
    if "" in config:
        raise misused("--config is empty")
    if config:
        run.options.config = tuple(config)
        return tuple(config)
    return (run.variable("ACTAS_CONFIG") or DEFAULT,)


def read_draft(
    run: Run,
    config: Sequence[str],
    *,
    dev: bool,
    environ: Mapping[str, str],
    secrets: SecretsMode = "required",
    reads_only: bool = False,
    alone: bool = True,
) -> Draft:
    """Read a configuration and tell its warnings.

    Args:
        secrets: what a client secret that cannot be had is.
        reads_only: whether the command changes nothing anyway.
        alone: whether it must hold without what the server's store of record keeps.

    Raises:
        Failure: it does not hold; every fault was told.
    """
    from actas.settings.faults import ConfigurationFaults
    from actas.settings.load import read

    paths = [Path(one) for one in paths_of(run, config)]
    try:
        draft = read(paths, dev=dev, environ=environ, secrets=secrets, alone=alone)
    except ConfigurationFaults as broken:
        raise _refused(run, config, broken, reads_only=reads_only) from broken
    for warning in draft.warnings:
        run.out.aside(f"warning: {warning}")
    return draft


def _refused(
    run: Run,
    config: Sequence[str],
    broken: ConfigurationFaults,
    *,
    reads_only: bool = True,
    reads_log: bool = False,
) -> Failure:
    """Tell every fault of a configuration, and return the failure to raise.

    Args:
        reads_log: whether the command reads the log, which such a configuration does not say where to find.
    """
    paths = [Path(one) for one in paths_of(run, config)]
    there = all(os.path.lexists(one) for one in paths)
    hint = None if config or there else _where(run, paths[0])
    if reads_log and there:
        hint = _AN_OLDER_ONE
    return invalid(run, broken.faults, hint=hint, reads_only=reads_only)


def _where(run: Run, path: Path) -> str:
    """Return what to do when the configuration that nobody named is not there."""
    if run.variable("ACTAS_CONFIG"):
        return f"ACTAS_CONFIG names {path.absolute()}; unset it, or name another with -c FILE"
    return f"name one with -c FILE or ACTAS_CONFIG; {path.absolute()} is read otherwise"


def invalid(
    run: Run, faults: Sequence[Fault], *, hint: str | None = None, reads_only: bool = False
) -> Failure:
    """Tell every fault, and return the failure to raise.

    Args:
        hint: what to do, when it is known.
        reads_only: whether the command changes nothing anyway.
    """
    errors = [fault for fault in faults if fault.severity == "error"]
    if not run.out.structured:
        for fault in faults:
            run.out.aside(str(fault) if fault.severity == "error" else f"warning: {fault}")
    count = f"{len(errors)} error{'s' if len(errors) != 1 else ''}"
    return Failure(
        f"{count} in the configuration." if reads_only else f"{count}. Nothing was changed.",
        code="configuration",
        exit=Exit.CONFIGURATION,
        hint="--dev, or ACTAS_DEV=1, allows http on this computer"
        if _wants_dev(errors)
        else hint or (_OF_THE_CONSOLE if _is_of_the_console(errors) else None),
        more={
            "faults": [
                {"place": one.place, "path": one.path, "message": one.message, "severity": one.severity}
                for one in faults
            ]
        },
    )


def on_foundation(
    run: Run,
    config: Sequence[str],
    *,
    dev: bool,
    job: Callable[[Foundation], Awaitable[T]],
    broken: Callable[[Foundation], str] | None = None,
) -> T:
    """Run ``job`` over the configuration and the data folder of this computer.

    Args:
        broken: for what is needed most when somebody has just broken the configuration: the job then runs
            over what can be read of it (``kept_foundation``), and this says what that means for the answer,
            in the rest of a sentence. Without it, a configuration that does not hold is refused.

    Raises:
        Failure: the configuration does not hold, or the data folder cannot be used.
    """
    from actas.app.foundation import foundation, kept_foundation
    from actas.app.own_keys import NotStartedYet
    from actas.cli.logs import held_back
    from actas.settings.faults import ConfigurationFaults
    from actas.settings.load import read

    dev = is_dev(run, dev=dev)
    paths = paths_of(run, config)

    async def over(opened: AbstractAsyncContextManager[Foundation], *, whole: bool) -> T:
        async with opened as base:
            if broken is not None and not whole:
                check = run.out.runnable("actas check")
                run.out.warn(f"the configuration does not hold ({check} says why): {broken(base)}")
            return await job(base)

    with refusals(), held_back(run.world.stderr, verbose=run.options.verbose > 0):
        try:
            draft = read(paths, dev=dev, environ=run.world.environ, secrets="ignored", alone=False)
            for warning in draft.warnings:
                run.out.aside(f"warning: {warning}")
            return asyncio.run(over(foundation(draft, dev=dev), whole=True))
        except NotStartedYet as never:
            raise _not_started(never) from never
        except ConfigurationFaults as faults:
            settings, whole = _settings(run, paths, dev=dev) if broken is not None else (None, False)
            if settings is None:
                raise _refused(run, config, faults, reads_log=broken is not None) from faults
        try:
            return asyncio.run(over(kept_foundation(settings, dev=dev, objects=whole), whole=False))
        except NotStartedYet as never:
            raise _not_started(never) from never


def _settings(run: Run, paths: Sequence[str], *, dev: bool) -> tuple[Draft | None, bool]:
    """Return what can be read of a configuration that does not hold, and whether that is all its settings;
    None when it does not even say where the log is.
    """
    from actas.settings.apart import where_the_log_is, without_objects
    from actas.settings.faults import ConfigurationFaults
    from actas.settings.load import read

    for only, whole in ((without_objects, True), (where_the_log_is, False)):
        with contextlib.suppress(ConfigurationFaults):
            environ = run.world.environ
            draft = read(paths, dev=dev, environ=environ, secrets="ignored", alone=False, only=only)
            return draft, whole
    return None, False


def _not_started(never: Exception) -> Failure:
    return Failure(str(never), code="not_started", exit=Exit.UNFINISHED, hint="actas serve makes it")


def _wants_dev(errors: Sequence[Fault]) -> bool:
    return any("outside --dev" in fault.message for fault in errors)


def _is_of_the_console(errors: Sequence[Fault]) -> bool:
    from actas.settings.objects import CONSOLE

    return any(one.place == CONSOLE or f"({CONSOLE})" in one.message for one in errors)


@contextlib.contextmanager
def refusals() -> Generator[None]:
    """Make what stops a server from starting into failures with the right exit code."""
    from actas.core.errors import AuditUnavailable, StoreUnavailable
    from actas.keys.envelope import EnvelopeKeyRefused
    from actas.keys.kept import KeysUnusable
    from actas.keys.services import KeyServiceFailed
    from actas.store.trouble import DatabaseMisconfigured, MigrationPending

    try:
        yield
    except AuditUnavailable as stopped:
        raise Failure(stopped.detail, code="audit", exit=Exit.UNFINISHED) from stopped
    except (EnvelopeKeyRefused, KeysUnusable) as stopped:
        raise Failure(str(stopped), code="keys", exit=Exit.CONFIGURATION, hint=_ENVELOPE) from stopped
    except KeyServiceFailed as stopped:
        away = Exit.UNFINISHED if stopped.away else Exit.CONFIGURATION
        raise Failure(stopped.detail, code="key_service", exit=away, hint=stopped.hint) from stopped
    except DatabaseMisconfigured as stopped:
        raise Failure(str(stopped), code="database", exit=Exit.CONFIGURATION, hint=stopped.hint) from stopped
    except MigrationPending as stopped:
        raise Failure(
            str(stopped),
            code="migration_pending",
            exit=Exit.UNFINISHED,
            hint="actas db migrate, or actas serve --migrate once on one node, brings it there",
        ) from stopped
    except StoreUnavailable as stopped:
        raise Failure(str(stopped), code="storage", exit=Exit.UNFINISHED, hint=stopped.hint) from stopped
