"""What the token endpoint answers on the wire: bodies, status and headers, good and bad."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

import pytest
from tests.fakes.served import INVENTORY
from tests.fakes.server import RealServer
from tests.fakes.wire import Line, Reply, request

from actas.core.wire import ACCESS_TOKEN
from actas.crypto import jose

NO_STORE = {"content-type": "application/json", "cache-control": "no-store", "pragma": "no-cache"}
ENTRY = re.compile(r"x_[0-9A-HJKMNP-TV-Z]{26}")


def claims(token: str) -> Mapping[str, Any]:
    return jose.parse(token).unverified_claims


def has(reply: Reply, headers: Mapping[str, str]) -> None:
    assert {name: reply.header(name) for name in headers} == headers


@pytest.mark.requirement("TX-80", "TX-81", "TX-82", "TX-83", "TX-85", "TX-71", "TX-86")
def test_a_token_comes_as_json_that_no_cache_keeps(server: RealServer) -> None:
    reply = server.post(server.company.for_alice())
    assert reply.status == 200
    has(reply, {**NO_STORE, "x-content-type-options": "nosniff"})
    assert reply.json.keys() == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    assert reply.json | {"access_token": ""} == {
        "access_token": "",
        "issued_token_type": str(ACCESS_TOKEN),
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "orders:read",
    }


@pytest.mark.requirement("SEC-86")
def test_an_answer_names_its_entry_and_the_entry_tells_the_whole_story(server: RealServer) -> None:
    reply = server.post(server.company.for_alice())
    assert ENTRY.fullmatch(reply.header("actas-entry") or "")
    entry = server.entry(reply)
    token = claims(reply.json["access_token"])
    assert (entry["event"], entry["outcome"]) == ("exchange:granted", "granted")
    assert entry["client"]["name"] == "assistant"
    assert entry["subject"]["sub"] == "alice@acme.example"
    assert entry["given"]["jti"] == token["jti"]
    assert entry["given"]["scope"] == "orders:read"
    assert entry["rules"] == ["assistant-for-support"]
    assert entry["source"] == "127.0.0.1"


@pytest.mark.requirement("TX-51", "TX-56", "TX-121")
def test_two_hops_over_the_wire_keep_the_whole_chain(server: RealServer) -> None:
    company = server.company
    first = server.token(company.for_alice())
    second = server.token(company.exchange("orders", first, resource=INVENTORY, scope="stock:read"))
    read = claims(second)
    assert (read["iss"], read["aud"], read["sub"]) == (server.issuer, INVENTORY, "alice@acme.example")
    assert read["act"]["sub"] == "orders"
    assert read["act"]["act"]["sub"] == "assistant"
    assert read["txn"] == claims(first)["txn"]


@pytest.mark.requirement("TX-120", "TX-141")
def test_a_token_verifies_with_the_published_keys_alone(server: RealServer) -> None:
    token = jose.parse(server.token(server.company.own()))
    keys = {key["kid"]: key for key in server.get("/jwks").json["keys"]}
    key = jose.PublicKey.from_jwk(keys[str(token.unverified_kid)], algorithms=["ES256"])
    proven = jose.verify(token, key=key, types=frozenset({"at+jwt"}), issuer=server.issuer, now=time.time())
    assert proven["sub"] == "nightly"


@pytest.mark.requirement("TX-101")
def test_http_basic_is_form_encoded_before_it_is_joined(server: RealServer) -> None:
    authorization, rest = server.company.basic(server.company.own())
    reply = server.post(rest, headers={"Authorization": authorization})
    assert reply.status == 200
    assert server.entry(reply)["client"]["method"] == "client_secret_basic"


def test_an_assertion_works_once_over_the_wire(server: RealServer) -> None:
    form = server.company.asserted()
    assert server.post(form).status == 200
    again = server.post(form)
    assert (again.status, again.json["error"]) == (401, "invalid_client")


def test_an_answer_does_not_wait_for_an_acknowledgement(server: RealServer) -> None:
    """A caller acknowledges late, up to 40 ms; a server that waits for that is slow however fast it is."""
    with Line(server.port) as line:
        for _ in range(40):  # the first acknowledgements of a connection come at once
            _seconds(line)
        # On a busy computer many an answer is late for other reasons; one that is not will do.
        assert any(_seconds(line) < 0.03 for _ in range(200))


def _seconds(line: Line) -> float:
    began = time.perf_counter()
    line.send(request("GET", "/jwks"))
    line.reply()
    return time.perf_counter() - began
