"""``actas exchange --to`` for a token of another domain's server, for which the grant is redeemed at one's own."""

from __future__ import annotations

import json

import pytest
from tests.fakes.exchanging import TYPE, Exchanging
from tests.fakes.forge import SigningKey
from tests.fakes.program import Program
from tests.fakes.token_server import granted, refused

from actas.cli.saved import SavedToken, save
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN

TICKETS = "https://auth.tickets.example"
API = "https://api.tickets.example"
PLAIN = {"NO_COLOR": "1"}
ASK = ("--to", TICKETS, "--scope", "tickets:read")
THEIR_KEY = SigningKey.generate("ES256", kid="theirs")


@pytest.fixture
def asking(acme: Exchanging) -> Exchanging:
    """A server that hands on what the tickets' server gave."""
    theirs = {
        "iss": TICKETS,
        "sub": "acme:alice",
        "aud": API,
        "client_id": "acme-actas",
        "scope": "tickets:read",
    }
    token = acme.server.token({**theirs, "iat": 1_790_000_000, "exp": 1_790_000_120}, key=THEIR_KEY)
    acme.server.answer = granted(token, scope="tickets:read")
    acme.given = token
    return acme


@pytest.mark.requirement("IDC-60")
def test_the_server_is_named_as_an_audience_and_an_access_token_is_asked_for(asking: Exchanging) -> None:
    ran = asking.run("--subject", f"@{asking.folder}/subject", *ASK, "--resource", API)
    assert (ran.code, ran.out) == (0, f"{asking.given}\n")
    (form,) = asking.server.forms
    assert (form["audience"], form["resource"], form["scope"]) == ([TICKETS], [API], ["tickets:read"])
    assert form["requested_token_type"] == [f"{TYPE}access_token"]


@pytest.mark.requirement("IDC-60")
def test_what_came_is_shown_as_a_token_for_the_api_there(asking: Exchanging) -> None:
    ran = asking.run("--subject", f"@{asking.folder}/subject", *ASK, terminal=True, environ=PLAIN)
    assert ran.code == 0
    assert ran.out.startswith(f"granted  access token for {API}, 2 m\n")
    document = asking.run("--subject", f"@{asking.folder}/subject", *ASK, "--json").document
    assert document["token"]["audience"] == [API]
    assert "grant" not in document


@pytest.mark.requirement("IDC-60")
def test_it_is_kept_as_a_token_of_the_other_server_and_our_keys_say_nothing_of_it(
    asking: Exchanging, actas: Program
) -> None:
    ran = asking.run("--subject", f"@{asking.folder}/subject", *ASK, "--save", "there")
    assert (ran.code, ran.out) == (0, f"{asking.given}\n")
    assert f"@there is a token of {TICKETS}: inspect checks it with --jwks" in ran.err
    assert "/jwks" not in asking.server.paths
    kept = json.loads((actas.home / "tokens" / "there.json").read_text())
    assert (kept["issuer"], kept["jwks"]) == (TICKETS, None)
    looked = actas("inspect", "@there")
    assert (looked.code, "was granted by" in looked.out) == (1, False)  # not proven, and not wrong
    keys = asking.folder / "theirs.jwks.json"
    keys.write_text(json.dumps({"keys": [THEIR_KEY.jwk()]}))
    assert actas("inspect", "@there", "--jwks", str(keys)).code == 0


@pytest.mark.requirement("IDC-60")
@pytest.mark.parametrize(
    ("words", "told", "looked"),
    [
        (("--audience", TICKETS), True, f"it is a token of {TICKETS}: add --jwks"),
        (("--resource", API), False, f"it says issuer {TICKETS}, and was granted by http"),
    ],
)
def test_it_is_not_called_forged_however_the_other_server_was_named(
    asking: Exchanging, actas: Program, words: tuple[str, str], told: bool, looked: str
) -> None:
    ran = asking.run("--subject", f"@{asking.folder}/subject", *words, "--save", "there")
    assert (ran.code, f"@there is a token of {TICKETS}" in ran.err) == (0, told)
    shown = actas("inspect", "@there")
    assert (shown.code, "signature bad" in shown.out) == (1, False)
    assert "? signature not checked" in shown.out
    assert looked in shown.out
    keys = asking.folder / "theirs.jwks.json"
    keys.write_text(json.dumps({"keys": [THEIR_KEY.jwk()]}))
    assert actas("inspect", "@there", "--jwks", str(keys)).code == 0


def test_what_is_of_ones_own_server_is_kept_with_its_keys_whatever_it_was_called(
    acme: Exchanging, actas: Program
) -> None:
    """``--to`` names an audience, and that may be an API here."""
    ran = acme.run("--subject", f"@{acme.folder}/subject", "--to", "inventory", "--save", "mine")
    assert (ran.code, "is a token of" in ran.err) == (0, False)
    assert actas("inspect", "@mine").code == 0


@pytest.mark.parametrize(
    ("error", "reason", "status", "code"),
    [
        ("invalid_target", "refused_there", 400, 1),
        ("invalid_scope", "refused_there", 400, 1),
        ("invalid_target", "person_not_nameable", 400, 1),
        ("server_error", "bad_answer_there", 502, 4),
        ("server_error", "not_known_there", 502, 4),
        ("temporarily_unavailable", "upstream_down", 503, 4),
    ],
)
def test_what_did_not_come_ends_with_what_a_script_can_go_by(
    asking: Exchanging, error: str, reason: str, status: int, code: int
) -> None:
    asking.server.answer = refused(error, reason, status=status)
    ran = asking.run("--subject", f"@{asking.folder}/subject", *ASK, terminal=True, environ=PLAIN)
    assert (ran.code, ran.out, reason in ran.err) == (code, "", True), ran.err


@pytest.mark.parametrize(
    ("words", "error", "told"),
    [
        (ASK, "invalid_target", True),
        (("--for", "id-jag", *ASK), "invalid_request", True),
        (("--for", "jwt", *ASK), "invalid_target", False),
        (("--audience", "inventory"), "invalid_target", False),
        (ASK, "invalid_client", False),
    ],
)
def test_the_id_token_that_is_kept_beside_is_named(
    asking: Exchanging, actas: Program, words: tuple[str, ...], error: str, told: bool
) -> None:
    for name, kind in (("alice", ACCESS_TOKEN), ("alice/id", ID_TOKEN)):
        kept = SavedToken(
            token=Secret(asking.subject), token_type=str(kind), issuer=None, jwks=None, saved_at=0
        )
        save(actas.home, name, kept)
    asking.server.answer = refused(error, "no_connection")
    ran = asking.run("--subject", "@alice", *words)
    hint = "hint   @alice is an access token; @alice/id is the ID token"
    assert (hint in ran.err.splitlines()) == told, ran.err
