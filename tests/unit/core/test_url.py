"""One strict grammar for the addresses we connect to."""

from __future__ import annotations

import pytest

from actas.core.url import read_host, read_url


@pytest.mark.parametrize(
    ("text", "host", "port", "target", "authority"),
    [
        ("https://idp.example", "idp.example", 443, "/", "idp.example"),
        ("https://idp.example/", "idp.example", 443, "/", "idp.example"),
        ("https://IdP.Example/Keys", "idp.example", 443, "/Keys", "idp.example"),
        ("https://idp.example:443/a", "idp.example", 443, "/a", "idp.example"),
        ("https://idp.example:8443/a/b", "idp.example", 8443, "/a/b", "idp.example:8443"),
        ("https://idp.example?p=policy", "idp.example", 443, "/?p=policy", "idp.example"),
        (
            "https://idp.example/a%20b?p=%7Ba%7D&q=?",
            "idp.example",
            443,
            "/a%20b?p=%7Ba%7D&q=?",
            "idp.example",
        ),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/", "xn--bcher-kva.example"),
        ("http://127.0.0.1:80/", "127.0.0.1", 80, "/", "127.0.0.1"),
        ("https://[2600::1]:8443/", "2600::1", 8443, "/", "[2600::1]:8443"),
        ("https://1password.example/", "1password.example", 443, "/", "1password.example"),
    ],
)
def test_a_plain_address_is_taken_apart(text: str, host: str, port: int, target: str, authority: str) -> None:
    url = read_url(text)
    assert (url.host, url.port, url.target, url.authority) == (host, port, target, authority)


@pytest.mark.requirement("SEC-35", "SEC-34", "SEC-07")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "idp.example",
        "//idp.example/",
        "https:/idp.example/",
        "https:///evil.example/",
        "https://",
        "https://:443/",
        "https://idp.example:/",
        "https://idp.example:0/",
        "https://idp.example:065/",
        "https://idp.example:65536/",
        "https://idp.example:99999999999/",
        "https://idp.example:+443/",
        "https://idp.example:44 3/",
        "ftp://idp.example/",
        "HTTPS://idp.example/",
        "file:///etc/passwd",
        "https://good.example@evil.example/",
        "https://good.example:443@evil.example/",
        "https://good.example%40evil.example/",
        "https://good.example\\@evil.example/",
        "https://good.example\\.evil.example/",
        "https://user:password@idp.example/",
        "https://@idp.example/",
        "https://idp.example/#fragment",
        "https://idp.example#@evil.example/",
        "https://idp.example/#",
        "https://idp\t.example/",
        "https://idp.example\n/",
        "\thttps://idp.example/",
        " https://idp.example/",
        "https://idp.example/ ",
        "https://idp.example/a b",
        "https://idp.example/\x00",
        "https://idp.example/\x7f",
        "https://idp.example/\u2028",
        "https://idp.ex\u00e4mple/",
        "https://\u2488\u2488.example/",
        "https://idp\u3002example/",
        "https://idp.example./",
        "https://.idp.example/",
        "https://idp..example/",
        "https://-idp.example/",
        "https://idp-.example/",
        "https://id_p.example/",
        "https://idp%2eexample/",
        "https://idp.example;evil.example/",
        "https://idp.example,evil.example/",
        "https://[idp.example]/",
        "https://[::1/",
        "https://::1/",
        "https://[]/",
        "https://[2600::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[2600::0001]/",
        "https://[2600::1]evil.example/",
        "https://127.1/",
        "https://127.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://0x/",
        "https://0177.0.0.1/",
        "https://127.0.0.01/",
        "https://127.0.0.0x1/",
        "https://256.0.0.1/",
        "https://1.2.3.4.5/",
        "https://evil.example.1/",
        "https://127.0.0.1./",
        "https://idp.example/../jwks",
        "https://idp.example/a/%2e%2E/jwks",
        "https://idp.example/./jwks",
        "https://idp.example/a/.%2e",
        "https://idp.example/a%0d%0aHost:evil",
        "https://idp.example/a%00",
        "https://idp.example/?a=%5c",
        "https://idp.example/%zz",
        "https://idp.example/%",
        "https://idp.example/<a>",
        'https://idp.example/"',
        "https://idp.example/{a}",
        "https://idp.example/" + "a" * 2048,
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 127 + "example/",
    ],
)
def test_an_odd_address_is_refused_and_not_repaired(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|host|port|path"):
        read_url(text)


def test_a_refusal_does_not_repeat_the_password() -> None:
    with pytest.raises(ValueError, match="user name") as refused:
        read_url("https://admin:hunter2@idp.example/")
    assert "hunter2" not in str(refused.value)


def test_what_people_see_of_an_address_leaves_the_query_out() -> None:
    assert read_url("https://idp.example:8443/keys?code=hunter2").shown == "https://idp.example:8443/keys"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "*.example",
        "idp.example:443",
        "https://idp.example",
        "127.1",
        "a b",
        "::1",
        "[1]",
        "[::1",
        "[::1%1]",
    ],
)
def test_a_host_is_one_exact_host(text: str) -> None:
    with pytest.raises(ValueError, match="host"):
        read_host(text)


def test_hosts_are_compared_in_lower_case_and_without_brackets() -> None:
    assert read_host("IdP.Example") == "idp.example"
    assert read_host("[FD00::1]") == "fd00::1"
