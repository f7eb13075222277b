"""Asking a refresh token for more than it began with, or after its time.

Whoever holds one asks for a scope or an API that the first exchange did not have. Somebody keeps refreshing after
the person was revoked, the issuer fell from trust, the API was disabled or the rule was taken back; or after its
client said that it is done.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import (
    APIS,
    CORP,
    FROM_CORP,
    IDP,
    ISSUER,
    secret_of,
)
from tests.fakes.refreshing import (
    CALLER,
    REFRESHING,
    RULE,
    begin,
    house,
    live,
    next_of,
    refresh,
    refused,
)
from tests.fakes.wire import encoded

from actas.core.errors import OAuthError
from actas.core.lineage import LATER, Revoked
from actas.core.wire import TOKEN_EXCHANGE
from actas.policy.rule import Refreshing


@pytest.mark.requirement("SEC-43")
async def test_it_never_brings_more_than_was_granted_when_it_began() -> None:
    rules = (replace(RULE, apis=frozenset({"orders", "inventory"})),)
    it = house(rules=rules)
    token = await begin(it, scope="orders:read")
    for scope in ("orders:write", "orders:read orders:write", "stock:read"):
        assert await refused(refresh(it, token, scope=scope)) == ("invalid_scope", "excess")
    assert await refused(refresh(it, token, audience="inventory")) == ("invalid_target", "unknown_target")
    answer = await refresh(it, token)
    assert answer.body["scope"] == "orders:read"


@pytest.mark.requirement("SEC-43")
async def test_narrower_once_is_not_narrower_for_good() -> None:
    """RFC 6749 section 6: the scope of a refresh token is what was granted at first."""
    it = house()
    token = await begin(it)
    narrow = await refresh(it, token, scope="orders:read")
    assert narrow.body["scope"] == "orders:read"
    assert (await refresh(it, next_of(narrow)[0])).body["scope"] == "orders:read orders:write"


@pytest.mark.requirement("SEC-44", "SEC-42", "SEC-23", "SEC-52")
async def test_it_lives_under_the_rules_of_today() -> None:
    it = house()
    token = await begin(it)
    disabled_api = [replace(one, disabled=one.name == "orders") for one in APIS]
    without = [
        replace(one, apis=frozenset({"inventory"})) if one.name == "assistant" else one for one in REFRESHING
    ]
    gone = [replace(one, disabled=one.name == "assistant") for one in REFRESHING]
    ungranted = [
        replace(one, grants=frozenset({TOKEN_EXCHANGE})) if one.grants else one for one in REFRESHING
    ]
    deny = replace(RULE, name="no", effect="deny", kind="any", refresh=None, scopes=None, reason="Not today.")
    shorter = replace(RULE, refresh=Refreshing(lifetime=60, idle=60))
    cases: list[tuple[dict[str, Any], str]] = [
        ({"apis": disabled_api}, "unknown_target"),
        ({"clients": without}, "unknown_target"),
        ({"clients": gone}, "bad_client_auth"),
        ({"clients": ungranted}, "client_may_not_exchange"),
        ({"rules": ()}, "no_rule"),
        ({"rules": (replace(RULE, refresh=None),)}, "no_rule"),
        ({"rules": (RULE, deny)}, "denied_by_rule"),
        ({"rules": (shorter,)}, "expired"),
        ({"issuers": (replace(CORP, disabled=True),)}, "bad_subject"),
        ({"issuers": ()}, "bad_subject"),
        ({"issuers": (replace(CORP, audiences={"another": None}),)}, "wrong_audience"),
        ({"issuers": (replace(CORP, audiences={"acme-web": frozenset({"web"})}),)}, "wrong_audience"),
        ({"rules": (replace(RULE, subject=replace(FROM_CORP, groups=frozenset({"boss"}))),)}, "no_rule"),
    ]
    it.clock.advance(61)
    for changes, reason in cases:
        today = house(ring=it.ring, clock=it.clock, **changes)
        today.families._families, today.families._tokens = it.families._families, it.families._tokens
        assert (await refused(refresh(today, token)))[1] == reason, changes
    assert next_of(await refresh(it, token))  # nothing of that used it up


@pytest.mark.requirement("SEC-23", "TX-136")
@pytest.mark.parametrize(
    "names",
    [
        ("token", IDP, "id-1"),
        ("party", ISSUER, "alice@acme.example"),
        ("party", IDP, "id-alice"),
        ("party", ISSUER, "assistant"),
    ],
)
async def test_it_dies_with_whatever_it_came_from(names: tuple[str, ...]) -> None:
    it = house()
    token = await begin(it)
    after, access = next_of(await refresh(it, token))
    it.clock.advance(2000)
    up_to = LATER if names[0] == "token" else int(it.clock.now())
    it.revoked.listed.append(Revoked(mark=it.ring.mark(*names), up_to=up_to, until=LATER, entry="x_1"))
    assert await refused(refresh(it, after)) == ("invalid_grant", "revoked")
    assert not await live(it, access)


@pytest.mark.requirement("TX-135", "TX-133")
async def test_revoking_any_of_its_tokens_ends_the_family_and_only_its_client_may() -> None:
    for which in ("used", "good"):
        it = house()
        first = await begin(it)
        after, access = next_of(await refresh(it, first))
        token = first if which == "used" else after
        for who, alive in (("web", True), ("assistant", False)):
            form = {
                "token": token,
                "token_type_hint": "refresh_token",
                "client_id": who,
                "client_secret": secret_of(who),
            }
            await it.revocation()(encoded(form), CALLER)
            assert await live(it, access) is alive
        assert await refused(refresh(it, after)) == ("invalid_grant", "revoked")


@pytest.mark.requirement("REL-01")
async def test_a_family_never_ends_without_the_entry_that_says_so() -> None:
    """It is kept with the end of the family, so that it is written whatever becomes of who ended it."""
    it = house()
    old = await begin(it)
    after, _ = next_of(await refresh(it, old))
    it.clock.advance(60)
    it.writer.broken = True
    assert (await refused(refresh(it, old)))[1] == "audit_unavailable"
    (waiting,) = it.revoked.waiting
    entry = json.loads(waiting.body)
    assert (entry["id"], entry["event"], entry["reason"]) == (
        waiting.entry,
        "exchange:refused",
        "refresh_reused",
    )
    assert it.revoked.listed[-1].entry == waiting.entry
    it.writer.broken = False
    assert await refused(refresh(it, after)) == ("invalid_grant", "revoked")

    other = house()
    form = {"token": await begin(other), "client_id": "assistant", "client_secret": secret_of("assistant")}
    other.writer.broken = True
    with pytest.raises(OAuthError):
        await other.revocation()(encoded(form), CALLER)
    (waiting,) = other.revoked.waiting
    assert json.loads(waiting.body)["event"] == "revocation:granted"

    whole = house()
    first = await begin(whole)
    next_of(await refresh(whole, first))
    whole.clock.advance(60)
    assert await refused(refresh(whole, first)) == ("invalid_grant", "refresh_reused")
    assert whole.revoked.waiting == []
    assert sum("revoked" in event for event in whole.writer.events) == 1
