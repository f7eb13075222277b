"""The formats of others: what every one of them keeps, and what each says of an exchange."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from tests.fakes.entries import (
    AT,
    CHANGED,
    COUNTED,
    GRANTED,
    HOSTILE,
    IMPERSONATED,
    NOBODY,
    ORIGIN,
    REFUSED,
    REVOKED,
    entry,
    every_entry,
    hostile_entry,
    sealed,
)

from actas.audit.formats.catalog import FORMATS, FormatName
from actas.audit.formats.csv_rows import COLUMNS, header
from actas.audit.formats.entry import Entry, read_entry
from actas.audit.formats.meaning import MEANINGS, severity
from actas.core.events import EVENTS
from actas.core.ports import JsonObject

EVERY = list(FORMATS)
JSON_FORMATS: tuple[FormatName, ...] = ("json", "ocsf", "ecs", "cloudevents")


def said(name: FormatName, one: Entry) -> dict[str, Any]:
    """Return the document of a JSON format, read."""
    found: dict[str, Any] = json.loads(FORMATS[name].document(one, ORIGIN))
    return found


def test_every_event_has_a_meaning() -> None:
    assert set(MEANINGS) == set(EVENTS), "give the event a line in audit/formats/meaning.py"


@pytest.mark.parametrize("name", EVERY)
def test_every_entry_becomes_one_line_with_its_id_stream_and_number(name: FormatName) -> None:
    for one in every_entry():
        document = FORMATS[name].document(one, ORIGIN).decode("utf-8")
        assert document
        assert len(document.splitlines()) == 1
        if name != "json":  # the line itself has them, unless it is a checkpoint
            assert one.id in document
            assert one.stream in document
            assert str(one.seq) in document


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("value", HOSTILE)
def test_no_text_of_a_caller_breaks_a_line(name: FormatName, value: str) -> None:
    # The log escapes these on its way in; a format must not depend on it.
    document = FORMATS[name].document(hostile_entry(value), ORIGIN)
    assert b"\n" not in document
    assert b"\r" not in document
    assert b"\x1b" not in document
    assert b"\x00" not in document


@pytest.mark.parametrize("name", JSON_FORMATS)
@pytest.mark.parametrize("value", HOSTILE)
def test_json_formats_give_back_what_was_said(name: FormatName, value: str) -> None:
    found = said(name, hostile_entry(value))
    assert value in json.dumps(found, ensure_ascii=False) or json.dumps(value)[1:-1] in json.dumps(found)


def test_the_native_format_is_the_line_itself() -> None:
    one = entry(GRANTED)
    assert FORMATS["json"].document(one, ORIGIN) == one.line


def test_a_line_that_is_none_keeps_its_place_and_says_so() -> None:
    for line in (b"", b"[]", b"\xff", b'{"a":1}\n{"b":2}', b'{"event":'):
        one = read_entry(line, stream="s2", seq=9)
        assert (one.stream, one.seq, one.id, one.event) == ("s2", 9, "s2-9", "log:damaged")
        assert b"\n" not in one.line
        assert severity(one) == 8


def test_the_place_of_an_entry_is_where_it_is_kept_not_what_it_claims() -> None:
    one = read_entry(b'{"stream":"s9","seq":1,"event":"exchange:granted"}', stream="s1", seq=7)
    for own in (said("ocsf", one)["unmapped"], said("ecs", one)["actas"]):
        assert (own["stream"], own["seq"]) == ("s1", 7)


# CloudEvents


def test_a_cloud_event_is_one_to_the_library_of_its_makers() -> None:
    for one in every_entry():
        event = JSONFormat().read(CloudEvent, FORMATS["cloudevents"].document(one, ORIGIN))
        assert event.get_id() == one.id
        assert event.get_source() == "https://sts.acme.example"
        assert event.get_type() == f"actas.{one.event.replace(':', '.')}"
        assert event.get_subject() == one.id
        assert event.get_extension("actasstream") == one.stream
        assert int(event.get_extension("sequence")) == one.seq
        assert event.get_data() == one.members


def test_sequence_numbers_of_cloud_events_sort_as_text() -> None:
    numbers = [said("cloudevents", entry(GRANTED, seq=seq))["sequence"] for seq in (9, 10, 10**17)]
    assert numbers == sorted(numbers)


def test_a_batch_of_cloud_events_is_one_json_array() -> None:
    form = FORMATS["cloudevents"]
    body = form.body([form.document(one, ORIGIN) for one in every_entry()])
    assert len(json.loads(body)) == len(every_entry())


# ECS


def test_ecs_names_the_current_actor_the_subject_and_everybody() -> None:
    found = said("ecs", entry(GRANTED))
    assert found["@timestamp"] == AT
    assert found["event"]["category"] == ["authentication"]
    assert (found["event"]["action"], found["event"]["outcome"]) == ("token-exchange", "success")
    assert found["event"]["sequence"] == 7
    assert found["user"]["name"] == "orders"
    assert found["user"]["effective"]["name"] == "alice@acme.example"
    assert found["related"] == {"ip": ["192.0.2.7"], "user": ["alice@acme.example", "assistant", "orders"]}
    assert found["rule"]["name"] == "orders-to-inventory"


@pytest.mark.parametrize(("members", "who"), [(CHANGED, "pipeline"), (REVOKED, "dana")])
def test_who_changed_something_is_named_in_every_format(members: JsonObject, who: str) -> None:
    one = entry(members)
    assert said("ecs", one)["user"]["name"] == who
    assert said("ocsf", one)["actor"]["user"]["name"] == who
    assert f"suser={who}" in FORMATS["cef"].document(one, ORIGIN).decode()
    assert f",{who}," in FORMATS["csv"].document(one, ORIGIN).decode()


def test_where_a_change_was_asked_for_from_is_told() -> None:
    assert said("ecs", entry(CHANGED))["source"]["ip"] == "192.0.2.8"
    assert "src=192.0.2.8" in FORMATS["cef"].document(entry(CHANGED), ORIGIN).decode()


def test_a_refusal_of_the_management_api_is_no_introspection() -> None:
    one = entry({"event": "management:refused", "outcome": "refused", "reason": "insufficient_scope"})
    assert said("ecs", one)["event"]["action"] == "management-refused"
    assert said("ocsf", one)["activity_name"] == "Management"


def test_ecs_says_why_something_was_refused() -> None:
    found = said("ecs", entry(REFUSED))
    assert found["event"]["outcome"] == "failure"
    assert found["event"]["reason"] == "denied_by_rule"
    assert found["error"]["message"] == "rule no-agent-writes-stock"


def test_ecs_uses_only_values_that_its_fields_allow() -> None:
    kinds = {
        "authentication": {"start", "end", "info"},
        "configuration": {"access", "change", "creation", "deletion", "info"},
        "process": {"access", "change", "end", "info", "start"},
    }
    for one in every_entry():
        event = said("ecs", one)["event"]
        (category,) = event["category"]
        assert set(event["type"]) <= kinds[category]
        assert event["outcome"] in {"success", "failure"}


# CSV


def test_csv_has_a_header_that_says_what_was_asked_and_as_many_columns_as_names() -> None:
    about = [("query", 'client:orders "a, b"'), ("from", AT), ("checkpoint", "3")]
    rows = [*header(about), *(FORMATS["csv"].document(one, ORIGIN) for one in every_entry())]
    read = list(csv.reader(io.StringIO(b"\r\n".join(rows).decode(), newline="")))
    assert read[0] == ["# query", 'client:orders "a, b"']
    assert read[3] == [name for name, _ in COLUMNS]
    assert {len(row) for row in read[3:]} == {len(COLUMNS)}
    granted = dict(zip(read[3], read[4], strict=True))
    assert granted["chain"] == "alice@acme.example > assistant > orders"
    assert (granted["actor"], granted["subject"], granted["given"]) == (
        "orders",
        "alice@acme.example",
        "stock:read",
    )


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@sum", "\t=x", "\r\n=x", " =x"])
def test_no_cell_of_csv_is_a_formula(value: str) -> None:
    document = FORMATS["csv"].document(hostile_entry(value), ORIGIN).decode()
    (row,) = csv.reader(io.StringIO(document, newline=""))
    assert "'" + re.sub(r"[\t\r\n]", " ", value) in row
    assert not [cell for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))]


# How much an entry matters


def test_severity_is_between_three_and_eight_and_grows_with_what_happened() -> None:
    assert {severity(one) for one in every_entry()} <= set(range(3, 9))
    ordered = [entry(one) for one in (GRANTED, IMPERSONATED, NOBODY, COUNTED)]
    assert [severity(one) for one in ordered] == [3, 5, 6, 7]
    assert severity(entry({"event": "log:recovered", "facts": {"broken": [{"stream": "s2"}]}})) == 8
    assert severity(sealed()) == 3
