"""Living on somebody's refresh token.

A refresh token is worth more than any access token: it brings new ones for hours. A thief who copied one races its
owner to use it, uses it later, or uses an older one that the owner has long replaced. A thief inside another client
presents it there, or shows it to an API. And somebody looks for a way to get one at all: from a token of ours, which
may be an impersonated one, or with an actor token of somebody who has long gone home.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import (
    CORP,
    ISSUER,
    NOW,
    House,
    allow,
    claims_of,
    secret_of,
)
from tests.fakes.refreshing import (
    CALLER,
    RULE,
    begin,
    house,
    live,
    next_of,
    refresh,
    refused,
)
from tests.fakes.wire import encoded

from actas.core.opaque import REFRESH, is_whole
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, REFRESH_TOKEN
from actas.policy.rule import Refreshing


@pytest.mark.requirement("OP-74")
async def test_an_honest_client_lives_on_it() -> None:
    it = house()
    token = await begin(it)
    assert is_whole(token, REFRESH)
    seen = {token}
    for _ in range(9):
        it.clock.advance(3000)
        answer = await refresh(it, token)
        token, access = next_of(answer)
        claims = claims_of(answer)
        assert (claims["sub"], claims["act"]["sub"], claims["scope"]) == (
            "alice@acme.example",
            "assistant",
            "orders:read orders:write",
        )
        assert await live(it, access)
        seen.add(token)
    assert len(seen) == 10
    it.clock.advance(8 * 3600 - 9 * 3000 - 10)
    last = await refresh(it, token)
    assert claims_of(last)["exp"] == NOW + 8 * 3600  # no token outlives the family
    it.clock.advance(20)
    assert await refused(refresh(it, next_of(last)[0])) == ("invalid_grant", "expired")


@pytest.mark.requirement("OP-74")
async def test_one_that_is_not_used_ends() -> None:
    it = house()
    token = await begin(it)
    it.clock.advance(3601)
    assert await refused(refresh(it, token)) == ("invalid_grant", "expired")


@pytest.mark.requirement("SEC-96")
async def test_no_piece_and_no_other_kind_of_token_is_one() -> None:
    it = house()
    token = await begin(it)
    body = token.removeprefix(REFRESH)
    reference = "actas_ref_" + body
    access = next_of(await refresh(it, token))[1]
    for variant in (token[:-1], token + "A", token.swapcase(), body, reference, access, it.id_token(), "x"):
        code, reason = await refused(refresh(it, variant))
        assert (code, reason) == ("invalid_grant", "bad_subject"), variant


@pytest.mark.requirement("SEC-87")
async def test_the_minutes_name_it_and_never_hold_it() -> None:
    it = house()
    token = await begin(it)
    after, access = next_of(await refresh(it, token))
    lines = b"".join(it.writer.lines).decode()
    for secret in (token, after, access):
        assert secret not in lines
        assert it.ring.digest(secret) in lines
    begun, renewed = it.writer.events
    assert renewed["parents"] == [
        {"role": "subject", "jti": begun["given"]["jti"], "digest": it.ring.digest(token)}
    ]
    assert renewed["txn"] == begun["txn"]
    assert (renewed["grant"], renewed["kind"]) == ("refresh_token", "delegation")


@pytest.mark.requirement("OP-72")
async def test_a_thief_who_comes_later_ends_it_for_everybody() -> None:
    """RFC 9700 section 4.14.2: of two copies nobody knows which is the thief's."""
    it = house()
    stolen = await begin(it)
    owners, access = next_of(await refresh(it, stolen))
    assert await live(it, access)
    it.clock.advance(11)
    assert await refused(refresh(it, stolen)) == ("invalid_grant", "refresh_reused")
    assert it.writer.events[-1]["revoked"] == [f"token:{it.writer.events[0]['given']['jti']}"]
    assert await refused(refresh(it, owners)) == ("invalid_grant", "revoked")
    assert not await live(it, access)
    assert not await live(it, owners)


@pytest.mark.requirement("OP-72")
async def test_a_thief_who_was_first_is_ended_by_the_owner() -> None:
    it = house()
    owners = await begin(it)
    thiefs, access = next_of(await refresh(it, owners))
    it.clock.advance(60)
    assert await refused(refresh(it, owners)) == ("invalid_grant", "refresh_reused")
    assert await refused(refresh(it, thiefs)) == ("invalid_grant", "revoked")
    assert not await live(it, access)


@pytest.mark.requirement("OP-72")
async def test_an_old_one_ends_it_too_even_in_the_first_seconds() -> None:
    it = house()
    first = await begin(it)
    second, _ = next_of(await refresh(it, first))
    third, _ = next_of(await refresh(it, second))
    assert await refused(refresh(it, first)) == ("invalid_grant", "refresh_reused")
    assert await refused(refresh(it, third)) == ("invalid_grant", "revoked")


@pytest.mark.requirement("OP-73")
async def test_two_threads_of_an_honest_client_end_nothing_and_get_one_successor() -> None:
    it = house()
    token = await begin(it)
    after, access = next_of(await refresh(it, token))
    it.clock.advance(10)
    assert await refused(refresh(it, token)) == ("invalid_grant", "refresh_repeated")
    assert await live(it, access)
    assert next_of(await refresh(it, after))


@pytest.mark.requirement("TX-47", "SEC-21")
async def test_another_client_gets_nothing_from_it_and_ends_nothing() -> None:
    it = house(rules=(RULE, replace(RULE, name="web-too", client=allow("w", "own", "web", "orders").client)))
    token = await begin(it)
    for who in ("web", "orders", "inventory"):
        assert await refused(refresh(it, token, who=who)) == ("invalid_grant", "wrong_audience")
    after, _ = next_of(await refresh(it, token))
    it.clock.advance(60)
    for who in ("web", "orders"):
        assert await refused(refresh(it, token, who=who)) == ("invalid_grant", "refresh_reused")
        assert "revoked" not in it.writer.events[-1]
    assert next_of(await refresh(it, after))


@pytest.mark.requirement("OP-75", "OP-72")
async def test_what_was_stolen_as_a_subject_token_is_no_good_either() -> None:
    rules = (
        RULE,
        allow("onward", "downscope", "assistant", "orders"),
        allow("o", "delegation", "orders", "inventory"),
    )
    it = house(rules=rules)
    token = await begin(it)
    how = {"subject_token_type": str(REFRESH_TOKEN)}
    code, reason = await refused(it.ask("orders", token, audience="inventory", **how))
    assert (code, reason) == ("invalid_request", "wrong_audience")
    narrowed = await it.ask("assistant", token, audience="orders", scope="orders:read", **how)
    assert claims_of(narrowed)["scope"] == "orders:read"
    actor = {"actor_token": token, "actor_token_type": str(REFRESH_TOKEN)}
    code, reason = await refused(it.ask("assistant", it.our_token(), audience="orders", **actor))
    assert reason == "bad_actor"
    after, _ = next_of(await refresh(it, token))  # TX-48: it was not used up
    it.clock.advance(60)
    code, reason = await refused(it.ask("assistant", token, audience="orders", **how))
    assert (code, reason) == ("invalid_request", "refresh_reused")
    assert await refused(refresh(it, after)) == ("invalid_grant", "revoked")


async def test_one_that_is_declared_as_an_access_token_is_refused_by_its_name() -> None:
    it = house()
    token = await begin(it)
    code, reason = await refused(it.ask("orders", token, audience="inventory"))
    assert (code, reason) == ("invalid_request", "bad_subject")
    assert "it is a refresh token" in it.writer.events[-1]["detail"]


@pytest.mark.requirement("SEC-22")
async def test_no_api_takes_one_for_an_access_token() -> None:
    """Its client may be an API itself, and hears that it is active: then it is for this server and no API."""
    own = replace(RULE, client=allow("x", "own", "orders", "orders").client)
    it = house(rules=(own,), issuers=(replace(CORP, audiences={"acme-web": None}),))
    form = {"subject_token_type": str(ID_TOKEN), "requested_token_type": str(REFRESH_TOKEN)}
    token = str((await it.ask("orders", it.id_token(), audience="orders", **form)).body["access_token"])
    asked = {"token": token, "client_id": "orders", "client_secret": secret_of("orders")}
    told: dict[str, Any] = dict((await it.introspection()(encoded(asked), CALLER)).body)
    assert (told["active"], told["token_type"], told["aud"]) == (True, "N_A", ISSUER)


@pytest.mark.requirement("SEC-85", "TX-131")
async def test_only_its_client_hears_of_it() -> None:
    it = house()
    token = await begin(it)
    assert [await live(it, token, who) for who in ("assistant", "orders", "web")] == [True, False, False]
    after, _ = next_of(await refresh(it, token))
    assert [await live(it, token), await live(it, after)] == [False, True]
    form = {"token": after, "client_id": "assistant", "client_secret": secret_of("assistant")}
    told: dict[str, Any] = dict((await it.introspection()(encoded(form), CALLER)).body)
    assert (told["sub"], told["client_id"], told["token_type"]) == ("alice@acme.example", "assistant", "N_A")
    assert (told["exp"], told["act"]["sub"], told["jti"]) == (
        NOW + 3600,
        "assistant",
        it.writer.events[0]["given"]["jti"],
    )


@pytest.mark.requirement("TX-86", "SEC-48")
async def test_nobody_gets_one_who_should_not() -> None:
    want = {"requested_token_type": str(REFRESH_TOKEN), "audience": "orders"}
    foreign = {"subject_token_type": str(ID_TOKEN), **want}
    kinds = ("delegation", "impersonation", "downscope")
    ours = tuple(
        allow(kind, kind, "orders", "orders", refresh=Refreshing(lifetime=600, idle=600)) for kind in kinds
    )
    it = house(rules=(RULE, *ours))
    # No token of ours begins one: it may be an impersonated one, and it is short-lived by design.
    for act in (None, {"iss": ISSUER, "sub": "assistant"}):
        token = it.our_token(act=act)
        assert (await refused(it.ask("orders", token, **want)))[1] == "bad_subject"
    # Nor does a refresh token.
    refresh_token = await begin(it)
    form = {"subject_token_type": str(REFRESH_TOKEN), **want}
    assert (await refused(it.ask("assistant", refresh_token, **form)))[1] == "bad_subject"
    # An actor token proves that somebody was there once.
    actor = {"actor_token": it.id_token("dana"), "actor_token_type": str(ID_TOKEN)}
    assert (await refused(it.ask("assistant", it.id_token(), **foreign, **actor)))[1] == "actor_not_allowed"
    # A rule must say so, every rule that allows it, and the client must be able to use it.
    silent = replace(RULE, refresh=None)
    for rules in ((silent,), (RULE, replace(silent, name="b"))):
        assert (await refused(begin(house(rules=rules))))[1] == "no_rule"
    plain = House(rules=(RULE,))
    assert await refused(begin(plain)) == ("unauthorized_client", "client_may_not_exchange")
    assert plain.families._tokens == {}


async def test_an_access_token_never_comes_with_one_unasked() -> None:
    it = house()
    answer = await it.ask("assistant", it.id_token(), subject_token_type=str(ID_TOKEN), audience="orders")
    assert "refresh_token" not in answer.body
    own = house(rules=(allow("own", "own", "orders", "orders"),))
    assert "refresh_token" not in (await own.own("orders", audience="orders")).body


@pytest.mark.requirement("SEC-86")
async def test_one_that_the_minutes_do_not_have_was_never_given_and_costs_nobody_the_one_before() -> None:
    it = house()
    token = await begin(it)
    it.writer.broken = True
    assert (await refused(refresh(it, token)))[1] == "audit_unavailable"
    it.writer.broken = False
    it.clock.advance(60)
    assert next_of(await refresh(it, token))


@pytest.mark.requirement("OP-73")
async def test_two_that_race_get_one_successor() -> None:
    """Both were found good; the one that is slower finds it used."""
    it = house()
    token = await begin(it)
    renewal = await it.renewals.prove(token)
    after, access = next_of(await refresh(it, token))
    assert await it.refresh.follow(renewal, at=NOW) is None
    assert await live(it, after)
    assert await live(it, access)


@pytest.mark.requirement("SEC-87")
async def test_what_is_kept_says_nothing_without_the_token() -> None:
    it = house()
    token = await begin(it)
    after, _ = next_of(await refresh(it, token))
    kept = repr((it.families._families, it.families._tokens)).encode()
    sealed = b"".join(one.sealed for one in it.families._tokens.values())
    for secret in (token, after, "alice", "orders:read", str(ACCESS_TOKEN)):
        assert secret.encode() not in kept
        assert secret.encode() not in sealed
    for one in it.families._tokens.values():
        it.families._tokens[one.digest] = replace(one, sealed=one.sealed[:-1] + bytes([one.sealed[-1] ^ 1]))
    assert await refused(refresh(it, after)) == ("invalid_grant", "bad_subject")
