"""What every test of the repository shares."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

LONGEST = 30
"""Characters of a value that may name a case; a longer one may well be random."""


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name parametrised cases alike in every process: no addresses and no random text in an id."""
    if isinstance(val, bytes) or (isinstance(val, str) and (len(val) > LONGEST or not val.isprintable())):
        return argname  # pytest numbers the cases that are called alike
    name = getattr(val, "__name__", None)
    return str(name) if callable(val) and name else None


@pytest.fixture
async def postgres() -> AsyncIterator[str]:
    """The address of an empty PostgreSQL database, ``postgresql://…``, removed after the test."""
    from tests.fakes.postgres import create_database, drop_database

    url = await create_database()
    yield url
    await drop_database(url)


another_postgres = postgres
"""One more, for whoever needs two."""
