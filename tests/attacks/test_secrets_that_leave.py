"""An operator wants secrets of the server, and has it send them: as what it is known by at a server of theirs.

``redeem`` of a connection and ``sign_in`` of an issuer say by what another server knows this one. It is sent
there, and the same document says where that is. Compared secrets never leave; these do (SEC-81).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from tests.fakes.between_domains import both_sides
from tests.fakes.managing import Managing
from tests.fakes.server import RealServer
from tests.fakes.wire import Reply

EVIL: Final = "https://mallory.example"
GOOD: Final = "https://auth.stock.example"
REFERENCES: Final[dict[str, dict[str, Any]]] = {
    "an owner's secret": {"env": "CHIEF_SECRET"},
    "any variable": {"env": "PATH"},
    "a file": {"file": "data/envelope.key"},
}
BY_KEY: Final = {"private_key_jwt": {"algorithm": "ES256"}}
LENT: Final = {"client_secret": {"env": "STOCK_SECRET"}}
KINDS: Final = ("connections", "issuers")


def document(kind: str, name: str, issuer: str, **by: Any) -> dict[str, Any]:
    """An object that says by what its server knows this one."""
    if kind == "issuers":
        return {"name": name, "type": "oidc", "issuer": issuer, "sign_in": {"client_id": "acme", **by}}
    there = {
        "issuer": issuer,
        "client_id": "acme",
        "scopes": ["stock:read"],
        "resource": [f"https://{name}.example"],
    }
    return {
        "name": name,
        "direction": "issue",
        "client": "desk",
        "resource": there,
        "people": {"from": ["actas"]},
        "redeem": by,
    }


def lead_elsewhere(kind: str, before: dict[str, Any]) -> list[dict[str, Any]]:
    """The same with another address each."""
    if kind == "connections":
        there = {**before["resource"], "issuer": EVIL}
        return [{**before, "resource": there}, {**before, "redeem": {**LENT, "hosts": ["mallory.example"]}}]
    terms = before["sign_in"]
    return [
        {**before, "issuer": EVIL},
        {**before, "sign_in": {**terms, "token_endpoint": f"{EVIL}/token"}},
        {**before, "sign_in": {**terms, "authorization_endpoint": f"{EVIL}/authorize"}},
        {**before, "sign_in": {**terms, "hosts": ["mallory.example"]}},
    ]


def harmless(kind: str, before: dict[str, Any]) -> dict[str, Any]:
    if kind == "connections":
        return {**before, "people": {"groups": ["support"]}}
    return {**before, "sign_in": {**before["sign_in"], "display_name": "Stock"}}


def refused(reply: Reply) -> bool:
    """Whether it is too much for an operator, and they are told what is not."""
    if (reply.status, reply.json["error"]) != (403, "insufficient_scope"):
        return False
    detail = str(reply.json["detail"])
    return "an owner" in detail and "a file that the server reads" in detail and "private_key_jwt" in detail


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = both_sides(tmp_path_factory.mktemp("lent"), connected=False)
    company = server.company
    company.environ["STOCK_SECRET"] = "what-stock-gave-acme-canary"
    company.tree["connections"] = [document("connections", "in-the-file", GOOD, **LENT)]
    company.tree["issuers"].append(document("issuers", "in-the-file-too", GOOD, **LENT))
    with server:
        yield server


@pytest.fixture(scope="module")
def owner(server: RealServer) -> Managing:
    return Managing(server, "chief")


@pytest.fixture(scope="module")
def operator(server: RealServer) -> Managing:
    return Managing(server, "hand")


@pytest.mark.requirement("SEC-81")
@pytest.mark.parametrize("reference", REFERENCES.values(), ids=REFERENCES.keys())
@pytest.mark.parametrize("kind", KINDS)
def test_an_operator_has_no_secret_sent_to_a_server_of_theirs(
    kind: str, reference: dict[str, Any], server: RealServer, operator: Managing
) -> None:
    wanted = document(kind, "evil", EVIL, client_secret=reference)
    files = {"objects": [{"kind": kind, "name": "evil", "document": wanted}]}
    assert refused(operator.put(f"/{kind}/evil", wanted))
    planned = operator("POST", "/plan", files)
    applied = operator("POST", "/apply", files)
    if planned.status == 200:
        assert refused(applied)
    else:  # nobody, an owner neither, sends that one
        assert (planned.status, applied.status) == (422, 422)
    assert operator("GET", f"/{kind}/evil").status == 404
    for value in server.company.secrets.values():
        assert value.encode() not in planned.body + applied.body


@pytest.mark.requirement("SEC-81")
@pytest.mark.parametrize("kind", KINDS)
def test_an_operator_leads_a_secret_that_an_owner_lent_nowhere_else(
    kind: str, owner: Managing, operator: Managing
) -> None:
    before = document(kind, "lent", f"{GOOD}/two", **LENT)
    assert owner.put(f"/{kind}/lent", before).status == 201
    for after in lead_elsewhere(kind, before):
        files = {"objects": [{"kind": kind, "name": "lent", "document": after}], "adopt": True}
        assert refused(operator.put(f"/{kind}/lent", after, '"1"'))
        assert refused(operator("POST", "/apply", files))
    other = document(kind, "lent", f"{GOOD}/two", client_secret={"env": "HOME"})
    assert refused(operator.put(f"/{kind}/lent", other, '"1"'))
    # What it leads to stays as it is, so the rest is theirs, and so is putting an end to it.
    assert operator.put(f"/{kind}/lent", harmless(kind, before), '"1"').status == 200
    assert operator("POST", f"/{kind}/lent/disable").status == 200
    assert operator("POST", f"/{kind}/lent/enable").status == 200
    by_key = document(kind, "lent", f"{GOOD}/two", **BY_KEY)
    assert operator.put(f"/{kind}/lent", by_key, '"4"').status == 200
    assert refused(operator.put(f"/{kind}/lent", before, '"5"'))


@pytest.mark.requirement("SEC-81")
@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_never_leaves_is_an_operators_to_say(kind: str, operator: Managing) -> None:
    assert operator.put(f"/{kind}/by-key", document(kind, "by-key", f"{GOOD}/key", **BY_KEY)).status == 201


@pytest.mark.requirement("SEC-81")
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_taken_out_of_a_file_is_not_applied_with_another_address(
    kind: str, server: RealServer, operator: Managing
) -> None:
    name = "in-the-file" if kind == "connections" else "in-the-file-too"
    honest = operator("GET", f"/{kind}/{name}")
    assert honest.status == 200, "a file of the server says so, and it starts"
    for after in lead_elsewhere(kind, document(kind, name, GOOD, **LENT)):
        files = {"objects": [{"kind": kind, "name": name, "document": after}], "adopt": True}
        assert refused(operator("POST", "/apply", files))


@pytest.mark.requirement("SEC-81")
@pytest.mark.parametrize("kind", KINDS)
def test_nor_does_an_owner_have_what_is_another_secret_sent(kind: str, owner: Managing) -> None:
    for reference in ({"env": "CHIEF_SECRET"}, {"env": "ALICE_PASSWORD"}, {"file": "data/envelope.key"}):
        wanted = document(kind, "slip", f"{GOOD}/slip", client_secret=reference)
        reply = owner.put(f"/{kind}/slip", wanted)
        assert reply.status == 422
        assert "this secret is sent to another server" in str(reply.json["faults"]), reply.json
    inside = document(kind, "slip", f"{GOOD}/slip", client_secret={"file": "data/actas.db"})
    assert "among the server's own files" in str(owner.put(f"/{kind}/slip", inside).json["faults"])


@pytest.mark.requirement("SEC-81")
@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_is_not_written_in_a_document(kind: str, owner: Managing) -> None:
    reply = owner.put(f"/{kind}/typed", document(kind, "typed", f"{GOOD}/typed", client_secret="typed-in"))
    assert reply.status == 422
    assert "private_key_jwt" in str(reply.json["faults"])
