"""The table of special-purpose ranges, at their edges, and what a server may reach."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actas.core.url import read_url
from actas.net.addresses import Reach, read_address, special_purpose

RANGES = (
    # IANA IPv4 special-purpose registry, as first and last address
    ("0.0.0.0", "0.255.255.255"),
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("168.63.129.16", "168.63.129.16"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.31.196.0", "192.31.196.255"),
    ("192.52.193.0", "192.52.193.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("192.175.48.0", "192.175.48.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "239.255.255.255"),
    ("240.0.0.0", "255.255.255.255"),
    # IANA IPv6 special-purpose registry and RFC 4291
    ("::", "::"),
    ("::1", "::1"),
    ("::0.0.0.0", "::255.255.255.255"),
    ("::ffff:0.0.0.0", "::ffff:255.255.255.255"),
    ("::ffff:0:0.0.0.0", "::ffff:0:255.255.255.255"),
    ("64:ff9b::", "64:ff9b::ffff:ffff"),
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
    ("100::", "100::ffff:ffff:ffff:ffff"),
    ("100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff"),
    ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
)

JUST_OUTSIDE = (
    "1.0.0.0",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.1.255",
    "192.0.3.0",
    "192.31.195.255",
    "192.31.197.0",
    "192.52.192.255",
    "192.52.194.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "192.175.47.255",
    "192.175.49.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "2000::",
    "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:200::",
    "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db9::",
    "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2003::",
    "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff",
    "2620:4f:8001::",
    "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "3fff:1000::",
    "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
)

NOT_GIVEN_OUT = (
    "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "4000::",
    "::1:0:0:0",
    "64:ff9b:2::",
    "200::",
    "fe00::",
)


@pytest.mark.requirement("SEC-34")
@pytest.mark.parametrize("edge", sorted({edge for first_and_last in RANGES for edge in first_and_last}))
def test_the_first_and_the_last_address_of_a_special_range_are_special(edge: str) -> None:
    assert special_purpose(read_address(edge)) is not None


@pytest.mark.requirement("SEC-34")
@pytest.mark.parametrize("address", JUST_OUTSIDE)
def test_an_address_just_outside_a_special_range_is_public(address: str) -> None:
    assert special_purpose(read_address(address)) is None


@pytest.mark.requirement("SEC-34")
@pytest.mark.parametrize("address", NOT_GIVEN_OUT)
def test_ipv6_outside_global_unicast_is_special(address: str) -> None:
    assert special_purpose(read_address(address)) is not None


@pytest.mark.requirement("SEC-34")
@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd20:ce::254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::127.0.0.1",
    ],
)
def test_metadata_services_are_special_in_every_spelling(address: str) -> None:
    assert special_purpose(read_address(address)) is not None


@pytest.mark.requirement("SEC-34")
@pytest.mark.parametrize(
    "text", ["fe80::1%eth0", "2600::1%1", "127.1", "0x7f.1", "1.2.3.4/32", "", "idp.example"]
)
def test_what_is_not_one_plain_address_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        read_address(text)


@pytest.mark.requirement("SEC-34")
@given(st.ip_addresses(v=4) | st.ip_addresses(v=6) | st.ip_addresses(network=IPv6Network("2000::/3")))
def test_nothing_that_the_language_calls_not_global_is_public(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_link_local:
        assert special_purpose(address) is not None


@pytest.mark.requirement("SEC-34")
@pytest.mark.parametrize("prefix", ["::/96", "::ffff:0:0/96", "64:ff9b::/96"])
@given(inner=st.ip_addresses(v=4))
def test_no_form_that_carries_an_ipv4_address_is_public(prefix: str, inner: IPv4Address) -> None:
    base = ip_network(prefix).network_address
    assert (
        special_purpose(ip_address(int(base) | int(inner)) if int(base) else IPv6Address(int(inner)))
        is not None
    )


@pytest.mark.requirement("SEC-34", "SEC-02")
@pytest.mark.parametrize(
    ("url", "address", "allowed"),
    [
        ("https://idp.internal/", "10.0.0.7", True),
        ("https://IDP.internal:8443/", "fd00::7", True),
        ("https://other.internal/", "10.0.0.7", False),
        ("https://sub.idp.internal/", "10.0.0.7", False),
        ("https://internal/", "10.0.0.7", False),
        ("https://10.0.0.8/", "10.0.0.8", True),
        ("https://10.0.0.9/", "10.0.0.9", False),
        ("https://[fd00::8]/", "fd00::8", True),
        ("https://idp.example/", "93.184.215.14", True),
    ],
)
def test_only_the_exact_listed_host_may_be_private(url: str, address: str, allowed: bool) -> None:
    reach = Reach(allowed_hosts=frozenset({"Idp.internal", "10.0.0.8", "[fd00::8]"}))
    assert (reach.why_not_at(read_url(url), read_address(address)) is None) is allowed


@pytest.mark.requirement("SEC-34", "SEC-02")
@pytest.mark.parametrize(
    "host", ["", "*", "*.internal", ".internal", "10.0.0.0/8", "idp.internal:443", "127.1", "fd00::8"]
)
def test_a_listed_host_that_is_no_host_is_refused_at_the_start(host: str) -> None:
    with pytest.raises(ValueError, match="allowed host"):
        Reach(allowed_hosts=frozenset({host}))


@pytest.mark.requirement("SEC-35")
@pytest.mark.parametrize(
    ("url", "dev", "asked"),
    [
        ("http://127.0.0.1:8080/", True, True),
        ("http://localhost:8080/", True, True),
        ("http://idp.localhost/", True, True),
        ("http://[::1]/", True, True),
        ("http://127.0.0.1/", False, False),
        ("http://idp.example/", True, False),
        ("http://localhost.example/", True, False),
        ("http://notlocalhost/", True, False),
        ("http://10.0.0.8/", True, False),
        ("http://idp.internal/", True, False),
        ("https://idp.example/", False, True),
    ],
)
def test_plain_http_is_for_loopback_in_development_only(url: str, dev: bool, asked: bool) -> None:
    reach = Reach(dev=dev, allowed_hosts=frozenset({"10.0.0.8", "idp.internal"}))
    assert (reach.why_not(read_url(url)) is None) is asked


@pytest.mark.requirement("SEC-34")
def test_development_opens_loopback_hosts_and_nothing_else() -> None:
    reach = Reach(dev=True)
    assert reach.why_not_at(read_url("http://localhost/"), read_address("127.0.0.1")) is None
    assert reach.why_not_at(read_url("https://localhost/"), read_address("::1")) is None
    assert reach.why_not_at(read_url("http://localhost/"), read_address("93.184.215.14")) is not None
    assert reach.why_not_at(read_url("http://localhost/"), read_address("10.0.0.1")) is not None
    assert reach.why_not_at(read_url("https://localhost/"), read_address("10.0.0.1")) is not None
    assert reach.why_not_at(read_url("https://idp.example/"), read_address("127.0.0.1")) is not None
    assert Reach().why_not_at(read_url("https://localhost/"), read_address("127.0.0.1")) is not None
