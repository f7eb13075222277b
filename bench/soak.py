"""``make soak``: two nodes behind nginx on one PostgreSQL, steady load, and all that can go wrong (REL-33).

In every round a node is killed and started again, the other is restarted, the database is restarted, an
issuer goes away and comes back, and the key that signs is followed by another. Meanwhile callers ask at 70 %
of what they were granted before, when nothing held them up. Nothing may be lost: every token that arrived has
its entry in the audit log, none came twice, an API that keeps the key set refuses none, requests fail only
while a node or the database is gone, and the log verifies. It exits 1 when one of these does not hold.

Ten minutes are one round; ``--hours 72`` is a round every hour. ``--report FILE`` writes a page of it.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import httpx2
from tests.fakes.certificates import Authority
from tests.fakes.cluster import Cluster
from tests.fakes.hostile_issuer import DISCOVERY, KEYS, Answer, HostileIssuer
from tests.fakes.postgres import Restartable
from tests.fakes.served import INVENTORY, ORDERS
from tests.fakes.server import RealServer, until

from actas.keys.life import LEAST_AHEAD
from actas_sdk import Verifier
from bench.soak_load import GRANTED, Forms, Load
from bench.soak_report import AHEAD, AT_ONCE, AWAY, LOST, Fault, Outcome, Sample, page, sample

SETTLED: Final = 5.0
"""Seconds after a fault within which what it broke must work again (REL-20)."""

CALIBRATING: Final = 10.0
"""Seconds in which it is seen what can be done."""

GONE: Final = 0.03
"""How long a killed node stays away, as a part of the round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is done.

    Attributes:
        seconds: of one round.
        rounds: how many.
        share: how much of what could be done is asked for.
        rate: requests a second, in the place of that share.
    """

    seconds: float = 600.0
    rounds: int = 1
    share: float = 0.7
    rate: float | None = None

    @property
    def planned(self) -> bool:
        """Whether a key is published ahead of its use, as always; a shorter round has no time for that."""
        return self.seconds >= LEAST_AHEAD

    @property
    def minute(self) -> float:
        """Seconds that are counted together: sixty, or a tenth of a shorter run."""
        return min(60.0, self.seconds / 10)


@dataclass(slots=True)
class Soak:
    """One run."""

    plan: Plan
    cluster: Cluster
    database: Restartable
    idp: HostileIssuer
    load: Load
    capacity: float = 0.0
    seconds: float = 0.0
    rate: float = 0.0
    faults: list[Fault] = field(default_factory=list[Fault])
    samples: list[Sample] = field(default_factory=list[Sample])
    _keys: int = 1
    unrecorded: list[str] = field(default_factory=list[str])
    compared: int = 0

    async def run(self) -> Outcome:
        """Ask and break things until it is over, then look whether something was lost."""
        plan, stop = self.plan, asyncio.Event()
        if plan.planned:
            # Published now, so that it begins to sign when nine tenths of the round are over.
            await self._rotate()
            await asyncio.sleep(max(0.0, LEAST_AHEAD + 5 - 0.9 * plan.seconds - CALIBRATING))
        await self._calibrate()
        self.load.begin()  # what came before is of no round
        asking = asyncio.create_task(self.load.ask(stop=stop, rate=self.rate))
        watching = asyncio.create_task(self._watch())
        try:
            for number in range(plan.rounds):
                if number:
                    await self.compare()  # now and then, so that days fit in memory
                await self._round(self.load.now if number else 0.0)
        finally:
            stop.set()
            await asking
            self.seconds = self.load.now
            watching.cancel()
        await self.compare()
        self.load.minutes[-1].close()
        await asyncio.to_thread(self.cluster.stop)
        verified = await asyncio.to_thread(_verified, self.cluster.nodes)
        return Outcome(
            capacity=self.capacity,
            rate=self.rate,
            seconds=self.seconds,
            minutes=self.load.minutes,
            minute=plan.minute,
            total=self.load.total(),
            skipped=self.load.skipped,
            faults=self.faults,
            failed=self.load.failed,
            samples=self.samples,
            compared=self.compared,
            unrecorded=self.unrecorded,
            doubled=self.load.doubled,
            checked=self.load.checked,
            unverified=self.load.unverified,
            kids=self.load.kids,
            verified=verified,
            tracebacks=sum(node.said.count("Traceback") for node in self.cluster.nodes),
        )

    async def _calibrate(self) -> None:
        """See how much can be done, and ask for a part of it."""
        if self.plan.rate is not None:
            self.rate = self.plan.rate
            return
        probe = Load(self.cluster.proxy, self.load.forms, verifiers={}, minute=3600)
        for seconds in (2.0, CALIBRATING - 2.0):  # the first warms up
            stop, before = asyncio.Event(), probe.total()[GRANTED]
            asking = asyncio.create_task(probe.ask(stop=stop, rate=None))
            await asyncio.sleep(seconds)
            self.capacity = (probe.total()[GRANTED] - before) / seconds
            stop.set()
            await asking
        self.rate = self.plan.share * self.capacity

    async def _round(self, began: float) -> None:
        first, second = self.cluster.nodes
        for at, deed, what, excuses in (
            (0.10, partial(self._kill, first), "a node is killed, and started again", (LOST,)),
            (0.30, partial(self._restart, second), "the other node is restarted", ()),
            (0.50, self._restart_database, "the database is restarted", AWAY),
            (0.62, self._issuer_away, "an issuer fails for a tenth of the time", ()),
            (0.80, self._rotate, AT_ONCE, ()),
        )[: 4 if self.plan.planned else 5]:
            await asyncio.sleep(max(0.0, began + at * self.plan.seconds - self.load.now))
            await self._suffer(Fault(what, self.load.now, excuses=excuses), deed)
        if self.plan.planned:
            await asyncio.sleep(max(0.0, began + 0.9 * self.plan.seconds - self.load.now))
            await self._suffer(Fault(AHEAD, self.load.now), self._signs_with_another)
        await asyncio.sleep(max(0.0, began + self.plan.seconds - self.load.now))

    async def _suffer(self, fault: Fault, deed: Callable[[], Awaitable[None]]) -> None:
        self.faults.append(fault)
        print(f"{fault.began:7.1f} s  {fault.what}", file=sys.stderr, flush=True)
        await deed()
        fault.ended = self.load.now + SETTLED

    async def _kill(self, node: RealServer) -> None:
        await asyncio.to_thread(node.kill9)
        await asyncio.sleep(GONE * self.plan.seconds)
        await asyncio.to_thread(node.start)

    async def _restart(self, node: RealServer) -> None:
        assert await asyncio.to_thread(node.stop) == 0, node.said
        await asyncio.to_thread(node.start)

    async def _restart_database(self) -> None:
        await asyncio.to_thread(self.database.restart)
        for node in self.cluster.nodes:
            await asyncio.to_thread(node.wait_until_ready)

    async def _issuer_away(self) -> None:
        # A node that was started a moment ago must have met the issuer: it has no keys of its otherwise.
        for node in self.cluster.nodes:
            await asyncio.to_thread(until, partial(_has_met, node), limit=60)
        for path in (DISCOVERY, KEYS):
            self.idp.answers[path] = Answer(body=b"down", status=500, content_type="text/plain")
        await asyncio.sleep(0.1 * self.plan.seconds)
        self.idp.answers.clear()

    async def _signs_with_another(self) -> None:
        """See that the key that was published has begun to sign, and publish the next one."""
        await asyncio.to_thread(until, lambda: len(self.load.kids) > self._keys, limit=60)
        self._keys = len(self.load.kids)
        if self.plan.rounds > 1:
            await self._rotate()

    async def _rotate(self) -> None:
        words = ["keys", "rotate", *(() if self.plan.planned else ("--now", "--yes"))]
        ran = await asyncio.to_thread(_actas, self.cluster.nodes[0], *words)
        assert ran.returncode == 0, ran.stderr

    async def _watch(self) -> None:
        """Note once a minute what the nodes hold."""
        while True:
            self.samples.append(await sample(self.load.now, self.cluster.nodes, self.database.url))
            await asyncio.sleep(self.plan.minute)

    async def compare(self) -> None:
        """See that every token that arrived has its entry."""
        names = self.load.take()
        recorded = await asyncio.to_thread(self.cluster.recorded, since="2h")
        self.compared += len(names)
        self.unrecorded += [name for name in names if name not in recorded]


def _has_met(node: RealServer) -> bool:
    """Whether a node has the issuer's keys."""
    return b'actas_issuer_keys_age_seconds{issuer="partner"}' in node.manage("/metrics").body


def _actas(node: RealServer, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "actas", *words, "-c", node.company.file.name],
        check=False,
        cwd=node.folder,
        env=node.environ,
        capture_output=True,
        text=True,
    )


def _verified(nodes: tuple[RealServer, ...]) -> bool:
    """Verify the audit log as an operator does."""
    ran = [_actas(node, "audit", "verify") for node in nodes]
    for one in ran:
        if one.returncode:
            print(one.stdout, one.stderr, file=sys.stderr)
    return not any(one.returncode for one in ran)


@asynccontextmanager
async def soaking(plan: Plan, folder: Path) -> AsyncIterator[Soak]:
    """Set everything up."""
    async with AsyncExitStack() as stack:
        authority = Authority.within(folder, "authority")
        idp = await stack.enter_async_context(
            HostileIssuer(host="localhost", tls=authority.server("localhost"))
        )
        database = stack.enter_context(Restartable())
        cluster = Cluster(
            folder,
            database=database.url,
            server={"private_hosts": ["localhost"], "authorities": str(authority.certificate)},
            at_proxy=True,
        )
        cluster.company.trust(idp.issuer, name="partner")
        cluster.company.tree["keys"] = cluster.nodes[1].company.tree["keys"] = {
            "signing": {"publish_ahead": f"{LEAST_AHEAD // 60}m"}
        }
        await asyncio.to_thread(cluster.__enter__)
        stack.callback(cluster.__exit__, None, None, None)
        http = await stack.enter_async_context(httpx2.AsyncClient(verify=cluster.proxy.tls))
        verifiers = {
            audience: Verifier(cluster.issuer, audience=audience, http=http)
            for audience in (ORDERS, INVENTORY)
        }
        load = Load(cluster.proxy, _forms(cluster, idp), verifiers=verifiers, minute=plan.minute)
        yield Soak(plan, cluster, database, idp, load)


def _forms(cluster: Cluster, idp: HostileIssuer) -> Forms:
    """Return who asks: services for themselves, one with an assertion that works once, and for people."""
    company = cluster.company

    def form(number: int) -> dict[str, object]:
        if number % 4 == 0:
            return company.asserted()
        if number % 4 == 1:
            return company.for_alice(idp.token({"aud": "acme-web"}))
        return company.for_alice() if number % 4 == 2 else company.own()

    return form


async def soak(plan: Plan, folder: Path) -> Outcome:
    """Run a plan in an empty folder."""
    async with soaking(plan, folder) as one:
        return await one.run()


def main() -> int:
    """Run, print, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="Load and faults on two nodes.")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=10.0, help="one round of so many; 10")
    length.add_argument("--hours", type=int, help="a round an hour, for so many hours")
    parser.add_argument(
        "--rate", type=float, help="requests a second; 70 %% of what can be done when not given"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write what was met as a page")
    options = parser.parse_args()
    plan = Plan(seconds=options.minutes * 60, rate=options.rate)
    if options.hours:
        plan = Plan(seconds=3600.0, rounds=options.hours, rate=options.rate)
    with tempfile.TemporaryDirectory(prefix="actas-soak-") as folder:
        outcome = asyncio.run(soak(plan, Path(folder)))
    text = page(outcome)
    print(text)
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    return 0 if outcome.lost_nothing else 1


if __name__ == "__main__":
    sys.exit(main())
