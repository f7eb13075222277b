"""Terminal escape injection.

A terminal obeys control characters: they move the cursor, rewrite what was printed before, change the
window's title, and on some terminals type commands. Characters that reverse the direction of writing make
``gro.live`` look like another name. An attacker who can put a name into a token, or who runs a server that
somebody asks by mistake, tries to show the operator something else than what is there: a good signature,
another subject, another command to paste. Whatever a token, a server or an address says must come out
spelt, in every form of output and on both streams.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fakes.forge import SigningKey, forge
from tests.fakes.program import Program, Ran
from tests.fakes.token_server import METADATA, Reply, TokenServer, granted

EVIL = "\x1b]0;title\x07\x1b[2A\x1b[2K\x9b31m\r\u202e\u2066\u200b"
UNSAFE = set(EVIL) - set("]0;title[2AK31m")


@pytest.fixture
def actas(tmp_path: Path) -> Program:
    return Program(tmp_path, {"ACTAS_CLIENT_SECRET": "s", "ACTAS_CLIENT_ID": "orders", "NO_COLOR": "1"})


def assert_harmless(ran: Ran) -> None:
    assert not UNSAFE & set(ran.out + ran.err)


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "yaml", "name"])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_token_cannot_steer_the_terminal(actas: Program, form: str, terminal: bool) -> None:
    token = forge(
        {
            "iss": EVIL,
            "sub": EVIL,
            "aud": [EVIL, f"https://{EVIL}.example"],
            "scope": f"a {EVIL}",
            "jti": EVIL,
            "cnf": {"jkt": EVIL},
            "act": {"sub": EVIL, "sub_profile": "service"},
            EVIL: EVIL,
        },
        key=SigningKey.generate(kid=EVIL),
        headers={"typ": EVIL},
    )
    for words in ([], ["--claims"], ["--audience", EVIL]):
        assert_harmless(actas("inspect", "-", "-o", form, *words, stdin=token, terminal=terminal))


@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_a_server_cannot_steer_the_terminal(actas: Program, form: str) -> None:
    words = ("exchange", "--own", "-o", form, "-v", "--show", "request,response,code")
    with TokenServer() as server:
        body = {"error": "invalid_target", "error_description": EVIL, "error_uri": f"x#{EVIL}", EVIL: EVIL}
        for answer in (
            Reply(status=400, body=json.dumps(body).encode()),
            granted(EVIL, issued_token_type=..., scope=EVIL, token_type=EVIL),
            Reply(body=EVIL.encode()),
        ):
            server.answer = answer
            assert_harmless(actas(*words, "-s", server.issuer, terminal=True))
        server.metadata["issuer"] = EVIL
        assert_harmless(actas(*words, "-s", server.issuer))
        server.replies[METADATA] = Reply(body=EVIL.encode())
        assert_harmless(actas(*words, "-s", server.issuer))


def test_a_typing_mistake_cannot_steer_the_terminal(actas: Program) -> None:
    for words in (
        (EVIL,),
        ("inspect", EVIL),
        ("inspect", f"@{EVIL}"),
        ("-o", EVIL),
        ("exchange", "-s", EVIL),
    ):
        assert_harmless(actas(*words))
