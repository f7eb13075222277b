"""An agent that nobody registered signs somebody in, known by the address of its document (CIMD, MCP)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.browser import Browser
from tests.fakes.certificates import Authority
from tests.fakes.hostile_issuer import Answer, HostileIssuer, redirect
from tests.fakes.hostile_issuer import document as answered
from tests.fakes.program import Program
from tests.fakes.published import document
from tests.fakes.server import RealServer, until
from tests.fakes.wire import FORM, Reply, ask, encoded
from tests.web.conftest import RELOADED, in_background
from tests.web.test_signing_in import CHALLENGE, PASSWORDS, VERIFIER, claims_of

ORDERS = "https://orders.acme.example"
INVENTORY = "https://inventory.acme.example"
CALLED_BACK = "http://127.0.0.1:49152/callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A server that lets in whoever publishes a document on one host, and that host."""

    sts: RealServer
    host: HostileIssuer

    def publish(self, name: str, **changes: Any) -> str:
        """Publish the document of a client, and return its client_id."""
        client_id = f"https://localhost:{self.host.port}/{name}.json"
        said = document(
            client_id=client_id, redirect_uris=["http://127.0.0.1/callback"], application_type="native"
        )
        self.host.answers[f"/{name}.json"] = answered({**said, **changes})
        return client_id

    def token(self, **form: str) -> Reply:
        body = encoded({name: value for name, value in form.items() if value})
        return ask(self.sts.port, "POST", "/token", headers={"Content-Type": FORM}, body=body)

    def redeem(self, client_id: str, code: str, **changes: str) -> Reply:
        form = {"redirect_uri": CALLED_BACK, "code_verifier": VERIFIER, "resource": ORDERS, **changes}
        return self.token(grant_type="authorization_code", client_id=client_id, code=code, **form)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("published")
    authority = Authority.within(folder, "authority")
    host = HostileIssuer(host="localhost", tls=authority.server("localhost"))
    server = RealServer(folder / "sts")
    tree = server.company.tree
    tree["server"]["authorities"] = str(authority.certificate)
    tree["users"] = [{"name": "alice", "display_name": "Alice", "password": {"env": "ALICE_PASSWORD"}}]
    server.company.environ["ALICE_PASSWORD"] = PASSWORDS["alice"]
    tree["client_metadata_documents"] = {
        "hosts": ["localhost"],
        "kind": "agent",
        "may_request": {"apis": ["orders"], "scopes": {"orders": ["orders:read"]}},
    }
    with in_background(host), server:
        yield Rig(sts=server, host=host)


def asked(client_id: str, **changes: Any) -> dict[str, Any]:
    form = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": CALLED_BACK,
        "scope": "orders:read offline_access",
        "resource": ORDERS,
        "state": "s-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


def consented(rig: Rig, client_id: str, browser: Browser | None = None, **changes: Any) -> dict[str, str]:
    browser = browser or Browser(rig.sts.base)
    browser.get("/authorize", **asked(client_id, **changes))
    browser.sign_in("alice", PASSWORDS["alice"])
    browser.send(decision="allow")
    return browser.answer()


@pytest.mark.requirement("OP-130", "OP-24")
def test_the_metadata_say_that_such_clients_are_let_in(rig: Rig) -> None:
    found = rig.sts.get("/.well-known/oauth-authorization-server").json
    assert found["client_id_metadata_document_supported"] is True
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert {"authorization_code", "refresh_token"} <= set(found["grant_types_supported"])


@pytest.mark.requirement("OP-120", "OP-129", "OP-140", "OP-142", "OP-20", "OP-7")
def test_an_agent_signs_somebody_in_and_gets_a_token_for_one_api(rig: Rig) -> None:
    client_id = rig.publish("assistant")
    browser = Browser(rig.sts.base)
    page = browser.get("/authorize", **asked(client_id))
    assert "Example Assistant" in page.text
    consent = browser.sign_in("alice", PASSWORDS["alice"])
    host = f"localhost:{rig.host.port}"
    assert f"agent at {host}" in consent.text
    assert "127.0.0.1" in consent.text
    browser.send(decision="allow")
    assert browser.location.startswith(f"{CALLED_BACK}?")
    answer = browser.answer()
    assert (answer["state"], answer["iss"]) == ("s-1", rig.sts.issuer)
    for changes in ({"code_verifier": "w" * 43}, {"resource": INVENTORY}):
        assert rig.redeem(client_id, "nonsense", **changes).status == 400
    reply = rig.redeem(client_id, answer["code"])
    assert reply.status == 200, reply
    claims = claims_of(reply.json["access_token"])
    assert (claims["aud"], claims["client_id"], claims["sub"]) == (ORDERS, client_id, "actas:alice")
    assert claims["scope"] == "orders:read"
    form = {"grant_type": "refresh_token", "client_id": client_id}
    first = reply.json["refresh_token"]
    second = rig.token(**form, refresh_token=first, resource=ORDERS)
    assert second.status == 200, second
    assert second.json["refresh_token"] != first
    assert claims_of(second.json["access_token"])["aud"] == ORDERS
    assert rig.token(**form, refresh_token=first, resource=INVENTORY).status == 400
    found = rig.sts.events()
    assert [one["client"]["name"] for one in found if one["event"] == "exchange:granted"][-2:] == [
        client_id
    ] * 2


@pytest.mark.requirement("OP-141", "OP-16")
@pytest.mark.parametrize("resource", [f"{ORDERS}#top", f"{ORDERS}/", INVENTORY, "https://elsewhere.example"])
def test_another_resource_is_refused(rig: Rig, resource: str) -> None:
    browser = Browser(rig.sts.base)
    browser.get("/authorize", **asked(rig.publish("resources"), resource=resource))
    assert browser.answer()["error"] == "invalid_target"


@pytest.mark.requirement("OP-141")
def test_a_resource_may_have_its_host_in_upper_case(rig: Rig) -> None:
    client_id = rig.publish("loud")
    shouted = "HTTPS://Orders.Acme.EXAMPLE"
    reply = rig.redeem(client_id, consented(rig, client_id, resource=shouted)["code"], resource=shouted)
    assert claims_of(reply.json["access_token"])["aud"] == ORDERS


@pytest.mark.requirement("OP-131", "OP-125")
def test_with_other_addresses_it_is_another_app_and_people_are_asked_again(rig: Rig) -> None:
    client_id = rig.publish("changing")
    browser = Browser(rig.sts.base)
    consented(rig, client_id, browser)
    elsewhere = "http://127.0.0.1:49152/elsewhere"
    page = browser.get("/authorize", **asked(client_id, redirect_uri=elsewhere))
    assert page.status_code == 400
    # What it published anew counts once the old is no longer kept: under another configuration, at once.
    rig.publish("changing", redirect_uris=["http://127.0.0.1/callback", "http://127.0.0.1/elsewhere"])
    rig.sts.company.tree["client_metadata_documents"]["refuse"] = ["https://localhost/never.json"]
    rig.sts.company.write()
    rig.sts.reload(told=RELOADED)
    assert "agent at" in browser.get("/authorize", **asked(client_id)).text
    browser.send(decision="allow")
    assert "code" in browser.answer()


@pytest.mark.requirement("OP-128", "OP-3", "OP-121")
@pytest.mark.parametrize(
    "answer",
    [
        redirect(302, "/assistant.json"),
        Answer(status=404),
        Answer(body=b"<html>", content_type="text/html"),
        Answer(body=json.dumps({"padding": "x" * 6000}).encode()),
        answered({"client_id": "https://localhost/other.json"}),
    ],
)
def test_without_a_good_document_nobody_is_sent_anywhere(rig: Rig, answer: Answer) -> None:
    rig.publish("assistant")
    rig.host.answers["/broken.json"] = answer
    page = Browser(rig.sts.base).get("/authorize", **asked(f"https://localhost:{rig.host.port}/broken.json"))
    assert page.status_code == 400
    assert "location" not in page.headers
    assert "could not be recognized" in page.text
    refusal = rig.sts.events()[-1]
    assert (refusal["event"], refusal["reason"]) == ("authorization:refused", "bad_client_document")
    assert "broken.json" in refusal["detail"]


@pytest.mark.requirement("OP-131", "SEC-23")
def test_all_that_it_holds_is_ended_by_its_address(rig: Rig, tmp_path: Path) -> None:
    client_id = rig.publish("revoked")
    reply = rig.redeem(client_id, consented(rig, client_id)["code"])
    actas = Program(tmp_path, {**rig.sts.company.environ, "ACTAS_CONFIG": str(rig.sts.company.file)})
    ended = actas("revoke", "--client", client_id, "--yes", "--reason", "test", "--dev")
    assert ended.code == 0, ended
    form = {"grant_type": "refresh_token", "client_id": client_id}
    held = reply.json["refresh_token"]
    until(lambda: rig.token(**form, refresh_token=held).status == 400)
    assert rig.token(**form, refresh_token=held).json["error"] == "invalid_grant"
    found = actas("audit", "search", f"client:{client_id}", "--json", "--dev")
    assert found.code == 0, found
    told = [one["client"]["name"] for one in found.document["items"] if "name" in one.get("client", {})]
    assert set(told) == {client_id}
