"""``actas doctor``: look an installation over, from its folder to the address at which callers find it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from actas.cli.configuration import configuration_flag, dev_flag, is_dev, read_draft
from actas.cli.exits import Exit, Failure
from actas.cli.output import Answer, Ink, Line, Style
from actas.cli.repeated import repeated
from actas.cli.run import Run
from actas.cli.server import Ask, find_server
from actas.cli.tree import command as make
from actas.cli.wire import Answered, Sent, send
from actas.core.ports import MOST_DRIFT, Json

if TYPE_CHECKING:
    from actas.app.finding import Result
    from actas.settings.definitions import Address
    from actas.settings.load import Draft

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (asked, not listened on)
_MARKS: Final[dict[str, Ink]] = {
    "good": Ink("✓", "good"),
    "warn": Ink("!", "warn"),
    "bad": Ink("✕", "bad"),
    "skipped": Ink("·", "dim"),
}
_STYLES: Final[dict[str, Style]] = {"good": "dim", "warn": "warn", "bad": "bad", "skipped": "dim"}


@make(
    examples=(
        ("everything that can be looked at from here", "actas doctor -c /etc/actas"),
        ("a server elsewhere, from outside", "actas doctor --server https://sts.acme.example"),
        ("in a container: whether this node can issue", "actas doctor --local"),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.option("--local", is_flag=True, help="Only ask the running server of this node whether it can issue.")
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, local: bool) -> None:
    """Find out why it does not work, or soon will not.

    Looks at the configuration, the data folder and its disk, the certificate, the database and its clock, the
    keys and what they rest under, the marks of what was used once, the audit log and its sinks, every trusted
    issuer, every connection to another domain, what MCP servers publish, the running server, and the address
    at which callers find it. Nothing is changed. With --server, only that address is looked at, and no
    configuration is needed.

    Exits 0, 1 when something is wrong, 3 when the configuration does not hold, 4 when a server that only can
    be asked does not answer.
    """
    if run.options.server is not None and not config and not local:
        _tell(run, [*_from_outside(run, run.server())])
        return
    dev = is_dev(run, dev=dev)
    draft = read_draft(
        run, config, dev=dev, environ=run.world.environ, secrets="ignored", reads_only=True, alone=False
    )
    if local:
        _tell_local(run, _running(run, draft.server.management))
        return
    from actas.cli.logs import held_back

    with held_back(run.world.stderr, verbose=run.options.verbose > 0):
        results = asyncio.run(_on_this_computer(run, draft, dev=dev))
    running = _running(run, draft.server.management)
    outside = [*_from_outside(run, draft.server.issuer)] if running.state in ("good", "warn") else []
    _tell(run, [*results, running, *outside])


async def _on_this_computer(run: Run, draft: Draft, *, dev: bool) -> list[Result]:
    from actas.app.checkup import look_over

    class Now:
        def now(self) -> float:
            return run.now

    return [result async for result in look_over(draft, dev=dev, clock=Now())]


def _running(run: Run, management: Address) -> Result:
    """Ask the running server of this node whether it can issue."""
    from actas.app.finding import Result

    host = _EVERYWHERE.get(management.host, management.host)
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{management.port}/readyz?verbose"
    try:
        answered = send(Sent(method="GET", url=url), timeout=run.options.timeout)
    except Failure as silent:
        return Result(
            name="server",
            state="skipped",
            says=f"none answers here: {silent.message}",
            remedy="actas serve starts it, if one should run on this computer",
        )
    document = answered.document()
    checks = None if document is None else document.get("checks")
    broken = [
        f"{one['name']}: {one['problem']}"
        for one in (checks if isinstance(checks, list) else [])
        if isinstance(one, dict) and one.get("problem")
    ]
    if answered.status != 200:
        said = "; ".join(broken) or f"it answers with status {answered.status}"
        return Result(name="server", state="bad", says=f"it cannot issue: {said}", remedy="its log says more")
    warnings = None if document is None else document.get("warnings")
    told = [str(one) for one in warnings] if isinstance(warnings, list) else []
    if told:
        return Result(name="server", state="warn", says="; ".join(told), remedy="it issues all the same")
    return Result(name="server", state="good", says=f"it runs and can issue ({answered.took * 1000:.0f} ms)")


def _from_outside(run: Run, address: str) -> Iterator[Result]:
    """Look at a server as its callers find it."""
    from actas.app.finding import Result

    last: list[Answered] = []

    def ask(sent: Sent) -> Answered:
        last.append(send(sent, timeout=run.options.timeout))
        return last[-1]

    try:
        found = find_server(address, ask)
    except Failure as wrong:
        remedy = (
            wrong.hint or "callers read this address in every token: name, port, TLS and proxy must lead here"
        )
        yield Result(name="address", state="bad", says=wrong.message, remedy=remedy)
        return
    took = last[-1].took * 1000
    yield Result(name="address", state="good", says=f"{address} answers as itself ({took:.0f} ms)")
    yield from _clock(run, last[-1])
    yield from _public_certificate(run, address)
    if found.jwks_uri is not None:
        yield _published(ask, found.jwks_uri)


def _published(ask: Ask, address: str) -> Result:
    from actas.app.finding import Result

    try:
        document = ask(Sent(method="GET", url=address)).document()
    except Failure as wrong:
        return Result(
            name="published keys", state="bad", says=wrong.message, remedy="APIs cannot check tokens"
        )
    keys = None if document is None else document.get("keys")
    if not isinstance(keys, list) or not keys:
        return Result(
            name="published keys",
            state="bad",
            says=f"{address} has no keys",
            remedy="APIs cannot check tokens",
        )
    return Result(name="published keys", state="good", says=f"{len(keys)} at {address}")


def _clock(run: Run, answered: Answered) -> Iterator[Result]:
    from actas.app.finding import Result

    try:
        theirs = parsedate_to_datetime(answered.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return  # not every server says what time it is
    differ = abs(theirs - run.now)
    if differ > MOST_DRIFT:
        said = f"the clock of this computer and that of the server differ by {differ:.0f} s"
        yield Result(name="clock", state="bad", says=said, remedy="set both by NTP: tokens are dated by them")
    else:
        yield Result(name="clock", state="good", says="within seconds of the server's")


def _public_certificate(run: Run, address: str) -> Iterator[Result]:
    from actas.app.finding import Result, ending

    parts = urlsplit(address)
    if parts.scheme != "https" or parts.hostname is None:
        return
    try:
        with (
            socket.create_connection((parts.hostname, parts.port or 443), run.options.timeout) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname) as line,
        ):
            shown = line.getpeercert() or {}
    except OSError as problem:
        yield Result(
            name="TLS", state="bad", says=f"{parts.hostname}: {problem}", remedy="callers cannot connect"
        )
        return
    left = ssl.cert_time_to_seconds(str(shown.get("notAfter"))) - run.now
    yield ending(f"the certificate of {parts.hostname}", left, remedy="renew it")


def _tell_local(run: Run, result: Result) -> None:
    if result.state == "skipped":
        raise Failure(result.says, code="not_running", exit=Exit.UNFINISHED)
    _tell(run, [result])


def _tell(run: Run, results: Sequence[Result]) -> None:
    bad = [one for one in results if one.state == "bad"]
    items: list[Json] = [
        {"name": one.name, "state": one.state, "says": one.says, "remedy": one.remedy} for one in results
    ]
    run.out.answer(
        Answer(
            kind="actas/Checkup",
            body={"sound": not bad, "results": items},
            name="sound" if not bad else "not sound",
            lines=[*_lines(results, run.options.again)],
        )
    )
    if bad:
        message = f"{len(bad)} thing{'s' if len(bad) != 1 else ''} wrong"
        raise Failure(message, code="not_sound", exit=Exit.NO, told=True)


def _lines(results: Sequence[Result], again: str) -> Iterator[Line]:
    width = max((len(one.name) for one in results), default=0)
    for one in results:
        yield [_MARKS[one.state], f" {one.name.ljust(width)}  ", Ink(one.says, _STYLES[one.state])]
        if one.remedy:
            yield f"  {' ' * width}  → {repeated(one.remedy, again)}"
