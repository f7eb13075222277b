"""``make bench``, or ``python -m bench`` from the top of the repository: what an exchange costs, in one run.

It prints the raw limit (one ES256 verification and one signature on one core), the pipeline in process, the
same with 100,000 clients and 10,000 rules and with DPoP proofs, and the server over HTTP with one and with
two workers and 64 connections, the latter also on PostgreSQL, each as a multiple of the raw limit; and what
is left of one worker under ten times what it can do. It is no timed test: it fails only when an exchange is
refused or an audit entry is missing. ``--quick`` takes a minute, the whole some minutes. The figures are in
``docs/performance.md``. It needs Linux, whose ``/proc`` and core affinity it uses.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from bench import http, in_process, overload
from bench.measure import Part, cores, pinned
from bench.postgresql import Postgresql, postgresql
from bench.raw import RawLimit
from bench.table import as_document, machine, printed

PARTS: Final = ("in-process", "catalog", "dpop", "http-1", "http-2", "postgresql", "overload")
_ROUND: Final = 10_000
_SHORT: Final = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured.

    Attributes:
        only: which parts.
        rounds: of every part but the long one.
        exchanges: in each of those.
        long: exchanges over HTTP with one worker, over which memory is watched.
    """

    only: tuple[str, ...]
    rounds: int
    exchanges: int
    long: int


def main() -> int:
    """Measure and print."""
    options = _options()
    plan = Plan(
        only=tuple(options.only or PARTS),
        rounds=3 if options.quick else 7,
        exchanges=1_000 if options.quick else _SHORT,
        long=options.exchanges or (5_000 if options.quick else 200_000),
    )
    with tempfile.TemporaryDirectory(prefix="actas-bench-") as name:
        folder = Path(name)
        description = machine(folder)
        shared = "postgresql" in plan.only
        with (
            postgresql(folder / "postgresql") if shared else nullcontext() as database,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            parts = runner.run(measure(plan, folder, database))
    if options.json:
        sys.stdout.buffer.write(
            msgspec.json.format(msgspec.json.encode(as_document(description, parts))) + b"\n"
        )
    else:
        print(printed(description, parts))
    return 0


async def measure(plan: Plan, folder: Path, database: Postgresql | None) -> list[Part]:
    """Measure every part of the plan, one after the other.

    Args:
        database: what the part on PostgreSQL is measured on; None without that part.
    """
    raw = RawLimit()
    parts: list[Part] = []
    if {"in-process", "catalog", "dpop"} & set(plan.only):
        _say("the pipeline in process")
        core, _ = cores()
        with pinned(core):
            parts += await in_process.measure(
                _below(folder, "in-process"),
                raw,
                rounds=plan.rounds,
                exchanges=plan.exchanges,
                with_grown="catalog" in plan.only,
                with_proofs="dpop" in plan.only,
            )
    if "http-1" in plan.only:
        _say("the server over HTTP with 1 worker")
        exchanges = min(_ROUND, max(1, plan.long // 5))
        rounds = max(1, plan.long // exchanges)
        at = _below(folder, "http-1")
        parts += await http.measure(at, raw, workers=1, rounds=rounds, exchanges=exchanges)
    if {"http-2", "postgresql"} & set(plan.only):
        both = "" if database is None else ", with files and on PostgreSQL"
        _say(f"the server over HTTP with 2 workers{both}")
        at = _below(folder, "http-2")
        parts += await http.measure(
            at, raw, workers=2, rounds=plan.rounds, exchanges=plan.exchanges, database=database
        )
    if "overload" in plan.only:
        _say("one worker under ten times what it can do")
        at, seconds = _below(folder, "overload"), 3.0 if plan.rounds < 7 else 10.0
        parts += await overload.measure(at, raw, rounds=(plan.rounds + 1) // 2, seconds=seconds)
    return parts


def _below(folder: Path, name: str) -> Path:
    below = folder / name
    below.mkdir()
    return below


def _say(what: str) -> None:
    print(f"measuring {what} ...", file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="What an exchange costs.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part only; repeatable")
    parser.add_argument(
        "--exchanges", type=int, metavar="N", help="over HTTP with one worker; 200,000 when not given"
    )
    parser.add_argument("--json", action="store_true", help="print every round as JSON instead of the table")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
