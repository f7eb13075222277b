"""Passing off as an ID token of ours what is none, or is no longer, or is somebody else's.

An ID token of ours tells one application who signed in there, and that application may exchange it. Whoever
can make one, or borrow one, is that person at every API that a rule opens for it. So somebody signs with a key
of ours that has another purpose, or with a key of their own and our name; sends the ID token of another
application, an access token, a logout token; or keeps a good one until the session has ended, the person is
locked out or the application is gone. Each of these is refused, and each is written down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import msgspec
import pytest
from tests.fakes.company import CORP_FOR_PEOPLE
from tests.fakes.house import (
    CLIENTS,
    CORP,
    IDP,
    IDP_KEY,
    ISSUER,
    NOW,
    PEOPLE,
    House,
    allow,
    signing_in,
)

from actas.core.errors import OAuthError
from actas.core.lineage import Revoked
from actas.core.wire import ID_TOKEN
from actas.crypto import jose
from actas.policy.rule import PartySelector, RuleSpec, ScopeMap

TOLD: Final = PartySelector(issuers=frozenset({"actas"}), token_types=frozenset({ID_TOKEN}))
FOR_PEOPLE: Final = allow("web-for-people", "delegation", "web", "orders", subject=TOLD)
APPS: Final = tuple(signing_in(one) if one.name in ("web", "helpdesk") else one for one in CLIENTS)


def house(*rules: RuleSpec, **changes: Any) -> House:
    return House(**{"clients": APPS, "people": PEOPLE, "rules": rules or (FOR_PEOPLE,), **changes})


async def ask(sts: House, token: str, *, who: str = "web", **asked: Any) -> dict[str, Any]:
    return await sts.claims(who, token, audience="orders", subject_token_type=str(ID_TOKEN), **asked)


async def refused(sts: House, token: str, *, who: str = "web", **asked: Any) -> OAuthError:
    return await sts.refused(who, token, audience="orders", subject_token_type=str(ID_TOKEN), **asked)


async def signed_in(sts: House) -> str:
    """The ID token that web is told when alice signs in."""
    return str((await sts.post(await sts.code_form())).body["id_token"])


@pytest.mark.requirement("SEC-21", "SEC-91", "TX-46")
async def test_the_app_that_a_person_signed_in_to_exchanges_what_it_was_told() -> None:
    sts = house()
    claims = await ask(sts, await signed_in(sts))
    assert (claims["sub"], claims["act"]["sub"]) == ("actas:alice", "web")
    assert (claims["scope"], claims["txn"]) == ("orders:read orders:write", "authorization-1")
    assert claims["exp"] <= NOW + 300
    subject = sts.writer.events[-1]["subject"]
    assert (subject["issuer"], subject["client"], subject["audience"]) == ("actas", "web", ["web"])


async def test_rules_see_how_somebody_signed_in() -> None:
    strong = replace(FOR_PEOPLE, when=("subject.claims.acr == 'mfa' && 'otp' in subject.claims.amr",))
    sts = house(strong)
    assert (await refused(sts, sts.our_id_token())).reason == "no_rule"
    await ask(sts, sts.our_id_token(acr="mfa", amr=["pwd", "otp"]))
    recent = replace(FOR_PEOPLE, when=(f"subject.claims.auth_time > {NOW - 60} && subject.claims.sid != ''",))
    assert await ask(house(recent), sts.our_id_token())


async def test_the_groups_are_those_of_now() -> None:
    sts = house(replace(FOR_PEOPLE, subject=replace(TOLD, groups=frozenset({"support"}))))
    token = sts.our_id_token(groups=["platform"])
    assert (await ask(sts, token))["groups"] == ["support"]
    moved = house(
        replace(FOR_PEOPLE, subject=replace(TOLD, groups=frozenset({"support"}))),
        people=[msgspec.structs.replace(PEOPLE[0], groups=("platform",))],
    )
    assert (await refused(moved, moved.our_id_token(groups=["support"]))).reason == "no_rule"


async def test_somebody_whom_an_issuer_vouches_for_is_who_they_are_there() -> None:
    sts = house(issuers=(CORP_FOR_PEOPLE,))
    origin = {"format": "iss_sub", "iss": IDP, "sub": "id-alice"}
    token = sts.our_id_token(sub="alice@acme.example", sub_id=origin, groups=["support"])
    claims = await ask(sts, token)
    assert (claims["sub"], claims["sub_id"]) == ("alice@acme.example", origin)
    for gone in (replace(CORP_FOR_PEOPLE, disabled=True), CORP):
        assert (await refused(house(issuers=(gone,)), token)).reason == "bad_subject"


def without(*names: str) -> Callable[[House], str]:
    absent: dict[str, Any] = dict.fromkeys(names)
    return lambda sts: sts.our_id_token(**absent)


FORGED: Final[dict[str, Callable[[House], str]]] = {
    "signed by the key of access tokens": lambda sts: sts.our_id_token(
        key=sts.ring.private("token", "RS256")
    ),
    "signed by the key of the log": lambda sts: sts.our_id_token(key=sts.ring.private("audit", "ES256")),
    "signed by an issuer that calls itself us": lambda sts: sts.our_id_token(key=IDP_KEY),
    "signed by a key of somebody's own": lambda sts: sts.our_id_token(key=jose.PrivateKey.generate("ES256")),
    "an access token": lambda sts: sts.our_token(client_id="web", aud="web", act=None),
    "an access token by the key of ID tokens": lambda sts: sts.our_id_token(typ="at+jwt"),
    "claims of an access token": lambda sts: sts.our_id_token(client_id="web", scope="orders:read"),
    "a logout token": lambda sts: sts.our_id_token(typ="logout+jwt"),
    "claims of a logout token": lambda sts: sts.our_id_token(events={}),
    "somebody acts in it": lambda sts: sts.our_id_token(act={"iss": ISSUER, "sub": "web"}),
    "somebody may act in it": lambda sts: sts.our_id_token(may_act={"iss": ISSUER, "sub": "web"}),
    "for two": lambda sts: sts.our_id_token(aud=["web", "helpdesk"]),
    "for one, in a list": lambda sts: sts.our_id_token(aud=["web"]),
    "for nobody here": lambda sts: sts.our_id_token(aud="https://web.acme.example/client"),
    "for an app that is gone": lambda sts: sts.our_id_token(aud="gone"),
    "of a person who is locked out": lambda sts: sts.our_id_token(sub="actas:bob"),
    "of nobody here": lambda sts: sts.our_id_token(sub="actas:eve"),
    "of a client": lambda sts: sts.our_id_token(sub="web"),
    "of a person of an issuer that nobody trusts": lambda sts: sts.our_id_token(
        sub="eve@evil.example", sub_id={"format": "iss_sub", "iss": "https://evil.example", "sub": "eve"}
    ),
    "without what it comes from": without("lineage"),
    "without an id": without("jti"),
}


@pytest.mark.requirement("SEC-21", "SEC-22", "SEC-23", "SEC-91", "SEC-16", "SEC-52")
@pytest.mark.parametrize("forged", FORGED)
async def test_what_is_no_id_token_of_ours_is_refused(forged: str) -> None:
    sts = house()
    error = await refused(sts, FORGED[forged](sts))
    assert error.reason == "bad_subject", error.detail


@pytest.mark.requirement("SEC-03", "SEC-16")
async def test_no_issuer_is_asked_about_what_calls_itself_ours() -> None:
    named_like_us = replace(CORP, name="twin", issuer=ISSUER)
    either = replace(TOLD, issuers=frozenset({"actas", "twin"}))
    sts = house(replace(FOR_PEOPLE, subject=either), issuers=(named_like_us,))
    token = sts.id_token(iss=ISSUER, aud="web", nonce="n")
    assert (await refused(sts, token)).reason == "bad_subject"


@pytest.mark.requirement("SEC-20")
async def test_one_that_has_ended_is_refused() -> None:
    sts = house()
    token = await signed_in(sts)
    sts.clock.advance(300)
    assert (await refused(sts, token)).reason == "expired"


@pytest.mark.requirement("SEC-21", "TX-46")
async def test_another_app_does_not_present_it() -> None:
    rule = allow("helpdesk-for-people", "delegation", "helpdesk", "orders", subject=TOLD)
    sts = house(rule)
    error = await refused(sts, await signed_in(sts), who="helpdesk")
    assert error.reason == "wrong_audience"


@pytest.mark.requirement("SEC-21")
async def test_an_api_that_is_called_like_the_app_does_not_present_it() -> None:
    rule = allow("orders-for-people", "delegation", "orders", "inventory", subject=TOLD)
    sts = house(rule)
    token = sts.our_id_token(aud="web")
    error = await sts.refused("orders", token, audience="inventory", subject_token_type=str(ID_TOKEN))
    assert error.reason == "wrong_audience"


@pytest.mark.requirement("SEC-23", "SEC-52")
@pytest.mark.parametrize("ended", ["session", "party", "token"])
async def test_it_ends_with_the_session_the_person_and_the_sign_in(ended: str) -> None:
    sts = house()
    token = await signed_in(sts)
    name = {"session": "session-1", "party": "actas:alice", "token": "authorization-1"}[ended]
    mark = sts.ring.mark(ended, ISSUER, name)
    await sts.revoked.add([Revoked(mark=mark, up_to=NOW + 1, until=NOW + 9999, entry="e")])
    assert (await refused(sts, token)).reason == "revoked"


@pytest.mark.requirement("SEC-23", "SEC-52")
async def test_it_ends_with_the_app() -> None:
    sts = house()
    off = tuple(replace(one, disabled=True) if one.name == "helpdesk" else one for one in APPS)
    error = await refused(house(clients=off), sts.our_id_token(aud="helpdesk"))
    assert (error.reason, "helpdesk" in error.detail) == ("bad_subject", True)


@pytest.mark.requirement("SEC-50")
async def test_as_an_actor_it_is_taken_only_where_a_rule_speaks_of_one() -> None:
    subject = {"client_id": "web", "act": None}
    nobody = house(allow("web-acts", "delegation", "web", "orders"))
    sent = {"audience": "orders", "actor_token_type": str(ID_TOKEN)}
    error = await nobody.refused(
        "web", nobody.our_token(**subject), actor_token=nobody.our_id_token(), **sent
    )
    assert error.reason == "no_rule"
    rule = allow("people-act", "delegation", "web", "orders", actor=replace(TOLD, required=True))
    sts = house(rule)
    claims = await sts.claims("web", sts.our_token(**subject), actor_token=sts.our_id_token(), **sent)
    assert claims["act"]["sub"] == "actas:alice"
    error = await sts.refused(
        "web", sts.our_token(**subject), actor_token=sts.our_id_token(aud="helpdesk"), **sent
    )
    assert error.reason == "wrong_audience"


async def test_it_holds_nothing_that_could_be_narrowed() -> None:
    narrow = allow("narrow", "downscope", "web", "orders", subject=TOLD)
    sts = house(replace(narrow, scopes=ScopeMap(same=True)))
    error = await refused(sts, sts.our_id_token())
    assert error.reason in ("unknown_target", "excess", "no_rule"), error.reason
