"""How the tests are shared out among processes: the long ones wait more than they compute."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes ``-n auto`` means: two more than there are processors.

    Servers that were killed, leases that run out and bounds of five seconds are waited for; meanwhile another
    process computes.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) + 2
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Spread the modules that wait evenly among those that compute, when several processes share the list.

    Each process begins with a stretch of it, and would otherwise wait alone while the others compute.
    """
    if not hasattr(config, "workerinput"):
        return
    begins: dict[Path, float] = {}
    for waits in (True, False):
        kind = [one for one in items if ("crash" in one.path.parts) is waits]
        for number, one in enumerate(kind):
            begins.setdefault(one.path, number / len(kind))
    items.sort(key=lambda one: begins[one.path])
