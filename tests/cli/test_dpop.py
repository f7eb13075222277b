"""``--dpop``: tokens that are bound to a key of whoever asks, which is made once and kept (RFC 9449)."""

from __future__ import annotations

import hashlib
import json
import stat
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from tests.fakes.certificates import self_signed
from tests.fakes.clock import NOON
from tests.fakes.exchanging import Exchanging
from tests.fakes.forge import SigningKey, b64
from tests.fakes.program import Program, Stream
from tests.fakes.token_server import Reply, granted, refused

from actas.cli import wire
from actas.cli.exits import Failure
from actas.core.wire import DPOP_JWT
from actas.crypto.proof import parse_proof, prove


def bound(acme: Exchanging, **members: Any) -> Reply:
    return granted(acme.given, token_type="DPoP", **members)


def proof_of(headers: dict[str, str]) -> tuple[dict[str, Any], str]:
    """The claims of a proof, and the thumbprint of the key that made it, as the server checks it."""
    claims, key = prove(parse_proof(headers["dpop"], typ=DPOP_JWT))
    return dict(claims), key.thumbprint


def test_the_request_proves_a_key_that_is_made_once_and_kept(acme: Exchanging, actas: Program) -> None:
    acme.server.answer = bound(acme)
    ran = acme.hop("--dpop", terminal=True, environ={"NO_COLOR": "1"})
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("granted  access token for https://inventory.acme.example, 2 m, DPoP-bound\n")
    acme.hop("--dpop")
    (first, key), (second, again) = (proof_of(one) for one in acme.server.headers)
    assert key == again
    assert first["jti"] != second["jti"]
    assert {name: first[name] for name in first if name != "jti"} == {
        "htm": "POST",
        "htu": f"{acme.server.issuer}/token",
        "iat": int(NOON),
    }
    kept = actas.home / "dpop.jwk"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list(actas.home.glob(".dpop*")) == []


def test_the_document_says_how_the_token_is_shown(acme: Exchanging) -> None:
    acme.server.answer = bound(acme)
    assert acme.hop("--dpop", "--json").document["token"]["scheme"] == "DPoP"


def test_without_the_flag_nothing_is_proven_and_no_key_is_made(acme: Exchanging, actas: Program) -> None:
    acme.hop()
    assert "dpop" not in acme.server.headers[0]
    assert not (actas.home / "dpop.jwk").exists()


def test_another_key_may_be_named(acme: Exchanging, actas: Program, tmp_path: Path) -> None:
    acme.server.answer = bound(acme)
    mine = SigningKey.generate("EdDSA")
    (tmp_path / "mine.jwk").write_text(json.dumps(mine.private_jwk()))
    assert acme.hop("--dpop", str(tmp_path / "mine.jwk")).code == 0
    _, thumbprint = proof_of(acme.server.headers[0])
    members = {name: mine.jwk()[name] for name in ("crv", "kty", "x")}
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    assert thumbprint == b64(hashlib.sha256(text.encode()).digest())
    assert not (actas.home / "dpop.jwk").exists()


@pytest.mark.parametrize("content", [None, "nonsense", "{}", '{"kty": "EC"}'])
def test_a_file_without_a_key_is_said_before_anything_is_sent(
    acme: Exchanging, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "mine.jwk"
    if content is not None:
        path.write_text(content)
    ran = acme.hop("--dpop", str(path))
    assert (ran.code, acme.server.forms) == (2, [])
    assert f"--dpop: {path}" in ran.err


def test_a_nonce_is_learnt_and_the_request_sent_once_more(acme: Exchanging) -> None:
    asked = []

    def answer() -> Reply:
        asked.append(1)
        if len(asked) == 1:
            return refused("use_dpop_nonce", "nonce_needed", dpop_nonce="n-1")
        return bound(acme)

    acme.server.answers = answer
    ran = acme.hop("--dpop", "--show", "request")
    assert ran.code == 0
    first, second = (proof_of(one)[0] for one in acme.server.headers)
    assert ("nonce" in first, second["nonce"]) == (False, "n-1")
    assert first["jti"] != second["jti"]
    assert acme.server.headers[1]["dpop"] not in ran.err  # a proof is shown shortened, like a token


def test_a_server_that_wants_nonce_after_nonce_is_asked_twice(acme: Exchanging) -> None:
    acme.server.answer = refused("use_dpop_nonce", "nonce_needed", dpop_nonce="n")
    assert acme.hop("--dpop").code == 6
    assert len(acme.server.forms) == 2


def test_a_token_that_is_not_bound_is_not_given_out(acme: Exchanging) -> None:
    ran = acme.hop("--dpop", "--save", "it")
    assert (ran.code, ran.out) == (6, "")
    assert "is not bound to the key" in ran.err
    assert acme.given not in ran.err
    assert acme.run("--subject", "@it", "--audience", "inventory").code == 2


@pytest.mark.parametrize("reason", ["binding_needed", "key_not_proven"])
def test_where_a_key_is_missing_the_flag_is_named(acme: Exchanging, reason: str) -> None:
    acme.server.answer = refused("invalid_dpop_proof", reason)
    ran = acme.hop()
    assert ran.code == 6
    assert "--dpop proves a key of yours" in ran.err


@pytest.mark.parametrize(
    ("off", "said"),
    [(100, "ahead of the server's"), (-100, "behind the server's"), (0, None)],
)
def test_a_wrong_clock_is_found_out(acme: Exchanging, actas: Program, off: float, said: str | None) -> None:
    acme.server.answer = refused("invalid_dpop_proof", "bad_proof")
    actas.now = time.time() + off
    ran = acme.hop("--dpop")
    assert ran.code == 6
    assert ("this computer's clock is" in ran.err) == (said is not None)
    assert said is None or said in ran.err


def test_the_code_that_is_shown_proves_it_too(acme: Exchanging) -> None:
    acme.server.answer = bound(acme)
    ran = acme.hop("--dpop", "--show", "code")
    assert '-H "DPoP: $DPOP_PROOF"' in ran.err
    assert "Actas.from_env(dpop=True)" in ran.err


def test_programs_that_begin_at_once_agree_on_one_key(acme: Exchanging) -> None:
    acme.server.answer = bound(acme)
    with ThreadPoolExecutor(8) as pool:
        assert {ran.code for ran in pool.map(lambda _: acme.hop("--dpop"), range(8))} == {0}
    assert len({proof_of(one)[1] for one in acme.server.headers}) == 1


def test_a_home_that_cannot_be_written_is_said(acme: Exchanging, actas: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    actas.home = tmp_path / "file" / "home"
    ran = acme.hop("--dpop")
    assert (ran.code, acme.server.forms) == (4, [])
    assert "a key cannot be kept in" in ran.err


# The certificate of a client, whose key may have a passphrase.


def locked(folder: Path) -> str:
    owned, key = self_signed(folder, "orders")
    path = folder / "locked.pem"
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame"))
    path.write_bytes(sealed + owned.pem)
    return str(path)


def test_a_passphrase_that_nobody_can_type_is_an_error_and_no_silence(
    acme: Exchanging, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Stream())
    ran = acme.run("--own", "--client-auth", "mtls", "--certificate", locked(tmp_path))
    assert ran.code == 2
    assert "has a passphrase, and there is no terminal to ask at" in ran.err
    assert "openssl pkey" in ran.err


@pytest.mark.parametrize(("typed", "good"), [("open sesame", True), ("wrong", False)])
def test_a_passphrase_is_asked_for_by_name_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, good: bool
) -> None:
    path, asked = locked(tmp_path), []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return typed

    monkeypatch.setattr(sys, "stdin", Stream(terminal=True))
    monkeypatch.setattr("getpass.getpass", ask)
    if good:
        assert wire._tls(path) is wire._tls(path)
    else:
        with pytest.raises(Failure, match="the passphrase is wrong"):
            wire._tls(path)
    assert asked == [f"passphrase of the key in {path}: "]
