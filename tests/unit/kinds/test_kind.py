"""Kinds, and the mint: tables that refuse to be ambiguous or empty."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.house import ISSUER, KINDS, House
from tests.fakes.ring import FakeRing

from actas.core.ports import SystemChance
from actas.core.wire import ACCESS_TOKEN
from actas.issuers.access_token import AccessTokenIssuer
from actas.kinds.checks import EVERY_KIND
from actas.kinds.fulfilment import Mint
from actas.kinds.kind import Kind


@pytest.mark.requirement("SEC-01")
def test_a_kind_that_checks_nothing_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="checks nothing"):
        Kind(
            name="own",
            spec="",
            fits=lambda _: True,
            chain=lambda _: (),
            checks=(),
            yields=frozenset({ACCESS_TOKEN}),
        )


@pytest.mark.requirement("SEC-01")
def test_every_kind_cites_its_specification_and_has_its_own_name() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert all("RFC" in kind.spec or "draft-ietf" in kind.spec for kind in KINDS)
    assert all(check.__doc__ for check in EVERY_KIND)


def test_two_issuers_of_one_type_are_refused() -> None:
    issuer = AccessTokenIssuer(issuer=ISSUER, keys=FakeRing(), chance=SystemChance())
    beside = House().exchange._fulfilment
    comes_with = {
        name: getattr(beside, f"_{name}")
        for name in ("follows", "tells", "serves", "begins", "spends", "agrees", "welcomes", "adds")
    }
    assert Mint(issuer, **comes_with).token_types == {ACCESS_TOKEN}
    with pytest.raises(ValueError, match="two issuers"):
        Mint(issuer, issuer, **comes_with)


def test_two_grants_and_two_validators_of_one_type_are_refused() -> None:
    house = House()
    grant = next(iter(house.exchange._grants.values()))
    parts: dict[str, Any] = {
        name: getattr(house.exchange, f"_{name}")
        for name in (
            *(
                "clients",
                "proofs",
                "presented",
                "standing",
                "in_force",
                "kinds",
                "fulfilment",
                "audit",
                "marking",
                "throttle",
                "redeeming",
                "fresh",
            ),
        )
    }
    with pytest.raises(ValueError, match="two grants"):
        type(house.exchange)(issuer=ISSUER, grants=[grant, grant], **parts)
    validator = next(iter(house.validators._by_type.values()))
    with pytest.raises(ValueError, match="two validators"):
        type(house.validators)([validator, validator])
