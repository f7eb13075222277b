"""Plain words: the subset on which readers of YAML agree."""

from __future__ import annotations

import pytest

from actas.settings.scalars import Scalar, Unclear, plain


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("true", True),
        ("false", False),
        ("0", 0),
        ("7", 7),
        ("-7", -7),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("", None),
        ("~", None),
        ("null", None),
        ("5m", "5m"),
        ("24h", "24h"),
        ("https://sts.acme.example", "https://sts.acme.example"),
        ("127.0.0.1:8693", "127.0.0.1:8693"),
        ("0.0.0.0:8693", "0.0.0.0:8693"),
        ("orders:read", "orders:read"),
        ("-", "-"),
        ("./actas-data", "./actas-data"),
        ("+", "+"),
        ("yesterday", "yesterday"),
        ("north", "north"),
        ("2m", "2m"),
        ("400d", "400d"),
        ("1.2.3", "1.2.3"),
        ("a-1", "a-1"),
    ],
)
def test_a_word_that_all_readers_agree_on_has_its_value(word: str, value: Scalar) -> None:
    assert plain(word) == value
    assert type(plain(word)) is type(value)


@pytest.mark.requirement("REL-30")
@pytest.mark.parametrize(
    "word",
    [
        *("yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "y", "Y", "n", "N"),
        *("True", "TRUE", "False", "FALSE", "tRue"),
        *("010", "0o17", "0x1F", "0b11", "1_000", "+5", "1:30", "190:20:30", "1:30.5", "007"),
        *(
            ".inf",
            "-.inf",
            "+.INF",
            ".nan",
            ".NaN",
            ".5",
            "1.",
            "+1.5",
            "1e999",
            "1e5",
            "2.5e3",
            "1" * 30,
            "-0",
        ),
        *("2001-01-01", "2001-1-1", "2001-12-14T21:59:43.10-05:00", "2001-12-14 21:59:43"),
        *("<<", "="),
    ],
)
def test_a_word_that_readers_understand_differently_is_refused(word: str) -> None:
    with pytest.raises(Unclear, match=r"quotes"):
        plain(word)


def test_the_sentence_says_what_to_write() -> None:
    with pytest.raises(Unclear, match='write false, or "off" in quotes'):
        plain("off")
    with pytest.raises(Unclear, match="TRUE is written true here"):
        plain("TRUE")
