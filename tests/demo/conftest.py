"""One running demo for the tests that only look at it."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from tests.fakes.demo import RunningDemo, running_demo


@pytest.fixture(scope="module")
def live_demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningDemo]:
    with running_demo(tmp_path_factory.mktemp("temporary")) as running:
        yield running
