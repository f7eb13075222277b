"""A connection for plain grants is tried as one for identity assertions is: by its own kind and no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.chaining import PARTNER, SOLD, chained, chaining, plain, redeeming
from tests.fakes.trying import legs, trial_of
from tests.unit.admin.test_health import Others, counterpart, view

from actas.admin.imagining import Asked
from actas.core.wire import GRANT_JWT, ID_JAG_JWT
from actas.policy.rule import ScopeMap
from actas.trust.registry import JwtGrants

WELL = Others(counterpart(), view())


async def test_who_may_be_told_of_is_and_the_grant_says_what_it_is() -> None:
    it, way = chaining(), plain()

    tried = await trial_of(it, WELL).of(way, Asked(who="alice"))

    assert [leg.says for leg in tried.legs] == ["yes", "yes"]
    assert tried.typ == GRANT_JWT
    assert tried.grant is not None
    assert tried.grant["scope"] == "tickets:read", "what an ID token buys, which holds no scopes"
    assert "resource" not in tried.grant


async def test_the_side_that_redeems_takes_it_by_its_kind() -> None:
    way = chained()
    it = redeeming(way)
    asked: Any = {"who": "alice@acme.example", "claims": {"groups": ["support"]}}
    there, here = await legs(it, WELL, way, **asked)
    assert (there.says, here.says) == ("yes", "yes")

    claims = trial_of(it, WELL).imagining.grant(way, PARTNER, Asked(**asked))
    assert "resource" not in claims, "a plain grant is for the server"
    leg = await trial_of(it, WELL).of_grant(claims, typ=ID_JAG_JWT)

    assert leg.says == "no", "an ID-JAG by a connection for plain grants"


async def test_what_only_access_tokens_buy_is_not_tried_and_says_how_to() -> None:
    way = plain(sold=ScopeMap(bought=SOLD.bought))
    it = chaining(way)

    with pytest.raises(
        ValueError, match=f"actas explain --client {way.client} .*--for jwt --to {way.to.issuer}"
    ):
        await trial_of(it, WELL).of(way, Asked(who="alice"))


@pytest.mark.parametrize(
    ("types", "typ", "says"),
    [
        ({GRANT_JWT}, "", "no"),
        ({GRANT_JWT}, "none", "no"),
        ({GRANT_JWT}, GRANT_JWT, "yes"),
        ({None}, "none", "yes"),
        ({None}, "JWT", "no"),
        ({"jwt"}, "none", "no"),
        ({"jwt"}, "JWT", "yes"),
    ],
)
async def test_a_grant_is_tried_by_the_type_that_it_has_word_for_word(
    types: set[str | None], typ: str, says: str
) -> None:
    """What no server would take is not told to be good, and what it takes without a type can be tried."""
    way = chained()
    it = redeeming(way, issuers=(replace(PARTNER, jwt_grants=JwtGrants(types=frozenset(types))),))
    asked = Asked(who="alice@acme.example", claims={"groups": ["support"]})
    claims = trial_of(it, WELL).imagining.grant(way, PARTNER, asked)

    leg = await trial_of(it, WELL).of_grant(claims, typ=typ)

    assert leg.says == says


@pytest.mark.parametrize("types", [{None}, {"jwt"}, {None, "jwt"}, {GRANT_JWT, None}])
async def test_a_connection_is_tried_with_a_type_that_the_issuers_registration_lists(
    types: set[str | None],
) -> None:
    way = chained()
    it = redeeming(way, issuers=(replace(PARTNER, jwt_grants=JwtGrants(types=frozenset(types))),))
    _, here = await legs(it, WELL, way, who="alice@acme.example", claims={"groups": ["support"]})
    assert here.says == "yes"
