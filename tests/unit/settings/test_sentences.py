"""Sentences about the shape of a form."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.configuration import acme, sentences

from actas.settings.faults import Fault
from actas.settings.schema import Configuration
from actas.settings.schema_parties import ClientForm
from actas.settings.sentences import read_form
from actas.settings.sources import Source, Written
from actas.settings.yaml import read


def test_a_kind_of_fault_that_a_later_pydantic_invents_still_has_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tree = read(b"name: 7\n", lambda *_: None)
    written = Written(source=Source("a.yaml", Path()), path="clients[0]", line=1, value=tree)
    faults: list[Fault] = []
    monkeypatch.setattr("actas.settings.sentences._TYPES", {})
    assert read_form(ClientForm, written, faults) is None
    assert "a.yaml:1: clients[0].kind: is not understood" in list(map(str, faults))


def test_a_misspelt_discriminator_is_named(tmp_path: Path) -> None:
    tree = acme()
    tree["clients"][0]["auth"] = {"metod": "none"}
    assert sentences(tmp_path, tree) == [
        'clients[0].auth.metod: there is no field "metod" here; did you mean "method"?'
    ]


def test_an_unknown_key_hides_nothing_else_in_the_same_item(tmp_path: Path) -> None:
    tree = acme()
    tree["clients"][0]["auth"]["colour"] = "red"
    tree["clients"][0]["auth"]["jwks"][0]["size"] = 3
    tree["clients"][0]["may_request"]["apis"].append("nowhere")
    assert sentences(tmp_path, tree) == [
        'clients[0].auth.jwks[0].size: there is no field "size" here (there is file)',
        'clients[0].auth.colour: there is no field "colour" here (there is accept_token_endpoint, algorithms, jwks, jwks_uri, method)',
        'clients[0].may_request.apis[2]: there is no api "nowhere"',
    ]


def test_every_section_that_comes_later_has_its_sentence(tmp_path: Path) -> None:
    for section in Configuration.later:
        assert sentences(tmp_path, {**acme(), section: {"a": 1}}) == [
            f"{section}: is not part of this release; remove the section"
        ]
