"""Two real servers: one redeems its grants at the other, for a client that has no name there (IDC-60)."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.fakes.prover import Prover
from tests.fakes.server import until
from tests.fakes.wire import FORM, ask, encoded
from tests.web.test_cross_app import API, SECRET, Domains, arranged, posted
from tests.web.test_signing_in import claims_of

from actas.core.wire import ID_TOKEN, TOKEN_EXCHANGE
from actas_sdk import Refused, sync

PLAIN = {"orders:read": ["tickets:read"], "any": ["tickets:read"]}


def standing_in(both: Domains, grant: str, *, own_key: bool) -> Domains:
    """The same two companies, of which the first redeems at the second for its client."""
    (given,), (taken,) = both.home.company.tree["connections"], both.tickets.company.tree["connections"]
    both.home.company.environ["ACME_AT_TICKETS"] = SECRET
    by = (
        {"private_key_jwt": {"algorithm": "ES256"}}
        if own_key
        else {"client_secret": {"env": "ACME_AT_TICKETS"}}
    )
    given.update(redeem=by)
    if grant == "jwt":
        given["resource"]["scopes"] = PLAIN
        given.update(grant="jwt", chain="keep")
        both.tickets.company.named("issuers", "acme")["accepts"] = ["jwt_grant"]
        taken.update(grant="jwt", requested_cnf=True)
    if own_key:
        both.tickets.company.named("clients", "acme-desk")["auth"] = {
            "method": "private_key_jwt",
            "jwks_uri": f"{both.home.issuer}/sign-in/keys",
        }
    return both


@pytest.fixture(scope="module", params=[("id_jag", False), ("jwt", True)], ids=["id_jag", "jwt"])
def domains(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domains]:
    grant, own_key = request.param
    it = standing_in(arranged(tmp_path_factory.mktemp("for-client")), grant, own_key=own_key)
    with it.home, it.tickets:
        yield it


def wish(domains: Domains, **more: Any) -> dict[str, Any]:
    form = {
        "grant_type": str(TOKEN_EXCHANGE),
        "client_id": "desk",
        "client_secret": domains.home.company.secrets["desk"],
        "subject_token_type": str(ID_TOKEN),
        "resource": API,
        "scope": "tickets:read",
        **more,
    }
    return {name: value for name, value in form.items() if value is not None}


@pytest.mark.requirement("IDC-60", "IDC-58")
def test_an_app_gets_a_token_of_a_server_that_has_never_heard_of_it(domains: Domains) -> None:
    token = domains.signed_in()["id_token"]
    reply = ask(
        domains.home.port,
        "POST",
        "/token",
        headers={"Content-Type": FORM},
        body=encoded(wish(domains, subject_token=token)),
    )
    assert reply.status == 200, reply
    assert dict(reply.headers)["cache-control"] == "no-store"
    came = json.loads(reply.body)
    assert came.keys() == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    theirs = claims_of(came["access_token"])
    assert (theirs["iss"], theirs["aud"], theirs["client_id"]) == (domains.tickets.issuer, API, "acme-desk")
    assert theirs["sub"] == "acme:actas:alice"
    # For whom we ask is told there; of an ID-JAG that is all, and a plain grant has us as who acts now.
    acts = theirs["act"]["act"] if theirs["act"]["sub"] == "acme-desk" else theirs["act"]
    assert (acts["iss"], acts["sub"]) == (domains.home.issuer, "desk")
    until(lambda: len(domains.home.events()) > 0)
    after = domains.home.entry(reply)
    (given,) = [one for one in domains.home.events() if one["id"] == after["redeemed"]["entry"]]
    assert (given["event"], after["event"]) == ("exchange:granted", "abroad:granted")
    assert given["given"]["jti"] == after["redeemed"]["jti"]
    there = [one for one in domains.tickets.events() if one["event"] == "exchange:granted"][-1]
    assert there["subject"]["token"]["jti"] == given["given"]["jti"]
    kept = b"".join(domains.home.lines()) + domains.home.said.encode()
    for secret in (came["access_token"], SECRET, came["access_token"].split(".")[1]):
        assert secret.encode() not in kept


@pytest.mark.requirement("IDC-60")
def test_what_the_other_server_refuses_is_not_the_fault_of_what_the_client_sent(domains: Domains) -> None:
    token = domains.signed_in()["id_token"]
    refused = posted(domains.home, wish(domains, subject_token=token, scope="tickets:burn"), status=400)
    assert refused["error"] == "invalid_scope"
    refused = posted(
        domains.home, wish(domains, subject_token=token, resource="https://x.example"), status=400
    )
    assert refused["error"] == "invalid_target"


@pytest.mark.requirement("IDC-61")
def test_a_token_that_is_to_be_bound_is_bound_or_not_handed_on(domains: Domains) -> None:
    token, prover = domains.signed_in()["id_token"], Prover()
    proof = prover.proof(htu=f"{domains.home.issuer}/token", iat=int(time.time()))
    reply = ask(
        domains.home.port,
        "POST",
        "/token",
        headers={"Content-Type": FORM, "DPoP": proof},
        body=encoded(wish(domains, subject_token=token)),
    )
    came = json.loads(reply.body)
    if domains.home.company.tree["connections"][0].get("grant") == "jwt":
        assert (reply.status, came["token_type"]) == (200, "DPoP")
        assert claims_of(came["access_token"])["cnf"] == {"jkt": prover.jkt}
    else:  # ID-JAG has no such claim, and the other side gives a bearer token
        assert (reply.status, came["error"]) == (502, "server_error")
        assert domains.home.entry(reply)["reason"] == "unbound_there"


@pytest.mark.requirement("IDC-60")
def test_the_sdk_exchanges_for_it_as_for_an_api_here(domains: Domains) -> None:
    token = domains.signed_in()["id_token"]
    secret = domains.home.company.secrets["desk"]
    with sync.Actas(domains.home.issuer, client_id="desk", client_secret=secret) as actas:
        came = actas.exchange(token, subject_type="id_token", to=API, scopes=["tickets:read"])
        assert (came.scheme, sorted(came.scopes)) == ("Bearer", ["tickets:read"])
        with pytest.raises(Refused):
            actas.exchange(token, subject_type="id_token", to=API, scopes=["tickets:burn"])


class Silent(BaseHTTPRequestHandler):
    """Says what it is, and takes its time with a grant for ever."""

    let_go: ClassVar[threading.Event] = threading.Event()
    got: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        at = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
        body = json.dumps({"issuer": at, "token_endpoint": f"{at}/token"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.got.set()
        self.let_go.wait(30)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def silent() -> Iterator[str]:
    Silent.let_go.clear()
    Silent.got.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    Silent.let_go.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.mark.requirement("IDC-60", "REL-03")
def test_of_a_grant_whose_answer_was_lost_the_log_says_that_nobody_knows(tmp_path: Path, silent: str) -> None:
    it = standing_in(arranged(tmp_path), "id_jag", own_key=False)
    it.home.company.tree["connections"][0]["resource"]["issuer"] = silent
    with it.home, contextlib.closing(it.tickets):
        form = wish(it, subject_token=it.signed_in()["id_token"])
        waiting = threading.Thread(target=_asked, args=(it, form), daemon=True)
        waiting.start()
        assert Silent.got.wait(15)
        it.home.kill9()
        waiting.join(10)
        (given,) = [one for one in it.home.events() if "abroad" in one]
        assert given["event"] == "exchange:granted"
        assert given["abroad"]["redeems"] is True
        it.home.start()
        (recovered,) = [one for one in it.home.events() if one["event"] == "log:recovered"]
        assert recovered["facts"]["delivery_unknown"] == [given["id"]]


def _asked(it: Domains, form: dict[str, Any]) -> None:
    try:
        ask(it.home.port, "POST", "/token", headers={"Content-Type": FORM}, body=encoded(form))
    except OSError:
        return
    except Exception:
        return
