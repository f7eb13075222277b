"""The timetable of a key's life."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actas.keys.life import LEAST_KEPT, LEEWAY, LONGEST_TOKEN, Timetable, due, may_sign, rotates_at
from actas.keys.ring import KeyInfo

NOW = 1_795_000_000
DAY = 86_400
TABLE = Timetable(rotate_every=30 * DAY, publish_ahead=DAY, keep_after=2 * DAY)
ACTIVE = KeyInfo(kid="a", purpose="token", algorithm="ES256", state="active", created_at=NOW, activate_at=NOW)
PREPARED = replace(ACTIVE, kid="p", state="prepared", ahead=DAY, activate_at=NOW + DAY)
RETIRED = replace(ACTIVE, kid="r", state="retired", retire_at=NOW, remove_at=NOW + 2 * DAY)


def deed(*keys: KeyInfo, at: int) -> str:
    found = due(keys, now=at, timetable=TABLE, used={("token", "ES256")})
    return "" if found is None else f"{found.deed} {found.key.kid}"


def test_a_key_is_followed_by_the_end_of_its_time_and_at_most_a_tenth_before() -> None:
    moments = {rotates_at(replace(ACTIVE, kid=f"key {number}"), TABLE) - NOW for number in range(200)}
    assert 27 * DAY <= min(moments) < 27.5 * DAY
    assert 29.5 * DAY < max(moments) <= 30 * DAY
    assert len(moments) > 150


def test_a_successor_is_prepared_so_that_it_signs_when_its_time_has_come() -> None:
    begins = rotates_at(ACTIVE, TABLE) - DAY
    assert deed(ACTIVE, at=begins - 1) == ""
    assert deed(ACTIVE, at=begins) == "prepare a"
    assert deed(ACTIVE, PREPARED, at=begins) == "activate p"
    assert deed(ACTIVE, replace(PREPARED, activate_at=begins + 1), at=begins) == ""


def test_a_prepared_key_signs_from_its_time_on_and_a_retired_one_leaves_at_its() -> None:
    assert deed(ACTIVE, PREPARED, RETIRED, at=NOW + DAY - 1) == ""
    assert deed(ACTIVE, PREPARED, RETIRED, at=NOW + DAY) == "activate p"
    assert deed(ACTIVE, PREPARED, RETIRED, at=NOW + 2 * DAY) == "remove r"


def test_what_nobody_asks_for_and_the_key_of_the_audit_log_stay_as_they_are() -> None:
    far = NOW + 1000 * DAY
    assert deed(replace(ACTIVE, algorithm="RS256"), replace(ACTIVE, purpose="audit"), at=far) == ""
    assert deed(replace(PREPARED, purpose="audit"), at=far) == "activate p"
    assert deed(replace(RETIRED, state="gone"), at=far) == ""


@pytest.mark.requirement("REL-06")
def test_a_node_signs_with_a_key_that_it_has_published_for_as_long_as_it_was_published_ahead() -> None:
    key = replace(PREPARED, state="active")
    assert not may_sign(key, since=NOW, now=NOW + DAY - 1)
    assert may_sign(key, since=NOW, now=NOW + DAY)
    assert may_sign(replace(key, ahead=0), since=NOW, now=NOW)
    assert not may_sign(PREPARED, since=NOW, now=NOW + 2 * DAY)
    assert not may_sign(replace(key, state="gone"), since=NOW, now=NOW + 2 * DAY)


@pytest.mark.requirement("REL-05")
def test_the_key_before_signs_no_token_that_could_outlive_it() -> None:
    last = NOW + 2 * DAY - LONGEST_TOKEN - LEEWAY
    assert may_sign(RETIRED, since=NOW, now=last - 1)
    assert not may_sign(RETIRED, since=NOW, now=last)
    assert LEAST_KEPT > LONGEST_TOKEN + LEEWAY
