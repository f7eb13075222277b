"""draft-ietf-oauth-identity-chaining-17 sections 2.4 and 2.5, RFC 7523 section 3: plain grants, redeemed here."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.bound import ME
from tests.fakes.chaining import PARTNER, chained, grant, redeeming
from tests.fakes.company import APIS, REDEEMERS, acceptance
from tests.fakes.house import IDP, INVENTORY, ISSUER, NOW, ORDERS, House, claims_of
from tests.fakes.prover import Prover

from actas.core.errors import InvalidClient, InvalidGrant, InvalidScope, OAuthError
from actas.core.wire import GRANT_JWT, ID_JAG, ID_JAG_JWT, JWT_GRANT
from actas.crypto import jose
from actas.policy.rule import PolicyDefaults
from actas.trust.registry import JwtGrants


async def refused(it: House, assertion: str, **parameters: Any) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        await it.post(it.redeeming(assertion, **parameters))
    assert it.writer.events[-1]["outcome"] == "refused"
    return caught.value


@pytest.mark.requirement("IDC-4", "IDC-30", "IDC-36", "IDC-37")
async def test_a_plain_grant_is_redeemed_for_a_token_of_ours_and_no_refresh_token() -> None:
    it = redeeming()
    answer = await it.post(it.redeeming(grant(it, scope="orders:read"), resource=ORDERS))
    assert answer.body == {
        "access_token": answer.body["access_token"],
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "orders:read",
    }
    claims = claims_of(answer)
    assert (claims["iss"], claims["aud"], claims["client_id"]) == (ISSUER, ORDERS, "web")
    assert (claims["sub"], claims["scope"]) == ("actas:alice", "orders:read")
    assert claims["sub_id"] == {"format": "iss_sub", "iss": IDP, "sub": "id-alice"}
    (event,) = it.writer.events
    assert (event["kind"], event["rules"]) == ("chained", ["connection:web-from-corp"])
    assert event["subject"]["token"]["jti"] == "grant-alice"  # by which both logs are joined (IDC-58)


@pytest.mark.requirement("IDC-32", "IDC-33", "IDC-35", "IDC-70")
@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://as.other.example"},
        {"aud": [ISSUER, "https://as.other.example"]},
        {"aud": f"{ISSUER}/"},
        {"aud": f"{ISSUER}/token"},
        {"aud": None},
        {"client_id": "helpdesk"},
        {"client_id": None},
        {"client_id": ["web"]},
        {"jti": None},
        {"sub": None},
        {"iat": None},
        {"exp": None},
        {"exp": NOW - 60, "iat": NOW - 90},
        {"nbf": NOW + 200},
        {"exp": NOW + 301},
        {"iss": "https://idp.other.example"},
        {"nonce": "n"},
        {"events": {}},
    ],
    ids=repr,
)
async def test_what_is_no_grant_for_us_is_an_invalid_grant(claims: dict[str, Any]) -> None:
    it = redeeming()
    assert isinstance(await refused(it, grant(it, **claims), resource=ORDERS), InvalidGrant)
    assert (await it.post(it.redeeming(grant(it)))).body["access_token"]


@pytest.mark.requirement("IDC-2", "IDC-32", "SEC-58")
@pytest.mark.parametrize(
    "changes",
    [
        {"issuers": (replace(PARTNER, accepts=PARTNER.accepts - {JWT_GRANT}),)},
        {"issuers": (replace(PARTNER, accepts=PARTNER.accepts - {JWT_GRANT} | {ID_JAG}),)},
        {"issuers": (replace(PARTNER, disabled=True),)},
        {"accepted": (chained(paused=True),)},
        {"accepted": (chained(client="helpdesk"),)},
        {"accepted": ()},
        {"clients": [replace(one, disabled=one.name == "web") for one in REDEEMERS]},
    ],
    ids=["not for grants", "for ID-JAGs", "issuer off", "paused", "another client's", "none", "client off"],
)
async def test_only_who_is_trusted_for_plain_grants_by_a_connection_has_them_redeemed(
    changes: dict[str, Any],
) -> None:
    it = redeeming()
    it = House(**{**_terms(it), **changes})
    await refused(it, grant(it))


def _terms(it: House) -> dict[str, Any]:
    return {one: getattr(it, one) for one in ("issuers", "clients", "people", "accepted", "clock")}


@pytest.mark.requirement("SEC-61", "IDC-2", "AG-30")
async def test_neither_kind_of_grant_passes_as_the_other() -> None:
    both = replace(PARTNER, accepts=PARTNER.accepts | {ID_JAG})
    plain_only = redeeming(chained(), issuers=(both,))
    assert isinstance(await refused(plain_only, grant(plain_only, typ=ID_JAG_JWT)), InvalidGrant)
    asserts_only = redeeming(acceptance(), issuers=(both,))
    assert isinstance(await refused(asserts_only, grant(asserts_only)), InvalidGrant)
    for typ in (GRANT_JWT, f"application/{GRANT_JWT}", "Authorization-Grant+JWT"):
        assert (await plain_only.post(plain_only.redeeming(grant(plain_only, typ=typ, jti=typ)))).body
    written = replace(both, jwt_grants=JwtGrants(types=frozenset({ID_JAG_JWT, GRANT_JWT})))
    it = redeeming(chained(), issuers=(written,))
    assert isinstance(await refused(it, grant(it, typ=ID_JAG_JWT)), InvalidGrant)


@pytest.mark.requirement("IDC-3", "IDC-22", "IDC-71")
@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "logout+jwt", "client-authentication+jwt", "grant+jwt"])
async def test_other_types_are_taken_only_where_the_issuers_registration_writes_them(typ: str) -> None:
    it = redeeming()
    assert isinstance(await refused(it, grant(it, typ=typ)), InvalidGrant)
    assert isinstance(await refused(it, it.id_token()), InvalidGrant)
    lets = replace(PARTNER, jwt_grants=JwtGrants(types=frozenset({"JWT", "grant+jwt", None})))
    wide = redeeming(issuers=(lets,))
    if typ in ("JWT", "grant+jwt"):
        assert (await wide.post(wide.redeeming(grant(wide, typ=typ)))).body["access_token"]
    else:
        assert isinstance(await refused(wide, grant(wide, typ=typ)), InvalidGrant)


@pytest.mark.requirement("IDC-3", "IDC-71")
async def test_what_no_type_tells_from_an_id_token_says_its_scope() -> None:
    lets = replace(PARTNER, jwt_grants=JwtGrants(types=frozenset({"JWT", None})))
    it = redeeming(issuers=(lets,))
    assert isinstance(await refused(it, it.id_token(aud=ISSUER, jti="j", client_id="web")), InvalidGrant)
    assert isinstance(await refused(it, grant(it, typ="JWT", scope=None)), InvalidGrant)


@pytest.mark.requirement("IDC-3")
async def test_a_grant_lives_as_long_as_the_registration_lets_it() -> None:
    short = replace(PARTNER, jwt_grants=JwtGrants(types=frozenset({GRANT_JWT}), longest=60))
    it = redeeming(issuers=(short,))
    assert isinstance(await refused(it, grant(it, exp=NOW + 61)), InvalidGrant)
    assert (await it.post(it.redeeming(grant(it, exp=NOW + 60)))).body["access_token"]


@pytest.mark.requirement("IDC-38", "IDC-72", "SEC-60")
async def test_a_grant_is_good_once_also_for_many_at_once() -> None:
    it = redeeming()
    form = it.redeeming(grant(it))
    came = await asyncio.gather(*[it.post(form) for _ in range(20)], return_exceptions=True)
    assert len([one for one in came if not isinstance(one, BaseException)]) == 1
    assert {one.reason for one in came if isinstance(one, OAuthError)} == {"grant_reused"}
    again = redeeming(chained(repeatable=True))
    for _ in range(2):
        assert (await again.post(again.redeeming(grant(again)))).body["access_token"]


@pytest.mark.requirement("IDC-39", "IDC-52")
@pytest.mark.parametrize(
    ("said", "asked", "given"),
    [
        ("orders:read orders:write", None, "orders:read orders:write"),
        ("orders:read pages:search", None, "orders:read"),
        ("orders:read orders:write", "orders:read", "orders:read"),
        ("orders:read", "orders:read orders:write", None),
        ("pages:search", None, None),
        (None, None, None),
    ],
    ids=repr,
)
async def test_scopes_are_what_both_sides_say(said: str | None, asked: str | None, given: str | None) -> None:
    it = redeeming()
    if given is None:
        assert isinstance(await refused(it, grant(it, scope=said), scope=asked), InvalidScope)
        return
    assert (await it.post(it.redeeming(grant(it, scope=said), scope=asked))).body["scope"] == given
    capped = redeeming(chained(scopes=frozenset({"orders:read"})))
    assert (await capped.post(capped.redeeming(grant(capped, scope=said)))).body["scope"] == "orders:read"


@pytest.mark.requirement("IDC-31", "IDC-35")
async def test_the_client_may_name_the_api_and_no_other() -> None:
    it = redeeming()
    assert isinstance(await refused(it, grant(it), resource=INVENTORY), InvalidGrant)
    assert claims_of(await it.post(it.redeeming(grant(it), audience="orders")))["aud"] == ORDERS


@pytest.mark.requirement("IDC-34", "IDC-50", "IDC-75", "SEC-62")
async def test_people_are_matched_as_the_connection_says_and_a_stranger_is_refused() -> None:
    it = redeeming()
    assert (await refused(it, grant(it, "nobody"))).reason == "unknown_person"
    strict = redeeming(chained(match="subject"))
    assert isinstance(await refused(strict, grant(strict)), OAuthError)
    lets = redeeming(chained(match="subject", unknown="create"))
    assert claims_of(await lets.post(lets.redeeming(grant(lets))))["sub"] == "corp-idp:id-alice"
    assert lets.writer.events[-1]["created"] == "corp-idp:id-alice"
    disabled = redeeming(chained(match="aud_sub"))
    assert isinstance(await refused(disabled, grant(disabled, aud_sub="actas:bob")), InvalidGrant)


@pytest.mark.requirement("IDC-3", "IDC-40")
async def test_a_grant_that_names_no_client_is_for_those_whose_connections_say_so() -> None:
    lets = redeeming(chained(client_claim="none"), chained("desk", client="helpdesk"))
    bare = grant(lets, client_id=None)
    assert isinstance(await refused(lets, bare, who="helpdesk"), InvalidGrant)
    assert isinstance(await refused(lets, grant(lets, client_id="helpdesk")), InvalidGrant)
    assert claims_of(await lets.post(lets.redeeming(bare)))["client_id"] == "web"


@pytest.mark.requirement("IDC-35", "IDC-38", "IDC-40")
async def test_the_client_proves_who_it_is() -> None:
    it = redeeming()
    wrong = it.redeeming(grant(it), client_secret="wrong")
    with pytest.raises(InvalidClient):
        await it.post(wrong)
    with pytest.raises(OAuthError):
        await it.post(it.redeeming(grant(it, client_id="phone"), who="phone", client_secret=None))


@pytest.mark.requirement("IDC-40", "IDC-63")
async def test_a_bound_grant_wants_its_key_and_a_proven_key_binds_the_token() -> None:
    it, thief = redeeming(), Prover()
    bound = grant(it, cnf={"jkt": ME.jkt})
    assert (await refused(it, bound)).reason == "key_not_proven"
    with pytest.raises(InvalidGrant):
        await it.post(it.redeeming(bound), proofs=[thief.proof()])
    assert claims_of(await it.post(it.redeeming(bound), proofs=[ME.proof()]))["cnf"] == {"jkt": ME.jkt}


@pytest.mark.requirement("IDC-61", "IDC-62")
async def test_a_key_that_a_grant_asks_for_is_honoured_where_the_connection_says_so() -> None:
    asked: dict[str, Any] = {"requested_cnf": {"jkt": ME.jkt}}
    ignoring = redeeming()
    assert "cnf" not in claims_of(await ignoring.post(ignoring.redeeming(grant(ignoring, **asked))))
    it = redeeming(chained(honours_key=True))
    answer = await it.post(it.redeeming(grant(it, **asked)))
    assert (answer.body["token_type"], claims_of(answer)["cnf"]) == ("DPoP", {"jkt": ME.jkt})
    with pytest.raises(InvalidGrant):  # the request proves a key, and the grant asks for another
        await it.post(it.redeeming(grant(it, jti="two", **asked)), proofs=[Prover().proof()])
    for nonsense in ("text", {}, {"jkt": "short"}, {"kid": "1"}):
        claims: dict[str, Any] = {"requested_cnf": nonsense, "jti": repr(nonsense)}
        assert isinstance(await refused(it, grant(it, **claims)), InvalidGrant)


@pytest.mark.requirement("IDC-61")
async def test_it_takes_the_place_of_a_proof_where_the_api_wants_bound_tokens() -> None:
    apis = tuple(replace(one, binding="dpop") if one.name == "orders" else one for one in APIS)
    it = redeeming(chained(honours_key=True), apis=apis)
    assert isinstance(await refused(it, grant(it)), InvalidGrant)
    certificate = grant(it, jti="x", requested_cnf={"x5t#S256": "x" * 43})
    assert isinstance(await refused(it, certificate), InvalidGrant)
    asked = grant(it, jti="y", requested_cnf={"jkt": ME.jkt})
    assert claims_of(await it.post(it.redeeming(asked)))["cnf"] == {"jkt": ME.jkt}


@pytest.mark.requirement("IDC-61")
async def test_it_takes_the_place_of_no_proof_where_two_keys_are_wanted_at_once() -> None:
    apis = tuple(replace(one, binding="dpop") if one.name == "orders" else one for one in APIS)
    it = redeeming(chained(honours_key=True), apis=apis, defaults=PolicyDefaults(binding="mtls"))
    asked = grant(it, requested_cnf={"jkt": ME.jkt})
    assert isinstance(await refused(it, asked), InvalidGrant)


@pytest.mark.requirement("IDC-53", "IDC-54", "IDC-55", "IDC-57")
async def test_claims_of_a_grant_come_into_the_token_as_they_are_listed_and_no_others() -> None:
    said: dict[str, Any] = {
        "department": "support",
        "level": 4,
        "auth_time": NOW,
        "acr": "mfa",
        "amr": ["otp"],
    }
    quiet = redeeming()
    claims = claims_of(await quiet.post(quiet.redeeming(grant(quiet, **said))))
    assert not said.keys() & claims.keys()
    it = redeeming(
        chained(
            claims={"dept": "subject.claims.department", "level": "subject.claims.level"},
            optional=frozenset({"level"}),
        )
    )
    claims = claims_of(await it.post(it.redeeming(grant(it, department="support"))))
    assert claims["dept"] == "support"
    assert not {"department", "level"} & claims.keys()
    assert isinstance(await refused(it, grant(it, jti="two")), OAuthError)


@pytest.mark.requirement("IDC-56", "SEC-49")
async def test_whoever_acted_there_stays_nested_under_their_issuer_and_our_client_is_outermost() -> None:
    it = redeeming()
    act = {"sub": "assistant", "sub_profile": "ai_agent", "act": {"iss": IDP, "sub": "planner"}}
    claims = claims_of(await it.post(it.redeeming(grant(it, act=act))))
    assert claims["act"] == {
        "iss": ISSUER,
        "sub": "web",
        "sub_profile": "web_app",
        "act": {
            "iss": IDP,
            "sub": "assistant",
            "sub_profile": "ai_agent",
            "act": {"iss": IDP, "sub": "planner"},
        },
    }


@pytest.mark.requirement("IDC-41", "SEC-57")
async def test_a_grant_of_our_own_is_redeemed_by_nobody() -> None:
    it = redeeming()
    ours = jose.sign(
        {"iss": ISSUER, "sub": "actas:alice", "aud": ISSUER, "client_id": "web", "jti": "own", "iat": NOW,
         "exp": NOW + 60, "scope": "orders:read"},
        key=it.ring.private("grant"), typ=GRANT_JWT,
    )  # fmt: skip
    assert isinstance(await refused(it, ours), InvalidGrant)


@pytest.mark.requirement("IDC-37")
async def test_a_token_that_comes_of_it_lives_ten_minutes_at_most_and_not_beyond_the_grant() -> None:
    it = redeeming()
    answer = await it.post(it.redeeming(grant(it, exp=NOW + 90)))
    assert answer.body["expires_in"] == 90
    assert "refresh_token" not in answer.body
