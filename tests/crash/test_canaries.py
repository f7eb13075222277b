"""A whole run with marked secrets, and a search for them in everything that the run left behind (SEC-87, SEC-92).

Whatever is secret goes through the server once: in good requests, in bad ones of every kind and at every door, through
a change of configuration, a kill, failing storage, a lost database and a stop. Then every file of the data folder,
everything the process wrote to its terminal, its numbers and every body of a refusal is searched, plainly and in the
encodings in which a secret may travel.
"""

from __future__ import annotations

import base64
import json
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

import pytest
from tests.fakes.between import Between
from tests.fakes.prover import Prover
from tests.fakes.served import MARK, Company
from tests.fakes.server import RealServer, until
from tests.fakes.wire import FORM, Line, Reply, ask, encoded, request

from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, JWT


class Run:
    """The run: what was secret, and what came back from refusals."""

    def __init__(self, server: RealServer) -> None:
        self.server = server
        self.secrets: dict[str, str] = {
            f"the secret of {name}": secret for name, secret in server.company.secrets.items()
        }
        self.refusals: list[bytes] = []

    @property
    def company(self) -> Company:
        """Who there is."""
        return self.server.company

    def keep(self, name: str, token: str) -> str:
        """Remember a token, and its signature by itself: with it the rest could be put together again."""
        self.secrets[name] = token
        self.secrets[f"the signature of {name}"] = token.rpartition(".")[2]
        return token

    def ask(self, form: dict[str, object], **headers: str) -> Reply:
        """Send a form; a refusal's body is kept to be searched, a token is kept as a secret."""
        reply = self.server.post(form, headers=headers)
        if reply.status == 200:
            self.keep(f"token {len(self.secrets)}", reply.json["access_token"])
        else:
            self.refusals.append(reply.body + repr(reply.headers).encode())
        return reply

    def good(self) -> None:
        """Everything that is granted."""
        company = self.company
        id_token = self.keep("an ID token", company.id_token())
        first = self.ask(company.for_alice(id_token)).json["access_token"]
        self.ask(company.exchange("orders", first, audience="inventory", scope="stock:read"))
        asserted = company.asserted()
        self.keep("an assertion", asserted["client_assertion"])
        assert self.ask(asserted).status == 200
        authorization, rest = company.basic(company.own())
        reply = self.server.post(rest, headers={"Authorization": authorization})
        self.keep("a token over Basic", reply.json["access_token"])
        self.secrets["the Basic credentials"] = authorization.removeprefix("Basic ")

    def bad(self) -> None:
        """Every way to be refused, each with a secret in a place where it does not belong."""
        company = self.company
        stolen = self.keep("a stolen token", company.id_token(aud="somebody-else"))
        forged = self.keep("a forged token", company.id_token()[:-8] + "AAAAAAAA")
        expired = self.keep("an expired token", company.id_token(iat=1_700_000_000, exp=1_700_000_100))
        typed = self.secrets["a secret typed in the wrong place"] = (
            f"{MARK}-typed-in-the-wrong-place-0123456789"
        )
        ours = self.ask(company.for_alice()).json["access_token"]
        forms = [
            company.for_alice(stolen),
            company.for_alice(forged),
            company.for_alice(expired),
            company.for_alice(ours),
            company.for_alice(ours, subject_token_type=JWT),
            company.for_alice(subject_token_type=stolen),
            company.for_alice(actor_token=stolen, actor_token_type=JWT),
            company.for_alice(actor_token=ours, actor_token_type=ACCESS_TOKEN),
            company.for_alice(requested_token_type=typed),
            company.own(client_secret=typed),
            company.own("robot", client_secret=typed),
            company.own(grant_type=typed),
            company.own(client_assertion=stolen, client_assertion_type="x"),
            company.asserted(client_assertion=forged),
            company.asserted(client_assertion=company.secrets["orders"]),
            company.exchange("phone", stolen, subject_token_type=ID_TOKEN),
            {**company.own(), "client_id": "desk", "client_secret": company.secrets["orders"]},
        ]
        for form in forms:
            assert self.ask(form).status in (400, 401), form
        for header in (
            f"Basic {typed}",
            f"Bearer {ours}",
            f"Basic {base64.b64encode(typed.encode()).decode()}",
        ):
            assert (
                self.ask(company.own(client_id=None, client_secret=None), Authorization=header).status == 401
            )
        self._broken_http(typed, ours)

    def doors(self) -> None:
        """Every other address, with secrets where they belong and where they do not."""
        company, server = self.company, self.server
        typed = self.secrets["a secret typed at another door"] = (
            f"{MARK}-typed-at-yet-another-door-0123456789"
        )
        ours = self.ask(company.for_alice()).json["access_token"]
        proof = self.keep("a proof", Prover().proof(htu=f"{company.issuer}/token", iat=int(time.time())))
        self.ask(company.for_alice(), DPoP=proof)
        self.ask(company.for_alice(), DPoP=f"{proof}, {proof}")
        named = {"client_id": "orders", "client_secret": company.secrets["orders"]}
        for path in ("/introspect", "/revoke"):
            for form in (
                {**named, "token": ours},
                {**named, "token": typed},
                {**named, "token": proof, "token_type_hint": typed},
                {**named, "client_secret": typed, "token": ours},
                {**company.asserted(), "token": typed},
            ):
                self._look("POST", path, {"Content-Type": FORM}, encoded(form))
        bearer = {"Authorization": f"Bearer {ours}", "Content-Type": "application/json"}
        document = json.dumps(
            {"name": "new", "auth": {"method": "client_secret", "secret": typed}, typed: typed}
        )
        for method, path in (
            ("GET", "/api/v1/clients"),
            ("GET", f"/api/v1/clients/{typed}?cursor={ours}"),
            ("PUT", "/api/v1/clients/new"),
            ("POST", "/api/v1/plan"),
            ("GET", f"/revocations?since={typed}"),
            ("GET", f"/errors?token={ours}"),
            ("GET", f"/.well-known/{typed}"),
        ):
            for headers in (
                bearer,
                {**bearer, "Authorization": f"Basic {typed}"},
                {"Cookie": f"session={typed}"},
            ):
                self._look(method, path, headers, document.encode() if method in ("PUT", "POST") else None)
        for path in ("/metrics", "/readyz?verbose", "/livez", f"/{typed}"):
            self.refusals.append(server.manage(path).body)

    def _look(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> None:
        reply = ask(self.server.port, method, path, headers=headers, body=body)
        self.refusals.append(reply.body + repr(reply.headers).encode())

    def _broken_http(self, typed: str, token: str) -> None:
        port, body = self.server.port, encoded(self.company.own())
        for target in (f"/token?client_secret={typed}", f"/token?subject_token={token}", f"/{token}"):
            self.refusals.append(ask(port, "POST", target, headers={"Content-Type": FORM}, body=body).body)
        for data in (
            request("POST", "/token", headers={"Content-Type": "text/plain", "Cookie": typed}, body=body),
            request("POST", "/token", headers={"Content-Type": FORM, "Content-Encoding": typed}, body=body),
            request("POST", "/token", headers={"Content-Type": FORM}, body=body + b"&client_secret=" + body),
            request("POST", "/token", headers={f"{typed} ": typed}, body=body),
            f"{typed} {token}\r\n\r\n".encode(),
        ):
            with Line(port) as line:
                line.send(data)
                reply = line.reply()
                assert reply.status in (400, 401)
                self.refusals.append(reply.body)

    def trouble(self) -> None:
        """Storage that fails with a token in hand, a configuration that does not hold, a kill."""
        server = self.server
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        asserted = self.company.asserted()
        self.keep("an assertion that met a full disk", asserted["client_assertion"])
        assert self.ask(asserted).status == 503
        assert self.ask(self.company.for_alice()).status == 503
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until(lambda: server.post(self.company.own()).status == 200)
        nightly = self.company.named("clients", "nightly")
        kept, nightly["auth"] = (
            nightly["auth"],
            {"method": "client_secret", "secret": self.company.secrets["orders"]},
        )
        server.company.write()
        server.signal(signal.SIGHUP)
        until(lambda: "reloaded" in server.said)
        nightly["auth"] = kept
        server.company.write()
        server.kill9()
        server.start()


@pytest.fixture(scope="module", params=["dev", "production", "reference"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    dev = request.param == "dev"
    issuer = None if dev else "https://sts.acme.example"
    changes = {"defaults": {"token": {"format": "reference"}}} if request.param == "reference" else {}
    folder = tmp_path_factory.mktemp("canaries")
    with RealServer(folder, dev=dev, issuer=issuer, changes=changes) as server:
        it = Run(server)
        it.good()
        it.bad()
        it.doors()
        it.trouble()
        it.doors()
        it.good()
        it.secrets["the envelope key"] = (server.data / "envelope.key").read_text().strip()
        assert server.stop() == 0
        yield it


def ways(secret: str) -> set[bytes]:
    """A secret as it may be met: plain, in a form, in base64 at each of the three offsets, in hexadecimal."""
    plain = secret.encode()
    found = {plain, quote(secret).encode(), quote_plus(secret).encode(), plain.hex().encode()}
    for offset in range(3):
        moved = base64.b64encode(b"x" * offset + plain)
        found |= {moved[4:-4], moved[4:-4].replace(b"+", b"-").replace(b"/", b"_")}
    return found


def leaked(run: Run, text: bytes) -> list[str]:
    return [name for name, secret in run.secrets.items() if any(way in text for way in ways(secret))]


def test_the_search_finds_a_secret_however_it_is_written(run: Run) -> None:
    secret = run.company.secrets["orders"]
    for before in ("", "a", "ab", "abc"):
        text = f"{before}{secret} and more".encode()
        for way in (text, base64.b64encode(text), base64.urlsafe_b64encode(text), text.hex().encode()):
            assert "the secret of orders" in leaked(run, b"..." + way + b"...")


@pytest.mark.requirement("SEC-87", "SEC-92", "SEC-13")
def test_no_file_of_the_data_folder_holds_a_secret(run: Run) -> None:
    files = [path for path in run.server.data.rglob("*") if path.is_file() and path.name != "envelope.key"]
    assert len(files) >= 5
    for path in files:
        found = path.read_bytes()
        assert leaked(run, found) == [], path
        assert MARK.encode() not in found, path


@pytest.mark.requirement("SEC-87", "SEC-04")
def test_the_process_wrote_no_secret_to_its_terminal(run: Run) -> None:
    said = run.server.said.encode()
    assert leaked(run, said) == []
    assert MARK.encode() not in said
    assert b"Traceback" not in said


@pytest.mark.requirement("TX-94", "SEC-04", "SEC-87")
def test_no_refusal_repeats_a_secret(run: Run) -> None:
    assert len(run.refusals) > 25
    for body in run.refusals:
        assert leaked(run, body) == [], body
        assert MARK.encode() not in body


@pytest.mark.requirement("SEC-92")
def test_no_private_key_rests_in_the_clear(run: Run) -> None:
    marks = (
        bytes.fromhex(
            "06082a8648ce3d030107"
        ),  # the curve P-256, as every PKCS #8 file of such a key names it
        bytes.fromhex("06092a864886f70d010101"),  # RSA
        b"PRIVATE KEY",
        b'"d":',
    )
    for path in run.server.data.rglob("*"):
        if path.is_file():
            found = path.read_bytes()
            assert not [mark for mark in marks if mark in found], path


@pytest.mark.requirement("SEC-87", "SEC-86")
def test_the_log_names_tokens_by_their_digest_and_each_entry_is_one_line(run: Run) -> None:
    lines = run.server.lines()
    assert all(b"\n" not in line and b"\x1b" not in line for line in lines)
    granted = [event for event in run.server.events() if event.get("outcome") == "granted"]
    assert granted
    for event in granted:
        assert len(event["given"]["digest"]) == 43
    assert run.server.verdict().findings == ()


PASSWORD: Final = f"{MARK}-pw"
"""Short, and no name or shape gives it away."""


@pytest.mark.requirement("SEC-87", "REL-32")
def test_a_database_that_goes_away_and_one_that_lets_nobody_in_cost_no_password(
    tmp_path: Path, postgres: str
) -> None:
    with Between(postgres) as wire:
        url = wire.url.replace("@", f":{PASSWORD}@", 1)
        assert PASSWORD in url
        server = RealServer(tmp_path, database=url, workers=2)
        with server:
            with wire.cut():
                until(lambda: server.manage("/readyz").status == 503)
                shown = server.manage("/readyz?verbose").body + server.post(server.company.for_alice()).body
                until(lambda: "shared state cannot be read" in server.said)
            until(lambda: server.manage("/readyz").status == 200)
        with wire.cut():
            code, said = server.refuse()
        assert code == 4
        for text in (shown, server.said.encode(), said.encode()):
            assert PASSWORD.encode() not in text
            assert MARK.encode() not in text
