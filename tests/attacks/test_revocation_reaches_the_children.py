"""Whatever was made from what is revoked is dead: on this node and every other, made before or at that moment."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.house import ISSUER, NOW, House, allow, claims_of

from actas.core.errors import OAuthError
from actas.core.lineage import LATER, MOST_MARKS, Revoked
from actas.core.wire import ID_TOKEN
from actas.crypto import jose

pytestmark = pytest.mark.requirement("TX-136", "SEC-23")


def revoke(house: House, kind: str, *names: str, up_to: int = LATER) -> None:
    mark = house.ring.mark(kind, *names)
    house.revoked.listed.append(Revoked(mark=mark, up_to=up_to, until=LATER, entry="x_revoked"))


async def three(house: House) -> list[str]:
    """Alice's ID token, the assistant's token for orders, orders' token for inventory."""
    signed_in = house.id_token(jti="id-1")
    first = await house.ask("assistant", signed_in, subject_token_type=str(ID_TOKEN), audience="orders")
    token = str(first.body["access_token"])
    second = await house.ask("orders", token, audience="inventory", scope="stock:read")
    return [signed_in, token, str(second.body["access_token"])]


async def live(house: House, token: str) -> bool:
    """Whether the token is taken where it would be."""
    from actas.core.errors import BadToken
    from actas.core.party import PresentedToken
    from actas.core.secret import Secret
    from actas.core.wire import ACCESS_TOKEN

    try:
        await house.own_tokens.validate(PresentedToken(ACCESS_TOKEN, Secret(token), "subject"))
    except BadToken as bad:
        if bad.why != "revoked":
            raise
        return False
    return True


def jti(token: str) -> str:
    return str(jose.parse(token).unverified_claims["jti"])


async def test_a_token_takes_its_children_with_it_and_not_its_parent() -> None:
    house = House()
    _, parent, child = await three(house)
    revoke(house, "token", ISSUER, jti(child))
    assert [await live(house, one) for one in (parent, child)] == [True, False]
    revoke(house, "token", ISSUER, jti(parent))
    assert [await live(house, one) for one in (parent, child)] == [False, False]


async def test_a_foreign_token_takes_everything_and_is_not_exchanged_again() -> None:
    house = House()
    signed_in, parent, child = await three(house)
    revoke(house, "token", "https://idp.acme.example", "id-1")
    assert [await live(house, one) for one in (parent, child)] == [False, False]
    with pytest.raises(OAuthError) as refused:
        await house.ask("assistant", signed_in, subject_token_type=str(ID_TOKEN), audience="orders")
    assert refused.value.reason == "revoked"
    other = house.id_token(jti="id-2")
    granted = await house.ask("assistant", other, subject_token_type=str(ID_TOKEN), audience="orders")
    assert granted.body["access_token"]


async def test_a_foreign_token_without_an_id_is_known_by_what_was_signed_not_by_its_signature() -> None:
    """Of an ECDSA signature (r, s) everybody can make (r, -s), which verifies as well."""
    house = House()
    signed_in = house.id_token()
    head, signature = signed_in.rsplit(".", 1)
    revoke(house, "token", "https://idp.acme.example", "", head)
    twin = f"{head}.{other_signature(signature)}"
    for one in (signed_in, twin):
        with pytest.raises(OAuthError) as refused:
            await house.ask("assistant", one, subject_token_type=str(ID_TOKEN), audience="orders")
        assert refused.value.reason == "revoked"


def other_signature(text: str) -> str:
    from actas.crypto import base64url

    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    raw = base64url.decode(text.encode())
    r, s = raw[:32], int.from_bytes(raw[32:], "big")
    return base64url.encode(r + (order - s).to_bytes(32, "big")).decode()


@pytest.mark.parametrize("name", ["alice@acme.example", "assistant", "orders"])
async def test_whoever_had_a_part_in_it_ends_it(name: str) -> None:
    house = House()
    _, _, child = await three(house)
    revoke(house, "party", ISSUER, name, up_to=NOW)
    assert not await live(house, child)


async def test_a_person_is_ended_by_the_name_that_their_own_issuer_uses() -> None:
    house = House()
    _, _, child = await three(house)
    revoke(house, "party", "https://idp.acme.example", "id-alice", up_to=NOW)
    assert not await live(house, child)
    revoke(house, "party", "https://other.example", "id-alice", up_to=NOW)
    assert len(house.revoked.listed) == 2


async def test_a_client_that_is_named_nowhere_in_the_token_ends_it_all_the_same() -> None:
    """True impersonation names no actor, yet what the client had a part in is known by its mark."""
    house = House(rules=(allow("quiet", "impersonation", "orders", "inventory"),))
    quiet = await house.ask("orders", house.our_token(act=None), audience="inventory", scope="stock:read")
    claims = claims_of(quiet)
    assert "act" not in claims
    assert "orders" not in str(claims["lineage"])
    token = str(quiet.body["access_token"])
    assert await live(house, token)
    revoke(house, "party", ISSUER, "orders", up_to=NOW)
    assert not await live(house, token)


async def test_after_a_person_was_revoked_what_is_issued_later_is_good_and_what_is_older_never() -> None:
    house = House()
    signed_in, _, child = await three(house)
    revoke(house, "party", ISSUER, "alice@acme.example", up_to=NOW)
    house.clock.advance(30)
    assert not await live(house, child)
    with pytest.raises(OAuthError) as refused:
        await house.ask("assistant", signed_in, subject_token_type=str(ID_TOKEN), audience="orders")
    assert refused.value.reason == "revoked"
    _, parent, again = await three(house)
    assert [await live(house, one) for one in (parent, again)] == [True, True]


async def test_what_was_made_while_it_was_revoked_is_dead_when_the_node_hears_of_it() -> None:
    """The race: a node that has not heard yet makes a child. It carries its parents' marks, so it is no escape."""
    house = House()
    _, parent, _ = await three(house)
    late = await house.ask("orders", parent, audience="inventory", scope="stock:read")  # not heard yet
    token = str(late.body["access_token"])
    revoke(house, "token", ISSUER, jti(parent))  # now it hears
    assert not await live(house, token)


async def test_the_chain_of_the_actor_token_counts_too() -> None:
    rules = (allow("with-actor", "delegation", "orders", "inventory"),)
    house = House(rules=rules)
    subject = house.our_token(jti="subject-1", act=None)
    actor = house.our_token(
        jti="actor-1", sub="orders", sub_profile="service", client_id="orders", act=None, txn="actor-root"
    )
    answer = await house.ask(
        "orders",
        subject,
        actor_token=actor,
        actor_token_type="urn:ietf:params:oauth:token-type:access_token",
        audience="inventory",
        scope="stock:read",
    )
    token = str(answer.body["access_token"])
    assert await live(house, token)
    revoke(house, "token", ISSUER, "actor-1")
    assert not await live(house, token)


@pytest.mark.parametrize(
    "lineage",
    [
        *(None, "", [], {}, 7, {"marks": ["abcdefghijkl"], "since": NOW}),
        *(
            str(NOW),
            f"{NOW} ",
            f"{NOW} short",
            f"{NOW} abcdefghijklm",
            f"{NOW}  abcdefghijkl",
            "abcdefghijkl",
        ),
        *(f" {NOW} abcdefghijkl", f"{NOW} abcdefghijkl ", f"{NOW}\tabcdefghijkl", f"{NOW} abcdefghijkü"),
        *("now abcdefghijkl", f"-{NOW} abcdefghijkl", f"{NOW}.5 abcdefghijkl", f"{NOW}0 abcdefghijkl"),
        *(
            "\N{ARABIC-INDIC DIGIT ONE}" * 10 + " abcdefghijkl",
            "9999999999 abcdefghijkl",
            "100000000 abcdefghijkl",
        ),
        " ".join([str(NOW), *["abcdefghijkl"] * (MOST_MARKS + 1)]),
    ],
)
async def test_a_token_without_a_lineage_is_not_taken(lineage: Any) -> None:
    house = House()
    token = house.our_token(lineage=lineage)
    with pytest.raises(OAuthError) as refused:
        await house.ask("orders", token, audience="inventory", scope="stock:read")
    assert refused.value.reason == "bad_subject"


async def test_a_token_that_comes_from_too_much_is_not_made() -> None:
    house = House()

    def token(marks: int) -> str:
        return house.our_token(lineage=" ".join([str(NOW), *[f"mark-{n:07d}" for n in range(marks)]]))

    claims = await house.claims("orders", token(MOST_MARKS - 2), audience="inventory", scope="stock:read")
    assert len(claims["lineage"].split()) == 1 + MOST_MARKS
    with pytest.raises(OAuthError) as refused:
        await house.ask("orders", token(MOST_MARKS - 1), audience="inventory", scope="stock:read")
    assert refused.value.reason == "chain_too_deep"


async def test_no_rule_sets_a_lineage() -> None:
    from actas.policy.rule import RESERVED_CLAIMS

    assert "lineage" in RESERVED_CLAIMS
