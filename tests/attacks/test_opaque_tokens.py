"""Making something of reference tokens without having been given one.

A reference token means nothing, so an attacker tries the place where its meaning is kept. Somebody with a piece
of a token, or a token in other letters, hopes for a sloppy look-up. Somebody who can read the database, even
with our keys, wants the tokens or what they are good for. Somebody who can write to it, and was given a token
with little in it, puts the row of a richer token in its place, edits the row, or brings a row that he made.
Somebody who found a token asks the server what it is. And somebody hopes that what cannot be looked into is
forgotten when its parent is revoked, when its client is disabled, or when it has ended.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.fakes.house import APIS, CLIENTS, ISSUER, NOW, OPAQUE_KEY, House, allow, claims_of, secret_of
from tests.fakes.wire import encoded

from actas.core.errors import OAuthError, StoreUnavailable
from actas.core.lineage import LATER, Revoked
from actas.core.opaque import REFERENCE, is_whole
from actas.core.party import Caller
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN
from actas.crypto.paired import open_with, seal_with
from actas.crypto.seal import SealBroken
from actas.keys.opaque import KeptToken, id_of
from actas.policy.rule import PolicyDefaults

REFERENCES = PolicyDefaults(format="reference")
CALLER = Caller(address="192.0.2.7")


def house(**changes: Any) -> House:
    return House(**{"defaults": REFERENCES, **changes})


async def for_orders(house: House, **claims: Any) -> str:
    """Alice's token for orders, which the assistant was given."""
    answer = await house.ask(
        "assistant", house.id_token(**claims), subject_token_type=str(ID_TOKEN), audience="orders"
    )
    return str(answer.body["access_token"])


async def told(house: House, who: str, token: str) -> dict[str, Any]:
    form = {"token": token, "client_id": who, "client_secret": secret_of(who)}
    answer = await house.introspection()(encoded(form), CALLER)
    return dict(answer.body)


async def refused(house: House, token: str) -> str:
    with pytest.raises(OAuthError) as caught:
        await house.ask("orders", token, audience="inventory", scope="stock:read")
    return caught.value.reason


async def test_a_reference_token_says_nothing_and_stands_for_what_a_jwt_would_say() -> None:
    one, other = house(), House()
    token = await for_orders(one)
    assert is_whole(token, REFERENCE)
    assert "." not in token
    assert len(token) == 59
    said = await told(one, "orders", token)
    jwt = await told(other, "orders", await for_orders(other))
    assert said.pop("jti") == id_of(one.ring.digest(token)) == said.pop("txn")
    assert jwt.pop("jti") == jwt.pop("txn")
    assert said == jwt


@pytest.mark.requirement("TX-30")
async def test_it_is_exchanged_as_a_jwt_would_be() -> None:
    it = house()
    token = await for_orders(it)
    onward = await it.ask("orders", token, audience="inventory", scope="stock:read")
    said = await told(it, "inventory", str(onward.body["access_token"]))
    assert (said["sub"], said["act"]["sub"], said["act"]["act"]["sub"]) == (
        "alice@acme.example",
        "orders",
        "assistant",
    )
    event = it.writer.events[-1]
    assert event["parents"][0]["digest"] == it.ring.digest(token)
    assert "key" not in event["given"]
    assert token not in str(it.writer.lines)


@pytest.mark.requirement("SEC-96")
async def test_no_piece_and_no_other_spelling_of_a_token_is_a_token() -> None:
    it = house()
    token = await for_orders(it)
    body = token.removeprefix(REFERENCE)
    last = "A" if token[-1] != "A" else "B"
    variants = [
        token[:-1],
        token[1:],
        token[: len(token) // 2],
        token + "A",
        token + "=",
        token + " ",
        " " + token,
        token + "\n",
        token.upper(),
        token.swapcase(),
        token[:-1] + last,
        REFERENCE + body.replace("-", "+").replace("_", "/") + "=",
        body,
        "actas_rft_" + body,
        REFERENCE,
        REFERENCE + "%",
        id_of(it.ring.digest(token)),
        it.ring.digest(token),
        f"{token}.{token}.{token}",
    ]
    for variant in variants:
        assert variant != token
        assert await told(it, "orders", variant) == {"active": False}, variant
        assert await refused(it, variant) == "bad_subject", variant
    assert (await told(it, "orders", token))["active"] is True


async def test_what_is_no_whole_token_is_no_question_to_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    it = house()
    token = await for_orders(it)
    asked: list[str] = []

    async def find(digest: str) -> KeptToken | None:
        asked.append(digest)
        return None

    monkeypatch.setattr(it.kept, "find", find)
    await told(it, "orders", token[:-1] + ("A" if token[-1] != "A" else "B"))
    assert asked == []
    await told(it, "orders", token)
    assert asked == [it.ring.digest(token)]


async def test_nobody_reads_from_the_database_what_a_token_stands_for_not_even_with_our_key() -> None:
    it = house()
    token = await for_orders(it)
    kept = it.kept._kept[it.ring.digest(token)]
    for secret in (token, token.removeprefix(REFERENCE), "alice", "orders:read", "assistant"):
        assert secret.encode() not in kept.sealed
        assert secret not in kept.digest
    for guess in (kept.digest, id_of(kept.digest), "", REFERENCE):
        with pytest.raises(SealBroken):
            open_with(guess, kept.sealed, key=OPAQUE_KEY)
    with pytest.raises(SealBroken):
        open_with(token, kept.sealed, key=bytes(32))
    with pytest.raises(SealBroken):
        open_with(token, b"\x02" + kept.sealed[1:], key=OPAQUE_KEY)


async def test_a_row_that_was_moved_edited_or_brought_along_is_nothing() -> None:
    it = house()
    poor, rich = await for_orders(it), await for_orders(it, email="dana@acme.example", sub="id-dana")
    mine, theirs = (it.kept._kept[it.ring.digest(one)] for one in (poor, rich))
    claims = {"iss": ISSUER, "sub": "dana@acme.example", "exp": NOW + 99}
    made = seal_with(poor, msgspec.json.encode(claims), key=bytes(range(32)))
    for sealed in (theirs.sealed, mine.sealed[:-1] + bytes([mine.sealed[-1] ^ 1]), made, b"", b"\x01"):
        it.kept._kept[mine.digest] = replace(mine, sealed=sealed)
        assert await told(it, "orders", poor) == {"active": False}
        assert await refused(it, poor) == "bad_subject"
    it.kept._kept[mine.digest] = mine
    assert (await told(it, "orders", poor))["sub"] == "alice@acme.example"


async def test_a_later_end_in_the_row_does_not_make_it_live_longer() -> None:
    """The end beside what is sealed only says when the row may go; the one that counts is sealed."""
    it = house()
    token = await for_orders(it)
    digest = it.ring.digest(token)
    it.kept._kept[digest] = replace(it.kept._kept[digest], expires_at=LATER)
    it.clock.advance(301)
    assert await told(it, "orders", token) == {"active": False}
    assert await refused(it, token) == "expired"


@pytest.mark.requirement("SEC-85", "TX-131")
async def test_somebody_who_found_one_learns_nothing() -> None:
    it = house()
    token = await for_orders(it)
    for who in ("inventory", "web", "helpdesk"):
        assert await told(it, who, token) == {"active": False}
    assert (await told(it, "assistant", token))["active"] is True
    with pytest.raises(OAuthError) as caught:
        await it.ask("web", token, audience="inventory", scope="stock:read")
    assert caught.value.reason == "wrong_audience"


@pytest.mark.requirement("SEC-23", "TX-136", "TX-44")
async def test_what_cannot_be_looked_into_is_not_forgotten() -> None:
    it = house()
    signed_in = it.id_token(jti="id-1")
    first = await it.ask("assistant", signed_in, subject_token_type=str(ID_TOKEN), audience="orders")
    token = str(first.body["access_token"])
    child = await it.ask("orders", token, audience="inventory", scope="stock:read")
    tokens = {"orders": token, "inventory": str(child.body["access_token"])}

    async def live() -> list[bool]:
        return [bool((await told(it, who, one))["active"]) for who, one in tokens.items()]

    assert await live() == [True, True]
    mark = it.ring.mark("token", ISSUER, id_of(it.ring.digest(tokens["inventory"])))
    it.revoked.listed.append(Revoked(mark=mark, up_to=LATER, until=LATER, entry="x_1"))
    assert await live() == [True, False]
    it.revoked.listed[:] = []
    mark = it.ring.mark("token", "https://idp.acme.example", "id-1")
    it.revoked.listed.append(Revoked(mark=mark, up_to=LATER, until=LATER, entry="x_2"))
    assert await live() == [False, False]
    assert await refused(it, token) == "revoked"
    it.revoked.listed[:] = []
    it.clock.advance(121)
    assert await live() == [True, False]
    it.clock.advance(200)
    assert await live() == [False, False]


@pytest.mark.requirement("SEC-52")
async def test_one_whose_client_was_disabled_is_dead() -> None:
    it = house()
    token = await for_orders(it)
    after = house(
        clients=[replace(one, disabled=one.name == "assistant") for one in CLIENTS],
        ring=it.ring,
        writer=it.writer,
    )
    after.kept._kept |= it.kept._kept
    assert await told(after, "orders", token) == {"active": False}
    assert await refused(after, token) == "bad_subject"


async def test_a_jwt_and_a_reference_token_end_each_other() -> None:
    """A JWT made from a reference token dies with it, and the other way round."""
    apis = [replace(one, format="reference" if one.name == "orders" else "jwt") for one in APIS]
    it = House(apis=apis)
    token = await for_orders(it)
    jwt = await it.ask("orders", token, audience="inventory", scope="stock:read")
    text = str(jwt.body["access_token"])
    assert claims_of(jwt)["act"]["sub"] == "orders"
    form = {"token": token, "client_id": "assistant", "client_secret": secret_of("assistant")}
    await it.revocation()(encoded(form), CALLER)
    assert await told(it, "inventory", text) == {"active": False}

    it = House(apis=[replace(one, format="reference" if one.name == "inventory" else None) for one in APIS])
    token = await for_orders(it)
    child = str(
        (await it.ask("orders", token, audience="inventory", scope="stock:read")).body["access_token"]
    )
    assert (is_whole(token, REFERENCE), is_whole(child, REFERENCE)) == (False, True)
    form["token"] = token
    await it.revocation()(encoded(form), CALLER)
    assert await told(it, "inventory", child) == {"active": False}


async def test_it_acts_too() -> None:
    it = house(
        rules=(
            allow("own", "own", "orders", "inventory"),
            allow("with-actor", "delegation", "orders", "inventory"),
        )
    )
    actor = str((await it.own("orders", audience="inventory")).body["access_token"])
    answer = await it.ask(
        "orders",
        it.our_token(),
        audience="inventory",
        scope="stock:read",
        actor_token=actor,
        actor_token_type=str(ACCESS_TOKEN),
    )
    said = await told(it, "inventory", str(answer.body["access_token"]))
    assert said["act"]["sub"] == "orders"
    assert [one["role"] for one in it.writer.events[-1]["parents"]] == ["subject", "actor"]


@pytest.mark.requirement("TX-21")
async def test_one_token_is_not_of_two_kinds() -> None:
    apis = [replace(one, format="reference" if one.name == "orders" else "jwt") for one in APIS]
    rules = (
        allow("a", "delegation", "assistant", "orders"),
        allow("b", "delegation", "assistant", "inventory"),
    )
    it = House(apis=apis, rules=rules)
    subject = it.our_token(client_id="assistant", act=None)
    with pytest.raises(OAuthError) as caught:
        await it.ask("assistant", subject, audience=["orders", "inventory"])
    assert (caught.value.reason, caught.value.code) == ("formats_differ", "invalid_target")
    assert it.kept._kept == {}


async def test_a_store_that_cannot_keep_gives_none_and_jwts_do_not_need_it() -> None:
    class Broken:
        async def keep(self, token: KeptToken) -> None:
            raise StoreUnavailable("the database is away")

        async def find(self, digest: str) -> KeptToken | None:
            raise StoreUnavailable("the database is away")

    it, plain = house(), House()
    token = await for_orders(it)
    for one in (it, plain):
        one.opaque._store = Broken()
    jwt = await for_orders(plain)
    assert (await told(plain, "orders", jwt))["active"] is True
    for ask in (for_orders(it), it.ask("orders", token, audience="inventory"), told(it, "orders", token)):
        with pytest.raises(OAuthError) as caught:
            await ask
        assert caught.value.reason == "storage_unavailable"


@pytest.mark.requirement("SEC-86")
async def test_one_that_the_minutes_do_not_have_never_leaves() -> None:
    it = house()
    it.writer.broken = True
    with pytest.raises(OAuthError) as caught:
        await for_orders(it)
    assert caught.value.reason == "audit_unavailable"
    assert len(it.kept._kept) == 1  # a digest of what nobody has seen
