"""SIGHUP: the configuration is read again, whole or not at all (REL-30)."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from tests.fakes.server import RealServer, until
from tests.fakes.wire import Line
from tests.web.conftest import NOT_RELOADED, RELOADED


@pytest.fixture
def server(reloading: RealServer) -> RealServer:
    return reloading


def change(server: RealServer) -> None:
    server.company.write()
    server.reload(told=RELOADED)


@pytest.mark.requirement("REL-30")
def test_a_new_configuration_takes_effect_whole(server: RealServer) -> None:
    company = server.company
    assert server.post(company.own()).status == 200
    company.named("clients", "nightly")["disabled"] = True
    company.named("clients", "desk")["grants"] = ["client_credentials"]
    company.named("rules", "own-counts")["client"] = ["desk"]
    change(server)
    assert server.post(company.own()).status == 401
    assert server.post(company.own("desk")).status == 200
    assert server.events()[-3]["event"] == "catalog:loaded"


@pytest.mark.requirement("REL-30")
def test_what_is_disabled_is_disabled_also_in_tokens_that_are_out(server: RealServer) -> None:
    company = server.company
    token = server.token(company.for_alice())
    form = company.exchange("orders", token, audience="inventory", scope="stock:read")
    assert server.post(form).status == 200
    company.named("clients", "assistant")["disabled"] = True
    change(server)
    refused = server.post(form)
    assert (refused.status, refused.reason) == (400, "revoked")
    del company.named("clients", "assistant")["disabled"]
    change(server)
    refused = server.post(form)
    assert (refused.status, refused.reason) == (400, "revoked")


@pytest.mark.requirement("REL-30")
@pytest.mark.parametrize(
    "broken",
    ["version: [", "", "version: 2\n", "version: 1\nsurver: {}\n", "\x00\x01\x02", "[" * 5000, None],
    ids=["yaml", "empty", "version", "misspelt", "binary", "deep", "gone"],
)
def test_a_broken_configuration_keeps_the_old_one_and_is_told(broken: str | None, server: RealServer) -> None:
    before = len(server.events())
    if broken is None:
        server.company.file.unlink()
    else:
        server.company.file.write_text(broken, encoding="utf-8")
    server.reload(told=NOT_RELOADED)
    assert server.post(server.company.own()).status == 200
    assert server.post(server.company.for_alice()).status == 200
    assert "catalog:loaded" not in {event["event"] for event in server.events()[before:]}
    assert "Traceback" not in server.said


@pytest.mark.requirement("REL-30")
@pytest.mark.parametrize("fault", ["condition", "secret", "key"])
def test_a_configuration_that_is_half_right_is_wholly_refused(fault: str, server: RealServer) -> None:
    company = server.company
    company.named("clients", "nightly")["disabled"] = True
    match fault:
        case "condition":
            company.named("rules", "assistant-for-support")["when"] = "subject.claims.("
        case "secret":
            company.named("clients", "desk")["auth"]["secret"] = {"env": "NOBODY_SET_THIS"}
        case _:
            company.named("clients", "robot")["auth"]["jwks"] = [{"file": "missing.jwks.json"}]
    company.write()
    server.reload(told=NOT_RELOADED)
    assert server.post(company.own()).status == 200


def test_the_servers_own_section_waits_for_a_restart(server: RealServer) -> None:
    server.company.tree["server"] |= {"listen": "127.0.0.1:1", "data": "./other"}
    change(server)
    assert server.post(server.company.own()).status == 200
    assert not (server.folder / "other").exists()
    assert "a restart is needed for what was changed in these sections" in server.said


@pytest.mark.requirement("REL-30", "TX-141")
@pytest.mark.parametrize("section", ["server", "keys"])
def test_what_tokens_rest_on_does_not_change_under_way(section: str, server: RealServer) -> None:
    tree = server.company.tree
    if section == "server":
        tree["server"]["issuer"] = "http://127.0.0.1:1"
    else:
        tree["keys"] = {"signing": {"algorithm": "RS256"}}
    server.company.write()
    server.reload(told=NOT_RELOADED)
    assert server.post(server.company.own()).status == 200
    assert server.get("/.well-known/oauth-authorization-server").json["issuer"] == server.issuer


@pytest.mark.requirement("TX-142")
def test_the_metadata_follows_the_configuration(server: RealServer) -> None:
    server.company.named("apis", "orders")["scopes"]["orders:refund"] = "Refund orders"
    change(server)
    assert "orders:refund" in server.get("/.well-known/oauth-authorization-server").json["scopes_supported"]


@pytest.mark.requirement("REL-30")
def test_after_many_reloads_at_once_the_last_configuration_holds(server: RealServer) -> None:
    nightly = server.company.named("clients", "nightly")
    done = server.said.count(RELOADED)
    for number in range(9):
        nightly["disabled"] = number % 2 == 1
        nightly["description"] = f"number {number}"
        server.company.write()
        server.signal(signal.SIGHUP)
    nightly["disabled"] = True
    change(server)
    # Several signals may be one; whatever is under way ends, and the last one was read last.
    until(lambda: server.said.count(RELOADED) > done and server.post(server.company.own()).status == 401)
    for _ in range(20):
        assert server.post(server.company.own()).status == 401


@pytest.mark.requirement("REL-30")
def test_requests_in_flight_are_not_disturbed_by_a_reload(server: RealServer) -> None:
    done = server.said.count(RELOADED)
    for number in range(60):
        if number % 20 == 0:
            server.signal(signal.SIGHUP)
        assert server.post(server.company.own()).status == 200
    until(lambda: server.said.count(RELOADED) > done)


@pytest.mark.requirement("REL-30")
def test_a_hangup_while_it_starts_does_not_end_it(tmp_path: Path) -> None:
    starting = RealServer(tmp_path)
    starting.company.write()
    starting.launch()
    try:
        until(lambda: _listens(starting))
        starting.signal(signal.SIGHUP)
        starting.wait_until_ready()
    finally:
        starting.close()


def _listens(server: RealServer) -> bool:
    try:
        Line(server.port).close()
    except ConnectionRefusedError:
        return False
    return True
