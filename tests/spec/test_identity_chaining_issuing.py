"""draft-ietf-oauth-identity-chaining-17 sections 2.3 and 2.5: plain grants, as they are asked for and given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.chaining import (
    PEOPLE_OF_OURS,
    SHOWN,
    SOLD,
    asking,
    chaining,
    given,
    held,
    plain,
    read,
    told,
)
from tests.fakes.company import CORP, TICKETS, TICKETS_API, connection
from tests.fakes.crossing import refresh_token
from tests.fakes.house import INVENTORY, ISSUER, NOW, ORDERS

from actas.core.abroad import LONGEST_GRANT
from actas.core.wire import ACCESS_TOKEN, ID_JAG, ID_TOKEN, JWT, REFRESH_TOKEN
from actas.crypto import jose
from actas.keys.ring import Purpose
from actas.policy.connections import Connected
from actas.policy.rule import PolicyDefaults


@pytest.mark.requirement("IDC-10", "IDC-18", "IDC-21", "IDC-51", "IDC-55")
async def test_a_plain_grant_says_what_every_grant_must_and_nothing_that_is_not_listed() -> None:
    it = chaining()
    body = (await given(it, scope="tickets:read")).body
    claims = read(it, str(body["access_token"]))
    assert claims.pop("jti") == it.writer.events[-1]["given"]["jti"]
    assert claims == {
        "iss": ISSUER,
        "sub": "actas:alice",
        "aud": TICKETS,
        "client_id": "acme-web",
        "iat": NOW,
        "exp": NOW + 300,
        "scope": "tickets:read",
        "act": {"iss": ISSUER, "sub": "web", "sub_profile": "web_app"},
    }


@pytest.mark.requirement("IDC-19", "IDC-20")
async def test_the_answer_is_that_of_rfc_8693_and_no_access_token() -> None:
    body = dict((await given(chaining())).body)
    assert body.pop("access_token")
    assert body == {
        "issued_token_type": str(JWT),
        "token_type": "N_A",
        "expires_in": 300,
        "scope": "tickets:comment tickets:read",
    }


@pytest.mark.requirement("IDC-22", "SEC-56", "SEC-61")
async def test_its_type_is_its_own_and_so_is_the_key_that_signs_it() -> None:
    it = chaining()
    jws = jose.parse(str((await given(it)).body["access_token"]))
    assert jws.unverified_header["typ"] == "authorization-grant+jwt"
    purposes: tuple[Purpose, ...] = ("token", "id_token", "grant", "audit")
    signed = [one for one in purposes if it.ring.public_key(str(jws.unverified_kid), purpose=one)]
    assert signed == ["grant"]


@pytest.mark.requirement("IDC-21")
@pytest.mark.parametrize(("lifetime", "left", "lives"), [(60, 300, 60), (300, 40, 40), (900, 300, 300)])
async def test_it_lives_no_longer_than_five_minutes_or_what_it_came_from(
    lifetime: int, left: int, lives: int
) -> None:
    it = chaining(plain(lifetime=lifetime), defaults=PolicyDefaults(lifetime=3000))
    claims = await told(it, held(it, exp=NOW + left))
    assert claims["exp"] - claims["iat"] == lives <= LONGEST_GRANT


# What it is for.


@pytest.mark.requirement("IDC-11", "IDC-12", "IDC-73")
@pytest.mark.parametrize(
    "named",
    [
        {"audience": TICKETS},
        {"audience": None, "resource": TICKETS},
        {"audience": TICKETS, "resource": TICKETS},
        {"audience": "urn:tickets"},
        {"audience": None, "resource": "urn:tickets"},
        {"audience": "urn:tickets", "resource": TICKETS},
    ],
    ids=repr,
)
async def test_audience_or_resource_names_the_other_server(named: dict[str, Any]) -> None:
    it = chaining(plain(audiences=frozenset({"urn:tickets"})))
    assert (await told(it, **named))["aud"] == TICKETS


@pytest.mark.requirement("IDC-11", "IDC-15", "IDC-73")
@pytest.mark.parametrize(
    ("named", "error"),
    [
        ({"audience": None}, "invalid_request"),
        ({"audience": f"{TICKETS}/"}, "invalid_target"),
        ({"audience": None, "resource": TICKETS_API}, "invalid_target"),
        ({"resource": TICKETS_API}, "invalid_target"),
        ({"audience": [TICKETS, "orders"]}, "invalid_target"),
        ({"audience": [TICKETS, "https://auth.wiki.example"]}, "invalid_target"),
        ({"audience": "connection:web-to-tickets"}, "invalid_target"),
    ],
    ids=repr,
)
async def test_no_other_target_will_do_and_one_is_needed(named: dict[str, Any], error: str) -> None:
    it = chaining(plain(), plain("web-to-wiki", issuer="https://auth.wiki.example"))
    assert (await it.turned_away(asking(it, **named))).code == error


@pytest.mark.requirement("IDC-14")
async def test_without_a_requested_type_the_target_says_that_it_is_a_grant() -> None:
    it = chaining()
    for named in ({"audience": TICKETS}, {"audience": None, "resource": TICKETS}):
        body = (await given(it, requested_token_type=None, **named)).body
        assert (body["issued_token_type"], body["token_type"]) == (str(JWT), "N_A")
        assert it.writer.events[-1]["asked"]["type"] == str(JWT)


@pytest.mark.requirement("IDC-14", "IDC-15")
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"requested_token_type": str(ACCESS_TOKEN)}, "invalid_target"),
        ({"audience": [TICKETS, "orders"]}, "invalid_target"),
        ({"authorization_details": "[]"}, "invalid_request"),
        ({"audience": "https://auth.unknown.example"}, "invalid_target"),
    ],
    ids=repr,
)
async def test_whoever_asks_for_anything_else_gets_no_grant(changed: dict[str, Any], code: str) -> None:
    it = chaining()
    error = await it.turned_away(asking(it, **{"requested_token_type": None, **changed}))
    assert error.code == code


@pytest.mark.requirement("IDC-14", "JAG-24")
async def test_a_connection_for_one_kind_of_grant_gives_none_of_the_other() -> None:
    """Also where a client has both, each is had by asking for it."""
    it = chaining()
    form = asking(it, it.our_id_token(), subject_token_type=str(ID_TOKEN), requested_token_type=str(ID_JAG))
    assert (await it.turned_away(form)).reason == "no_connection"
    assertion = chaining(connection())
    for asked in (str(JWT), None):
        error = await assertion.turned_away(asking(assertion, requested_token_type=asked))
        assert error.code == "invalid_target"
    both = chaining(connection("web-asserts"), plain("web-chains"))
    token = both.our_id_token()
    for kind, typ in ((ID_JAG, "oauth-id-jag+jwt"), (JWT, "authorization-grant+jwt")):
        form = asking(both, token, subject_token_type=str(ID_TOKEN), requested_token_type=str(kind))
        jws = jose.parse(str((await both.post(form)).body["access_token"]))
        assert jws.unverified_header["typ"] == typ


# What it comes of.


@pytest.mark.requirement("IDC-10", "IDC-16")
async def test_it_comes_of_an_access_token_that_is_the_clients_to_present() -> None:
    """Issued to it, or for its own API, as for delegation."""
    it = chaining(plain(), plain("orders-to-tickets", client="orders"))
    assert (await told(it))["client_id"] == "acme-web"
    assert (await told(it, held(it, "assistant"), "orders"))["client_id"] == "acme-orders"
    error = await it.turned_away(asking(it, held(it, "assistant")))
    assert (error.code, error.reason) == ("invalid_request", "wrong_audience")


@pytest.mark.requirement("IDC-10", "IDC-16")
async def test_it_comes_of_an_id_token_or_a_refresh_token_of_the_client() -> None:
    it = chaining()
    shown = {"subject_token_type": str(ID_TOKEN)}
    assert (await told(it, it.our_id_token(), **shown))["scope"] == "tickets:read"
    error = await it.turned_away(asking(it, it.our_id_token(aud="helpdesk"), **shown))
    assert error.reason == "wrong_audience"
    refresh = await refresh_token(it)
    claims = await told(it, refresh, subject_token_type=str(REFRESH_TOKEN))
    assert claims["sub"] == "actas:alice"


@pytest.mark.requirement("IDC-10", "IDC-16", "SEC-58")
async def test_other_issuers_jwts_do_only_where_the_connection_says_so_and_name_the_client() -> None:
    unsaid = Connected(issuers=frozenset({"corp-idp"}), token_types=SHOWN)
    said = replace(unsaid, token_types=SHOWN | {JWT})
    sold = replace(SOLD, bought={"read": frozenset({"tickets:read"})})
    anybodys = replace(CORP, token_types=frozenset({"at+jwt"}))
    webs = replace(anybodys, audiences={"acme-web": frozenset({"web"})})
    for people, issuer, error in (
        (said, webs, None),
        (unsaid, webs, "no_rule"),
        (said, anybodys, "wrong_audience"),
    ):
        it = chaining(plain(people=people, sold=sold), issuers=(issuer,))
        form = asking(it, it.id_token(typ="at+jwt", scope="read"), subject_token_type=str(JWT))
        if error is None:
            claims = read(it, str((await it.post(form)).body["access_token"]))
            assert (claims["sub"], claims["scope"]) == ("alice@acme.example", "tickets:read")
        else:
            assert (await it.turned_away(form)).reason == error


@pytest.mark.requirement("IDC-52", "IDC-74")
@pytest.mark.parametrize(
    ("holds", "asked", "gets"),
    [
        ("orders:read orders:write", None, "tickets:comment tickets:read"),
        ("orders:read", None, "tickets:read"),
        ("orders:read", "tickets:read", "tickets:read"),
        ("orders:read", "tickets:read tickets:comment", None),
        ("orders:write", "tickets:read", None),
        ("pages:search", None, None),
        ("tickets:read", None, None),
    ],
    ids=repr,
)
async def test_scopes_are_no_more_than_those_of_the_subject_token_buy(
    holds: str, asked: str | None, gets: str | None
) -> None:
    it = chaining()
    token = held(it, scope=holds)
    if gets is None:
        assert (await it.turned_away(asking(it, token, scope=asked))).code == "invalid_scope"
        trims = chaining(defaults=PolicyDefaults(on_excess_scope="trim"))
        form = asking(trims, held(trims, scope=holds), scope=asked)
        if holds == "orders:read":
            assert (await trims.post(form)).body["scope"] == "tickets:read"
        else:
            assert (await trims.turned_away(form)).code == "invalid_scope"
    else:
        body = (await given(it, token, scope=asked)).body
        assert body["scope"] == gets == read(it, str(body["access_token"]))["scope"]


@pytest.mark.requirement("IDC-52")
async def test_where_two_apis_have_one_scope_a_condition_says_of_which_token_it_is_meant() -> None:
    it = chaining(plain(when=(f'"{ORDERS}" in subject.audience',)))
    assert (await told(it, held(it, aud=ORDERS, scope="orders:read")))["scope"] == "tickets:read"
    error = await it.turned_away(asking(it, held(it, aud=INVENTORY, scope="orders:read")))
    assert error.reason == "no_rule"


@pytest.mark.requirement("IDC-13", "IDC-52")
async def test_what_an_id_token_buys_is_listed_and_no_scoped_token_buys_it() -> None:
    it = chaining(plain(sold=replace(SOLD, signed_in=frozenset({"tickets:comment"}))))
    shown = {"subject_token_type": str(ID_TOKEN)}
    assert (await told(it, it.our_id_token(), **shown))["scope"] == "tickets:comment"
    assert (await told(it, held(it, scope="orders:read")))["scope"] == "tickets:read"
    refresh = await refresh_token(it)
    form = asking(it, refresh, subject_token_type=str(REFRESH_TOKEN), scope="tickets:comment tickets:read")
    assert (await it.turned_away(form)).code == "invalid_scope"


@pytest.mark.requirement("IDC-10", "SEC-52")
async def test_what_is_paused_or_for_others_gives_none() -> None:
    paused = chaining(plain(paused=True))
    assert (await paused.turned_away(asking(paused))).reason == "connection_paused"
    untyped = await paused.turned_away(asking(paused, requested_token_type=None))
    assert untyped.reason == "connection_paused"
    others = chaining(plain(people=replace(PEOPLE_OF_OURS, names=frozenset({"actas:olga"}))))
    assert (await others.turned_away(asking(others))).reason == "no_rule"
    it = chaining()
    error = await it.turned_away(asking(it, held(it, "helpdesk"), "helpdesk"))
    assert (error.code, error.reason) == ("invalid_target", "no_connection")


# Claims.


@pytest.mark.requirement("IDC-17", "IDC-50", "IDC-51", "IDC-54", "IDC-55")
async def test_claims_cross_that_are_listed_as_they_are_listed() -> None:
    claims = {
        "department": "subject.claims.dept",
        "region": 'subject.claims.country == "de" ? "eu" : "other"',
        "level": "subject.claims.level",
    }
    it = chaining(plain(claims=claims, optional=frozenset({"level"})))
    said = await told(it, held(it, dept="support", country="de", phone="+49 30 1234567"))
    assert (said["department"], said["region"]) == ("support", "eu")
    assert not {"level", "dept", "country", "phone", "groups", "txn", "lineage"} & said.keys()
    assert (await told(it, held(it, dept="support", country="fr", level=3)))["level"] == 3
    error = await it.turned_away(asking(it, held(it, country="de")))  # a required one is missing
    assert (error.code, error.reason) == ("invalid_target", "denied_by_rule")


@pytest.mark.requirement("IDC-57", "IDC-55")
async def test_how_somebody_signed_in_crosses_unchanged_where_listed_and_else_not_at_all() -> None:
    shown = {"subject_token_type": str(ID_TOKEN)}
    ways: dict[str, Any] = {"auth_time": NOW - 30, "acr": "mfa", "amr": ["pwd", "otp"]}
    it = chaining(plain(tells=frozenset({"auth_time", "acr"})))
    said = await told(it, it.our_id_token(**ways), **shown)
    assert (said["auth_time"], said["acr"]) == (NOW - 30, "mfa")
    assert "amr" not in said
    quiet = chaining()
    assert not {"auth_time", "acr", "amr"} & (await told(quiet, quiet.our_id_token(**ways), **shown)).keys()


@pytest.mark.requirement("IDC-50")
@pytest.mark.parametrize("how", ["subject", "pairwise", "email"])
async def test_the_person_is_called_as_the_connection_says(how: Any) -> None:
    it = chaining(plain(identify_by=how))
    sub = (await told(it))["sub"]
    assert {"subject": sub == "actas:alice", "email": sub == "alice@acme.example"}.get(how, len(sub) == 43)


@pytest.mark.requirement("SEC-54")
async def test_a_sign_in_has_to_be_as_new_as_the_connection_asks() -> None:
    it = chaining(plain(max_age=60))
    for token in (held(it), held(it, auth_time=NOW - 100)):
        assert (await it.turned_away(asking(it, token))).code == "insufficient_user_authentication"
    assert (await told(it, held(it, auth_time=NOW - 10)))["sub"] == "actas:alice"
