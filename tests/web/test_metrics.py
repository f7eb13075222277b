"""``/metrics``, as Prometheus meets it: on the management listener, and true whichever worker answers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.fakes.server import RealServer, until
from tests.fakes.wire import ask
from tests.web.test_workers import children, wait_for_both

import actas

GRANTED = {"kind": "own", "outcome": "granted", "reason": ""}


def scrape(server: RealServer) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    reply = server.manage("/metrics")
    assert reply.status == 200
    assert (reply.header("content-type") or "").startswith("text/plain; version=0.0.4")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(reply.body.decode())
        for sample in family.samples
    }


def value(server: RealServer, name: str, **labels: str) -> float:
    return scrape(server).get((f"actas_{name}", frozenset(labels.items())), 0.0)


@pytest.mark.requirement("REL-32")
def test_what_happens_is_counted(server: RealServer) -> None:
    before = value(server, "exchanges_total", **GRANTED)
    failed = value(server, "client_auth_failures_total", method="client_secret_post")
    replays = value(server, "replays_refused_total", what="client_assertion")
    assert server.post(server.company.own()).status == 200
    assert server.post(server.company.own(client_secret="wrong")).status == 401
    form = server.company.asserted()
    assert [server.post(form).status for _ in range(2)] == [200, 401]
    assert value(server, "exchanges_total", **GRANTED) == before + 2
    assert value(server, "client_auth_failures_total", method="client_secret_post") == failed + 1
    assert value(server, "replays_refused_total", what="client_assertion") == replays + 1


@pytest.mark.parametrize(
    "accept", ["text/plain;version=abc", "application/openmetrics-text; version==1", "\xff;,"]
)
def test_who_asks_for_what_nobody_understands_gets_plain_text(server: RealServer, accept: str) -> None:
    reply = ask(server.management, "GET", "/metrics", headers={"Accept": accept})
    assert (reply.status, reply.header("content-type")) == (200, "text/plain; version=0.0.4; charset=utf-8")


def test_what_is_so_just_now_is_read_when_it_is_asked_for(server: RealServer) -> None:
    found = scrape(server)
    names = {name for name, _ in found}
    assert {"actas_audit_checkpoint_age_seconds", "actas_issuer_keys_age_seconds"} <= names
    assert found["actas_audit_verified", frozenset()] == 1
    assert 0 <= value(server, "signing_key_age_seconds", use="token") < 3600
    (build,) = [dict(labels) for name, labels in found if name == "actas_build_info"]
    assert build["version"] == actas.__version__
    assert value(server, "issuer_fetch_total", issuer="followed", outcome="fetched") >= 1


@pytest.mark.requirement("REL-31")
def test_metrics_are_never_on_the_public_listener(server: RealServer) -> None:
    assert server.get("/metrics").status == 404
    assert server.manage("/metrics", "POST").status == 405


def test_openmetrics_is_spoken_with_whoever_asks_for_it(server: RealServer) -> None:
    from tests.fakes.wire import ask

    reply = ask(
        server.management,
        "GET",
        "/metrics",
        headers=[("Accept", "application/openmetrics-text; version=1.0.0")],
    )
    assert (reply.header("content-type") or "").startswith("application/openmetrics-text")
    assert reply.body.endswith(b"# EOF\n")


def test_whichever_worker_is_asked_answers_for_all_and_a_dead_one_takes_no_counts_with_it(
    tmp_path: Path,
) -> None:
    with RealServer(tmp_path, workers=2) as server:
        wait_for_both(server)
        for _ in range(40):
            server.post(server.company.own())
        granted = sum(event.get("outcome") == "granted" for event in server.events())
        # A worker that nobody scraped tells the others within the second.
        until(lambda: value(server, "exchanges_total", **GRANTED) == granted)
        assert {value(server, "exchanges_total", **GRANTED) for _ in range(20)} == {granted}
        victim = min(children(server))
        os.kill(victim, signal.SIGKILL)
        until(lambda: len(children(server) - {victim}) == 2, limit=20)
        assert value(server, "exchanges_total", **GRANTED) == granted
        wait_for_both(server)
        assert value(server, "exchanges_total", **GRANTED) > granted
