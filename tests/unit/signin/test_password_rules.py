"""Which passwords nobody may choose."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from actas.signin.password_rules import BadPassword, require_good

ABOUT = ("alice", "Alice Liddell", "alice.liddell@acme.example")


def why(password: str, shortest: int = 10) -> str:
    try:
        require_good(password, about=ABOUT, shortest=shortest)
    except BadPassword as bad:
        return bad.why
    return "good"


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "alice saw a white rabbit",
        "zwölf boxkämpfer",
        "tr0ub4dor&3",
        "9f3c1e77ab",
        "пароль из слов",
        "my password is a poem",
        "          x y z w",
        "x" * 7 + "yzw" + "1024",
        "qwer tyui asdf ghjk",
        "\U0001f511\U0001f40e\U0001f50b\U0001f4ce" * 2 + "ab",
        "a" * 512 + "bc" * 256,
    ],
)
def test_a_long_password_of_any_characters_is_good(password: str) -> None:
    assert why(password) == "good"


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("short", "too_short"),
        ("", "too_short"),
        ("\u00e9" * 9, "too_short"),
        ("e\u0301" * 9, "too_short"),  # nine characters, however they are typed
        ("x" * 1025, "too_long"),
        ("é" * 513, "too_long"),
        ("password12", "common"),
        ("P@ssw0rd2026!", "common"),
        ("Summer2026!", "common"),
        ("letmeinletmein", "common"),
        ("qwertyuiop", "common"),
        ("1234567890", "common"),
        ("0987654321", "common"),
        ("abcdefghij", "common"),
        ("1234567890qwertyuiop", "common"),
        ("aaaaaaaaaaaa", "common"),
        ("abcabcabcabca", "common"),
        ("1212121212", "common"),
        ("\uff50\uff41\uff53\uff53word12", "common"),
        ("alice12345", "personal"),
        ("ALICELIDDELL", "personal"),
        ("liddell_2026", "personal"),
        ("alice.liddell@acme.example", "personal"),
        ("actasactas", "personal"),
        ("Actas2026!!", "personal"),
        ("alicepassword1", "common"),
    ],
)
def test_what_is_tried_first_is_refused(password: str, expected: str) -> None:
    assert why(password) == expected


def test_the_configuration_says_how_long_it_must_be() -> None:
    assert why("correct horse", shortest=15) == "too_short"
    assert why("correct horses!", shortest=15) == "good"


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("a", "common"),
        ("password", "common"),
        ("alice", "common"),
        ("1q2w3e", "common"),
        ("\ufdfa", "good"),
    ],
)
def test_the_longest_that_may_be_typed_is_looked_at_to_its_end(unit: str, expected: str) -> None:
    longest = (unit * 1024)[: 1024 // len(unit[:1].encode())]
    assert why(longest) == expected


def test_what_is_too_long_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is done with the characters takes time with their number, and anybody may send them."""

    def read(*_: object) -> str:
        raise AssertionError("it was read")

    monkeypatch.setattr("actas.signin.password_rules.unicodedata", SimpleNamespace(normalize=read))
    assert why("\ufdfa" * 100_000) == "too_long"
