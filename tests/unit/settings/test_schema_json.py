"""The published JSON Schema: complete, closed, and true to the sample."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.fakes.configuration import acme, named
from tests.fakes.json_schema import problems

from actas.settings.schema_json import json_schema


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            yield schema
        for one in schema.values():
            yield from objects(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from objects(one)


def test_the_sample_is_valid() -> None:
    assert list(problems(json_schema(), acme())) == []


def test_it_is_json_of_the_dialect_it_names() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(schema)) == schema


def test_every_field_says_what_it_is_for() -> None:
    found = list(objects(json_schema()))
    assert len(found) > 30
    for one in found:
        assert one.get("description"), one
        for name, field in one["properties"].items():
            assert field.get("description"), name
            assert field["description"].endswith((".", "`.")), field["description"]


@pytest.mark.requirement("REL-30")
def test_no_object_takes_unknown_keys() -> None:
    assert all(one["additionalProperties"] is False for one in objects(json_schema()))


@pytest.mark.requirement("SEC-02")
def test_nothing_may_be_null() -> None:
    text = json.dumps(json_schema())
    assert '"null"' not in text
    assert "null" not in text


def test_defaults_are_shown_as_they_are_written() -> None:
    definitions = json_schema()["$defs"]
    assert definitions["DefaultToken"]["properties"]["lifetime"]["default"] == "5m"
    assert definitions["IssuerForm"]["properties"]["max_life"]["default"] == "1d"
    assert definitions["Server"]["properties"]["workers"]["default"] == 1


def test_no_secret_may_be_written_in_the_file() -> None:
    tree = acme()
    named(tree, "clients", "desk-app")["auth"]["secret"] = "0b9d7f5e3c1a28460b9d7f5e3c1a2846"
    assert list(problems(json_schema(), tree)) != []


@pytest.mark.parametrize(
    "change",
    [
        {"verzion": 1},
        {"version": 2},
        {"profiles": []},
        {"connections": [{"name": "one", "client": "web"}]},
        {"server": {"issuer": "ftp://x"}},
        {"server": {"issuer": "https://x.example", "workers": 65}},
        {"server": {}},
        {"defaults": {"token": {"lifetime": 300}}},
        {"defaults": {"token": {"lifetime": "5 minutes"}}},
        {"apis": [{"name": "Orders", "audience": "x"}]},
        {"apis": [{"name": "orders", "audience": "x", "scopes": {"a b": "x"}}]},
        {"rules": [{"name": "one", "scopes": "some"}]},
        {"rules": [{"name": "one", "client": {"kinds": []}}]},
        {"clients": [{"name": "one", "kind": "app", "auth": {"method": "client_secret_basic"}}]},
    ],
)
def test_it_finds_what_an_editor_can_find(change: dict[str, Any]) -> None:
    assert list(problems(json_schema(), {**acme(), **change})) != []


def test_one_file_of_several_is_valid_by_itself() -> None:
    assert list(problems(json_schema(), {"apis": acme()["apis"]})) == []
