"""Reading ``act`` and ``may_act``."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.house import IDP, ISSUER

from actas.core.errors import BadToken
from actas.core.party import Actor, Identity
from actas.subjects.chain import MAX_ACTORS, PROFILES, actors_of, kind_of, may_act_of


def actors(act: Any, *, foreign: bool = False) -> tuple[Actor, ...]:
    issuer = IDP if foreign else ISSUER
    return actors_of({"act": act}, issuer=issuer, foreign_to=ISSUER if foreign else None)


@pytest.mark.requirement("TX-56")
def test_the_newest_actor_comes_first() -> None:
    assert actors({"sub": "c", "act": {"sub": "b", "act": {"sub": "a"}}}) == (
        Actor(Identity(ISSUER, "c")),
        Actor(Identity(ISSUER, "b")),
        Actor(Identity(ISSUER, "a")),
    )
    assert actors_of({}, issuer=ISSUER, foreign_to=None) == ()


@pytest.mark.requirement("SEC-49")
def test_an_entry_without_an_issuer_is_vouched_for_by_the_tokens_issuer() -> None:
    assert actors({"sub": "a"}, foreign=True) == (Actor(Identity(IDP, "a")),)
    with pytest.raises(BadToken, match="names a party of another issuer"):
        actors({"sub": "a", "iss": "https://x"}, foreign=True)
    for entry in ({"sub": "a", "iss": ISSUER}, {"sub": "a", "act": {"sub": "b", "iss": ISSUER}}):
        with pytest.raises(BadToken, match="names a party of ours"):
            actors(entry, foreign=True)
        assert actors(entry)


@pytest.mark.requirement("SEC-53", "SEC-26")
def test_the_number_of_actors_is_bounded() -> None:
    chain: dict[str, Any] = {"sub": "0"}
    for number in range(1, MAX_ACTORS):
        chain = {"sub": str(number), "act": chain}
    assert len(actors(chain)) == MAX_ACTORS
    with pytest.raises(BadToken, match="more than 10"):
        actors({"sub": "x", "act": chain})


@pytest.mark.requirement("SEC-02", "SEC-20", "TX-54")
@pytest.mark.parametrize(
    "act",
    [None, "a", 7, [], ["a"], {}, {"sub": None}, {"sub": ""}, {"sub": 1}, {"sub": "a", "iss": None},
     {"sub": "a", "iss": 7}, {"sub": "a", "act": []}, {"sub": "a", "act": None}, {"iss": ISSUER}, {"sub": "a\nb"}],
)  # fmt: skip
def test_an_entry_that_names_nobody_is_refused(act: Any) -> None:
    with pytest.raises(BadToken):
        actors(act)


@pytest.mark.requirement("TX-64", "SEC-02")
@pytest.mark.parametrize(
    ("profile", "kind"),
    [("user", "person"), ("service", "service"), ("ai_agent", "agent"), ("native_app", "app"), ("robot", "unknown"),
     (None, "unknown"), (7, "unknown"), (["user"], "unknown"), ("User", "unknown")],
)  # fmt: skip
def test_what_a_party_is_said_to_be(profile: Any, kind: str) -> None:
    assert kind_of({"sub_profile": profile}) == kind
    assert kind_of({}) == "unknown"
    assert "unknown" not in PROFILES.values()


@pytest.mark.requirement("TX-55", "TX-60")
def test_only_members_that_identify_somebody_are_kept() -> None:
    found = may_act_of(
        {"may_act": {"sub": "a", "iss": "i", "email": "e", "exp": 1, "nbf": {}, "aud": [], "iat": None}}
    )
    assert found is not None
    assert found.members == {"sub": "a", "iss": "i", "email": "e"}
    assert may_act_of({}) is None


@pytest.mark.requirement("SEC-02", "TX-60")
@pytest.mark.parametrize(
    "value", [None, "a", [], {}, {"exp": 1}, {"sub": None}, {"sub": 1}, {"sub": "a", "level": 3}]
)
def test_an_offer_that_names_nobody_is_refused(value: Any) -> None:
    with pytest.raises(BadToken):
        may_act_of({"may_act": value})
