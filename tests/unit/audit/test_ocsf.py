"""OCSF, held against the attributes of the schema's own release."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import pytest
from tests.fakes.entries import (
    COUNTED,
    GRANTED,
    HOSTILE,
    IMPERSONATED,
    NOBODY,
    ORIGIN,
    REFUSED,
    entry,
    every_entry,
    hostile_entry,
)

from actas.audit.formats.entry import Entry
from actas.audit.formats.ocsf import VERSION, document

SCHEMA: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "vectors/ocsf-1.6.0.json").read_text(encoding="utf-8")
)
_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "integer_t": int,
    "long_t": int,
    "timestamp_t": int,
    "boolean_t": bool,
    "object": dict,
}


def said(one: Entry) -> dict[str, Any]:
    """Return an event, valid by the schema."""
    found: dict[str, Any] = json.loads(document(one, ORIGIN))
    check(found, SCHEMA["classes"][str(found["class_uid"])], "event")
    assert found["type_uid"] == found["class_uid"] * 100 + found["activity_id"]
    return found


def check(found: dict[str, Any], form: dict[str, Any], where: str) -> None:
    """Hold an object against its form in the schema."""
    attributes = form["attributes"]
    unknown = set(found) - set(attributes)
    assert not unknown, f"{where}: {unknown}"
    missing = {name for name, one in attributes.items() if one["required"]} - set(found)
    assert not missing, f"{where}: {missing}"
    assert not form["at_least_one"] or set(form["at_least_one"]) & set(found), where
    for name, value in found.items():
        kind, here = attributes[name]["type"], f"{where}.{name}"
        if kind in SCHEMA["objects"]:
            check(value, SCHEMA["objects"][kind], here)
            continue
        assert isinstance(value, _TYPES.get(kind, str)), here
        assert "enum" not in attributes[name] or value in attributes[name]["enum"], here
        if kind == "ip_t":
            ip_address(str(value))


def test_it_says_which_release_of_the_schema_it_follows() -> None:
    assert said(entry(GRANTED))["metadata"]["version"] == VERSION == SCHEMA["version"]


def test_every_event_is_valid_by_the_schema() -> None:
    for one in every_entry():
        found = said(one)
        assert found["metadata"]["uid"] == one.id
        assert (found["metadata"]["log_name"], found["metadata"]["sequence"]) == (one.stream, one.seq)


@pytest.mark.parametrize("value", HOSTILE)
def test_no_text_of_a_caller_makes_an_event_invalid(value: str) -> None:
    assert said(hostile_entry(value))["status_detail"] == value


def test_an_exchange_is_authentication_with_an_activity_of_its_own() -> None:
    found = said(entry(GRANTED))
    assert (found["class_uid"], found["activity_id"], found["activity_name"]) == (3002, 99, "Token Exchange")
    assert (found["status_id"], found["time"]) == (1, 1795621320123)
    assert found["actor"]["user"]["name"] == "orders"
    assert (found["user"]["name"], found["user"]["type_id"]) == ("alice@acme.example", 1)
    assert [one["id"] for one in found["unmapped"]["chain"]] == ["alice@acme.example", "assistant", "orders"]
    assert found["src_endpoint"]["ip"] == "192.0.2.7"


def test_a_refused_exchange_is_a_failure_with_its_reason() -> None:
    found = said(entry(REFUSED))
    assert (found["activity_id"], found["status_id"], found["status_code"]) == (99, 2, "denied_by_rule")


def test_an_impersonation_is_an_account_switch() -> None:
    found = said(entry(IMPERSONATED))
    assert (found["class_uid"], found["activity_id"], found["account_switch_type_id"]) == (3002, 7, 2)
    assert found["actor"]["user"]["name"] == "orders"


def test_a_failed_client_sign_in_is_a_failed_logon() -> None:
    found = said(entry(NOBODY))
    assert (found["class_uid"], found["activity_id"], found["status_id"]) == (3002, 1, 2)
    assert found["user"] == {"name": "unknown", "type_id": 0, "type": "Unknown"}


def test_a_change_is_entity_management() -> None:
    created = said(entry({"event": "keys:created", "kid": "k-1"}))
    assert (created["class_uid"], created["activity_id"]) == (3004, 1)
    assert (created["entity"]["uid"], created["entity"]["type"]) == ("k-1", "signing key")
    assert said(entry({"event": "catalog:loaded", "digest": "ab"}))["activity_id"] == 3


def test_the_life_of_a_stream_is_the_life_of_an_application() -> None:
    lives = {event: said(entry({"event": f"log:{event}"})) for event in ("started", "recovered", "closed")}
    assert {one["class_uid"] for one in lives.values()} == {6002}
    assert [one["activity_id"] for one in lives.values()] == [3, 5, 4]


def test_refusals_that_were_counted_keep_their_number() -> None:
    assert said(entry(COUNTED))["count"] == 940
