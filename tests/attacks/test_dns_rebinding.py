"""DNS rebinding: a name that is public when it is checked and private when it is connected to.

The attacker runs the name server of a host that is on record, with a time to live of zero. The first
lookup answers a public address and passes the check; the second, made by the connection, answers
127.0.0.1 or the cloud's metadata service. Variants: both addresses in one answer, so that the
connection falls back to the private one when the public one refuses; and an answer that changes between
two fetches, so that a remembered verdict is wrong (CVE-2026-44430).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.certificates import Authority
from tests.fakes.hostile_issuer import HostileIssuer
from tests.fakes.resolver import PUBLIC, LoopbackNetwork, ScriptedResolver

from actas.core.ports import FetchFailed
from actas.net.fetch import GuardedFetch


@pytest.mark.requirement("SEC-34")
async def test_the_connection_is_made_to_the_very_address_that_was_checked(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with HostileIssuer(host="rebind.test", tls=authority.server("rebind.test")) as idp:
        network = LoopbackNetwork(idp.port)
        resolve = ScriptedResolver({"rebind.test": [[PUBLIC], ["127.0.0.1"]]})
        fetch = GuardedFetch(resolve=resolve, network=network, authorities=authority.certificate)
        await fetch.get_json(idp.jwks_uri)
        assert resolve.asked == ["rebind.test"]
        assert network.asked == [PUBLIC]


@pytest.mark.requirement("SEC-34")
@pytest.mark.parametrize("later", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1"])
async def test_every_fetch_checks_anew(tmp_path: Path, later: str) -> None:
    authority = Authority(tmp_path)
    async with HostileIssuer(host="rebind.test", tls=authority.server("rebind.test")) as idp:
        network = LoopbackNetwork(idp.port)
        resolve = ScriptedResolver({"rebind.test": [[PUBLIC], [later]]})
        fetch = GuardedFetch(resolve=resolve, network=network, authorities=authority.certificate)
        await fetch.get_json(idp.jwks_uri)
        with pytest.raises(FetchFailed, match=r"rebind\.test is at"):
            await fetch.get_json(idp.jwks_uri)
        assert network.asked == [PUBLIC]
        assert idp.count() == 1


@pytest.mark.requirement("SEC-34")
@pytest.mark.parametrize(
    "answer", [[PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], [PUBLIC, PUBLIC, "fd00::1"]]
)
async def test_a_private_address_among_public_ones_is_no_fallback(answer: list[str]) -> None:
    async with HostileIssuer() as inner:
        network = LoopbackNetwork(inner.port, refuse={PUBLIC})
        fetch = GuardedFetch(resolve=ScriptedResolver({"rebind.test": [answer]}), network=network)
        with pytest.raises(FetchFailed, match=r"rebind\.test is at"):
            await fetch.get_json("https://rebind.test/jwks")
        assert network.asked == []


@pytest.mark.requirement("SEC-34")
async def test_a_connection_that_ends_up_elsewhere_is_given_up_before_a_byte_is_sent() -> None:
    async with HostileIssuer() as inner:
        network = LoopbackNetwork(inner.port, peer="127.0.0.1")
        fetch = GuardedFetch(resolve=ScriptedResolver({"rebind.test": [[PUBLIC]]}), network=network)
        with pytest.raises(FetchFailed, match="loopback"):
            await fetch.get_json("https://rebind.test/jwks")
        assert network.asked == [PUBLIC]
        assert inner.count() == 0


@pytest.mark.requirement("SEC-34", "SEC-35")
async def test_in_development_a_loopback_name_cannot_be_made_to_mean_another_computer() -> None:
    async with HostileIssuer() as inner:
        network = LoopbackNetwork(inner.port)
        fetch = GuardedFetch(
            dev=True, resolve=ScriptedResolver({"localhost": [[PUBLIC], ["10.0.0.1"]]}), network=network
        )
        for _ in range(2):
            with pytest.raises(FetchFailed, match="not a loopback address"):
                await fetch.get_json("http://localhost/jwks")
        assert network.asked == []
