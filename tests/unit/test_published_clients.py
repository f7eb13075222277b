"""Clients that publish what they are, through the pipeline: what they get, and what they never do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.fakes.company import CALLBACK, named
from tests.fakes.front_door import FrontDoor
from tests.fakes.house import CLIENT_KEY, CLIENTS, ISSUER, NOW, PEOPLE, RULES, House, claims_of
from tests.fakes.published import CLIENT_ID, TERMS, DocumentsAt, Published, document
from tests.fakes.visits import VERIFIER, challenge_of

from actas.core.lineage import Revoked
from actas.core.party import Caller, PresentedToken
from actas.core.ports import FetchFailed
from actas.core.secret import Secret
from actas.core.wire import (
    ACCESS_TOKEN,
    CLIENT_CREDENTIALS,
    JWT_BEARER_CLIENT_ASSERTION,
    REFRESH,
    TOKEN_EXCHANGE,
)
from actas.policy.rule import ClientSelector, RuleSpec, ScopeMap
from actas.signin.steps import Answered, Later

KEYED = {
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": {"keys": [CLIENT_KEY.public.jwk()]},
    "grant_types": ["authorization_code", "refresh_token", "client_credentials", str(TOKEN_EXCHANGE)],
}
EVERYTHING = replace(TERMS, grants=TERMS.grants | {TOKEN_EXCHANGE, CLIENT_CREDENTIALS})
BY_KIND = RuleSpec(
    name="apps-to-orders",
    effect="allow",
    kind="own",
    client=ClientSelector(kinds=frozenset({"app"})),
    apis=frozenset({"orders"}),
    scopes=ScopeMap(anyway=frozenset({"orders:read"})),
)
BY_ADDRESS = replace(BY_KIND, name="assistant-to-orders", client=named(CLIENT_ID))


def house(said: dict[str, Any] | None = None, **changes: Any) -> House:
    fetch = DocumentsAt({CLIENT_ID: document(redirect_uris=[CALLBACK], **(said or {}))})
    let_in = Published(terms=changes.pop("documents", TERMS), fetch=fetch)
    return House(clients=CLIENTS[:3], people=PEOPLE, published_clients=let_in, **changes)


async def code_form(sts: House, **changes: Any) -> dict[str, Any]:
    """The form by which such a client redeems what alice let it have."""
    form = await sts.code_form(CLIENT_ID, **changes)
    return {name: value for name, value in form.items() if name != "client_secret"}


def proven(sts: House, form: dict[str, Any], **claims: Any) -> dict[str, Any]:
    assertion = sts.assertion(CLIENT_ID, **claims)
    return {**form, "client_assertion": assertion, "client_assertion_type": JWT_BEARER_CLIENT_ASSERTION}


@pytest.mark.requirement("OP-120", "OP-71", "OP-142")
async def test_a_public_client_gets_what_a_person_let_it_have_and_its_refresh_tokens_rotate() -> None:
    sts = house()
    answer = await sts.post(await code_form(sts))
    claims = claims_of(answer)
    assert (claims["client_id"], claims["sub"]) == (CLIENT_ID, "actas:alice")
    assert "orders:read" in claims["scope"].split()
    assert sts.writer.events[-1]["client"]["name"] == CLIENT_ID
    first = str(answer.body["refresh_token"])
    form = {"grant_type": str(REFRESH), "client_id": CLIENT_ID, "refresh_token": first}
    second = await sts.post(form)
    assert second.body["refresh_token"] != first
    sts.clock.advance(60)
    assert (await sts.turned_away(form)).reason == "refresh_reused"
    again = {**form, "refresh_token": second.body["refresh_token"]}
    assert (await sts.turned_away(again)).code == "invalid_grant"


@pytest.mark.requirement("OP-124", "SEC-09")
async def test_a_client_that_publishes_a_key_must_prove_that_it_has_it() -> None:
    sts = house(KEYED)
    bare = await code_form(sts)
    assert (await sts.turned_away(bare)).code == "invalid_client"
    secret = {**bare, "client_secret": "guessed"}
    assert (await sts.turned_away(secret)).code == "invalid_client"
    for claims in ({"aud": f"{ISSUER}/token"}, {"iss": "robot"}, {"exp": NOW - 1}):
        assert (await sts.turned_away(proven(sts, bare, **claims))).code == "invalid_client"
    assert claims_of(await sts.post(proven(sts, bare)))["client_id"] == CLIENT_ID


@pytest.mark.requirement("OP-124")
async def test_a_client_without_a_key_proves_nothing() -> None:
    sts = house()
    form = await code_form(sts)
    for more in ({"client_secret": ""}, {"client_secret": "x"}):
        error = await sts.turned_away({**form, **more}) if more["client_secret"] else None
        assert error is None or error.code == "invalid_client"
    assert (await sts.turned_away(proven(sts, form))).code == "invalid_client"


@pytest.mark.requirement("SEC-08", "SEC-42", "OP-125")
async def test_what_it_may_do_beside_signing_people_in_a_rule_says_by_its_address() -> None:
    own = {"grant_type": str(CLIENT_CREDENTIALS), "client_id": CLIENT_ID, "audience": "orders"}
    for rules, terms in (((BY_ADDRESS,), TERMS), ((BY_KIND,), EVERYTHING), ((), EVERYTHING)):
        sts = house(KEYED, rules=[*RULES, *rules], documents=terms)
        error = await sts.turned_away(proven(sts, own))
        assert error.reason in ("client_may_not_exchange", "no_rule")
    sts = house(KEYED, rules=[*RULES, BY_ADDRESS], documents=EVERYTHING)
    assert claims_of(await sts.post(proven(sts, own)))["sub"] == CLIENT_ID
    public = house(rules=[*RULES, BY_ADDRESS], documents=EVERYTHING)
    assert (await public.turned_away(own)).reason == "client_may_not_exchange"
    elsewhere = replace(EVERYTHING, apis=frozenset({"inventory"}))
    sts = house(KEYED, rules=[*RULES, BY_ADDRESS], documents=elsewhere)
    assert (await sts.turned_away(proven(sts, own))).code == "invalid_target"


@pytest.mark.requirement("SEC-42")
async def test_a_deny_by_kind_means_it_too() -> None:
    deny = RuleSpec(
        name="no-apps",
        effect="deny",
        kind="any",
        client=ClientSelector(kinds=frozenset({"app"})),
        reason="Apps are not let in.",
    )
    sts = house(rules=[*RULES, deny])
    assert (await sts.turned_away(await code_form(sts))).reason == "denied_by_rule"


async def test_it_may_ask_for_what_the_configuration_says_and_for_nothing_else() -> None:
    none = house(documents=replace(TERMS, apis=frozenset()))
    error = await none.turned_away(await code_form(none))
    assert error.code == "invalid_target"
    narrow = house(documents=replace(TERMS, scopes={"orders": frozenset({"orders:write"})}))
    assert claims_of(await narrow.post(await code_form(narrow)))["scope"] == "openid profile"


@pytest.mark.requirement("SEC-23", "OP-131")
async def test_what_it_holds_ends_when_its_host_is_let_in_no_more_and_when_it_is_revoked() -> None:
    sts = house()
    text = Secret(str((await sts.post(await code_form(sts))).body["access_token"]))
    held = PresentedToken(ACCESS_TOKEN, text, "subject")
    assert (await sts.own_tokens.validate(held)).client_id == CLIENT_ID
    for terms in (None, replace(TERMS, hosts=frozenset()), replace(TERMS, refused=frozenset({CLIENT_ID}))):
        narrowed = house(documents=terms, ring=sts.ring)
        with pytest.raises(Exception, match="no longer registered"):
            await narrowed.own_tokens.validate(held)
    mark = sts.ring.mark("party", ISSUER, CLIENT_ID)
    await sts.revoked.add([Revoked(mark=mark, up_to=2**40, until=2**40, entry="x_1")])
    with pytest.raises(Exception, match="revoked"):
        await sts.own_tokens.validate(held)


@pytest.mark.requirement("OP-128", "SEC-13")
async def test_whatever_is_wrong_at_its_address_the_answer_is_that_for_an_unknown_client() -> None:
    sts = house()
    fetch = sts.published_clients.fetch
    assert isinstance(fetch, DocumentsAt)
    form = await code_form(sts)
    unknown = await sts.turned_away({**form, "client_id": "nobody"})
    for wrong in (FetchFailed("inside"), document(client_id="https://agents.example/other.json")):
        fetch.documents[CLIENT_ID] = wrong
        error = await sts.turned_away(form)
        assert (error.code, error.reason, error.status, error.sentence) == (
            unknown.code,
            unknown.reason,
            unknown.status,
            unknown.sentence,
        )
        assert CLIENT_ID in sts.writer.events[-1]["detail"]
    off = house(documents=None)
    assert (await off.turned_away(form)).code == "invalid_client"


async def test_nothing_is_remembered_of_those_who_ask() -> None:
    sts = house()
    await sts.post(await code_form(sts))
    assert CLIENT_ID not in sts.exchange._parties


@pytest.mark.requirement("OP-120", "OP-128", "OP-30", "OP-34")
async def test_what_such_an_app_asks_may_be_pushed_and_must_be_where_its_document_says_so() -> None:
    asked = {
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    door = FrontDoor(house({"require_pushed_authorization_requests": True}))
    visitor = await door.visitor("alice")
    refused = await door.authorizing.ask(urlencode(asked).encode(), visitor)
    assert isinstance(refused, Answered)
    assert dict(refused.members)["error"] == "invalid_request"
    told = await door.pushing(urlencode(asked).encode(), Caller(address="198.51.100.7"))
    named = {"client_id": CLIENT_ID, "request_uri": str(told["request_uri"])}
    assert isinstance(await door.authorizing.ask(urlencode(named).encode(), visitor), Later)
    fetch = door.house.published_clients.fetch
    assert isinstance(fetch, DocumentsAt)
    assert len(fetch.asked) == 1
