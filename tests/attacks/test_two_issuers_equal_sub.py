"""Two issuers, one name.

``sub`` is unique within its issuer and nowhere else. An attacker who may register an issuer, or who is a
customer of one that is trusted, makes himself a subject there with the ``sub``, the e-mail address or the user
name of somebody at another issuer, and is taken for that person (CVE-2026-9092, CVE-2025-64717).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import CORP, FROM_CORP, IDP, IDP_KEY, NOW, House, allow

from actas.core.wire import ID_TOKEN
from actas.crypto import jose
from actas.policy.rule import PartySelector
from actas.trust.registry import TrustedIssuer

EVIL = "https://idp.evil.example"
EVIL_KEY = jose.PrivateKey.generate("ES256")
PLAIN: dict[str, Any] = {"subject": "claims.sub", "email_domains": frozenset[str](), "groups": None}
GOOD = replace(CORP, name="good", **PLAIN)
BAD = replace(CORP, name="evil", issuer=EVIL, keys=(EVIL_KEY.public.jwk(),), **PLAIN)
BOTH = PartySelector(issuers=frozenset({"good", "evil", "corp-idp"}))
RULE = allow("translate", "translation", "helpdesk", "orders", subject=BOTH)
HOW: dict[str, Any] = {"subject_token_type": str(ID_TOKEN), "audience": "orders"}


def of(house: House, issuer: TrustedIssuer, **claims: Any) -> str:
    key = EVIL_KEY if issuer.issuer == EVIL else IDP_KEY
    return house.id_token(iss=issuer.issuer, key=key, nonce="n", **claims)


@pytest.mark.requirement("SEC-24")
async def test_equal_subjects_of_two_issuers_are_two_people() -> None:
    house = House(issuers=(GOOD, BAD), rules=(RULE,))
    good = await house.claims("helpdesk", of(house, GOOD), **HOW)
    evil = await house.claims("helpdesk", of(house, BAD), **HOW)
    assert (good["sub"], evil["sub"]) == ("good:id-alice", "evil:id-alice")
    assert (good["sub_id"]["iss"], evil["sub_id"]["iss"]) == (IDP, EVIL)


@pytest.mark.requirement("SEC-24")
async def test_an_issuer_does_not_speak_for_addresses_of_another() -> None:
    """The evil issuer maps by e-mail too, for its own domain; Alice's is not in it."""
    evil = replace(BAD, subject="claims.email", email_domains=frozenset({"evil.example"}))
    house = House(issuers=(CORP, evil), rules=(RULE,))
    assert (await house.claims("helpdesk", house.id_token(nonce="n"), **HOW))["sub"] == "alice@acme.example"
    error = await house.refused("helpdesk", of(house, evil), **HOW)
    assert (error.reason, "does not speak for" in error.detail) == ("bad_subject", True)
    own = of(house, evil, email="alice@evil.example")
    assert (await house.claims("helpdesk", own, **HOW))["sub"] == "alice@evil.example"


@pytest.mark.requirement("SEC-24", "SEC-42")
async def test_a_rule_for_one_issuers_people_does_not_fit_anothers() -> None:
    rule = allow(
        "a", "translation", "helpdesk", "orders", subject=replace(FROM_CORP, issuers=frozenset({"good"}))
    )
    house = House(issuers=(GOOD, BAD), rules=(rule,))
    assert (await house.claims("helpdesk", of(house, GOOD), **HOW))["sub"] == "good:id-alice"
    assert (await house.refused("helpdesk", of(house, BAD), **HOW)).reason == "no_rule"


@pytest.mark.requirement("SEC-24")
@pytest.mark.parametrize(
    "sub",
    [
        "good:id-alice",
        "alice@acme.example",
        "orders",
        "actas:orders",
        "id-alice\u200b",
        ":id-alice",
        "x:good:id-alice",
    ],
)
async def test_no_subject_is_spelt_into_another_issuers_name(sub: str) -> None:
    house = House(issuers=(GOOD, BAD), rules=(RULE,))
    claims = await house.claims("helpdesk", of(house, BAD, sub=sub), **HOW)
    assert claims["sub"] == f"evil:{sub}"


@pytest.mark.requirement("SEC-24", "SEC-16", "SEC-39")
async def test_an_issuers_key_does_not_sign_for_another() -> None:
    house = House(issuers=(GOOD, BAD), rules=(RULE,))
    error = await house.refused("helpdesk", house.id_token(key=EVIL_KEY, nonce="n"), **HOW)
    assert error.reason == "bad_subject"


@pytest.mark.requirement("SEC-20", "SEC-37")
@pytest.mark.parametrize(
    "issuer",
    [
        f"{IDP}/",
        IDP.upper(),
        IDP[:-1],
        f"{IDP}.evil.example",
        f"{IDP}:443",
        [IDP],
        "",
        " ",
        None,
        IDP + "\u0000",
        7,
    ],
)
async def test_an_issuer_that_looks_like_a_trusted_one_is_not_trusted(issuer: Any) -> None:
    house = House(issuers=(GOOD,), rules=(RULE,))
    error = await house.refused("helpdesk", house.id_token(iss=issuer, nonce="n"), **HOW)
    assert error.reason == "bad_subject"


@pytest.mark.requirement("SEC-20", "SEC-24")
@pytest.mark.parametrize(
    "sub",
    [7, None, "", " ", ["id-alice"], {"a": "b"}, True, "a\u0000b", "a\nb", "a\u009bb", "x" * 256, "\u2028"],
)
async def test_a_subject_is_a_plain_name(sub: Any) -> None:
    house = House(issuers=(GOOD,), rules=(RULE,))
    error = await house.refused("helpdesk", house.id_token(sub=sub, nonce="n", exp=NOW + 60), **HOW)
    assert error.reason == "bad_subject"
