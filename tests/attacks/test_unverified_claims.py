"""Deciding on what nobody signed.

A server authenticated clients by their secret and then judged "signed assertions only" by an assertion in the
same request that it had never verified (CVE-2026-16093). Whatever is read from a token before its signature is
checked may be used to find a key and for nothing else. What is unverified is called so in its name, and the
places where such a name may be used are written down here.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, Final

import pytest
from tests.fakes.forge import SigningKey, forge
from tests.fakes.house import CORP, IDP, ISSUER, House

from actas.core.wire import ID_TOKEN
from actas.crypto import jose

SOURCE: Final = Path(jose.__file__).parent.parent
MAY_USE: Final = {
    ("clients/assertion.py", "__call__"): "which client to look up",
    ("clients/private_key_jwt.py", "_key"): "which of the client's keys",
    ("clients/dpop.py", "read"): "whether to refuse a proof for want of a nonce",
    ("clients/client_secret_jwt.py", "_registered"): "which of the registered algorithms",
    ("clients/workload.py", "_verified"): "which of the issuer's keys",
    ("admin/revoking.py", "token"): "what an administrator ends; nothing is given for it",
    ("subjects/access_token.py", "_signed"): "which of our keys",
    ("subjects/jwt.py", "_issuer"): "which registered issuer to look up",
    ("subjects/jwt.py", "prove"): "which of the issuer's keys",
    ("subjects/jwt.py", "_says_access_token"): "the typ of a token that is verified by then",
    ("store/audit_postgresql_log.py", "_number"): "in which order checkpoints stand",
    ("issuers/access_token.py", "_reread"): "what we have just signed ourselves",
    ("issuers/id_token.py", "tell"): "what we have just signed ourselves",
    (
        "subjects/own_id_token.py",
        "is_claimed_by",
    ): "whether it says that it is ours; then our key must have signed it",
    ("subjects/own_id_token.py", "prove"): "which of our keys",
    ("subjects/id_jag.py", "validate"): "whether it says that it is ours; then it is refused",
    ("subjects/jwt_grant.py", "validate"): "whether it says that it is ours; then it is refused",
    ("subjects/jwt_grant.py", "_look"): "what has to be in it besides, once its key has signed it",
    ("subjects/typed.py", "_typ"): "whether to refuse it before its key is looked for, and what to call it",
    ("grants/jwt_bearer.py", "_declared"): "as which of two kinds of grant it is to be proven",
    ("issuers/id_jag.py", "issue"): "what we have just signed ourselves",
    ("signin/hints.py", "read"): "which of our keys; and when it was made, for it may be old",
    ("signin/vouched.py", "_proven"): "the algorithm of a token that is verified by then, for at_hash",
}
"""Every function outside ``crypto`` that may look at what is unverified, and what for."""

ELSEWHERE: Final = ("crypto/", "cli/", "demo/")
"""``crypto`` makes it; the command line and the demonstration show tokens to people and decide nothing."""


def users() -> set[tuple[str, str]]:
    found = set()
    for path in sorted(SOURCE.rglob("*.py")):
        file = path.relative_to(SOURCE).as_posix()
        if file.startswith(ELSEWHERE):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            names = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
            if any(name.startswith("unverified") for name in names):
                found.add((file, node.name))
    return found


@pytest.mark.requirement("SEC-03")
def test_what_is_unverified_is_used_to_find_a_key_and_for_nothing_else() -> None:
    unknown = {one for one in users() if one not in MAY_USE and not one[0].startswith("audit/")}
    assert unknown == set()
    assert set(MAY_USE) <= users()


@pytest.mark.requirement("SEC-03", "SEC-16")
@pytest.mark.parametrize(
    "claims",
    [
        {"groups": ["support"]},
        {"email": "dana@acme.example"},
        {"act": {"sub": "x"}},
        {"cnf": {}},
        {"aud": "none"},
    ],
)
async def test_claims_of_a_forged_token_change_nothing_about_its_refusal(claims: dict[str, Any]) -> None:
    house = House()
    forged = forge(
        {**dict(jose.parse(house.id_token(nonce="n")).unverified_claims), **claims},
        key=SigningKey.generate().named(CORP.keys[0]["kid"]),  # type: ignore[arg-type]
    )
    error = await house.refused("assistant", forged, subject_token_type=str(ID_TOKEN), audience="orders")
    assert (error.reason, "signature" in error.detail) == ("bad_subject", True)
    event = house.writer.events[-1]
    assert "subject" not in event
    assert "policy" not in event


@pytest.mark.requirement("SEC-03", "SEC-36")
async def test_only_the_issuer_is_taken_from_a_token_before_it_is_verified() -> None:
    house = House()
    for issuer, said in (
        (IDP, "signature"),
        (ISSUER, "no key of ours"),
        ("https://evil.example", "no trusted"),
    ):
        forged = forge({"iss": issuer, "sub": "x"}, key=SigningKey.generate().named(CORP.keys[0]["kid"]))  # type: ignore[arg-type]
        error = await house.refused("assistant", forged, subject_token_type=str(ID_TOKEN), audience="orders")
        assert said in error.detail
