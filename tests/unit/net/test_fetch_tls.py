"""The one way out, over TLS: whose certificates it believes."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from tests.fakes.certificates import Authority
from tests.fakes.fetch import QUICK, refused
from tests.fakes.hostile_issuer import HostileIssuer
from tests.fakes.resolver import PUBLIC, LoopbackNetwork, ScriptedResolver

from actas.net import authorities as module
from actas.net.fetch import GuardedFetch


@pytest.mark.requirement("SEC-38")
async def test_a_handshake_that_hangs_counts_towards_the_limit() -> None:
    async with HostileIssuer(host="localhost") as idp:  # waits for a request in plain text
        fetch = GuardedFetch(dev=True, time_limit=QUICK)
        assert "no complete answer" in await refused(fetch, f"https://localhost:{idp.port}/a")


async def test_a_server_that_speaks_no_tls_is_named() -> None:
    async def speak_plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    plain = await asyncio.start_server(speak_plainly, "127.0.0.1", 0)
    port = plain.sockets[0].getsockname()[1]
    assert "TLS failed" in await refused(GuardedFetch(dev=True), f"https://localhost:{port}/a")
    plain.close()
    await plain.wait_closed()


@pytest.mark.requirement("SEC-35", "SEC-02")
async def test_a_computer_without_authorities_trusts_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = ssl.get_default_verify_paths()._replace(openssl_cafile=str(tmp_path / "missing.pem"))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    monkeypatch.setattr(module, "SYSTEM_AUTHORITIES", ())
    authority = Authority(tmp_path)
    async with HostileIssuer(host="idp.test", tls=authority.server("idp.test")) as idp:
        fetch = GuardedFetch(
            resolve=ScriptedResolver({"idp.test": [[PUBLIC]]}), network=LoopbackNetwork(idp.port)
        )
        assert "the certificate cannot be verified" in await refused(fetch, idp.jwks_uri)
        fetch.close()


@pytest.mark.requirement("SEC-35")
async def test_https_is_verified_against_the_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with HostileIssuer(host="idp.test", tls=authority.server("idp.test")) as idp:
        network = LoopbackNetwork(idp.port)
        resolve = ScriptedResolver({"idp.test": [[PUBLIC]]})
        fetch = GuardedFetch(resolve=resolve, network=network, authorities=authority.certificate)
        assert "keys" in await fetch.get_json(idp.jwks_uri)
        assert network.asked == [PUBLIC]
        assert idp.requests[0].headers["host"] == f"idp.test:{idp.port}"


@pytest.mark.requirement("SEC-35")
async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with HostileIssuer(host="idp.test", tls=authority.server("other.test")) as idp:
        resolve = ScriptedResolver({"idp.test": [[PUBLIC]]})
        fetch = GuardedFetch(
            resolve=resolve, network=LoopbackNetwork(idp.port), authorities=authority.certificate
        )
        why = await refused(fetch, idp.jwks_uri)
        assert "the certificate cannot be verified: Hostname mismatch" in why
        assert idp.count() == 0


@pytest.mark.requirement("SEC-35")
async def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    ours, theirs = Authority.within(tmp_path, "ours"), Authority.within(tmp_path, "theirs")
    async with HostileIssuer(host="idp.test", tls=theirs.server("idp.test")) as idp:
        resolve = ScriptedResolver({"idp.test": [[PUBLIC]]})
        for authorities in (ours.certificate, None):
            fetch = GuardedFetch(resolve=resolve, network=LoopbackNetwork(idp.port), authorities=authorities)
            assert "the certificate cannot be verified" in await refused(fetch, idp.jwks_uri)
        assert idp.count() == 0


@pytest.mark.requirement("SEC-35")
async def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with HostileIssuer(host="idp.test", tls=authority.server("idp.test", expired=True)) as idp:
        fetch = GuardedFetch(
            resolve=ScriptedResolver({"idp.test": [[PUBLIC]]}),
            network=LoopbackNetwork(idp.port),
            authorities=authority.certificate,
        )
        assert "expired" in await refused(fetch, idp.jwks_uri)


@pytest.mark.requirement("SEC-35")
async def test_authorities_are_not_taken_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    async with HostileIssuer(host="idp.test", tls=authority.server("idp.test")) as idp:
        resolve = ScriptedResolver({"idp.test": [[PUBLIC]]})
        fetch = GuardedFetch(resolve=resolve, network=LoopbackNetwork(idp.port))
        assert "the certificate cannot be verified" in await refused(fetch, idp.jwks_uri)
        assert not (tmp_path / "keys.log").exists()


@pytest.mark.requirement("SEC-02")
def test_authorities_that_cannot_be_read_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(OSError, match=r"."):
            GuardedFetch(authorities=tmp_path / name)
