"""An address that nobody verified.

At many identity providers a person can put any e-mail address into the profile; only ``email_verified`` says
that it is theirs. Where an exchange maps people by address, the attacker writes the administrator's and is
mapped to the administrator (CVE-2026-9092). A missing mark, a mark of another type, another domain, and an
address that two programs read differently are the same attack.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import CORP, FROM_CORP, House, allow

from actas.core.wire import ID_TOKEN

RULE = allow("translate", "translation", "helpdesk", "orders", subject=FROM_CORP)
HOW: dict[str, Any] = {"subject_token_type": str(ID_TOKEN), "audience": "orders"}


@pytest.mark.requirement("SEC-24", "SEC-02")
@pytest.mark.parametrize("mark", [False, None, "true", "True", 1, "", [True], {"value": True}, 0])
async def test_an_address_counts_only_with_its_mark(mark: Any) -> None:
    house = House(rules=(RULE,))
    error = await house.refused("helpdesk", house.id_token(email_verified=mark, nonce="n"), **HOW)
    assert (error.reason, "has not verified" in error.detail) == ("bad_subject", True)


@pytest.mark.requirement("SEC-24")
@pytest.mark.parametrize(
    "email",
    [
        "alice@evil.example",
        "alice@acme.example.evil.example",
        "alice@evilacme.example",
        "alice@ACME.EXAMPLE",
        "alice@acme.example.",
        "alice@acme\uff0eexample",
        "alice@evil.example@acme.example",
        '"alice@evil.example"@acme.example',
        "alice@evil.example, bob@acme.example",
        "alice@acme.example\n",
        "alice @acme.example",
        "a<b>@acme.example",
        "@acme.example",
        "acme.example",
        "alice",
        "",
        "x" * 65 + "@acme.example",
    ],
)
async def test_an_address_outside_the_issuers_domains_is_nobodys(email: str) -> None:
    house = House(rules=(RULE,))
    assert (
        await house.refused("helpdesk", house.id_token(email=email, nonce="n"), **HOW)
    ).reason == "bad_subject"


@pytest.mark.requirement("SEC-24", "SEC-20")
@pytest.mark.parametrize("email", [None, 7, ["alice@acme.example"], {"a": "alice@acme.example"}])
async def test_an_address_that_is_not_text_is_nobodys(email: Any) -> None:
    house = House(rules=(RULE,))
    assert (
        await house.refused("helpdesk", house.id_token(email=email, nonce="n"), **HOW)
    ).reason == "bad_subject"


@pytest.mark.requirement("SEC-24")
@pytest.mark.parametrize("claim", ["upn", "preferred_username"])
async def test_the_mark_is_for_the_address_it_stands_beside(claim: str) -> None:
    """The mapping reads another claim, which the person can choose; the mark is about ``email``."""
    issuer = replace(CORP, subject=f"claims.{claim}")
    house = House(issuers=(issuer,), rules=(RULE,))
    given: dict[str, Any] = {claim: "admin@acme.example", "nonce": "n"}
    error = await house.refused("helpdesk", house.id_token("eve", **given), **HOW)
    assert error.reason == "bad_subject"
    same = {claim: "eve@acme.example", "nonce": "n"}
    assert (await house.claims("helpdesk", house.id_token("eve", **same), **HOW))["sub"] == "eve@acme.example"  # type: ignore[arg-type]


@pytest.mark.requirement("SEC-24")
async def test_without_domains_an_address_is_a_name_like_any_other() -> None:
    issuer = replace(CORP, email_domains=frozenset())
    house = House(issuers=(issuer,), rules=(RULE,))
    claims = await house.claims("helpdesk", house.id_token(email_verified=False, nonce="n"), **HOW)
    assert claims["sub"] == "corp-idp:alice@acme.example"
