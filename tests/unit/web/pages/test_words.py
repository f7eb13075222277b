"""How names and instants are written on a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from actas.web.pages.words import LONGEST, ago, counted, exact, shown

NOW = datetime(2026, 11, 26, 14, 2, 11, tzinfo=UTC)


def test_an_ordinary_name_stays_as_it_is() -> None:
    for name in ("alice@acme.example", "Łukasz Żółć", "שלום", "山田太郎", "Müller & Söhne"):
        assert shown(name) == name


@pytest.mark.requirement("SEC-79")
def test_what_cannot_be_seen_is_left_out() -> None:
    assert shown("evil\u202e\u2066elpmaxe\x00\u200b\n\t  x") == "evilelpmaxe x"


@pytest.mark.requirement("SEC-79")
def test_a_name_draws_over_no_other_line() -> None:
    assert len(shown("e" + "\u0301" * 60)) < 8


@pytest.mark.requirement("SEC-79")
def test_a_long_name_is_cut_in_the_middle() -> None:
    said = shown("notes." + "w" * 5000 + ".evil.example")
    assert len(said) <= LONGEST
    assert said.startswith("notes.")
    assert said.endswith(".evil.example")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=2), "2 h ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=75), "12 Sep 2026"),
        (-timedelta(seconds=9), "in less than a minute"),
        (-timedelta(minutes=8), "in 8 min"),
        (-timedelta(days=75), "9 Feb 2027"),
    ],
)
def test_an_instant_is_told_as_seen_from_now(before: timedelta, expected: str) -> None:
    assert ago(NOW - before, NOW) == expected


def test_the_exact_instant_is_in_one_zone() -> None:
    east = NOW.astimezone(datetime.strptime("+0200", "%z").tzinfo)
    assert exact(east) == "2026-11-26 14:02:11 UTC"


def test_one_is_not_many() -> None:
    assert [counted(n, "app", "apps") for n in (0, 1, 2)] == ["0 apps", "1 app", "2 apps"]
