"""The database is the store of record: files go into it, and every node follows it."""

from __future__ import annotations

import copy
import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from tests.fakes.served import MARK
from tests.fakes.server import SPREAD, RealServer, until
from tests.web.conftest import NOT_RELOADED, RELOADED


@pytest.fixture
def server(reloading: RealServer) -> RealServer:
    return reloading


def rows(server: RealServer, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(server.data / "actas.db")) as connection:
        return connection.execute(sql).fetchall()


def last(server: RealServer, event: str) -> dict[str, Any]:
    return max((one for one in server.events() if one["event"] == event), key=lambda one: str(one["id"]))


@pytest.mark.requirement("REL-01", "SEC-86")
def test_what_a_file_changes_is_recorded_before_it_takes_effect(server: RealServer) -> None:
    nightly = server.company.named("clients", "nightly")
    nightly["disabled"] = True
    server.company.write()
    server.reload(told=RELOADED)
    events = server.events()
    at = next(
        number
        for number in reversed(range(len(events)))
        if events[number]["event"] == "configuration:changed"
    )
    record, loaded = events[at], events[at + 1]
    assert loaded["event"] == "catalog:loaded"
    assert loaded["generation"] == record["generation"]
    (change,) = record["changes"]
    assert (change["kind"], change["name"], change["what"]) == ("clients", "nightly", "changed")
    assert "disabled" not in change["before"]["document"]
    assert change["after"]["document"]["disabled"] is True
    assert record["by"] == {"via": "server"}


def test_reading_the_same_files_again_changes_nothing(server: RealServer) -> None:
    before = rows(server, "SELECT max(generation) FROM configuration_generations")
    server.reload(told=RELOADED)
    server.restart()
    assert rows(server, "SELECT max(generation) FROM configuration_generations") == before


def test_no_secret_is_in_the_documents(server: RealServer) -> None:
    documents = "".join(one for (one,) in rows(server, "SELECT document FROM configuration_objects"))
    assert "NIGHTLY_SECRET" in documents
    assert MARK not in documents
    assert MARK not in json.dumps(last(server, "configuration:changed"))


def test_a_secret_that_a_file_holds_is_kept_as_a_digest(server: RealServer) -> None:
    company = server.company
    company.named("clients", "desk")["auth"]["secret"] = "written-in-the-file-" + "q7" * 16
    company.named("clients", "desk")["grants"] = ["client_credentials"]
    company.named("rules", "own-counts")["client"].append("desk")
    company.write()
    server.reload(told=RELOADED)
    assert server.post(company.own("desk", client_secret="written-in-the-file-" + "q7" * 16)).status == 200
    whole = (server.data / "actas.db").read_bytes() + json.dumps(server.events()).encode()
    assert b"written-in-the-file" not in whole
    assert rows(server, "SELECT name, length(digest) FROM client_secrets") == [("desk", 32)]


@pytest.mark.requirement("REL-21")
def test_another_node_follows_without_being_told(server: RealServer) -> None:
    other = server.twin()
    with other:
        company = server.company
        assert other.post(company.own()).status == 200
        company.named("clients", "nightly")["disabled"] = True
        company.write()
        server.reload(told=RELOADED)
        until(lambda: other.post(company.own()).status == 401, limit=SPREAD)
        assert server.post(company.own()).status == 401
        other.company.tree["clients"] = copy.deepcopy(company.tree["clients"])


@pytest.mark.requirement("REL-21")
def test_what_a_file_no_longer_defines_is_out_of_force_and_comes_back(server: RealServer) -> None:
    company = server.company
    company.tree["clients"] = [one for one in company.tree["clients"] if one["name"] != "nightly"]
    company.named("rules", "own-counts")["client"] = ["orders", "robot"]
    company.write()
    server.reload(told=RELOADED)
    assert server.post(company.own()).status == 401
    assert [one["what"] for one in last(server, "configuration:changed")["changes"]] == ["changed", "pruned"]
    assert rows(server, "SELECT state FROM configuration_objects WHERE name = 'nightly'") == [("pruned",)]


@pytest.mark.requirement("REL-30", "REL-21")
def test_a_generation_that_a_node_cannot_compile_is_alarmed_and_takes_away_all_the_same(
    server: RealServer,
) -> None:
    other = server.twin()
    other.company.environ = dict(server.company.environ)
    with other:
        company = server.company
        # The secret of a new client is on one node only, and in the same change another client ends.
        company.environ["LATE_SECRET"] = f"{MARK}-late-" + "0f1e2d3c" * 4
        server.restart()
        late = copy.deepcopy(company.named("clients", "nightly"))
        late |= {"name": "late", "auth": {"method": "client_secret", "secret": {"env": "LATE_SECRET"}}}
        company.tree["clients"].append(late)
        company.named("clients", "robot")["disabled"] = True
        company.write()
        server.reload(told=RELOADED)
        until(lambda: "configuration not put in force" in other.said, limit=SPREAD)
        assert "LATE_SECRET" in other.said
        assert other.post(company.own()).status == 200
        until(lambda: other.post(company.asserted()).status == 401, limit=SPREAD)
        refused = last(other, "catalog:refused")
        assert refused["generation"] > refused["in_force"]
        assert other.manage("/readyz?verbose").status == 200


@pytest.mark.requirement("REL-30")
def test_a_name_that_the_console_keeps_is_not_taken_over_unasked(server: RealServer) -> None:
    with closing(sqlite3.connect(server.data / "actas.db")) as connection, connection:
        connection.execute("UPDATE configuration_objects SET keeper = 'console' WHERE name = 'desk'")
    server.reload(told=NOT_RELOADED)
    assert "is kept by the console; --adopt takes it over" in server.said
    with closing(sqlite3.connect(server.data / "actas.db")) as connection, connection:
        connection.execute("UPDATE configuration_objects SET keeper = 'file' WHERE name = 'desk'")
