"""draft-ietf-oauth-identity-assertion-authz-grant-04, sections 4.3, 9.2 and 9.8: what a grant comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from tests.fakes.bound import ME
from tests.fakes.company import connection
from tests.fakes.crossing import SHOWN, crossing, grant_form, granted, read, refresh_token, refused, told
from tests.fakes.house import APIS, CORP, ISSUER, NOW, House

from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, JWT, SAML2
from actas.policy.connections import Connected

OF_CORP = Connected(issuers=frozenset({"corp-idp"}))
KNOWN = replace(CORP, audiences={"acme-web": frozenset({"web"})})
"""The company's identity provider, which says of its ID tokens which client of ours they are for."""


def of_corp(**changes: Any) -> House:
    """A house in which the people of the identity provider may be told of."""
    one = connection(people=OF_CORP, **changes)
    return crossing(issuers=(KNOWN,), connections=[one])


# What it comes from.


@pytest.mark.requirement("JAG-24", "JAG-33", "JAG-34", "IDC-57")
async def test_a_refresh_token_of_a_sign_in_is_as_good_and_stays_as_it_is() -> None:
    it = crossing()
    token = await refresh_token(it, at=NOW - 90, acr="mfa", amr=("pwd", "otp"))
    first = await told(it, token, **SHOWN)
    assert (first["sub"], first["auth_time"], first["acr"], first["amr"]) == (
        "actas:alice",
        NOW - 90,
        "mfa",
        ["pwd", "otp"],
    )
    assert first["scope"] == "tickets:comment tickets:read"
    body = (await granted(it, token, **SHOWN)).body
    assert "refresh_token" not in body
    assert (await it.post(refreshed(it, token))).body["refresh_token"] != token


@pytest.mark.requirement("JAG-24", "SEC-53")
@pytest.mark.parametrize("told_of", [True, False])
async def test_an_agents_own_refresh_token_gives_a_grant_as_its_id_token_does(told_of: bool) -> None:
    it = crossing(connections=[connection(client="assistant", names_agents=told_of)])
    grant = await told(it, await refresh_token(it, "assistant"), "assistant", **SHOWN)
    assert grant.get("act") == (await told(it, who="assistant")).get("act")
    assert ("act" in grant) is told_of


@pytest.mark.requirement("JAG-34")
async def test_a_refresh_token_that_another_followed_is_refused_and_ends_the_sign_in() -> None:
    it = crossing()
    token = await refresh_token(it)
    after = str((await it.post(refreshed(it, token))).body["refresh_token"])
    it.clock.advance(60)
    error = await refused(it, token, **SHOWN)
    assert (error.code, error.reason) == ("invalid_grant", "refresh_reused")
    error = await refused(it, after, **SHOWN)
    assert (error.code, error.reason) == ("invalid_grant", "revoked")


@pytest.mark.requirement("JAG-33")
async def test_claims_are_gathered_afresh_where_a_refresh_token_is_shown() -> None:
    it = crossing()
    token = await refresh_token(it)
    person = it.catalog.people["actas:alice"]
    it.catalog.people["actas:alice"] = structs.replace(person, email="alice.new@acme.example")
    assert (await told(it, token, **SHOWN))["email"] == "alice.new@acme.example"
    it.catalog.people["actas:alice"] = structs.replace(person, email=None)
    assert not {"email", "email_verified"} & (await told(it, token, **SHOWN)).keys()
    it.catalog.people["actas:alice"] = structs.replace(person, groups=("others",))
    assert (await refused(it, token, **SHOWN)).reason == "no_rule"


@pytest.mark.requirement("JAG-24", "JAG-53", "SEC-54")
@pytest.mark.parametrize("kind", [str(ACCESS_TOKEN), str(JWT), str(SAML2)])
async def test_what_tells_of_no_sign_in_is_refused(kind: str) -> None:
    it = crossing(
        issuers=(KNOWN,), connections=[connection(people=Connected(issuers=frozenset({"actas", "corp-idp"})))]
    )
    ours = it.our_token(
        client_id="web", sub="actas:alice", aud=f"{ISSUER}/userinfo", act=None, groups=["support"]
    )
    foreign = it.id_token(scope="openid")
    for token in (ours, foreign, it.our_id_token()):
        error = await refused(it, token, subject_token_type=kind)
        assert error.code in ("invalid_request", "invalid_grant")
        assert error.reason in ("bad_subject", "unknown_profile")


@pytest.mark.requirement("JAG-25")
async def test_no_actor_token_is_taken_and_none_is_dropped() -> None:
    it = crossing()
    for actor, kind in ((it.our_id_token(sub="actas:olga"), str(ID_TOKEN)), ("nonsense", str(ACCESS_TOKEN))):
        error = await refused(it, actor_token=actor, actor_token_type=kind)
        assert (error.code, error.reason) == ("invalid_request", "actor_not_allowed")


@pytest.mark.requirement("SEC-06")
async def test_authorization_details_are_refused_rather_than_dropped() -> None:
    """They say less than all scopes of the connection, which the client would get without them."""
    for scope in (None, "tickets:read"):
        error = await refused(crossing(), scope=scope, authorization_details='[{"type":"ticket","id":"T-1"}]')
        assert (error.code, error.reason) == ("invalid_authorization_details", "bad_details")


@pytest.mark.requirement("JAG-30", "SEC-54")
async def test_the_client_proves_who_it_is() -> None:
    it = crossing()
    for secret in ("wrong", None):
        assert (await refused(it, client_secret=secret)).code == "invalid_client"
    public = crossing(connections=[connection(client="phone")])
    assert (await refused(public, who="phone", client_secret=None)).code == "unauthorized_client"


# Errors.


@pytest.mark.requirement("JAG-31", "JAG-32", "JAG-53")
@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": NOW - 1, "iat": NOW - 90}, "expired"),
        ({"aud": "helpdesk"}, "wrong_audience"),
        ({"iss": "https://evil.example"}, "bad_subject"),
        ({"sub": "actas:bob"}, "bad_subject"),
        ({"sub": "actas:nobody"}, "bad_subject"),
    ],
)
async def test_a_bad_id_token_is_an_invalid_grant(claims: dict[str, Any], reason: str) -> None:
    it = crossing()
    error = await refused(it, it.our_id_token(**claims))
    assert (error.code, error.reason) == ("invalid_grant", reason)


@pytest.mark.requirement("JAG-53")
@pytest.mark.parametrize("claims", [{"act": {"sub": "somebody"}}, {"may_act": {"sub": "web", "iss": ISSUER}}])
async def test_an_id_token_that_says_who_acts_is_an_invalid_grant_too(claims: dict[str, Any]) -> None:
    it = of_corp()
    error = await refused(it, it.id_token(**claims))
    assert error.code == "invalid_grant"


@pytest.mark.requirement("JAG-53")
async def test_the_same_in_a_plain_exchange_is_an_invalid_request() -> None:
    it = crossing()
    error = await refused(it, it.our_id_token(aud="helpdesk"), audience="orders", requested_token_type=None)
    assert (error.code, error.reason) == ("invalid_request", "wrong_audience")


@pytest.mark.requirement("JAG-35", "JAG-55", "SEC-55")
@pytest.mark.parametrize(
    "changes",
    [
        {"people": Connected(issuers=frozenset({"actas"}), groups=frozenset({"platform"}))},
        {"people": Connected(issuers=frozenset({"actas"}), names=frozenset({"actas:olga"}))},
        {"people": Connected(issuers=frozenset({"corp-idp"}))},
        {"when": ('request.client == "other"',)},
    ],
)
async def test_whom_the_connection_is_not_for_gets_an_invalid_target(changes: dict[str, Any]) -> None:
    error = await refused(crossing(connections=[connection(**changes)]))
    assert error.code == "invalid_target"
    assert error.reason in ("no_rule", "denied_by_rule")


# A sign-in that is too weak or too old.


@pytest.mark.requirement("JAG-54", "SEC-54")
async def test_who_signed_in_too_long_ago_is_told_so_and_gets_it_after_signing_in_again() -> None:
    it = crossing(connections=[connection(max_age=600, acr=("mfa", "phrh"))])
    late = await refused(it, it.our_id_token(acr="mfa", auth_time=NOW - 601))
    weak = await refused(it, it.our_id_token(acr="pwd"))
    for error in (late, weak):
        assert (error.code, error.status, error.reason) == (
            "insufficient_user_authentication",
            400,
            "sign_in_again",
        )
        assert dict(error.members) == {"max_age": 600, "acr_values": "mfa phrh"}
    assert (await told(it, it.our_id_token(acr="phrh", auth_time=NOW - 600)))["acr"] == "phrh"


@pytest.mark.requirement("JAG-54", "JAG-33", "SEC-54")
async def test_so_it_is_with_refresh_tokens_which_grow_as_old_as_their_sign_in() -> None:
    it = crossing(connections=[connection(max_age=600, acr=("mfa",))])
    weak = await refresh_token(it, acr="pwd")
    assert (await refused(it, weak, **SHOWN)).code == "insufficient_user_authentication"
    token = await refresh_token(it, id="authorization-2", sid="session-2", acr="mfa")
    assert (await told(it, token, **SHOWN))["auth_time"] == NOW
    it.clock.advance(601)
    after = str((await it.post(refreshed(it, token))).body["refresh_token"])
    assert (await refused(it, after, **SHOWN)).code == "insufficient_user_authentication"
    anew = await refresh_token(it, id="authorization-3", sid="session-3", acr="mfa")
    assert (await told(it, anew, **SHOWN))["auth_time"] == NOW + 601


@pytest.mark.requirement("JAG-54")
async def test_a_token_that_does_not_say_when_or_how_is_not_enough() -> None:
    it = of_corp(max_age=600)
    assert (await refused(it, it.id_token())).code == "insufficient_user_authentication"
    assert await told(it, it.id_token(auth_time=NOW - 5))
    it = of_corp(acr=("mfa",))
    assert dict((await refused(it, it.id_token())).members) == {"acr_values": "mfa"}


# How it is bound.


@pytest.mark.requirement("JAG-100", "SEC-56")
async def test_a_grant_is_bound_to_a_key_that_was_proven_and_to_none_else() -> None:
    it = crossing()
    assert (await told(it, proofs=[ME.proof()]))["cnf"] == {"jkt": ME.jkt}
    assert "cnf" not in await told(it)


@pytest.mark.requirement("JAG-33", "JAG-53")
async def test_a_refresh_token_that_is_bound_is_shown_by_whoever_holds_its_key() -> None:
    it = crossing()
    answer = await it.post(await it.code_form(), proofs=[ME.proof()])
    token = str(answer.body["refresh_token"])
    error = await refused(it, token, **SHOWN)
    assert (error.code, error.reason) == ("invalid_grant", "key_not_proven")
    assert (await told(it, token, proofs=[ME.proof()], **SHOWN))["cnf"] == {"jkt": ME.jkt}


@pytest.mark.requirement("JAG-100")
async def test_a_certificate_is_no_dpop_key_and_gives_a_grant_no_cnf() -> None:
    certificate = b"a certificate in DER"
    bound = [replace(one, binding="mtls") if one.name == "orders" else one for one in APIS]
    it = crossing(apis=bound)
    redeems = await it.code_form(scope=frozenset({"openid", "orders:read"}))
    answer = await it.post({**redeems, "audience": "orders"}, certificate=certificate)
    token = str(answer.body["refresh_token"])
    assert (await refused(it, token, **SHOWN)).reason == "key_not_proven"
    shown = await it.post(grant_form(it, token, **SHOWN), certificate=certificate)
    assert "cnf" not in read(it, str(shown.body["access_token"]))


def refreshed(it: House, token: str, who: str = "web") -> dict[str, Any]:
    """The form by which a client refreshes."""
    proof = {name: it.form(who, None)[name] for name in ("client_id", "client_secret")}
    return {"grant_type": "refresh_token", "refresh_token": token, **proof}
