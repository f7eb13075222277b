"""Using a refresh token without the key it is bound to.

A thief who copied one has neither the DPoP key nor the certificate of its client: it presents the token bare, with a
key or a certificate of its own, or asks for a new token that is bound to nothing. Whoever has the one cannot put it in
the place of the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.fakes.house import House, claims_of
from tests.fakes.prover import Prover, x5t
from tests.fakes.refreshing import RULE, again, begin, house, live, next_of, refused

ME, THIEF = Prover(), Prover()
MINE, THEIRS = b"the DER of a certificate", b"the DER of another one"


@dataclass(frozen=True, kw_only=True)
class Bound:
    """How a family may be bound: what its client sends with each request, and what a thief can."""

    house: Callable[[], House]
    mine: Callable[[], dict[str, Any]]
    thiefs: tuple[Callable[[], dict[str, Any]], ...]
    cnf: dict[str, str]
    scheme: str


BY_DPOP = Bound(
    house=house,
    mine=lambda: {"proofs": [ME.proof()]},
    thiefs=(dict, lambda: {"proofs": [THIEF.proof()]}, lambda: {"certificate": MINE}),
    cnf={"jkt": ME.jkt},
    scheme="DPoP",
)
BY_CERTIFICATE = Bound(
    house=lambda: house(rules=(replace(RULE, binding="mtls"),)),
    mine=lambda: {"certificate": MINE},
    thiefs=(dict, lambda: {"certificate": THEIRS}, lambda: {"proofs": [ME.proof()]}),
    cnf={"x5t#S256": x5t(MINE)},
    scheme="Bearer",
)
each_way = pytest.mark.parametrize("bound", [BY_DPOP, BY_CERTIFICATE], ids=["DPoP", "certificate"])


@pytest.mark.requirement("TX-154", "TX-156", "TX-150")
@each_way
async def test_a_thief_has_no_key(bound: Bound) -> None:
    it = bound.house()
    token = await begin(it, headers=bound.mine())
    for thief in bound.thiefs:
        assert await refused(it.post(again(token), **thief())) == ("invalid_grant", "key_not_proven")
    answer = await it.post(again(token), **bound.mine())
    assert answer.body["token_type"] == bound.scheme
    assert claims_of(answer)["cnf"] == bound.cnf


@each_way
async def test_a_copy_ends_nothing_for_whoever_lacks_the_key_and_everything_for_whoever_has_it(
    bound: Bound,
) -> None:
    it = bound.house()
    token = await begin(it, headers=bound.mine())
    after, _ = next_of(await it.post(again(token), **bound.mine()))
    after, access = next_of(await it.post(again(after), **bound.mine()))
    for thief in bound.thiefs:
        assert await refused(it.post(again(token), **thief())) == ("invalid_grant", "refresh_reused")
        assert "revoked" not in it.writer.events[-1]
    assert await live(it, access)
    after, access = next_of(await it.post(again(after), **bound.mine()))
    assert await refused(it.post(again(token), **bound.mine())) == ("invalid_grant", "refresh_reused")
    assert "revoked" in it.writer.events[-1]
    assert not await live(it, access)
    assert await refused(it.post(again(after), **bound.mine())) == ("invalid_grant", "revoked")


@pytest.mark.requirement("TX-153", "TX-154")
@each_way
async def test_the_key_stays_through_every_successor(bound: Bound) -> None:
    it = bound.house()
    token = await begin(it, headers=bound.mine())
    for _ in range(3):
        answer = await it.post(again(token), **bound.mine())
        assert claims_of(answer)["cnf"] == bound.cnf
        token, _ = next_of(answer)
        for thief in bound.thiefs:
            assert await refused(it.post(again(token), **thief())) == ("invalid_grant", "key_not_proven")


async def test_none_begins_without_a_certificate_where_a_rule_asks_for_one() -> None:
    it = BY_CERTIFICATE.house()
    for thief in (dict, BY_DPOP.mine):
        assert (await refused(begin(it, headers=thief())))[1] == "binding_needed"
    assert it.families._tokens == {}
