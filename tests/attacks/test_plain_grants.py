"""A plain grant stretched into something else (identity chaining section 5, RFC 8725, SEC-49, SEC-57, SEC-61).

A plain JWT grant has no type, no claims and no chain that a specification fixes. So whoever can have one written, by
us or by another domain's server, tries to have it taken for what it is not, to be named in a chain where they never
acted, or to have a claim carried through that somebody will decide by. Each of these tokens is genuine, signed by the
key that it should be signed by; what is in it is the attack.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from tests.fakes.chaining import (
    PARTNER,
    SOLD,
    asking,
    chained,
    chaining,
    given,
    grant,
    held,
    plain,
    redeeming,
    told,
)
from tests.fakes.company import CORP, HELPDESK_IMPERSONATION, TICKETS
from tests.fakes.forge import SigningKey, forge
from tests.fakes.house import IDP, IDP_KEY, ISSUER, NOW, House, claims_of
from tests.fakes.impersonating import house_of, own_token

from actas.core.errors import InvalidGrant, OAuthError
from actas.core.wire import (
    ACCESS_TOKEN,
    GRANT_JWT,
    ID_JAG,
    ID_JAG_JWT,
    ID_TOKEN,
    JWT,
    JWT_BEARER_CLIENT_ASSERTION,
    JWT_GRANT,
    REFRESH_TOKEN,
)
from actas.crypto import jose
from actas.policy.impersonation import RuleTerms
from actas.policy.rule import RuleError
from actas.trust.registry import JwtGrants


async def refused(it: House, assertion: str, **parameters: Any) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        await it.post(it.redeeming(assertion, **parameters))
    return caught.value


# Our own, brought back.


@pytest.mark.requirement("IDC-41", "SEC-57", "IDC-71")
async def test_a_plain_grant_of_ours_is_nothing_at_our_own_token_endpoint() -> None:
    it = chaining()
    text = str((await given(it)).body["access_token"])
    for kind in (ACCESS_TOKEN, ID_TOKEN, JWT, REFRESH_TOKEN, ID_JAG, JWT_GRANT):
        for wanted, audience in ((None, "orders"), (str(JWT), TICKETS), (str(ID_JAG), TICKETS)):
            form = asking(
                it, text, subject_token_type=str(kind), requested_token_type=wanted, audience=audience
            )
            await it.turned_away(form)
        as_actor = it.form("web", held(it), audience="orders", actor_token=text, actor_token_type=str(kind))
        await it.turned_away(as_actor)
    proof = {"client_assertion_type": JWT_BEARER_CLIENT_ASSERTION, "client_assertion": text}
    await it.turned_away(it.own_form("web", audience="orders", client_secret=None, **proof))


@pytest.mark.requirement("SEC-56", "AG-30")
@pytest.mark.parametrize("typ", ["at+jwt", "JWT", GRANT_JWT])
async def test_the_key_of_grants_signs_nothing_that_passes_for_a_token_of_ours(typ: str) -> None:
    it = chaining()
    claims = dict(jose.parse(held(it)).unverified_claims)
    forged = jose.sign(claims, key=it.ring.private("grant"), typ=typ)
    for kind in (ACCESS_TOKEN, ID_TOKEN):
        assert (
            await it.turned_away(asking(it, forged, subject_token_type=str(kind)))
        ).reason == "bad_subject"


# What is not for us, or not what it says.


@pytest.mark.requirement("AG-30", "SEC-61", "IDC-70", "IDC-71")
@pytest.mark.parametrize(
    "typ", ["JWT", "at+jwt", "dpop+jwt", "logout+jwt", ID_JAG_JWT, "oauth-id-jag", "secevent+jwt"]
)
async def test_an_issuer_that_is_trusted_for_everything_still_gives_each_thing_by_its_type(
    typ: str,
) -> None:
    """Not even a registration that lists every kind makes one of them another."""
    every = replace(
        PARTNER,
        accepts=frozenset({ID_TOKEN, JWT, ID_JAG, JWT_GRANT}),
        token_types=frozenset({"at+jwt"}),
        audiences={"acme-web": None, ISSUER: None},
    )
    it = redeeming(issuers=(every,))
    claims = dict(jose.parse(grant(it)).unverified_claims)
    text = jose.sign(claims, key=IDP_KEY, typ=typ)
    assert isinstance(await refused(it, text), InvalidGrant)


@pytest.mark.requirement("AG-30", "IDC-71")
async def test_without_a_type_a_grant_is_one_only_where_that_is_written() -> None:
    key = SigningKey.generate("ES256")
    signs = replace(PARTNER, keys=(key.jwk(),))
    lets = replace(signs, jwt_grants=JwtGrants(types=frozenset({None})))
    for issuer, good in ((signs, False), (lets, True)):
        it = redeeming(issuers=(issuer,))
        text = forge(dict(jose.parse(grant(it)).unverified_claims), key=key, headers={"typ": ...})
        if good:
            assert (await it.post(it.redeeming(text))).body["access_token"]
            assert isinstance(await refused(it, grant(it, typ=GRANT_JWT)), InvalidGrant)
        else:
            assert isinstance(await refused(it, text), InvalidGrant)


@pytest.mark.requirement("IDC-2", "IDC-70")
async def test_a_grant_of_one_issuer_signed_by_another_is_refused() -> None:
    key = jose.PrivateKey.generate("ES256")
    other = replace(
        PARTNER,
        name="other",
        issuer="https://idp.other.example",
        keys=(key.public.jwk(),),
        email_domains=frozenset({"other.example"}),
    )
    it = redeeming(issuers=(PARTNER, other))
    for claims in ({}, {"iss": other.issuer}):
        assert isinstance(await refused(it, grant(it, key=key, **claims)), OAuthError)


@pytest.mark.requirement("IDC-3", "IDC-40")
async def test_a_grant_for_another_client_of_the_same_issuer_is_nobody_elses() -> None:
    """Both have connections, and one of them takes grants that name nobody."""
    it = redeeming(chained(client_claim="none"), chained("desk", client="helpdesk", client_claim="none"))
    assert isinstance(await refused(it, grant(it, client_id="helpdesk"), who="web"), InvalidGrant)
    for named in ("", " ", ["web"], None, 7):
        claims: dict[str, Any] = {"client_id": named}
        if named is not None:
            assert isinstance(await refused(it, grant(it, **claims)), InvalidGrant)


# A chain that never was.


@pytest.mark.requirement("SEC-49", "IDC-56")
@pytest.mark.parametrize(
    "act",
    [
        {"iss": ISSUER, "sub": "orders"},
        {"iss": ISSUER, "sub": "web"},
        {"sub": "robot", "act": {"iss": ISSUER, "sub": "assistant"}},
        {"iss": "https://idp.other.example", "sub": "robot"},
        {"sub": "robot", "act": {"iss": "https://idp.other.example", "sub": "dana"}},
        {"iss": IDP, "sub": "id-alice"},
        {"iss": IDP, "sub": "robot", "act": {"sub": "robot"}},
        {"sub": ""},
        {"iss": IDP},
        [],
        None,
        "robot",
    ],
    ids=repr,
)
async def test_a_foreign_grant_names_no_actor_of_ours_or_of_others_and_nobody_twice(act: Any) -> None:
    it = redeeming()
    claims = dict(jose.parse(grant(it)).unverified_claims)
    text = jose.sign({**claims, "act": act}, key=IDP_KEY, typ=GRANT_JWT)
    assert isinstance(await refused(it, text), OAuthError)
    assert it.writer.events[-1]["outcome"] == "refused"


@pytest.mark.requirement("SEC-53", "IDC-56")
async def test_a_chain_from_elsewhere_is_no_deeper_than_one_of_ours() -> None:
    it = redeeming()
    act: dict[str, Any] = {"sub": "a0"}
    for number in range(1, 6):
        act = {"sub": f"a{number}", "act": act}
    assert isinstance(await refused(it, grant(it, act=act)), OAuthError)
    for number in range(6, 40):
        act = {"sub": f"a{number}", "act": act}
    assert isinstance(await refused(it, grant(it, act=act)), OAuthError)


@pytest.mark.requirement("SEC-49", "IDC-56")
async def test_what_a_token_says_of_who_acts_comes_only_from_what_was_proven() -> None:
    it = chaining(plain(chain="keep"))
    form = asking(it, act='{"sub":"robot"}', actor="robot")
    claims = told_of(it, str((await it.post(form)).body["access_token"]))
    assert claims["act"] == {"iss": ISSUER, "sub": "web", "sub_profile": "web_app"}


def told_of(it: House, text: str) -> dict[str, Any]:
    return dict(jose.parse(text).unverified_claims)


# Claims that nobody listed.

SMUGGLED: Final[dict[str, Any]] = {
    "groups": ["executives"],
    "roles": ["admin"],
    "entitlements": ["all"],
    "sub_id": {"format": "iss_sub", "iss": ISSUER, "sub": "actas:olga"},
    "txn": "root-1",
    "lineage": "0 x",
    "sid": "session-1",
    "azp": "helpdesk",
    "acr": "phrh",
    "amr": ["hwk"],
    "auth_time": NOW,
    "https://acme.example/admin": True,
}


@pytest.mark.requirement("IDC-55", "IDC-53", "IDC-57", "SEC-65")
async def test_no_claim_of_a_foreign_grant_comes_into_our_token_unlisted() -> None:
    it = redeeming()
    clean = claims_of(await it.post(it.redeeming(grant(it))))
    claims = claims_of(await it.post(it.redeeming(grant(it, jti="two", **SMUGGLED))))
    assert claims.keys() == clean.keys()
    for name in SMUGGLED.keys() & claims.keys():  # what we write ourselves, by the same name
        assert claims[name] != SMUGGLED[name]
    alike = grant(it, jti="three", Scope="orders:burn")
    assert isinstance(await refused(it, alike), InvalidGrant)


@pytest.mark.requirement("IDC-55", "IDC-39")
@pytest.mark.parametrize("said", [{"tenant": "acme"}, {"authorization_details": [{"type": "one_order"}]}])
async def test_what_narrows_a_grant_and_is_not_known_here_is_not_dropped(said: dict[str, Any]) -> None:
    it = redeeming()
    assert isinstance(await refused(it, grant(it, **said)), InvalidGrant)


@pytest.mark.requirement("IDC-55", "IDC-51")
async def test_no_claim_of_a_subject_token_goes_into_a_grant_unlisted() -> None:
    it = chaining()
    clean = await told(it)
    more: dict[str, Any] = {
        name: value for name, value in SMUGGLED.items() if name not in ("sub_id", "lineage", "txn")
    }
    claims = await told(it, held(it, **more))
    assert claims.keys() == clean.keys()


@pytest.mark.requirement("IDC-55", "SEC-49", "SEC-65")
@pytest.mark.parametrize(
    "name", ["sub", "aud", "iss", "act", "scope", "client_id", "exp", "cnf", "lineage", "Act", "groups"]
)
def test_a_connection_that_would_write_what_a_server_says_itself_does_not_come_into_force(name: str) -> None:
    """Also when the check of the configuration is gone round: the policy refuses it again."""
    with pytest.raises(RuleError):
        chaining(plain(claims={name: '"x"'}))
    with pytest.raises(RuleError):
        redeeming(chained(claims={name: '"x"'}))


@pytest.mark.requirement("IDC-55", "SEC-43")
@pytest.mark.parametrize("value", [{"a": 1}, None, [{"a": 1}]], ids=repr)
async def test_a_listed_claim_that_is_no_plain_value_refuses(value: Any) -> None:
    it = redeeming(chained(claims={"dept": "subject.claims.department"}))
    claims = dict(jose.parse(grant(it)).unverified_claims)
    text = jose.sign({**claims, "department": value}, key=IDP_KEY, typ=GRANT_JWT)
    assert isinstance(await refused(it, text), OAuthError)


@pytest.mark.requirement("IDC-55", "SEC-07")
@pytest.mark.parametrize("value", [2**53, -(2**53), 2**64 + 1, 10**25 + 3, 1e300, [1, 2**53]], ids=repr)
async def test_a_number_is_never_another_one_in_our_token(value: Any) -> None:
    """Beyond 2^53 two numbers of theirs can be one of ours, and the one of another employee."""
    for optional in (frozenset[str](), frozenset({"emp"})):
        it = redeeming(chained(claims={"emp": "subject.claims.emp"}, optional=optional))
        claims = dict(jose.parse(grant(it)).unverified_claims)
        text = jose.sign({**claims, "emp": value}, key=IDP_KEY, typ=GRANT_JWT)
        assert (await refused(it, text)).reason == "denied_by_rule"
    text = jose.sign({**claims, "emp": 2**53 - 1, "jti": "other"}, key=IDP_KEY, typ=GRANT_JWT)
    assert claims_of(await it.post(it.redeeming(text)))["emp"] == 2**53 - 1


# More than was held.


@pytest.mark.requirement("IDC-52", "IDC-74", "SEC-43")
@pytest.mark.parametrize(
    "scope", ["", "any", "orders:read any", "ORDERS:WRITE", "tickets:read tickets:comment", "*"]
)
async def test_no_word_in_the_subject_tokens_scope_buys_what_is_not_listed(scope: str) -> None:
    it = chaining(plain(sold=replace(SOLD, signed_in=frozenset({"tickets:comment"}))))
    token = held(it, scope=scope)
    if "orders:read" in scope.split():
        assert (await told(it, token))["scope"] == "tickets:read"
    else:
        assert (await it.turned_away(asking(it, token))).code == "invalid_scope"


@pytest.mark.requirement("IDC-62")
@pytest.mark.parametrize("claim", ["requested_cnf", "requested_jkt"])
async def test_nobody_binds_a_token_by_a_claim_that_the_connection_does_not_honour(claim: str) -> None:
    it = redeeming()
    claims: dict[str, Any] = {claim: {"jkt": "x" * 43}}
    answer = await it.post(it.redeeming(grant(it, **claims)))
    assert (answer.body["token_type"], "cnf" in claims_of(answer)) == ("Bearer", False)


@pytest.mark.requirement("IDC-16")
async def test_a_stolen_token_gives_a_grant_to_its_own_client_only() -> None:
    it = chaining(plain(), plain("desk", client="helpdesk"), issuers=(CORP,))
    stolen = held(it, "assistant")
    for thief in ("web", "helpdesk"):
        assert (await it.turned_away(asking(it, stolen, thief))).reason == "wrong_audience"


@pytest.mark.requirement("IDC-3")
async def test_a_long_life_in_a_registration_for_other_tokens_is_none_for_grants() -> None:
    it = redeeming(issuers=(replace(PARTNER, max_life=86_400),))
    assert isinstance(await refused(it, grant(it, exp=NOW + 3600)), InvalidGrant)
    longer = replace(PARTNER, max_life=60, jwt_grants=JwtGrants(types=frozenset({GRANT_JWT}), longest=3600))
    short = redeeming(issuers=(longer,))
    assert isinstance(await refused(short, grant(short, exp=NOW + 300)), InvalidGrant)


@pytest.mark.requirement("IDC-61", "IDC-62")
async def test_a_grant_that_asks_for_a_key_and_names_none_brings_no_token_that_is_bound_to_nothing() -> None:
    """``null`` is there: whoever wrote it meant a key, and a token for whoever holds it is none of that."""
    it = redeeming(chained(honours_key=True))
    claims = {**jose.parse(grant(it)).unverified_claims, "requested_cnf": None}
    error = await refused(it, jose.sign(claims, key=IDP_KEY, typ=GRANT_JWT))
    assert (type(error), error.reason) == (InvalidGrant, "key_not_proven")


@pytest.mark.requirement("IDC-15", "SEC-56")
async def test_a_token_that_makes_a_grant_too_long_is_refused_and_is_no_defect_of_ours() -> None:
    """What crosses is as long as whoever wrote the subject token liked, and may cross twice."""
    way = plain(claims={"dept": "subject.claims.department", "unit": "subject.claims.department"})
    it = chaining(way)
    error = await it.turned_away(asking(it, held(it, department="x" * 9_000)))
    assert (error.code, error.reason) == ("invalid_request", "malformed_request")
    assert it.writer.events[-1]["outcome"] == "refused"


# Somebody acts as somebody else.


@pytest.mark.requirement("SEC-48", "IDC-16")
@pytest.mark.parametrize("hidden", [False, True])
async def test_what_an_administrator_does_as_somebody_stays_in_this_house(hidden: bool) -> None:
    """Also where the token names nobody who acts: neither who asked for it nor the API that got it takes it away."""
    terms = RuleTerms(names_actor=not hidden)
    it = house_of(
        replace(HELPDESK_IMPERSONATION, impersonation=terms),
        connections=(plain(client="helpdesk"), plain("orders-to-tickets", client="orders")),
    )
    token = str((await it.post(own_token(it))).body["access_token"])
    assert ("act" in told_of(it, token)) is not hidden
    for who in ("helpdesk", "orders"):
        error = await it.turned_away(asking(it, token, who))
        assert (error.code, error.reason) == ("invalid_target", "no_rule")
