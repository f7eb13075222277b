"""Keeping everybody's devices from being connected, by asking for codes and never using them.

Nothing proves that a device is one: whoever knows the name of a public client asks, and each request waits for ten
minutes. One customer of a provider has 256 networks of /64, or 65,536, so bounds for an address alone are none; and
where anybody may publish an app, its own keys make it no better known. So networks are bounded together as they are
given to customers, the name of one client cannot use up what there is for all, and however many networks a stranger
has, clients that we know find room.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import client, on_devices
from tests.fakes.connecting import TV, Connecting
from tests.spec.test_rfc8628 import PHONE

from actas.core.client import Client
from actas.core.errors import OAuthError
from actas.signin.device_requests import _room
from actas.subjects import device_code
from actas.subjects.device_code import LIFE, MOST_IN, MOST_NEAR, MOST_WIDE

TABLET = replace(PHONE, name="tablet")


async def fills(here: Connecting, who: str, addresses: list[str]) -> int:
    """How many codes a stranger gets who says to be a client, at these addresses."""
    got = 0
    for address in addresses:
        with contextlib.suppress(OAuthError):
            await here.ask(credentials=f"&client_id={who}", address=address)
            got += 1
    return got


@pytest.mark.requirement("DG-11")
@pytest.mark.parametrize("who", [("phone",), ("phone", "tablet")])
async def test_all_networks_of_one_customer_are_one(who: tuple[str, ...]) -> None:
    here = Connecting(PHONE, TABLET, TV)
    of_one = [f"2001:db8:1:{number:x}::1" for number in range(MOST_NEAR + 9)]
    assert sum([await fills(here, one, of_one) for one in who]) == MOST_NEAR
    around = [f"2001:db8:1:{number:x}00::1" for number in range(1, 256)] * 2
    assert sum([await fills(here, one, around) for one in who]) == MOST_WIDE - MOST_NEAR
    assert await fills(here, "phone", ["2001:db8:2::1", "192.0.2.7"]) == 2  # nobody else is locked out
    here.clock.advance(LIFE)
    assert await fills(here, "phone", of_one[:3]) == 3


@pytest.mark.requirement("DG-11")
async def test_addresses_that_lie_together_are_bounded_together() -> None:
    here = Connecting(PHONE)
    assert await fills(here, "phone", [f"192.0.2.{number}" for number in range(256)] * 2) == MOST_WIDE
    assert await fills(here, "phone", ["192.0.3.1"]) == 1


@pytest.mark.requirement("DG-11")
async def test_however_many_networks_strangers_have_a_client_that_proves_who_it_is_finds_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device_code, "MOST_IN", {0: 30, 1: 20, 2: 10})
    here = Connecting(PHONE, TV)
    assert await fills(here, "phone", [f"2001:db8:{number:x}::1" for number in range(50)]) == 20
    for _ in range(10):
        await here.ask()
    here.clock.advance(LIFE)  # what has ended takes no room, also while nobody has swept it
    assert len(here.house.waiting.kept) == 30
    assert await fills(here, "phone", ["2001:db8:ffff::1"]) == 1


@pytest.mark.requirement("DG-11")
async def test_the_name_of_one_client_does_not_use_up_what_there_is_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device_code, "MOST_OF_CLIENT", 10)
    here = Connecting(PHONE, TABLET)
    assert await fills(here, "phone", [f"2001:db8:{number:x}::1" for number in range(20)]) == 10
    assert await fills(here, "tablet", ["2001:db8:fff::1"]) == 1


@pytest.mark.requirement("DG-11")
def test_an_app_that_anybody_may_publish_is_a_stranger_whatever_it_proves() -> None:
    def published(**terms: Any) -> Client:
        web = on_devices(client("web", kind="app"))
        assert web.sign_in is not None
        return replace(web, sign_in=replace(web.sign_in, **terms))

    rooms = [
        _room(published(vouched=vouched), proven=proven)
        for vouched in (True, False)
        for proven in (True, False)
    ]
    assert rooms == [0, 1, 2, 2]
    assert MOST_IN[0] - MOST_IN[1] >= 4_000
    assert MOST_IN[1] - MOST_IN[2] >= 4_000
