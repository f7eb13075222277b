"""Names are resolved once, every answer is judged, and a judged address is connected to."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.fakes.certificates import Authority
from tests.fakes.hostile_issuer import HostileIssuer
from tests.fakes.resolver import PUBLIC, LoopbackNetwork, ScriptedResolver

from actas.core.ports import FetchFailed
from actas.core.url import read_url
from actas.net.addresses import Reach
from actas.net.dial import CheckedNetwork, SystemResolver
from actas.net.fetch import GuardedFetch


async def fetched(tmp_path: Path, answers: Sequence[str], **network: object) -> tuple[str, list[str]]:
    """Fetch from a name with these addresses; return what went wrong and what was connected to."""
    authority = Authority(tmp_path)
    async with HostileIssuer(host="idp.test", tls=authority.server("idp.test")) as idp:
        loopback = LoopbackNetwork(idp.port, **network)  # type: ignore[arg-type]
        fetch = GuardedFetch(
            resolve=ScriptedResolver({"idp.test": [answers]}),
            network=loopback,
            authorities=authority.certificate,
            time_limit=4.0,
        )
        try:
            await fetch.get_json(idp.jwks_uri)
        except FetchFailed as failed:
            assert idp.count() == 0
            return failed.detail, loopback.asked
        return "", loopback.asked


async def test_the_next_address_is_tried_when_one_refuses(tmp_path: Path) -> None:
    assert await fetched(tmp_path, ["2600::1", PUBLIC], refuse={"2600::1"}) == ("", ["2600::1", PUBLIC])


async def test_an_address_that_hangs_leaves_time_for_the_next(tmp_path: Path) -> None:
    assert await fetched(tmp_path, ["2600::1", PUBLIC], hang={"2600::1"}) == ("", ["2600::1", PUBLIC])


async def test_no_more_than_four_addresses_are_tried(tmp_path: Path) -> None:
    many = [f"93.184.215.{number}" for number in range(20)]
    why, asked = await fetched(tmp_path, many, refuse=set(many))
    assert "nothing accepts connections" in why
    assert asked == many[:4]


@pytest.mark.requirement("SEC-34")
@pytest.mark.parametrize(
    "answers",
    [
        [],
        ["127.0.0.1"],
        [PUBLIC, "10.0.0.1"],
        ["10.0.0.1", PUBLIC],
        [*(f"93.184.215.{number}" for number in range(20)), "::1"],
        ["fe80::1%eth0"],
        ["not an address"],
        ["::ffff:93.184.215.14"],
    ],
)
async def test_one_bad_answer_spoils_the_name_and_nothing_is_connected_to(
    tmp_path: Path, answers: list[str]
) -> None:
    why, asked = await fetched(tmp_path, answers)
    assert "idp.test" in why
    assert asked == []


@pytest.mark.requirement("SEC-34")
@pytest.mark.parametrize("peer", ["10.0.0.1", "127.0.0.1", "::1", "93.184.215.15", "fe80::1%eth0", "unix"])
async def test_the_peer_is_judged_again_before_anything_is_sent(tmp_path: Path, peer: str) -> None:
    why, asked = await fetched(tmp_path, [PUBLIC], peer=peer)
    assert why
    assert asked == [PUBLIC]


async def test_a_name_that_does_not_exist_is_named() -> None:
    with pytest.raises(FetchFailed, match=r"the name idp\.test cannot be resolved"):
        await GuardedFetch(resolve=ScriptedResolver({})).get_json("https://idp.test/jwks")


@pytest.mark.requirement("SEC-34")
async def test_a_connection_to_another_host_than_the_one_judged_is_refused() -> None:
    loopback = LoopbackNetwork(1)
    network = CheckedNetwork(
        read_url("https://idp.test/jwks"),
        reach=Reach(),
        resolve=ScriptedResolver({"idp.test": [[PUBLIC]], "other.test": [[PUBLIC]]}),
        network=loopback,
        time_limit=1.0,
    )
    for host, port in (("other.test", 443), ("idp.test", 8443), (PUBLIC, 443)):
        with pytest.raises(FetchFailed, match="another host"):
            await network.connect_tcp(host, port)
    assert loopback.asked == []


async def test_the_system_resolver_knows_this_computer() -> None:
    resolver = SystemResolver()
    assert "127.0.0.1" in await resolver("localhost")
    resolver.close()


@pytest.mark.requirement("REL-10")
async def test_equal_lookups_are_joined_and_a_given_up_one_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go, asked = threading.Event(), list[str]()

    def slow(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        go.wait(60)
        if host == "missing.test":
            raise OSError("no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, 0))] * 2

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    resolver = SystemResolver()
    one, two = (asyncio.create_task(resolver("idp.test")) for _ in range(2))
    lost = asyncio.create_task(resolver("missing.test"))
    await asyncio.sleep(0)
    one.cancel()
    lost.cancel()
    go.set()
    assert await two == [PUBLIC]
    assert asked.count("idp.test") == 1
    assert await resolver("idp.test") == [PUBLIC]
    assert asked.count("idp.test") == 2
    resolver.close()


async def test_a_lookup_that_never_began_ends_with_the_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: go.wait(60) and [])
    resolver = SystemResolver()
    lookups = [asyncio.create_task(resolver(f"n{number}.test")) for number in range(20)]
    await asyncio.sleep(0)
    resolver.close()
    go.set()
    ended = await asyncio.gather(*lookups, return_exceptions=True)
    assert [found for found in ended if found == []]
    assert [found for found in ended if isinstance(found, asyncio.CancelledError)]
