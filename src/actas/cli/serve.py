"""``actas serve``: run the server."""

from __future__ import annotations

import dataclasses
import functools
import signal
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from actas.cli.configuration import (
    configuration_flag,
    dev_flag,
    invalid,
    is_dev,
    paths_of,
    read_draft,
    refusals,
)
from actas.cli.exits import Exit, Failure
from actas.cli.run import Run
from actas.cli.serving import Job, known_secrets, notice, serve, work
from actas.cli.tree import command as make

if TYPE_CHECKING:
    from actas.settings.load import Draft

_ELSEWHERE: Final = "ss -ltnp says who listens there; --listen and --management name other addresses"


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

    With --dev it shows each refusal on the terminal, with the command that explains it. When what it says
    goes into a file, actas audit search outcome:refused finds them.

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
    from actas.cli.logs import configure
    from actas.settings.faults import ConfigurationFaults
    from actas.web.server import run as run_serving
    from actas.web.workers import Workers

    host, port = job.public.getsockname()[:2]
    where = f"actas serves {draft.server.issuer} on {host}:{port}"
    if count == 1:
        try:
            with refusals():
                run_serving(serve(job, draft, ready=lambda: run.out.aside(where)))
        except ConfigurationFaults as broken:  # found beside what the store of record keeps
            raise invalid(run, broken.faults) from broken
        return
    run.out.aside(f"{where} with {count} workers")
    with tempfile.TemporaryDirectory(prefix="actas-metrics-") as folder:
        job = dataclasses.replace(job, gathering=Path(folder))
        configure(known_secrets(draft))
        workers = Workers(
            count=count,
            start=functools.partial(work, job),
            sockets=(job.public, job.management),
            notice=notice(job, draft),
        )
        code = workers.run()
    if code > 1:
        raise SystemExit(code)  # the worker has said why
    if code:
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
        raise Failure(
            str(taken.strerror or taken), code="address", exit=Exit.UNFINISHED, hint=_ELSEWHERE
        ) from taken
