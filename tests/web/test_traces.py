"""A server that is asked to trace, as an operator asks: by variables of the environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.served import MARK
from tests.fakes.server import RealServer, until

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def spans_of(said: str) -> list[dict[str, Any]]:
    """The spans that the SDK's exporter for consoles wrote, in the order in which they ended."""
    decoder, found, at = json.JSONDecoder(), list[dict[str, Any]](), 0
    while (at := said.find("{\n", at)) >= 0:
        document, at = decoder.raw_decode(said, at)
        found.append(document)
    return found


@pytest.mark.requirement("REL-32", "SEC-87")
def test_a_server_with_two_workers_traces_and_no_span_holds_a_secret(tmp_path: Path) -> None:
    server = RealServer(tmp_path, workers=2)
    server.company.environ |= {"OTEL_TRACES_EXPORTER": "console", "OTEL_RESOURCE_ATTRIBUTES": "site=here"}
    with server:
        form = server.company.for_alice()
        reply = server.post(form, headers={"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": f"x={MARK}"})
        assert reply.status == 200
        assert server.post(server.company.for_alice(client_secret=f"{MARK}-wrong")).status == 401
        entry = server.entry(reply)
    spans = spans_of(server.said)
    mine = [span for span in spans if span["context"]["trace_id"] == f"0x{TRACE}"]
    root = next(span for span in mine if span["name"] == "actas.exchange")
    assert root["attributes"]["actas.exchange.entry"] == entry["id"]
    assert root["parent_id"] == f"0x{SPAN}"
    assert entry["trace"] == TRACE
    resource = root["resource"]["attributes"]
    assert (resource["service.name"], resource["site"]) == ("actas", "here")
    assert {span["name"] for span in spans} >= {"actas.exchange", "actas.client", "actas.record"}
    assert MARK not in server.said
    assert form["subject_token"] not in server.said
    assert reply.json["access_token"] not in server.said


def test_what_is_asked_for_and_cannot_be_had_is_said_and_the_server_serves(tmp_path: Path) -> None:
    server = RealServer(tmp_path)
    server.company.environ["OTEL_TRACES_EXPORTER"] = "zipkin"
    with server:
        until(lambda: "requests are not traced" in server.said)
        assert "there are: otlp, console, none" in server.said
        assert server.post(server.company.for_alice()).status == 200


def test_a_collector_that_is_away_holds_up_neither_requests_nor_the_stop(tmp_path: Path) -> None:
    server = RealServer(tmp_path)
    server.company.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"
    with server:
        assert server.post(server.company.for_alice()).status == 200
        assert server.stop(patience=20) == 0
