"""``actas serve``: run the server."""

from __future__ import annotations

import dataclasses
import functools
import signal
import socket
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from actas.cli.configuration import configuration_flag, dev_flag, is_dev, paths_of, read_draft, refusals
from actas.cli.exits import Exit, Failure
from actas.cli.run import Run
from actas.cli.tree import command as make

if TYPE_CHECKING:
    from actas.app.assembly import Assembly
    from actas.settings.load import Draft


@make(
    examples=(
        ("this folder's configuration, on this computer only", "actas serve --dev"),
        ("two processes on a production configuration", "actas serve -c /etc/actas --workers 2"),
    )
)
@configuration_flag
@click.option("--listen", metavar="ADDRESS", help="Where to serve the protocol, instead of server.listen.")
@click.option(
    "--management", metavar="ADDRESS", help="Where to serve health and metrics, instead of server.management."
)
@click.option("--workers", type=click.IntRange(1, 64), help="How many processes, instead of server.workers.")
@click.option("--adopt", is_flag=True, help="Take over what the console keeps and these files define.")
@click.option(
    "--migrate", is_flag=True, help="Bring a PostgreSQL database to this release's schema before serving."
)
@dev_flag
@click.pass_obj
def command(
    run: Run,
    /,
    config: tuple[str, ...],
    *,
    adopt: bool,
    dev: bool,
    workers: int | None,
    migrate: bool,
    **changes: str | None,
) -> None:
    """Run the server.

    On the very first start it makes its data folder and its keys. It stops on SIGTERM or Ctrl-C once
    running requests have finished, and reads its configuration again on SIGHUP.

    A PostgreSQL database, which other nodes use too, is brought to this release's schema only with --migrate;
    without it, a server whose schema is not there yet exits 4.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is a configuration to read again
    dev = is_dev(run, dev=dev)
    given = {f"ACTAS_SERVER__{name.upper()}": value for name, value in changes.items() if value is not None}
    environ = {**run.world.environ, **given}
    paths = paths_of(run, config)
    draft = read_draft(run, paths, dev=dev, environ=environ, alone=False)
    public, management = _listen(draft)
    job = Job(
        paths=paths,
        dev=dev,
        migrate=migrate,
        environ=environ,
        public=public,
        management=management,
        adopt=adopt,
    )
    _serve(run, job, draft, count=workers or draft.server.workers)


def _serve(run: Run, job: Job, draft: Draft, *, count: int) -> None:
    """Serve in this process, or in as many as were asked for."""
    from actas.web.server import run as run_serving
    from actas.web.workers import Workers

    host, port = job.public.getsockname()[:2]
    where = f"actas serves {draft.server.issuer} on {host}:{port}"
    if count == 1:
        with refusals():
            run_serving(serve(job, draft, ready=lambda: run.out.aside(where)))
        return
    run.out.aside(f"{where} with {count} workers")
    with tempfile.TemporaryDirectory(prefix="actas-metrics-") as folder:
        job = dataclasses.replace(job, gathering=Path(folder))
        if Workers(count=count, start=functools.partial(work, job)).run():
            raise Failure("the workers did not all end well", code="workers", exit=Exit.UNFINISHED)


def _listen(draft: Draft) -> tuple[socket.socket, socket.socket]:
    """Return the listening sockets of the protocol and of health."""
    from actas.web.server import listen

    server = draft.server
    try:
        return (
            listen(server.listen.host, server.listen.port),
            listen(server.management.host, server.management.port),
        )
    except OSError as taken:
        raise Failure(str(taken.strerror or taken), code="address", exit=Exit.UNFINISHED) from taken


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker process needs to know. It crosses a process boundary; sockets are duplicated on the way.

    Attributes:
        migrate: whether a shared database is brought to this release's schema.
        public: the listening socket of the protocol.
        management: the listening socket of health and metrics.
        gathering: the folder in which several workers sum their numbers.
        adopt: whether the files take over objects that the console keeps.
    """

    paths: tuple[str, ...]
    dev: bool
    migrate: bool
    environ: Mapping[str, str]
    public: socket.socket
    management: socket.socket
    gathering: Path | None = None
    adopt: bool = False


def work(job: Job, number: int) -> None:
    """Run one worker process."""
    from actas.web.server import run as run_serving

    run_serving(serve(job, _read(job), ready=lambda: None, number=number))


async def serve(job: Job, draft: Draft, *, ready: Callable[[], None], number: int = 0) -> None:
    """Serve one process until it is told to stop.

    Args:
        number: which of the workers it is.
    """
    from actas.app.assembly import assembly
    from actas.app.foundation import foundation
    from actas.cli.logs import configure
    from actas.web.gathering import Gathering
    from actas.web.health import management_app
    from actas.web.server import Listener
    from actas.web.server import serve as listen_and_serve

    configure()
    metrics = Gathering(job.gathering, number=number)
    async with (
        foundation(draft, dev=job.dev, create=True, migrate=job.migrate, adopt=job.adopt) as base,
        assembly(base, metrics) as house,
    ):
        management = management_app(house.probes, metrics.now, warnings=base.accepted)
        await listen_and_serve(
            [
                Listener(house.gate, job.public, tls=house.tls.context if house.tls else None),
                Listener(management, job.management),
            ],
            ready=ready,
            on_hangup=functools.partial(_reload, job, house),
        )


async def _reload(job: Job, house: Assembly) -> None:
    """Read the configuration again. All or nothing: on any fault the old one serves on (REL-30)."""
    import structlog

    from actas.core.errors import AuditUnavailable, StoreUnavailable
    from actas.settings.faults import ConfigurationFaults

    log = structlog.get_logger("actas")
    try:
        made = await house.steward.read_again(functools.partial(_read_again, job, house))
    except ConfigurationFaults as broken:
        for fault in broken.faults:
            log.error("configuration not reloaded", fault=str(fault))  # noqa: TRY400 (no defect: no trace)
    except AuditUnavailable as failed:
        log.error("configuration not reloaded", fault=failed.detail)  # noqa: TRY400 (no defect: no trace)
    except StoreUnavailable as failed:
        log.error("configuration not reloaded", fault=str(failed))  # noqa: TRY400 (no defect: no trace)
    else:
        catalog = house.base.catalog
        log.info("configuration reloaded", digest=catalog.digest, policy=catalog.policy.version)
        if made.waiting:
            log.warning("a restart is needed for what was changed in these sections", sections=made.waiting)


def _read_again(job: Job, house: Assembly) -> Draft:
    draft = _read(job)
    house.renew()
    return draft


def _read(job: Job) -> Draft:
    from actas.settings.load import read

    return read([Path(path) for path in job.paths], dev=job.dev, environ=job.environ, alone=False)
