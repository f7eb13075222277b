"""A token that names the address of its own keys.

Whoever makes a token can write into it where to get the key to check it with: ``jku`` and ``x5u`` in the
header, or an ``iss`` whose discovery document lists the attacker's key. A tool that follows such an address
calls a forged token genuine, and tells the attacker that somebody looked, from which address. So nothing in
a token is ever asked: only the file or the address that was typed, or the keys kept when it was granted.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.clock import NOON
from tests.fakes.forge import forge
from tests.fakes.program import Program
from tests.fakes.token_server import TokenServer


@pytest.mark.requirement("SEC-36")
@pytest.mark.parametrize("member", ["jku", "x5u", "jwk", None])
def test_inspecting_a_token_asks_nobody_it_names(tmp_path: Path, member: str | None) -> None:
    actas = Program(tmp_path)
    with TokenServer() as evil:
        value = evil.key.jwk() if member == "jwk" else f"{evil.issuer}/jwks"
        headers = {"typ": "at+jwt"} if member is None else {"typ": "at+jwt", member: value}
        token = forge(
            {"iss": evil.issuer, "sub": "root", "iat": int(NOON), "exp": int(NOON) + 60},
            key=evil.key,
            headers=headers,
        )
        for words in ([], ["--json"], ["--no-verify", "--claims"]):
            ran = actas("inspect", "-", *words, stdin=token)
            assert "signature good" not in ran.out
        assert actas("inspect", "-", stdin=token).code == 1
        assert evil.paths == []
