"""Values: how each is written, and the sentence for what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import acme, loaded, named, sentences

from actas.settings.values import in_words


def changed(section: str, field: str, value: object) -> dict[str, Any]:
    """Return a small configuration with one field set."""
    tree: dict[str, Any] = {"version": 1, "server": {"issuer": "https://sts.acme.example"}}
    tree.setdefault(section, {})[field] = value
    return tree


@pytest.mark.requirement("TX-141", "REL-30")
@pytest.mark.parametrize(
    ("issuer", "complaint"),
    [
        ("http://sts.acme.example", "must be https"),
        ("http://127.0.0.1:8693", "must be https outside --dev"),
        ("http://localhost:8693", "must be https outside --dev"),
        ("sts.acme.example", "the address is not of the form https://host[:port]/path"),
        ("ftp://sts.acme.example", "the address is not of the form https://host[:port]/path"),
        ("https://", "the address is not of the form https://host[:port]/path"),
        ("https://sts.acme.example/", "must not end with a slash: it is compared character for character"),
        ("https://sts.acme.example/a/", "must not end with a slash: it is compared character for character"),
        ("https://sts.acme.example?tenant=a", "must not have a query (?…)"),
        ("https://sts.acme.example#a", "the address has a fragment"),
        (
            "https://STS.acme.example",
            "must be written with its host in lower case and without the default port",
        ),
        (
            "https://sts.acme.example:443",
            "must be written with its host in lower case and without the default port",
        ),
        ("https://user@sts.acme.example", "the address has a user name in front of its host"),
        ("https://sts.acme.example/a//b", "must not have empty parts in its path"),
        ("https://sts.acme.example/a/../b", "the path of the address has a dot segment"),
        (
            "https://sts.acme.example /a",
            "the address holds whitespace, a backslash or another character no address may hold",
        ),
        (
            "https://stś.acme.example",
            "the address holds whitespace, a backslash or another character no address may hold",
        ),
        ("HTTPS://sts.acme.example", "the address is not of the form https://host[:port]/path"),
        ("https://0x7f.1", "the host is a number that is not an IPv4 address in its usual form"),
        ("", "is empty; give a value, or leave the field out"),
        (" ", "is empty; give a value, or leave the field out"),
        (7, "must be text; put quotes around it"),
        (["https://sts.acme.example"], "must be text"),
    ],
)
def test_an_issuer_that_might_be_written_in_two_ways_is_refused(
    tmp_path: Path, issuer: object, complaint: str
) -> None:
    assert sentences(tmp_path, changed("server", "issuer", issuer)) == [f"server.issuer: {complaint}"]


@pytest.mark.requirement("TX-141")
@pytest.mark.parametrize(
    "issuer",
    ["https://sts.acme.example", "https://sts.acme.example:8443/tenant/one", "https://[2001:db8::1]:8693"],
)
def test_an_issuer_is_kept_character_for_character(tmp_path: Path, issuer: str) -> None:
    server = loaded(tmp_path, changed("server", "issuer", issuer)).definitions.server
    assert server.issuer == issuer
    assert server.docs == issuer + "/errors"


@pytest.mark.requirement("REL-30")
@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8693", "http://localhost:8693", "http://[::1]:8693"])
def test_http_on_this_computer_is_for_dev(tmp_path: Path, issuer: str) -> None:
    tree = changed("server", "issuer", issuer)
    assert sentences(tmp_path, tree) == ["server.issuer: must be https outside --dev"]
    assert loaded(tmp_path, tree, dev=True).definitions.server.issuer == issuer
    assert sentences(tmp_path, changed("server", "issuer", "http://sts.acme.example"), dev=True) == [
        "server.issuer: must be https"
    ]


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("90s", 90), ("5m", 300), ("2h", 7200), ("1d", 86400), ("1440m", 86400)]
)
def test_a_duration_is_a_number_and_a_unit(tmp_path: Path, text: str, seconds: int) -> None:
    tree = changed("defaults", "token", {"lifetime": text})
    assert loaded(tmp_path, tree).definitions.defaults.lifetime == seconds


@pytest.mark.requirement("SEC-02")
@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (300, "needs a unit: 300s, 300m, 300h or 300d"),
        (0, "needs a unit: 0s, 0m, 0h or 0d"),
        ("0s", "is not a duration; write a whole number and a unit, such as 90s, 5m, 24h or 30d"),
        ("-5m", "is not a duration; write a whole number and a unit, such as 90s, 5m, 24h or 30d"),
        ("1.5h", "is not a duration; write a whole number and a unit, such as 90s, 5m, 24h or 30d"),
        ("5 m", "is not a duration; write a whole number and a unit, such as 90s, 5m, 24h or 30d"),
        ("forever", "is not a duration; write a whole number and a unit, such as 90s, 5m, 24h or 30d"),
        ("25h", "must be between 1s and 1d"),
        ("999999999d", "must be between 1s and 1d"),
        ("", "is empty; give a value, or leave the field out"),
        (True, "must be text"),
    ],
)
def test_a_duration_without_a_meaning_is_refused(tmp_path: Path, value: object, complaint: str) -> None:
    tree = changed("defaults", "token", {"lifetime": value})
    (found,) = sentences(tmp_path, tree)
    assert found.startswith(f"defaults.token.lifetime: {complaint}")


def test_spans_are_said_as_they_are_written() -> None:
    assert [in_words(seconds) for seconds in (0, 1, 90, 300, 7200, 86400)] == [
        "0s",
        "1s",
        "90s",
        "5m",
        "2h",
        "1d",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "8693",
        ":8693",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:70000",
        "sts.acme.example:8693",
        "::1:8693",
        "[::1]",
        "127.0.0.1:08693",
        "0.0.0.0.0:1",
    ],
)
def test_an_address_to_listen_on_is_an_ip_address_and_a_port(tmp_path: Path, address: str) -> None:
    (found,) = sentences(tmp_path, changed("server", "listen", address))
    assert found.startswith("server.listen: must be an")


def test_the_public_listener_never_shows_health(tmp_path: Path) -> None:
    tree = changed("server", "listen", "127.0.0.1:8694")
    assert sentences(tmp_path, tree) == [
        "server.management: must not be the public listener: it shows the server's health"
    ]
    tree["server"] |= {"listen": "localhost:0", "management": "localhost:0"}
    assert sentences(tmp_path, tree) == []


@pytest.mark.requirement("SEC-24")
@pytest.mark.parametrize(
    "name", ["corp-okta:alice", "alice@acme.example", "Web", "-web", "web app", "a" * 64, "wéb", "*", "a/b"]
)
def test_a_name_cannot_look_like_a_person_of_an_issuer(tmp_path: Path, name: str) -> None:
    tree = acme()
    tree["clients"].append({"name": name, "kind": "app", "auth": {"method": "none"}})
    (found,) = sentences(tmp_path, tree)
    assert found.startswith("clients[6].name: a name is made of a-z, 0-9")


@pytest.mark.requirement("REL-30")
@pytest.mark.parametrize(
    ("section", "name", "path", "value"),
    [
        ("issuers", "corp-okta", ("audiences",), ["*"]),
        ("issuers", "corp-okta", ("audiences",), {"*": ["assistant"]}),
        ("issuers", "corp-okta", ("email_domains",), ["*.acme.example"]),
        ("issuers", "corp-okta", ("jwks_hosts",), ["*.okta.example"]),
        ("issuers", "corp-okta", ("issuer",), "https://*.okta.example"),
        ("apis", "orders", ("audience",), "*"),
        ("clients", "assistant", ("may_request", "apis"), ["*"]),
        ("rules", "assistant-for-support", ("client",), "*"),
        ("rules", "assistant-for-support", ("subject", "from"), "*"),
        ("rules", "assistant-for-support", ("subject", "groups"), ["*"]),
        ("rules", "assistant-for-support", ("subject", "names"), ["*@acme.example"]),
        ("rules", "assistant-for-support", ("target", "api"), "*"),
    ],
)
def test_a_wildcard_is_refused_wherever_it_stands(
    tmp_path: Path, section: str, name: str, path: tuple[str, ...], value: object
) -> None:
    tree = acme()
    here = named(tree, section, name)
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    assert sentences(tmp_path, tree) != []


@pytest.mark.parametrize("scope", ["a b", 'a"b', "a\\b", "ä", "a\tb", "a" * 256])
def test_a_scope_follows_its_grammar(tmp_path: Path, scope: str) -> None:
    tree = acme()
    named(tree, "apis", "handbook")["scopes"] = {scope: "Something"}
    assert any("is not a scope" in one for one in sentences(tmp_path, tree))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email_domains", ["acme"]),
        ("email_domains", ["Acme.example"]),
        ("email_domains", ["@acme.example"]),
        ("email_domains", ["acme.example."]),
        ("jwks_hosts", ["https://keys.okta.example"]),
        ("jwks_hosts", ["keys.okta.example:443"]),
        ("jwks_hosts", ["keys.okta.example/x"]),
        ("jwks_hosts", ["Keys.okta.example"]),
    ],
)
def test_a_domain_and_a_host_are_written_in_one_way(tmp_path: Path, field: str, value: list[str]) -> None:
    tree = acme()
    named(tree, "issuers", "corp-okta")[field] = value
    (found,) = sentences(tmp_path, tree)
    assert found.startswith(f"issuers[0].{field}[0]: ")


def test_authorities_that_are_none_are_refused(tmp_path: Path) -> None:
    """Whoever trusts nobody cannot fetch a key: the server would not start."""
    tree = acme()
    for name, content, why in (
        ("missing.pem", None, "cannot be read: No such file or directory"),
        ("text.pem", b"no certificate", "is no PEM file with certificates"),
    ):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        tree["server"]["authorities"] = str(tmp_path / name)
        assert sentences(tmp_path, tree) == [f"server.authorities: {name}: {why}"]


def test_long_texts_are_refused(tmp_path: Path) -> None:
    tree = acme()
    tree["server"]["data"] = "x" * 5000
    named(tree, "rules", "assistant-for-support")["when"] = "x" * 1025
    named(tree, "clients", "assistant")["owner"] = "x" * 256
    tree["server"]["authorities"] = f"folder/{'ä' * 128}/x.pem"  # in bytes, a name too long for any folder
    too_long = "is too long for a path: 4096 bytes, and 255 for each name in it"
    assert sentences(tmp_path, tree) == [
        f"server.data: {too_long}",
        f"server.authorities: {too_long}",
        "clients[0].owner: must be at most 255 bytes long and without control characters",
        "rules[0].when: must be at most 1024 characters long",
    ]
