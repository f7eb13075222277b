"""TLS on the public listener, over real sockets."""

from __future__ import annotations

import contextlib
import resource
import shutil
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from tests.fakes.certificates import Authority, Owned, self_signed
from tests.fakes.prover import x5t
from tests.fakes.server import RealServer, until
from tests.fakes.wire import Line, ask, request

from actas.crypto import jose


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.within(tmp_path, "ca")


def secured(folder: Path, authority: Authority, *, clients: bool = False) -> RealServer:
    """A server that speaks TLS as localhost."""
    server = RealServer(folder / "server")
    own = authority.issue("localhost", names=[x509.DNSName("localhost")])
    shutil.copy(own.file, server.folder / "tls.pem")
    server.company.tree["server"]["tls"] = {"certificate": "tls.pem", "key": "tls.pem"}
    if clients:
        server.company.tree["server"]["tls"]["client_authorities"] = str(authority.certificate)
    return server


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.certificate))


def test_a_token_is_had_over_tls_and_not_without(tmp_path: Path, authority: Authority) -> None:
    with secured(tmp_path, authority) as server:
        reply = server.post(server.company.own(), tls=trusting(authority))
        assert reply.status == 200, reply
        with Line(server.port) as plain:
            plain.send(request("GET", "/jwks"))
            assert plain.ended()


@pytest.mark.requirement("SEC-26", "REL-11")
def test_who_makes_no_handshake_takes_no_file_from_anybody_else(tmp_path: Path, authority: Authority) -> None:
    server = secured(tmp_path, authority)
    server.company.write()
    try:
        server.launch()
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (320, 320))
        server.wait_until_ready()
        with contextlib.ExitStack() as held:
            lines = [held.enter_context(Line(server.port)) for _ in range(330)]
            assert lines[-1].ended()
            assert server.manage("/readyz").status == 200
            lines[0].close()
            until(lambda: answers(server, authority), because="the place of who left is free")
        assert server.stop() == 0
    finally:
        server.close()


def answers(server: RealServer, authority: Authority) -> bool:
    try:
        return server.post(server.company.own(), tls=trusting(authority)).status == 200
    except OSError:
        return False


@pytest.mark.requirement("REL-25")
def test_who_is_in_a_handshake_does_not_hold_up_a_stop(tmp_path: Path, authority: Authority) -> None:
    with secured(tmp_path, authority) as server, Line(server.port) as silent:
        assert server.post(server.company.own(), tls=trusting(authority)).status == 200
        assert server.stop(patience=9.0) == 0  # handshakes have ten seconds
        assert silent.ended()


def test_a_body_that_is_too_long_gets_its_answer_within_tls(tmp_path: Path, authority: Authority) -> None:
    """TLS knows no half-closed connection; the answer must not be lost to what is still being sent."""
    with secured(tmp_path, authority) as server, Line(server.port, tls=trusting(authority)) as line:
        line.send(request("POST", "/token", headers={"Transfer-Encoding": "gzip"}, body=b"x"))
        assert line.reply().status == 400
        assert line.ended()


def test_a_certificate_may_be_shown_and_need_not(tmp_path: Path, authority: Authority) -> None:
    with secured(tmp_path, authority, clients=True) as server:
        form = server.company.own
        assert server.post(form(), tls=trusting(authority)).status == 200
        known = authority.issue("caller").shown_to(authority.certificate)
        assert server.post(form(), tls=known).status == 200
        stranger, _ = self_signed(tmp_path, "stranger")
        expired = authority.issue("late", expired=True)
        for one in (stranger, expired):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                server.post(form(), tls=one.shown_to(authority.certificate))


@pytest.mark.requirement("TX-105", "TX-106", "TX-107", "TX-108")
def test_clients_prove_who_they_are_by_certificates_on_the_wire(tmp_path: Path, authority: Authority) -> None:
    server = secured(tmp_path, authority, clients=True)
    mine, _ = self_signed(tmp_path, "mine")
    stranger, _ = self_signed(tmp_path, "stranger")
    (server.folder / "mine.pem").write_bytes(mine.pem)
    tree = server.company.tree
    tree["server"]["trusted_proxies"] = ["127.0.0.2"]
    tree["clients"] += [
        registered("kept", {"certificate": {"file": "mine.pem"}}),
        registered("named", {"subject": {"dn": "CN=caller"}}),
    ]
    server.company.named("rules", "own-counts")["client"] += ["kept", "named"]
    with server:
        plain = trusting(authority)
        callers = {"kept": mine, "named": authority.issue("caller"), "nightly": authority.issue("other")}
        for who in ("kept", "named"):
            form = server.company.own(who)
            for shows, owned in callers.items():
                reply = server.post(form, tls=owned.shown_to(authority.certificate))
                assert reply.status == (200 if shows == who else 401), (who, shows, reply)
                forwarded = {"Client-Cert": owned.forwarded}
                reply = server.post(form, tls=plain, headers=forwarded, source="127.0.0.2")
                assert reply.status == (200 if shows == who else 401), (who, shows, reply)
                reply = server.post(form, tls=plain, headers=forwarded)
                assert reply.status == 401
            # A proxy's own certificate is not its callers'.
            assert (
                server.post(form, tls=callers[who].shown_to(authority.certificate), source="127.0.0.2").status
                == 401
            )
            header = {"Client-Cert": stranger.forwarded}
            assert server.post(form, tls=plain, headers=header, source="127.0.0.2").status == 401
        listed = server.events()
        assert {"tls_client_auth", "self_signed_tls_client_auth"} <= {
            event["client"]["method"] for event in listed if event["event"] == "exchange:granted"
        }


@pytest.mark.requirement("TX-153", "SEC-15")
def test_a_handshake_binds_the_token_to_the_certificate_that_was_shown_in_it(
    tmp_path: Path, authority: Authority
) -> None:
    server = secured(tmp_path, authority)
    mine, _ = self_signed(tmp_path, "mine")
    (server.folder / "mine.pem").write_bytes(mine.pem)
    server.company.tree["clients"].append(registered("kept", {"certificate": {"file": "mine.pem"}}))
    server.company.named("rules", "own-counts")["client"].append("kept")
    server.company.named("apis", "inventory")["token"]["binding"] = "mtls"
    with server:
        plain, shows = trusting(authority), mine.shown_to(authority.certificate)
        for who in ("kept", "nightly"):
            reply = server.post(server.company.own(who), tls=shows)
            assert (reply.status, reply.json["token_type"]) == (200, "Bearer"), reply
            claims = jose.parse(reply.json["access_token"]).unverified_claims
            assert claims["cnf"] == {"x5t#S256": x5t(mine.der)}
        for headers in ({}, {"Client-Cert": mine.forwarded}):
            reply = server.post(server.company.own(), tls=plain, headers=headers)
            assert (reply.status, reply.reason) == (400, "binding_needed")
        target = "/.well-known/oauth-authorization-server"
        said = ask(server.port, "GET", target, tls=plain).json
        assert said["tls_client_certificate_bound_access_tokens"] is True


@pytest.mark.requirement("TX-106")
def test_a_certificate_that_is_registered_later_gets_through_the_handshake(
    tmp_path: Path, authority: Authority
) -> None:
    server = secured(tmp_path, authority)
    mine, _ = self_signed(tmp_path, "mine")
    with server:
        form, shows = server.company.own("kept"), mine.shown_to(authority.certificate)
        assert server.post(form, tls=shows).status == 401  # nobody is asked for a certificate yet
        (server.folder / "mine.pem").write_bytes(mine.pem)
        server.company.tree["clients"].append(registered("kept", {"certificate": {"file": "mine.pem"}}))
        server.company.named("rules", "own-counts")["client"].append("kept")
        server.company.write()
        server.reload(told="configuration reloaded")
        assert server.post(form, tls=shows).status == 200


def registered(name: str, auth: dict[str, Any]) -> dict[str, Any]:
    """A client with a certificate."""
    return {
        "name": name,
        "kind": "service",
        "auth": {"method": "mtls", **auth},
        "grants": ["client_credentials"],
        "may_request": {"apis": ["inventory"]},
    }


def test_a_renewed_certificate_is_shown_after_a_hangup(tmp_path: Path, authority: Authority) -> None:
    with secured(tmp_path, authority) as server:
        before = shown(server, authority)
        renewed = authority.issue("localhost", names=[x509.DNSName("localhost")])
        shutil.copy(renewed.file, server.folder / "tls.pem")
        server.reload(told="configuration reloaded")
        assert shown(server, authority) == renewed.der != before
        (server.folder / "tls.pem").write_bytes(renewed.pem)
        server.reload(told="configuration not reloaded")
        assert shown(server, authority) == renewed.der


def test_a_key_that_is_not_the_certificates_is_refused_at_the_start(
    tmp_path: Path, authority: Authority
) -> None:
    server = secured(tmp_path, authority)
    try:
        other: Owned = authority.issue("other")
        shutil.copy(other.file, server.folder / "other.pem")
        server.company.tree["server"]["tls"]["key"] = "other.pem"
        code, said = server.refuse()
        assert code == 3
        assert "is not the key of the first in" in said
        server.company.tree["server"]["tls"] = {"certificate": "tls.pem"}
        assert "certificate and key come together" in server.refuse()[1]
    finally:
        server.close()


def shown(server: RealServer, authority: Authority) -> bytes | None:
    """Return the certificate that the server shows."""
    with (
        socket.create_connection(("127.0.0.1", server.port)) as plain,
        trusting(authority).wrap_socket(plain, server_hostname="localhost") as line,
    ):
        return line.getpeercert(binary_form=True)
