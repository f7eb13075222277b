"""Several names at once are read as each of them would be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actas.core.claims import name, several
from actas.core.errors import BadToken

NAMES = ("sub", "jti")
VALUES = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["", " ", "  a", "a b", "\x7f", "\u2028", "\ud800", "é", "a" * 255, "a" * 256, "é" * 128]
    ),
    st.none(),
    st.booleans(),
    st.integers(),
    st.lists(st.text(max_size=2), max_size=2),
)


def one_by_one(claims: dict[str, Any]) -> tuple[str, ...] | str:
    try:
        return tuple(name(claims, key) for key in NAMES)
    except BadToken as bad:
        return bad.detail


def at_once(claims: dict[str, Any]) -> tuple[str, ...] | str:
    try:
        return several(claims, *NAMES)
    except BadToken as bad:
        return bad.detail


@pytest.mark.requirement("SEC-20")
# On a computer that is busy with other things, making examples is slow; that says nothing of the code.
@settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(claims=st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_several_names_are_as_strict_as_one(claims: dict[str, Any]) -> None:
    assert at_once(claims) == one_by_one(claims)
