"""Filling the log.

Nothing is issued while the log cannot be written, so whoever fills its disk stops everybody. Anybody can be refused
without proving who he is, and each refusal is an entry: with the longest names, the most parameters, characters
that take six bytes each when they are escaped, and from every one of the 2^64 addresses that one line at home has.
Refusals of strangers are few, short and counted exactly; those of clients are written in full.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.fakes.house import House, secret_of
from tests.fakes.visits import Visits
from tests.fakes.wire import encoded

from actas.core.errors import OAuthError
from actas.core.party import Caller

STEERING = "\u202e"
"""Three bytes on the wire, six in the log."""


def longest(**changes: Any) -> bytes:
    """The form that takes the most room in the log."""
    form: dict[str, Any] = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "client_id": "orders",
        "client_secret": "wrong" * 10,
        "subject_token": "a",
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "scope": " ".join(f"{number}{'a' * 40}" for number in range(180)),
        "audience": [f"{STEERING * 80}{number}" for number in range(4)],
        "resource": [f"x:{STEERING * 80}{number}" for number in range(4)],
        **changes,
    }
    blank = "&".join(encoded({f"{STEERING * 60}{number}": "x"}).decode()[:-1] for number in range(40))
    return encoded(form) + b"&" + blank.encode()


async def refused(house: Visits, form: bytes, address: str) -> None:
    with pytest.raises(OAuthError):
        await house.exchange(form, Caller(address=address))


@pytest.mark.requirement("SEC-90")
@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8:0:1:{0:x}::{0:x}"])
async def test_one_stranger_fills_no_log(address: str) -> None:
    house = House()
    for number in range(1, 1001):
        await refused(house, longest(), address.format(number))
    assert len(house.writer.lines) == 100
    assert max(map(len, house.writer.lines)) < 5_000
    await house.minutes.write_counts(math.inf)
    summary = house.writer.events[-1]
    assert (summary["written"], summary["counted"]) == (100, 900)


@pytest.mark.requirement("SEC-90", "SEC-86")
async def test_what_a_client_asked_is_written_in_full() -> None:
    house = House()
    await refused(house, longest(client_secret=secret_of("orders")), "192.0.2.7")
    asked = house.writer.events[-1]["asked"]
    assert len(asked["audience"]) == len(asked["resource"]) == 4
    assert len(asked["scope"]) > 7_000
    assert len(house.writer.events[-1]["blank"]) == 16
