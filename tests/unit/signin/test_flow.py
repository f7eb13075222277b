"""What a browser carries: it opens as it was sealed, for what it was sealed, in its time, and not otherwise."""

from __future__ import annotations

import msgspec
import pytest
from tests.fakes.clock import FixedClock

from actas.core.errors import AccessDenied
from actas.core.ports import SystemChance
from actas.signin.flow import LIFE, Flow

KEY = bytes(range(32))


class Carried(msgspec.Struct, frozen=True):
    text: str


def flow(clock: FixedClock, kind: str = "one", *, key: bytes = KEY) -> Flow[Carried]:
    return Flow(kind, Carried, key=key, chance=SystemChance(), clock=clock)


def test_it_opens_as_it_was_sealed(clock: FixedClock) -> None:
    sealed = flow(clock).seal(Carried("alice"))
    assert flow(clock).open(sealed) == Carried("alice")
    assert "alice" not in sealed
    assert flow(clock).seal(Carried("alice")) != sealed


@pytest.mark.requirement("SEC-95")
def test_what_was_sealed_for_one_page_opens_for_no_other(clock: FixedClock) -> None:
    sealed = flow(clock).seal(Carried("alice"))
    with pytest.raises(AccessDenied, match="another page"):
        flow(clock, "other").open(sealed)
    with pytest.raises(AccessDenied, match="changed"):
        flow(clock, key=bytes(32)).open(sealed)


def test_it_ends(clock: FixedClock) -> None:
    sealed = flow(clock).seal(Carried("alice"))
    clock.advance(LIFE)
    with pytest.raises(AccessDenied, match="too long"):
        flow(clock).open(sealed)


@pytest.mark.requirement("SEC-12", "SEC-78")
def test_nothing_of_it_can_be_changed(clock: FixedClock) -> None:
    sealed = flow(clock).seal(Carried("alice"))
    other = flow(clock).seal(Carried("mallory"))
    text, _, content = sealed.partition(".")
    forged = [
        None,
        "",
        ".",
        text,
        f"{text}.",
        f"{other.partition('.')[0]}.{content}",
        f"{sealed}=",
        sealed[:-1],
        f"{text}.{content[:-4]}AAAA",
        f"{text}.{'A' * 50_000}",
        f"{text}.é",
    ]
    for one in forged:
        with pytest.raises(AccessDenied) as caught:
            flow(clock).open(one)
        assert caught.value.reason == "forged_form"
