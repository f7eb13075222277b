"""The strict reader of YAML: what it reads, what it refuses, and the line it names."""

from __future__ import annotations

from typing import Any

import pytest
import yaml as pyyaml

from actas.settings import yaml
from actas.settings.yaml import MAX_DEPTH, Items, Section, read


def read_all(text: str | bytes) -> tuple[Section | None, list[str]]:
    found: list[str] = []
    data = text if isinstance(text, bytes) else text.encode()
    tree = read(data, lambda line, path, message: found.append(f"{line}: {path}: {message}"))
    return tree, found


def faults(text: str | bytes) -> list[str]:
    return read_all(text)[1]


def test_a_file_becomes_plain_values_that_know_their_lines() -> None:
    tree, found = read_all(
        'version: 1\nclients:\n  - name: web\n    tags: [a, "b"]\n  - { name: two, on: "x" }\n'
        "m: -3\nf: 1.5\nt: true\n"
    )
    # "on" as a key is a truth of YAML 1.1 and so no text
    assert found == [
        '5: clients[1]: on is a truth to some readers of YAML and text to others; write true, or "on" in quotes'
    ]
    assert tree == {
        "version": 1,
        "clients": [{"name": "web", "tags": ["a", "b"]}, {"name": "two"}],
        "m": -3,
        "f": 1.5,
        "t": True,
    }
    assert tree.line_of("clients") == 2
    clients: Items = tree["clients"]
    assert [clients.line_of(0), clients.line_of(1), clients.line_of(7)] == [3, 5, 3]
    assert clients[0].line_of("tags") == 4
    assert clients[0].line_of("absent") == 3


@pytest.mark.requirement("REL-30")
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\nb: 2\na: 3", "3: a: the key a is given twice; first at line 1"),
        ("a: 1\nb: { c: 1, c: 2 }", "2: b.c: the key c is given twice; first at line 2"),
        ("a: &x 1", "1: a: anchors (&x) are not used here; remove it"),
        ("a: &x [b]", "1: a: anchors (&x) are not used here; remove it"),
        (
            "a: 1\n<<: { b: 1 }",
            "2: : << has a meaning of its own in YAML 1.1 and is not used here; put quotes around it",
        ),
        ("a: !!str 1", "1: a: tags (tag:yaml.org,2002:str) are not used here; remove it"),
        ("a: !secret x", "1: a: tags (!secret) are not used here; remove it"),
        (
            "a: !!python/object:os.system x",
            "1: a: tags (tag:yaml.org,2002:python/object:os.system) are not used here; remove it",
        ),
        ("%YAML 1.1\n---\na: 1", "1: : directives (%YAML, %TAG) are not used here; remove the line"),
        ("%TAG ! tag:x,2000:\n---\na: 1", "1: : directives (%YAML, %TAG) are not used here; remove the line"),
        ("a: 1\n---\nb: 1", "2: : there is a second document in this file; use a second file"),
        ("1: a", '1: : the key 1 is not text; put quotes around it: "1"'),
        ("true: a", '1: : the key true is not text; put quotes around it: "true"'),
        ("~: a", '1: : the key ~ is not text; put quotes around it: "~"'),
        ("? [a]\n: b", "1: : a key must be text, not a list or a mapping"),
        ("a: b\n? {c: d}\n: e", "2: : a key must be text, not a list or a mapping"),
        ("a:", "1: a: has no value; give it one, or leave the key out"),
        ("a: ~", "1: a: has no value; give it one, or leave the key out"),
        ("a: null", "1: a: has no value; give it one, or leave the key out"),
        ("a: [b, null]", "1: a[1]: has no value; give it one, or remove the item"),
        ("a:\n- b\n-", "3: a[1]: has no value; give it one, or remove the item"),
        ("", "1: : there is nothing in this file"),
        ("# only a comment\n", "1: : there is nothing in this file"),
        ("- a\n- b", "1: : the file must be a mapping that begins with version: 1"),
        ("just words", "1: : the file must be a mapping that begins with version: 1"),
        ('a: "x\\0y"', "1: a: holds the hidden character U+0000"),
        ('a: "x\\u202Ey"', "1: a: holds the hidden character U+202E"),
        ("a: 1\nb: x\u202ey", "2: : holds the hidden character U+202E; remove it"),
        ("a: 1 # \u2066comment", "1: : holds the hidden character U+2066; remove it"),
        ("a: x\u2028b: y", "1: : holds the hidden character U+2028; remove it"),
        (b"a: 1\nb: \xff", "2: : is not UTF-8 text"),
        ("a: 1\n\x07", "2: : holds the hidden character U+0007; remove it"),
    ],
)
def test_what_attackers_like_and_people_never_need_is_refused(text: str | bytes, complaint: str) -> None:
    assert complaint in faults(text)


def test_a_file_of_one_unclear_word_is_one_fault() -> None:
    assert len(faults("yes")) == 1


def test_an_alias_is_refused_and_does_not_repeat_what_it_names() -> None:
    tree, found = read_all("a: &x [1]\nb: *x\nc: { *x : 1 }")
    assert "2: b: aliases (*x) are not used here; write the value out" in found
    assert tree is not None
    assert "b" not in tree


def test_a_billion_laughs_costs_no_memory() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{c}: &{c} [" + ", ".join([f"*{p}"] * 9) + "]" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    tree, found = read_all("\n".join(lines))
    assert len(found) == 9 + 8 * 9
    assert tree is not None
    assert tree["i"] == [""] * 9


def test_broken_syntax_names_the_line() -> None:
    (complaint,) = faults("a: 1\nb: [1, 2\nc: 3\n")
    assert complaint.startswith(("2: : is not YAML: ", "3: : is not YAML: "))
    (odd,) = faults("a: \ufffe")
    assert odd.startswith("1: : is not YAML: ")


@pytest.mark.parametrize(
    ("text", "line"), [("a: é\n\tb: 1\n", 2), ("a: é\nb:\n\tc: 1\n", 3), ("a:\n  - é\n\t- c\n", 3)]
)
def test_a_tab_is_called_a_tab(text: str, line: int) -> None:
    assert faults(text) == [f"{line}: : is not YAML: a tab was found where YAML takes only spaces"]


@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_nesting_is_bounded(opening: str) -> None:
    closing = {"[": "]", "{a: ": "}"}[opening]
    deep = "a: " + opening * 500 + "b" + closing * 500
    assert any(f"is nested more than {MAX_DEPTH} deep" in one for one in faults(deep))
    assert any("nest" in one for one in faults("a: " + opening * 100_000))
    assert faults("a: " + opening * (MAX_DEPTH - 1) + "b" + closing * (MAX_DEPTH - 1)) == []


def test_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "MAX_BYTES", 1024 * 1024)
    assert faults(b"a: " + b"x" * 1024 * 1024) == ["1: : is larger than 1 MiB"]


def test_the_loader_in_python_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'a: &x 1\nb: *x\nc: yes\nd: [1, "2", !t 3]\ne: { f: 1, f: 2 }\n? [g]\n: h\n'
    fast = read_all(text)
    monkeypatch.setattr(yaml, "_Loader", pyyaml.SafeLoader)
    assert read_all(text) == fast
    (broken,) = faults("a: [1\n")
    assert "is not YAML" in broken


def test_a_byte_order_mark_at_the_start_is_no_content() -> None:
    assert read_all(b"\xef\xbb\xbfversion: 1\n") == ({"version": 1}, [])


def test_quoted_words_are_text_whatever_they_say() -> None:
    tree, found = read_all('a: "yes"\nb: \'010\'\nc: |\n  on\nd: >\n  2001-01-01\n"on": x\n')
    assert found == []
    assert tree == {"a": "yes", "b": "010", "c": "on\n", "d": "2001-01-01\n", "on": "x"}


def test_what_stands_below_is_found_with_its_line() -> None:
    tree: Any = read_all("a:\n  - b: 1\n")[0]
    assert yaml.below(tree, "a") == ([{"b": 1}], 1)
    assert yaml.below(tree["a"], 0) == ({"b": 1}, 2)
    assert yaml.below(tree["a"], 1) is None
    assert yaml.below(tree["a"], "b") is None
    assert yaml.below("text", 0) is None
