"""Managing a server with tokens that are bound to a key: that of whoever signs in, or the client's certificate."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from tests.fakes.certificates import Authority
from tests.fakes.managing import managed
from tests.fakes.program import Program
from tests.fakes.server import RealServer
from tests.fakes.wire import ask

from actas.cli import wire


@pytest.fixture(scope="module", params=["optional", "dpop", "nonces"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = managed(tmp_path_factory.mktemp("managed"))
    if request.param == "nonces":
        server.company.tree["server"]["dpop"] = {"nonce": "required"}
    server.company.tree["defaults"] = {
        "token": {"binding": "dpop" if request.param == "nonces" else request.param}
    }
    with server:
        yield server


def program(server: RealServer, home: Path) -> Program:
    return Program(home, environ={"ACTAS_SERVER": server.base, "ACTAS_TIMEOUT": "20"}, now=time.time())


def sign_in(server: RealServer, home: Path, who: str = "chief") -> Program:
    actas = program(server, home)
    ran = actas("login", "--client", who, environ={"ACTAS_CLIENT_SECRET": server.company.secrets[who]})
    assert ran.code == 0, ran.err
    return actas


def kept(home: Path) -> dict[str, Any]:
    (file,) = (home / "logins").iterdir()
    document: dict[str, Any] = json.loads(file.read_text())
    return document


def test_whoever_signs_in_manages_with_a_token_that_is_bound(server: RealServer, tmp_path: Path) -> None:
    actas = sign_in(server, tmp_path / "home")
    assert actas("whoami").out.startswith("chief, owner at ")
    for words in (("clients", "list"), ("rules", "who-can", "inventory:stock:read"), ("export",)):
        ran = actas(*words)
        assert ran.code == 0, ran.err
    document = {
        "version": 1,
        "apis": [{"name": "extra", "audience": "https://x.example", "scopes": {"a": "A"}}],
    }
    (tmp_path / "extra.yaml").write_text(json.dumps(document))
    assert actas("apply", "-f", str(tmp_path / "extra.yaml")).code == 0
    assert actas("apis", "show", "extra").code == 0


def test_a_login_that_was_copied_is_worth_nothing_elsewhere(server: RealServer, tmp_path: Path) -> None:
    sign_in(server, tmp_path / "home")
    shutil.copytree(tmp_path / "home" / "logins", tmp_path / "thief" / "logins")
    ran = program(server, tmp_path / "thief")("whoami", "--json")
    assert (ran.code, ran.error["code"]) == (5, "invalid_token")
    token = kept(tmp_path / "home")["token"]
    shown = ask(
        server.port, "GET", f"{server.path}/api/v1/whoami", headers={"Authorization": f"Bearer {token}"}
    )
    assert (shown.status, shown.json["error"]) == (401, "invalid_token")
    refused = [event for event in server.events() if event["event"] == "management:refused"]
    assert "it is shown as a bearer token, and is not" in refused[-1]["detail"]


def test_a_wrong_clock_is_named_while_managing(server: RealServer, tmp_path: Path) -> None:
    actas = sign_in(server, tmp_path / "home")
    actas.now -= 300
    ran = actas("whoami", "--json")
    assert ran.code == 5
    assert "behind the server's" in ran.error["hint"]


def test_the_challenge_names_the_scheme_and_gives_a_nonce(server: RealServer, tmp_path: Path) -> None:
    sign_in(server, tmp_path / "home")
    headers = {"Authorization": f"DPoP {kept(tmp_path / 'home')['token']}", "DPoP": "no.proof.really"}
    reply = ask(server.port, "GET", f"{server.path}/api/v1/whoami", headers=headers)
    assert (reply.status, reply.json["error"]) == (401, "invalid_dpop_proof")
    assert (reply.header("www-authenticate") or "").startswith('DPoP realm="')
    assert reply.header("dpop-nonce")


# Certificates.


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.within(tmp_path, "ca")


@pytest.fixture
def secured(tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealServer]:
    """One whose tokens are all bound to certificates."""
    server = managed(tmp_path / "server")
    own = authority.issue("localhost", names=[x509.DNSName("localhost")])
    shutil.copy(own.file, server.folder / "tls.pem")
    tree = server.company.tree
    tree["server"]["tls"] = {
        "certificate": "tls.pem",
        "key": "tls.pem",
        "client_authorities": str(authority.certificate),
    }
    tree["server"]["issuer"] = server.company.issuer = f"https://localhost:{server.port}"
    tree["defaults"] = {"token": {"binding": "mtls"}}
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    wire._tls.cache_clear()
    with server:
        yield server
    wire._tls.cache_clear()


def test_a_client_with_a_certificate_manages_over_its_connection(
    secured: RealServer, authority: Authority, tmp_path: Path
) -> None:
    issued = authority.issue("chief")
    actas = Program(
        tmp_path / "home",
        environ={"ACTAS_SERVER": secured.company.issuer, "ACTAS_TIMEOUT": "20"},
        now=time.time(),
    )
    secret = {"ACTAS_CLIENT_SECRET": secured.company.secrets["chief"]}
    ran = actas("login", "--client", "chief", environ=secret)
    assert ran.code == 6
    assert "--certificate FILE shows one" in ran.err

    showing = ("--client-auth", "basic", "--certificate", str(issued.file))
    ran = actas("login", "--client", "chief", *showing, environ=secret)
    assert ran.code == 0, ran.err
    assert actas("whoami").out.startswith("chief, owner at ")
    assert actas("clients", "list").code == 0

    kept_file = next((tmp_path / "home" / "logins").iterdir())
    document = json.loads(kept_file.read_text())
    assert "PRIVATE KEY" not in kept_file.read_text()
    kept_file.write_text(json.dumps({**document, "certificate": None}))
    ran = actas("whoami", "--json")
    assert (ran.code, ran.error["code"]) == (5, "invalid_token")
