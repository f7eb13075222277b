"""A grant for another domain, in the formats of others: which connection, which server, which grant."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from tests.fakes.entries import GRANTED, ORIGIN, entry

from actas.audit.formats.catalog import FORMATS, FormatName
from actas.audit.formats.csv_rows import COLUMNS
from actas.audit.formats.entry import Entry
from actas.core.ports import JsonObject

ABROAD: JsonObject = {
    "connection": "assistant-to-tickets",
    "issuer": "https://auth.tickets.example",
    "client_id": "acme-assistant",
    "resources": ["https://api.tickets.example"],
}
TOLD: JsonObject = {**GRANTED, "apis": ["connection:assistant-to-tickets"], "abroad": ABROAD}
REFUSED: JsonObject = {
    **TOLD,
    "event": "exchange:refused",
    "outcome": "refused",
    "reason": "connection_paused",
}


def written(name: FormatName, one: Entry) -> str:
    return FORMATS[name].document(one, ORIGIN).decode("utf-8")


def read(name: FormatName, members: JsonObject) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(written(name, entry(members)))
    return found


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("members", [TOLD, REFUSED])
def test_every_format_says_which_connection_and_which_server(name: FormatName, members: JsonObject) -> None:
    line = written(name, entry(members))
    assert "assistant-to-tickets" in line
    assert "auth.tickets.example" in line


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_says_which_grant_it_was_so_that_both_logs_can_be_joined(name: FormatName) -> None:
    given: Any = TOLD["given"]
    assert str(given["jti"]) in written(name, entry(TOLD))


def test_a_spreadsheet_has_columns_for_them_behind_those_that_were_there() -> None:
    (row,) = csv.reader(io.StringIO(written("csv", entry(TOLD))))
    found = dict(zip([name for name, _ in COLUMNS], row, strict=True))
    assert (found["connection"], found["server"]) == ("assistant-to-tickets", "https://auth.tickets.example")
    assert [name for name, _ in COLUMNS][-3:] == ["detail", "connection", "server"]


def test_others_have_fields_of_their_own_for_the_server() -> None:
    ecs, ocsf = read("ecs", TOLD), read("ocsf", TOLD)
    assert ecs["destination"] == {"address": "auth.tickets.example", "domain": "auth.tickets.example"}
    assert ecs["event"]["action"] == "cross-app-access"
    assert ecs["actas"]["abroad"] == ABROAD
    assert ocsf["service"] == {
        "name": "connection:assistant-to-tickets",
        "uid": "https://auth.tickets.example",
    }
    assert ocsf["unmapped"]["abroad"] == ABROAD
    assert " dhost=auth.tickets.example " in written("cef", entry(TOLD))


@pytest.mark.parametrize(
    ("members", "said"),
    [(TOLD, "Grant for another domain given"), (REFUSED, "Grant for another domain refused")],
)
def test_people_are_told_in_a_few_words(members: JsonObject, said: str) -> None:
    assert read("ecs", members)["message"] == said
    assert read("ocsf", members)["message"] == said


def test_an_entry_of_anything_else_has_none_of_it() -> None:
    plain = entry(GRANTED)
    assert "dhost=" not in written("cef", plain)
    assert "destination" not in read("ecs", GRANTED)
    assert json.loads(written("ocsf", plain))["service"].keys() == {"name"}
