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
from tests.fakes.company import client, signing_in
from tests.fakes.front_door import STRANGER, FrontDoor, asked
from tests.fakes.house import CLIENTS, PEOPLE, House, secret_of
from tests.fakes.visits import Visits
from tests.fakes.wire import encoded

from actas.core.client import ClientAuth
from actas.core.errors import OAuthError
from actas.core.party import Caller
from actas.signin.steps import Answered

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


# Where people sign in, anybody asks in the name of any app, and anybody may say the name of a public client.

WEB = signing_in(client("web", kind="app"))
PHONE = signing_in(client("phone", kind="app", auth=ClientAuth(method="none"), grants=frozenset()))


def front_door() -> FrontDoor:
    return FrontDoor(House(clients=[*CLIENTS[:3], WEB, PHONE], people=PEOPLE))


async def counted(house: House) -> tuple[int, int]:
    """How many refusals were written, and how many only counted."""
    written = len(house.writer.lines)
    assert max(map(len, house.writer.lines)) < 5_000
    await house.minutes.write_counts(math.inf)
    summary = house.writer.events[-1]
    assert summary["written"] == written
    return written, summary["counted"]


@pytest.mark.requirement("SEC-90", "OP-12")
async def test_whoever_is_not_signed_in_fills_no_log_by_what_apps_ask() -> None:
    here = front_door()
    sent = [
        asked(prompt="none"),
        asked(response_type="token"),
        asked(scope=" ".join(f"{number}{'a' * 40}" for number in range(180))),
        asked(redirect_uri="https://evil.example/" + STEERING * 400),
        asked(client_id=STEERING * 400),
        {"client_id": "web", "request_uri": "urn:ietf:params:oauth:request_uri:" + "a" * 2000},
    ]
    for number in range(300):
        try:
            step = await here.bring(STRANGER, sent[number % len(sent)])
        except OAuthError:
            continue
        assert isinstance(step, Answered)
    assert await counted(here.house) == (100, 200)
    assert here.house.writer.events[0]["client"]["method"] is None  # which it asked as, and proved nothing


@pytest.mark.requirement("SEC-90", "OP-33")
@pytest.mark.parametrize("who", ["web", "phone", "nobody"])
async def test_whoever_proves_nothing_fills_no_log_by_what_they_push(who: str) -> None:
    here = front_door()
    secret = None if who == "phone" else "wrong"
    for _ in range(300):
        answer = await here.push(client_id=who, client_secret=secret, scope="burn:everything " + "a" * 2000)
        assert answer.status in (400, 401)
    assert await counted(here.house) == (100, 200)


@pytest.mark.requirement("SEC-90")
async def test_nor_by_codes_that_a_public_client_never_had() -> None:
    here = front_door()
    form = {
        "grant_type": "authorization_code",
        "client_id": "phone",
        "code": "guess",
        "code_verifier": "v" * 43,
    }
    for _ in range(300):
        await refused(here.house, encoded(form), "192.0.2.7")
    assert await counted(here.house) == (100, 200)


@pytest.mark.requirement("SEC-90", "SEC-86")
async def test_what_is_refused_to_somebody_who_signed_in_is_written_each_time_and_names_the_app() -> None:
    here = front_door()
    visitor = await here.visitor()
    for _ in range(120):
        assert isinstance(await here.bring(visitor, asked(prompt="none")), Answered)
    events = here.house.writer.events
    assert len(events) == 120
    assert {(one["reason"], one["client"]["name"]) for one in events} == {("not_consented", "web")}


@pytest.mark.requirement("SEC-90", "SEC-86")
async def test_a_code_that_is_used_twice_is_written_whoever_floods() -> None:
    here = front_door()
    form = await here.house.code_form("phone")
    del form["client_secret"]
    await here.house.post(form)
    for _ in range(150):
        await refused(here.house, encoded({**form, "code": "guess"}), "127.0.0.1")
    await refused(here.house, encoded(form), "127.0.0.1")
    assert here.house.writer.events[-1]["reason"] == "code_reused"
