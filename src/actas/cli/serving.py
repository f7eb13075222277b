"""A process of ``actas serve``: what it is told, and its life until it stops. See ``cli.serve``."""

from __future__ import annotations

import contextlib
import functools
import socket
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from actas.cli.configuration import refusals
from actas.cli.exits import Exit, Failure

if TYPE_CHECKING:
    from actas.app.assembly import Assembly
    from actas.settings.load import Draft


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


def work(job: Job, number: int, ready: Callable[[], None]) -> None:
    """Run one worker process; ``ready`` is called once it serves."""
    import structlog

    from actas.cli.logs import configure
    from actas.settings.faults import ConfigurationFaults
    from actas.web.server import run as run_serving

    configure()
    log = structlog.get_logger("actas")
    try:
        with refusals():
            run_serving(serve(job, _read(job), ready=ready, number=number))
    except Failure as failure:
        log.error("the worker cannot serve", detail=failure.message, hint=failure.hint)  # noqa: TRY400
        raise SystemExit(failure.exit) from None
    except ConfigurationFaults as broken:
        for fault in broken.faults:
            log.error("the worker cannot serve", fault=str(fault))  # noqa: TRY400 (no defect: no trace)
        raise SystemExit(Exit.CONFIGURATION) from None
    except Exception:
        # The process module would print the traceback itself, past whatever removes secrets.
        log.exception("the worker failed")
        raise SystemExit(Exit.OURS) from None


async def serve(job: Job, draft: Draft, *, ready: Callable[[], None], number: int = 0) -> None:
    """Serve one process until it is told to stop.

    Args:
        number: which of the workers it is.
    """
    from actas.app.assembly import assembly
    from actas.app.foundation import foundation
    from actas.cli.logs import configure
    from actas.cli.refusals_shown import on_terminal
    from actas.web.gathering import Gathering
    from actas.web.health import management_app
    from actas.web.leaving import Leave
    from actas.web.server import Listener
    from actas.web.server import serve as listen_and_serve

    configure(known_secrets(draft))
    metrics, leave = Gathering(job.gathering, number=number), Leave()
    with _traced(job.environ):
        async with (
            foundation(draft, dev=job.dev, create=True, migrate=job.migrate, adopt=job.adopt) as base,
            assembly(base, metrics) as house,
        ):
            if (shown := on_terminal(job.paths, dev=job.dev)) is not None:
                house.shared.minutes.watch(shown)
            probes = {"stop": leave.probe, **house.probes}
            management = management_app(probes, metrics.now, warnings=house.warnings)
            await listen_and_serve(
                [
                    Listener(
                        house.gate,
                        job.public,
                        tls=house.tls.context if house.tls else None,
                        sheds=house.gate.sheds,
                    ),
                    Listener(management, job.management),
                ],
                ready=ready,
                on_hangup=functools.partial(_reload, job, house),
                leave=leave,
                notice=notice(job, draft),
            )


@contextlib.contextmanager
def _traced(environ: Mapping[str, str]) -> Generator[None]:
    """Have requests traced if the environment asks for it; a server that cannot serves all the same."""
    import structlog

    from actas.cli.telemetry import NotTraced, set_up

    end: Callable[[], None] | None = None
    try:
        end = set_up(environ)
    except NotTraced as reason:
        structlog.get_logger("actas").warning("requests are not traced", detail=str(reason))
    try:
        yield
    finally:
        if end is not None:
            end()


def notice(job: Job, draft: Draft) -> float:
    """Return how long this server goes on once it was told to stop; with --dev nobody follows its health."""
    return 0.0 if job.dev else float(draft.server.notice)


def known_secrets(draft: Draft) -> list[str]:
    """Return the secrets that this process is given and keeps, so that no log repeats them."""
    from actas.store.postgresql import address
    from actas.store.trouble import DatabaseMisconfigured

    sources = (draft.keys.envelope, draft.keys.previous_envelope)
    found = [one.text.reveal().strip() for one in sources if one is not None and one.text is not None]
    if draft.server.database is not None:
        found.append(draft.server.database.reveal().strip())
        with contextlib.suppress(DatabaseMisconfigured):  # told by whoever opens it
            found += address(draft.server.database).hidden
    return found


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
