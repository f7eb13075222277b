"""Suggesting the word that was meant: near, among few and among many, and never for long."""

from __future__ import annotations

import time

import pytest

from actas.core.suggest import did_you_mean, nearest
from actas.settings.suggest import MOST_HINTS, Hints

MANY = [f"team-{number:04d}-orders" for number in range(5000)]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("team-0042-order", "team-0042-orders"),
        ("eam-0042-orders", "team-0042-orders"),
        ("team-0042-oders", "team-0042-orders"),
        ("taem-0042-orders", "team-0042-orders"),
        ("TEAM-0042-orders", "team-0042-orders"),
        ("something else", None),
    ],
)
def test_the_nearest_of_many_is_found(word: str, meant: str | None) -> None:
    assert nearest(word, MANY) == meant
    assert nearest(word, ["team-0042-orders", "billing"]) == meant


def test_after_some_mistakes_no_more_names_are_suggested() -> None:
    hints = Hints()
    said = [hints.did_you_mean("order", ["orders"]) for _ in range(MOST_HINTS + 5)]
    assert said == [did_you_mean("order", ["orders"])] * MOST_HINTS + [""] * 5


@pytest.mark.requirement("REL-11")
def test_words_that_are_slow_to_compare_do_not_make_it_slow() -> None:
    known = [f"api-{number:05d}-{'ab' * 24}" for number in range(2000)]
    began = time.process_time()
    nearest(f"api-00001-{'ba' * 24}", known)
    assert time.process_time() - began < 1  # it took five seconds
