"""What the tests of trust share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.fakes.issuer_keys import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.keys.aclose()
