"""Printing: for people one table, for programs one JSON document; and what kind of machine it was."""

from __future__ import annotations

import math
import os
import platform
import statistics
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.backends.openssl import backend

from bench.measure import Part, Round, Spread, spread

_COLUMNS: Final = (
    ("per second", 22),
    ("CPU µs each", 17),
    ("of raw, CPU", 19),
    ("of raw, speed", 19),
    ("p50 ms", 7),
    ("p99 ms", 7),
)
_NAME: Final = 23


def machine(folder: Path) -> dict[str, str]:
    """Describe the computer as far as the figures depend on it.

    Args:
        folder: where the data folders are: the disk that entries are made durable on.
    """
    cpus = len(os.sched_getaffinity(0))
    return {
        "processor": f"{cpus} cores, {processor()}",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}, {_build()}",
        "openssl": backend.openssl_version_text(),
        "disk": f"4 KiB durable in {_sync_time(folder):.2f} ms (median)",
        "load": f"{os.getloadavg()[0]:.1f} before the run",
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def _build() -> str:
    """Say how Python was built: optimising by a profile makes everything but cryptography cheaper."""
    arguments = str(sysconfig.get_config_var("CONFIG_ARGS"))
    return "optimised by profile" if "--enable-optimizations" in arguments else "not optimised by profile"


def processor() -> str:
    """Return what the processor calls itself."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _sync_time(folder: Path) -> float:
    """Return the milliseconds that writing 4 KiB durably takes, the median of fifty."""
    taken: list[float] = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(50):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - began) * 1e3)
    return statistics.median(taken)


def printed(description: dict[str, str], parts: Sequence[Part]) -> str:
    """Return the table."""
    lines = [f"{name + ':':<11}{value}" for name, value in description.items()]
    lines += ["", " " * _NAME + "".join(f"{title:>{width}}" for title, width in _COLUMNS)]
    lines.append(_row("raw verify + sign", _raw_cells(parts)))
    lines += [_row(part.name, _cells(part)) for part in parts]
    lines += ["", "Medians of rounds (least - greatest). Multiples are taken within pairs of rounds."]
    for part in parts:
        lines += [f"{part.name}: {note}" for note in (*_memory(part), *part.notes)]
    return "\n".join(lines)


def _row(name: str, cells: Sequence[str]) -> str:
    widths = (width for _, width in _COLUMNS)
    return f"{name:<{_NAME}}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _cells(part: Part) -> list[str]:
    return [
        _span(part.spread(_rate), ",.0f"),
        _span(part.spread(lambda one: one.cost.cpu), ".0f"),
        _span(part.spread(lambda one: one.of_raw_cpu), ".2f"),
        _span(part.spread(lambda one: one.of_raw_throughput), ".2f"),
        f"{part.spread(lambda one: one.p50).median:.1f}",
        f"{part.spread(lambda one: one.p99).median:.1f}",
    ]


def _raw_cells(parts: Sequence[Part]) -> list[str]:
    rounds = [one.raw for part in parts for one in part.rounds]
    rate = spread([1e6 / one.wall for one in rounds])
    return [_span(rate, ",.0f"), _span(spread([one.cpu for one in rounds]), ".0f"), "1", "1", "", ""]


def _rate(one: Round) -> float:
    return 1e6 / one.cost.wall


def _span(figure: Spread, form: str) -> str:
    return f"{figure.median:{form}} ({figure.least:{form}} - {figure.greatest:{form}})"


def _memory(part: Part) -> list[str]:
    if len(part.memory) < 3:
        return []
    chosen = [part.memory[0], part.memory[len(part.memory) // 2], part.memory[-1]]
    steps = ", ".join(f"{kilobytes / 1024:.1f} MB after {count:,}" for count, kilobytes in chosen)
    return [f"resident memory of the workers: {steps} exchanges"]


def as_document(description: dict[str, str], parts: Sequence[Part]) -> dict[str, Any]:
    """Return every figure of every round, for programs."""
    return {"machine": description, "parts": [_part_document(part) for part in parts]}


def _part_document(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "exchanges": part.exchanges,
        "rounds": [
            {
                "raw_wall_us": one.raw.wall,
                "raw_cpu_us": one.raw.cpu,
                "wall_us": one.cost.wall,
                "cpu_us": one.cost.cpu,
                "of_raw_cpu": one.of_raw_cpu,
                "of_raw_throughput": one.of_raw_throughput,
                "p50_ms": None if math.isnan(one.p50) else one.p50,
                "p99_ms": None if math.isnan(one.p99) else one.p99,
            }
            for one in part.rounds
        ],
        "memory_kb": [{"exchanges": count, "resident": kilobytes} for count, kilobytes in part.memory],
        "notes": part.notes,
    }
