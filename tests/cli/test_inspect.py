from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.fakes.clock import NOON
from tests.fakes.forge import SigningKey, b64, forge
from tests.fakes.program import Program
from tests.fakes.token_server import Reply, TokenServer

from actas.core.opaque import REFERENCE, REFRESH, new_text
from actas.core.ports import SystemChance

KEY = SigningKey.generate("ES256", kid="2026-11-a")
ISSUER = "https://sts.acme.example"
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "https://inventory.acme.example",
    "sub": "alice@acme.example",
    "sub_profile": "user",
    "client_id": "orders",
    "scope": "stock:read",
    "iat": int(NOON) - 19,
    "exp": int(NOON) + 101,
    "jti": "j-1",
    "act": {
        "iss": ISSUER,
        "sub": "orders",
        "sub_profile": "service",
        "act": {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"},
    },
}


def token(
    *, typ: str | None = "at+jwt", key: SigningKey | bytes = KEY, alg: str | None = None, **claims: Any
) -> str:
    merged = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not ...}
    return forge(merged, key=key, alg=alg, headers={"typ": ... if typ is None else typ})


@pytest.fixture
def jwks(tmp_path: Path) -> str:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [KEY.jwk()]}))
    return str(path)


def test_a_good_token_is_taken_apart_and_drawn(actas: Program, jwks: str) -> None:
    ran = actas("inspect", "-", "--jwks", jwks, stdin=token())
    assert ran.code == 0
    assert ran.err == ""
    assert (
        ran.out
        == f"""\
JWT access token · ES256 · key 2026-11-a
✓ signature good         issuer https://sts.acme.example, keys from {jwks}
✓ live                   1 m 41 s of 2 m left

  ●  alice@acme.example      person
  │
  ⬢  assistant               agent     earlier actor: history, not authority
  │
  ■  orders                  service   current actor
  │
  ▭  inventory               may stock:read

orders may use stock:read at inventory, acting for alice, who asked through assistant.
"""
    )


def test_every_symbol_has_a_plain_form(actas: Program, jwks: str) -> None:
    ran = actas("--ascii", "inspect", "-", "--jwks", jwks, stdin=token())
    assert ran.out.isascii()
    assert (
        ran.out
        == f"""\
JWT access token - ES256 - key 2026-11-a
+ signature good         issuer https://sts.acme.example, keys from {jwks}
+ live                   1 m 41 s of 2 m left

  (o)  alice@acme.example      person
   |
  <a>  assistant               agent     earlier actor: history, not authority
   |
  [s]  orders                  service   current actor
   |
  [ ]  inventory               may stock:read

orders may use stock:read at inventory, acting for alice, who asked through assistant.
"""
    )


def test_programs_get_one_document(actas: Program, jwks: str) -> None:
    ran = actas("inspect", "-", "--jwks", jwks, "--json", stdin=token())
    document = ran.document
    assert ran.code == 0
    assert (document["kind"], document["v"], document["good"]) == ("actas/Inspection", 1, True)
    assert document["chain"] == [
        {"kind": "person", "id": "alice@acme.example"},
        {"kind": "agent", "id": "assistant"},
        {"kind": "service", "id": "orders", "current": True},
    ]
    assert [(one["check"], one["result"]) for one in document["checks"]] == [
        ("signature", "good"),
        ("times", "good"),
    ]
    assert document["claims"] == CLAIMS
    assert document["header"]["kid"] == "2026-11-a"


def test_the_other_forms_say_the_same(actas: Program, jwks: str) -> None:
    def answer(form: str) -> str:
        return actas("inspect", "-", "--jwks", jwks, "-o", form, stdin=token()).out

    whole = json.loads(answer("json"))
    assert yaml.safe_load(answer("yaml")) == whole
    assert answer("jsonl").count("\n") == 1
    assert json.loads(answer("jsonl")) == whole
    assert answer("name") == "j-1\n"


def test_without_keys_it_says_so_and_the_answer_is_no(actas: Program) -> None:
    ran = actas("inspect", "-", stdin=token())
    assert ran.code == 1
    assert "? signature not checked  no keys: add --jwks FILE or URL, or --no-verify to only look" in ran.out
    assert "Unproven: orders may use" in ran.out
    assert ran.err == ""


def test_only_looking_is_a_yes_when_asked_for(actas: Program) -> None:
    ran = actas("inspect", "-", "--no-verify", stdin=token())
    assert ran.code == 0
    assert "- signature not checked  because of --no-verify" in ran.out
    assert "Unproven: " in ran.out


def test_only_looking_does_not_revive_an_expired_token(actas: Program) -> None:
    ran = actas("inspect", "-", "--no-verify", stdin=token(exp=int(NOON) - 180))
    assert ran.code == 1
    assert "✕ expired                3 m ago" in ran.out


@pytest.mark.parametrize(
    ("claims", "label", "detail"),
    [
        ({"exp": int(NOON)}, "expired", "0 s ago, lived 19 s"),
        ({"exp": int(NOON) - 3600, "iat": int(NOON) - 3720}, "expired", "1 h ago, lived 2 m"),
        ({"nbf": int(NOON) + 30}, "not valid yet", "for 30 s more"),
        ({"iat": int(NOON) + 30}, "not valid yet", "for 30 s more"),
        ({"iat": int(NOON) - 5, "nbf": int(NOON) - 5, "exp": int(NOON) - 5}, "expired", "5 s ago"),
        ({"exp": ...}, "not live", "the claim exp is missing or is not a number"),
        ({"exp": "soon"}, "not live", "the claim exp is missing or is not a number"),
    ],
)
def test_a_token_that_is_not_live_is_a_no(
    actas: Program, jwks: str, claims: dict[str, Any], label: str, detail: str
) -> None:
    ran = actas("inspect", "-", "--jwks", jwks, "--json", stdin=token(**claims))
    assert ran.code == 1
    found = [one for one in ran.document["checks"] if one["check"] == "times"]
    assert [(one["label"], one["detail"]) for one in found] == [(label, detail)]
    assert ran.error["exit"] == 1


def test_another_instant_can_be_asked_about(actas: Program, jwks: str) -> None:
    words = ("inspect", "-", "--jwks", jwks, "--at")
    assert actas(*words, str(int(NOON) + 100), stdin=token()).code == 0
    assert actas(*words, "2035-01-01T00:00:00Z", stdin=token()).code == 1
    assert actas(*words, "tomorrow", stdin=token()).code == 2


@pytest.mark.requirement("SEC-03")
def test_a_bad_signature_wakes_somebody(actas: Program, jwks: str) -> None:
    forged = token(key=SigningKey.generate("ES256", kid="2026-11-a"))
    ran = actas("inspect", "-", "--jwks", jwks, stdin=forged)
    assert ran.code == 7
    assert "✕ signature bad" in ran.out
    assert "forged or edited" in ran.out
    ran = actas("inspect", "-", "--jwks", jwks, "--json", stdin=forged)
    assert (ran.code, ran.error["code"], ran.error["exit"]) == (7, "bad_signature", 7)
    assert ran.document["good"] is False


def test_a_bad_signature_outweighs_the_times(actas: Program, jwks: str) -> None:
    forged = token(key=SigningKey.generate("ES256", kid="2026-11-a"), exp=int(NOON) - 5)
    assert actas("inspect", "-", "--jwks", jwks, stdin=forged).code == 7


def test_a_key_that_is_not_there_proves_nothing(actas: Program, jwks: str) -> None:
    ran = actas("inspect", "-", "--jwks", jwks, stdin=token(key=SigningKey.generate("ES256", kid="other")))
    assert ran.code == 1
    assert f"no ES256 key named other in {jwks}, which has: 2026-11-a" in ran.out


def test_a_single_key_is_a_key_set_too(actas: Program, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(KEY.jwk()))
    assert actas("inspect", "-", "--jwks", str(path), stdin=token()).code == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense", '{"keys": 1}'])
def test_a_file_without_keys_is_a_mistake_of_use(actas: Program, tmp_path: Path, text: str) -> None:
    path = tmp_path / "empty.json"
    path.write_text(text)
    ran = actas("inspect", "-", "--jwks", str(path), stdin=token())
    assert ran.code == 2
    assert ran.out == ""


def test_a_missing_file_is_a_mistake_of_use(actas: Program) -> None:
    ran = actas("inspect", "-", "--jwks", "nix.json", stdin=token())
    assert (ran.code, ran.err) == (2, "error  --jwks: nix.json cannot be read: No such file or directory\n")


def test_the_audience_is_compared_whole(actas: Program, jwks: str) -> None:
    words = ("inspect", "-", "--jwks", jwks, "--audience")
    good = actas(*words, "https://inventory.acme.example", stdin=token())
    assert good.code == 0
    assert "✓ meant for              https://inventory.acme.example" in good.out
    short = actas(*words, "inventory", stdin=token())
    assert short.code == 1
    assert "did you mean --audience https://inventory.acme.example?" in short.out
    assert (
        actas(*words, "https://orders.acme.example", "--json", stdin=token()).error["code"]
        == "wrong_audience"
    )


def test_claims_are_printed_when_asked_for(actas: Program, jwks: str) -> None:
    plain = actas("inspect", "-", "--jwks", jwks, stdin=token()).out
    whole = actas("inspect", "-", "--jwks", jwks, "--claims", stdin=token()).out
    assert whole.startswith(plain)
    header, claims = whole.removeprefix(plain).strip().split("\n\n")
    assert json.loads(header)["typ"] == "at+jwt"
    assert json.loads(claims) == CLAIMS


def test_an_id_token_is_known_and_its_person_shown(actas: Program, jwks: str) -> None:
    identity = forge(
        {
            "iss": ISSUER,
            "aud": "acme-web",
            "sub": "a-17",
            "email": "alice@acme.example",
            "nonce": "n",
            "iat": int(NOON),
            "exp": int(NOON) + 300,
        },
        key=KEY,
        headers={"typ": "JWT"},
    )
    ran = actas("inspect", "-", "--jwks", jwks, stdin=identity)
    assert ran.code == 0
    assert ran.out.startswith("ID token · ES256 · key 2026-11-a\n")
    assert "  ●  alice@acme.example      person\n  │\n  ▭  acme-web" in ran.out
    assert ran.out.endswith("\nalice signed in to acme-web.\n")
    told = actas("inspect", "-", "--jwks", jwks, "--json", stdin=identity).document
    assert told["sentence"] == "alice signed in to acme-web."


@pytest.mark.parametrize(
    ("typ", "title"),
    [
        ("application/at+jwt", "JWT access token"),
        ("oauth-id-jag+jwt", "identity assertion grant (ID-JAG)"),
        ("secevent+jwt", "security event token"),
        ("client-authentication+jwt", "client assertion"),
        ("JWT", "JWT"),
        (None, "JWT"),
    ],
)
def test_kinds_of_jwt_are_told_apart(actas: Program, typ: str | None, title: str) -> None:
    assert actas("inspect", "-", "--no-verify", stdin=token(typ=typ)).out.startswith(f"{title} · ES256")


def test_a_client_that_speaks_for_itself_is_said_so(actas: Program, jwks: str) -> None:
    ran = actas("inspect", "-", "--jwks", jwks, stdin=token(sub="orders", sub_profile=..., act=...))
    assert "  ■  orders                  service   acting for itself" in ran.out
    assert ran.out.endswith("orders may use stock:read at inventory, acting for itself.\n")


def test_a_bound_token_names_its_key(actas: Program, jwks: str) -> None:
    bound = token(cnf={"jkt": "Kx3fAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA9Q"})
    ran = actas("inspect", "-", "--jwks", jwks, stdin=bound)
    assert "✓ bound                  DPoP key Kx3f…9Q: useless without it" in ran.out


def test_a_confirmation_of_another_kind_is_left_to_the_claims(actas: Program, jwks: str) -> None:
    ran = actas("inspect", "-", "--jwks", jwks, stdin=token(cnf={"kid": "x"}))
    assert ran.code == 0
    assert "bound" not in ran.out


@pytest.mark.parametrize("act", ["orders", {}, {"sub": 7}, {"sub": "a", "act": []}])
def test_a_chain_that_nobody_would_read_is_a_no(actas: Program, jwks: str, act: object) -> None:
    ran = actas("inspect", "-", "--jwks", jwks, "--json", stdin=token(act=act))
    assert (ran.code, ran.error["code"]) == (1, "bad_chain")


def test_a_chain_without_end_is_drawn_as_far_as_it_matters(actas: Program, jwks: str) -> None:
    act: dict[str, Any] = {"sub": "last"}
    for number in range(11):
        act = {"sub": f"a{number}", "act": act}
    ran = actas("inspect", "-", "--jwks", jwks, stdin=token(act=act))
    assert ran.code == 1
    assert "✕ chain broken           act names more than 10 actors" in ran.out


@pytest.mark.parametrize("alg", ["none", "HS256"])
def test_what_no_server_of_ours_would_take_is_shown_and_refused(actas: Program, jwks: str, alg: str) -> None:
    odd = token(key=b"secret", alg=alg)
    ran = actas("inspect", "-", "--jwks", jwks, stdin=odd)
    assert ran.code == 1
    assert (
        "✕ not acceptable         the algorithm in the header of the token is none that we accept" in ran.out
    )
    assert "alice@acme.example" in ran.out
    assert actas("inspect", "-", "--no-verify", stdin=odd).code == 0


def test_a_token_signed_well_that_says_it_wrongly_is_refused(actas: Program, jwks: str) -> None:
    ran = actas("inspect", "-", "--jwks", jwks, stdin=token(iat=...))
    assert ran.code == 1
    assert "✕ not acceptable         the claim iat is missing or is not a number" in ran.out
    ran = actas("inspect", "-", "--jwks", jwks, stdin=token(iss=...))
    assert ran.code == 1
    assert "✕ not acceptable         the claim iss is missing or is not a name" in ran.out


@pytest.mark.parametrize(
    ("text", "title", "why"),
    [
        ("ya29.opaque-handle-without-meaning", "opaque text, 34 characters", "only its issuer can say"),
        (
            new_text(REFERENCE, SystemChance()),
            "reference token of Actas, 59 characters",
            "actas introspect asks",
        ),
        (
            new_text(REFRESH, SystemChance()),
            "refresh token of Actas, 59 characters",
            "actas introspect asks",
        ),
        ("<saml:Assertion/>", "XML, 17 characters", "this release reads no XML"),
        (b64(b"<?xml version='1.0'?><Response/>"), "XML, 43 characters", "this release reads no XML"),
        (".".join([b64(b'{"alg":"RSA-OAEP"}'), "a", "b", "c", "d"]), "encrypted JWT · RSA-OAEP", "encrypted"),
        (f"{b64(b'[1]')}.{b64(b'{}')}.x", "opaque text", "only its issuer can say"),
        (f"{b64(b'{' + b'[' * 999)}.{b64(b'{}')}.x", "opaque text", "only its issuer can say"),
    ],
)
def test_what_is_no_jwt_is_said_plainly(actas: Program, text: str, title: str, why: str) -> None:
    ran = actas("inspect", "-", stdin=text)
    assert ran.code == 1
    assert ran.out.startswith(title)
    assert why in ran.out
    assert "may use" not in ran.out


def test_keys_are_fetched_from_exactly_the_address_that_was_typed(
    actas: Program, server: TokenServer
) -> None:
    good = server.token({**CLAIMS, "iss": server.issuer})
    address = f"{server.issuer}/jwks"
    ran = actas("inspect", "-", "--jwks", address, stdin=good)
    assert ran.code == 0
    assert f"keys from {address}" in ran.out
    assert server.paths == ["/jwks"]


def test_an_address_that_does_not_answer_is_no_answer_about_the_token(
    actas: Program, server: TokenServer
) -> None:
    server.replies["/jwks"] = Reply(status=302, headers={"Location": "/elsewhere"})
    ran = actas("inspect", "-", "--jwks", f"{server.issuer}/jwks", stdin=token())
    assert (ran.code, ran.out) == (4, "")
    assert "redirect" in ran.err
    assert server.paths == ["/jwks"]


def test_keys_are_not_fetched_in_the_clear_from_elsewhere(actas: Program) -> None:
    ran = actas("inspect", "-", "--jwks", "http://sts.acme.example/jwks", stdin=token())
    assert (ran.code, ran.out) == (4, "")
    assert "plain http" in ran.err
    assert actas("inspect", "-", "--jwks", "https://user@sts.acme.example/", stdin=token()).code == 2


def test_verifying_and_not_verifying_contradict_each_other(actas: Program, jwks: str) -> None:
    assert actas("inspect", "-", "--jwks", jwks, "--no-verify", stdin=token()).code == 2
