"""Who is let in to manage: only a client that speaks for itself and still holds its role (SEC-48, SEC-80)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.house import ISSUER

from actas.admin.entrance import Entrance, require
from actas.admin.refusals import InsufficientScope, InvalidToken
from actas.core.confirmation import Confirmation
from actas.core.errors import BadToken, StoreUnavailable
from actas.core.lineage import Lineage
from actas.core.party import Actor, Identity, MayAct, Party, PresentedToken
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN

HOLDERS = {"hand": "operator", "chief": "owner"}


def party(**changes: Any) -> Party:
    """The party of a good token of the operator."""
    name = changes.pop("name", "hand")
    base: dict[str, Any] = {
        "identity": Identity(ISSUER, name),
        "origin": Identity(ISSUER, name),
        "origin_name": "actas",
        "kind": "service",
        "issuer_name": "actas",
        "token_type": ACCESS_TOKEN,
        "audience": (f"{ISSUER}/api",),
        "client_id": name,
        "expires_at": 2_000_000_000,
        "issued_at": 1_000_000_000,
        "claims": {},
        "scope": frozenset({"actas:auditor", "actas:operator"}),
        "token_id": "t-1",
        "lineage": Lineage(),
    }
    return Party(**{**base, **changes})


class Saying:
    """Proves every token to be the same party's."""

    def __init__(self, found: Party | BadToken) -> None:
        self._found = found

    async def validate(self, token: PresentedToken) -> Party:
        if isinstance(self._found, BadToken):
            raise self._found
        return self._found


def entrance(found: Party | BadToken) -> Entrance:
    return Entrance(issuer=ISSUER, tokens=Saying(found), holders=HOLDERS, fresh=lambda: None)  # type: ignore[arg-type]


async def test_a_client_that_speaks_for_itself_is_let_in() -> None:
    author = await entrance(party()).enter(Secret("Bearer x"), source="127.0.0.1")
    assert (author.client, author.role, author.token) == ("hand", "operator", "t-1")


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": (ISSUER,)},
        {"audience": (f"{ISSUER}/api", "https://orders.acme.example")},
        {"audience": ()},
        {"actors": (Actor(Identity(ISSUER, "assistant"), "agent"),)},
        {"may_act": MayAct({"sub": "assistant"})},
        {"identity": Identity(ISSUER, "alice@acme.example"), "kind": "person"},
        {"identity": Identity(ISSUER, "chief")},
        {"origin": Identity("https://idp.acme.example", "hand")},
        {"kind": "person"},
        {"client_id": None},
        {"scope": frozenset()},
        {"scope": frozenset({"orders:read"})},
        {"name": "stranger"},
        {"confirmation": Confirmation(jkt="x" * 43)},
        {"confirmation": Confirmation(x5t="x" * 43)},
    ],
)
async def test_everybody_else_is_not(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        await entrance(party(**changes)).enter(Secret("Bearer x"), source="127.0.0.1")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic eDp5", "x"])
async def test_without_a_bearer_token_nobody_is(header: str | None) -> None:
    secret = None if header is None else Secret(header)
    with pytest.raises(InvalidToken):
        await entrance(party()).enter(secret, source="127.0.0.1")


async def test_a_token_that_is_not_proven_is_none() -> None:
    with pytest.raises(InvalidToken, match="forged"):
        await entrance(BadToken("forged")).enter(Secret("Bearer x"), source="127.0.0.1")


async def test_the_lower_of_the_role_and_the_token_counts() -> None:
    low = await entrance(party(scope=frozenset({"actas:auditor"}))).enter(Secret("Bearer x"), source="a")
    assert low.role == "auditor"
    high = await entrance(party(scope=frozenset({"actas:owner"}))).enter(Secret("Bearer x"), source="a")
    assert high.role == "operator"
    with pytest.raises(InsufficientScope):
        require(low, "operator", doing="a change")


async def test_a_node_that_may_be_out_of_date_lets_nobody_in() -> None:
    def stale() -> None:
        raise StoreUnavailable("not read for 6 s")

    door = Entrance(issuer=ISSUER, tokens=Saying(party()), holders={"hand": "operator"}, fresh=stale)
    with pytest.raises(StoreUnavailable):
        await door.enter(Secret("Bearer x"), source="a")
