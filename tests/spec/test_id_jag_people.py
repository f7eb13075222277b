"""draft-ietf-oauth-identity-assertion-authz-grant-04, sections 3.1 and 5: as whom the other server knows a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from tests.fakes.company import CORP_FOR_PEOPLE, TICKETS_API, connection
from tests.fakes.crossing import SHOWN, crossing, granted, read, refresh_token, refused, told
from tests.fakes.house import CORP, IDP, ISSUER, NOW, House

from actas.core.party import Identity
from actas.crypto import jose
from actas.policy.connections import Connected

OF_CORP = Connected(issuers=frozenset({"corp-idp"}))
ANYBODY = Connected(issuers=frozenset({"actas"}))
OTHER = "https://auth.files.example"


def of_corp(issuer: Any = CORP, **changes: Any) -> House:
    """A house in which the people of the identity provider may be told of, to ``web`` and nobody else."""
    known = replace(issuer, audiences={"acme-web": frozenset({"web"})})
    return crossing(issuers=(known,), connections=[connection(people=OF_CORP, **changes)])


@pytest.mark.requirement("JAG-40")
async def test_by_default_a_person_is_called_as_everywhere() -> None:
    it = crossing()
    assert (
        (await told(it))["sub"] == (await told(it, await refresh_token(it), **SHOWN))["sub"] == "actas:alice"
    )


@pytest.mark.requirement("JAG-40")
async def test_a_pairwise_name_is_one_for_that_server_alone() -> None:
    there = connection(identify_by="pairwise", people=ANYBODY)
    elsewhere = connection("files", identify_by="pairwise", people=ANYBODY, issuer=OTHER, resources=())
    also_there = replace(there, client="helpdesk", to=replace(there.to, connection="desk"))
    it = crossing(connections=[there, elsewhere, also_there])
    alice = (await told(it))["sub"]
    assert (await told(it))["sub"] == alice
    assert (await told(it, who="helpdesk"))["sub"] == alice
    assert (await told(it, await refresh_token(it), **SHOWN))["sub"] == alice
    others = {
        (await told(it, audience=OTHER))["sub"],
        (await told(it, it.our_id_token(sub="actas:olga")))["sub"],
        "actas:alice",
    }
    assert len(others) == 3
    assert alice not in others
    assert len(alice) == 43


@pytest.mark.requirement("JAG-40")
async def test_by_address_a_person_is_called_by_the_one_that_they_have_now() -> None:
    it = crossing(connections=[connection(identify_by="email")])
    assert (await told(it))["sub"] == "alice@acme.example"
    person = it.catalog.people["actas:alice"]
    it.catalog.people["actas:alice"] = structs.replace(person, email="a.new@acme.example")
    claims = await told(it)
    assert (claims["sub"], claims["email"]) == ("a.new@acme.example", "a.new@acme.example")
    it.catalog.people["actas:alice"] = structs.replace(person, email=None)
    error = await refused(it)
    assert (error.code, error.reason) == ("invalid_grant", "person_not_nameable")


@pytest.mark.requirement("JAG-41", "IDC-51", "SEC-55")
async def test_what_the_connection_does_not_let_be_told_is_not() -> None:
    quiet: dict[str, Any] = {"tells_email": False, "names_agents": False}
    it = crossing(connections=[connection(**quiet), connection("a", client="assistant", **quiet)])
    for who in ("web", "assistant"):
        claims = await told(it, who=who)
        assert not {"email", "email_verified", "act"} & claims.keys()
    assert claims.keys() == {
        *("iss", "sub", "aud", "client_id", "jti", "iat", "exp", "scope", "resource"),
        *("auth_time", "acr", "amr", "sub_profile"),
    }


@pytest.mark.requirement("JAG-6")
async def test_an_agent_that_asks_for_a_person_is_named_and_nobody_else() -> None:
    it = crossing(connections=[connection(), connection("agents", client="assistant")])
    claims = await told(it, who="assistant")
    assert claims["act"] == {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"}
    assert claims["client_id"] == "acme-assistant"
    assert "act" not in await told(it)


@pytest.mark.requirement("IDC-51", "IDC-55", "JAG-6")
async def test_nothing_else_that_a_token_says_crosses() -> None:
    it = of_corp()
    claims = await told(
        it,
        it.id_token(
            name="Alice", department="support", tenant="t-1", sid="s-1", nonce="n", phone_number="+1"
        ),
    )
    assert claims.keys() == {
        *("iss", "sub", "aud", "client_id", "jti", "iat", "exp", "scope", "resource"),
        *("email", "email_verified", "sub_profile"),
    }
    ours = await told(crossing())
    assert not {"groups", "lineage", "txn", "sid", "nonce", "at_hash"} & ours.keys()


# People whom an issuer vouches for.


@pytest.mark.requirement("JAG-31", "JAG-40")
async def test_somebody_of_an_issuer_is_called_as_we_know_them_and_never_as_the_issuer_does() -> None:
    it = of_corp()
    claims = await told(it, it.id_token(auth_time=NOW - 20, acr="gold", amr=["hwk"]))
    assert (claims["iss"], claims["sub"], claims["email"]) == (
        ISSUER,
        "alice@acme.example",
        "alice@acme.example",
    )
    assert (claims["auth_time"], claims["acr"], claims["amr"]) == (NOW - 20, "gold", ["hwk"])


@pytest.mark.requirement("IDC-57", "JAG-36")
@pytest.mark.parametrize(
    "claims",
    [
        {"auth_time": "yesterday", "acr": ["mfa"], "amr": "pwd"},
        {"auth_time": True, "acr": 2, "amr": [1]},
        {"auth_time": {"at": 1}, "acr": "x" * 300, "amr": ["x"] * 21},
    ],
)
async def test_what_an_issuer_says_of_a_sign_in_in_another_form_is_not_told(claims: dict[str, Any]) -> None:
    it = of_corp()
    assert not {"auth_time", "acr", "amr"} & (await told(it, it.id_token(**claims))).keys()


@pytest.mark.requirement("SEC-24", "JAG-40")
@pytest.mark.parametrize("verified", [False, None, "true"])
async def test_an_address_that_its_issuer_has_not_verified_is_not_told(verified: Any) -> None:
    free = replace(CORP, email_domains=frozenset(), subject="claims.sub")
    for issuer in (free, CORP):
        it = of_corp(issuer)
        form = {"email_verified": verified}
        if issuer is CORP:  # whose people have no other name
            assert (await refused(it, it.id_token(**form))).code == "invalid_grant"
        else:
            assert "email" not in await told(it, it.id_token(**form))
            called_so = it.id_token(email="corp-idp:id-alice", **form)  # as we call them, and no address
            assert "email" not in await told(it, called_so)


@pytest.mark.requirement("SEC-24", "JAG-40")
async def test_an_issuer_that_speaks_for_no_domain_gives_nobody_an_address() -> None:
    """It says that it has verified our director's; the other server would take that for our own word."""
    partner = replace(CORP, email_domains=frozenset(), subject="claims.sub")
    it = of_corp(partner)
    forged = it.id_token("mallory", email="olga@acme.example")
    claims = await told(it, forged)
    assert claims["sub"] == "corp-idp:id-mallory"
    assert "email" not in claims
    it = of_corp(partner, identify_by="email")
    error = await refused(it, forged)
    assert (error.code, error.reason) == ("invalid_grant", "person_not_nameable")


@pytest.mark.requirement("JAG-40")
async def test_somebody_who_signed_in_through_an_issuer_is_told_of_where_the_connection_is_for_them() -> None:
    them: dict[str, Any] = {
        "sub": "corp-idp:~alice",
        "sub_id": {"format": "iss_sub", "iss": IDP, "sub": "id-alice"},
    }
    it = crossing(issuers=(CORP_FOR_PEOPLE,), connections=[connection(people=OF_CORP)])
    token = it.our_id_token(**them)
    claims = await told(it, token)
    assert claims["sub"] == "corp-idp:~alice"
    assert not {"email", "sub_id"} & claims.keys()
    signed_in = await refresh_token(
        it,
        person=Identity(ISSUER, "corp-idp:~alice"),
        origin=Identity(IDP, "id-alice"),
        origin_name="corp-idp",
    )
    assert (await told(it, signed_in, **SHOWN))["sub"] == "corp-idp:~alice"
    ours_only = crossing(issuers=(CORP_FOR_PEOPLE,), connections=[connection(people=ANYBODY)])
    assert (await refused(ours_only, token)).reason == "no_rule"


async def test_a_grant_is_read_by_the_key_set_that_is_published() -> None:
    it = crossing()
    grant = str((await granted(it, resource=TICKETS_API)).body["access_token"])
    published: Any = it.ring.published()["keys"]
    (jwk,) = [one for one in published if one["kid"] == jose.parse(grant).unverified_kid]
    assert "d" not in jwk
    assert read(it, grant)["iss"] == ISSUER
