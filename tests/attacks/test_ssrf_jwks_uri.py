"""Server-side request forgery through an address on record.

Whoever may register an issuer's or a client's ``jwks_uri`` tries to make the server fetch what only the
server can reach: the metadata service of the cloud, a database console on loopback, a router on the
private network. The address is spelt in every way that some resolver or URL reader understands: short
and octal and hexadecimal IPv4, IPv4 inside IPv6, NAT64 and 6to4, user info, zone ids, names that
resolve to private addresses. Or it is honest, and redirects. Nothing may be connected to.
"""

from __future__ import annotations

import pytest
from tests.fakes.hostile_issuer import HostileIssuer, redirect
from tests.fakes.resolver import LoopbackNetwork, ScriptedResolver

from actas.core.ports import FetchFailed
from actas.net.fetch import GuardedFetch

SPELLINGS = (
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://2130706433/",
    "https://0/",
    "https://0.0.0.0/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::1]/",
    "https://[2002:7f00:1::1]/",
    "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "https://[fe80::1%25eth0]/",
    "https://[fec0::1]/",
    "https://[fd00:ec2::254]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://168.63.129.16/metadata",
    "https://100.100.100.200/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://localhost/",
    "https://sub.localhost/",
    "https://localhost./",
    "https://private.test/",
    "https://metadata.test/",
    "https://mapped.test/",
    "https://public.test@127.0.0.1/",
    "https://public.test\\@127.0.0.1/",
    "https://public.test#@127.0.0.1/",
    "https://public.test\t.private.test/",
    "https:///127.0.0.1/",
    "https:127.0.0.1/",
    "http://public.test/",
    "http://127.0.0.1/",
    "gopher://127.0.0.1/",
    "unix:///run/docker.sock",
)

NAMES = {
    "public.test": [["93.184.215.14"]],
    "localhost": [["127.0.0.1", "::1"]],
    "sub.localhost": [["127.0.0.1"]],
    "private.test": [["10.0.0.7"]],
    "metadata.test": [["169.254.169.254"]],
    "mapped.test": [["::ffff:10.0.0.7"]],
}


@pytest.mark.requirement("SEC-33", "SEC-34", "SEC-35")
@pytest.mark.parametrize("address", SPELLINGS)
async def test_no_spelling_of_an_inner_address_is_connected_to(address: str) -> None:
    async with HostileIssuer() as inner:
        network = LoopbackNetwork(inner.port)
        fetch = GuardedFetch(resolve=ScriptedResolver(NAMES), network=network)
        with pytest.raises(FetchFailed):
            await fetch.get_json(address)
        assert network.asked == []
        assert inner.count() == 0


@pytest.mark.requirement("SEC-35")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_an_honest_address_that_redirects_inwards_leads_nowhere(status: int) -> None:
    async with HostileIssuer() as idp, HostileIssuer() as inner:
        idp.answers["/jwks"] = redirect(status, f"{inner.origin}/latest/meta-data/")
        with pytest.raises(FetchFailed, match="redirect"):
            await GuardedFetch(dev=True).get_json(idp.jwks_uri)
        assert inner.count() == 0


@pytest.mark.requirement("SEC-34", "SEC-02")
async def test_listing_one_inner_host_opens_no_other() -> None:
    async with HostileIssuer() as inner:
        network = LoopbackNetwork(inner.port)
        resolve = ScriptedResolver({**NAMES, "listed.test": [["10.0.0.9"]]})
        fetch = GuardedFetch(
            resolve=resolve, network=network, allowed_hosts=frozenset({"listed.test"}), time_limit=0.3
        )
        for address in ("https://private.test/", "https://10.0.0.9/", "https://a.listed.test/"):
            with pytest.raises(FetchFailed):
                await fetch.get_json(address)
        assert network.asked == []
        with pytest.raises(FetchFailed):  # the server there speaks no TLS
            await fetch.get_json("https://listed.test/")
        assert network.asked == ["10.0.0.9"]
