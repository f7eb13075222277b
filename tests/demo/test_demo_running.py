"""``actas demo`` while it runs: what it invites people to try works as printed, and it always ends whole."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from tests.fakes.demo import RunningDemo, running_demo, wait_until_ended

from actas.core.claims import instant
from actas.crypto.jose import parse
from actas.demo.browser import Browser
from actas.demo.company import Company, Ports
from actas.demo.scenes import SCENES, played, renew
from actas.demo.stage import Stage
from actas.demo.tour import RENEW_EVERY


def test_the_scenes_are_one_document_for_programs(live_demo: RunningDemo) -> None:
    document = live_demo.document
    assert (document["kind"], document["v"], document["differences"]) == ("actas/Demo", 1, [])
    outcomes = [scene["outcome"] for scene in document["scenes"]]
    assert outcomes == ["granted", "granted", "refused", "granted", "granted", "granted"]
    refused = document["scenes"][2]
    assert refused["why"]["rule"] == "no-agent-writes-stock"
    assert refused["why"]["would_be_granted"] == {"scope": ["stock:read"]}
    assert [party["id"] for party in refused["chain"]] == ["alice@acme.example", "assistant", "orders"]
    assert all(scene["entry"].startswith("x_") for scene in document["scenes"])
    assert set(document["processes"]) == {
        "server",
        "orders",
        "inventory",
        "corp-idp",
        "auth.tickets",
        "tickets",
    }
    assert document["audit"]["sealed"]
    assert document["audit_elsewhere"]["sealed"]


def test_the_grant_stands_in_both_logs_under_one_number(live_demo: RunningDemo) -> None:
    crossed = live_demo.document["scenes"][3]["crossed"]
    here, there = crossed["here"], crossed["there"]
    assert (here["exchange"], there["exchange"]) == ("cross_app", "redemption")
    elsewhere = 'ACTAS_CONFIG="$ACTAS_DEMO/tickets/actas.yaml" actas audit show'
    ours = json.loads(live_demo.shell(f"actas audit show {here['entry']} --json").stdout)
    theirs = json.loads(live_demo.shell(f"{elsewhere} {there['entry']} --json").stdout)
    assert ours["given"]["jti"] == theirs["subject"]["token"]["jti"] == here["jti"] == there["jti"]
    assert ours["abroad"]["connection"] == "assistant-to-tickets"
    assert theirs["subject"]["sub"] == "acme:alice@acme.example"


def test_the_refusal_while_it_was_paused_can_be_explained(live_demo: RunningDemo) -> None:
    paused = live_demo.document["scenes"][3]["crossed"]["paused"]
    seen = live_demo.shell(f"actas explain --entry {paused['entry']}")
    assert seen.stdout.startswith("REFUSED  invalid_target, connection_paused")
    assert "under the rules of now it would be GRANTED  cross_app: tickets:read" in seen.stdout


def test_a_grant_is_given_by_command_until_dana_pauses_the_connection(live_demo: RunningDemo) -> None:
    there = f"http://127.0.0.1:{live_demo.ports['auth_tickets']}"
    asked = (
        'actas exchange --client assistant --key "$ACTAS_DEMO/assistant.jwk" --subject @demo/alice \\\n'
        f"        --for id-jag --to {there} --scope tickets:read --json"
    )
    assert live_demo.shell(asked).returncode == 0
    server = f"http://127.0.0.1:{live_demo.ports['server']}"
    login = 'actas login --device --client cli --client-auth none 2>"$ACTAS_DEMO/login.txt"'
    with (
        ThreadPoolExecutor(1) as beside,
        httpx2.Client(trust_env=False) as http,
    ):
        signed_in = beside.submit(live_demo.shell, login)
        dana = Browser(http, server)
        page = dana.send(dana.get(_address_in(live_demo.folder / "login.txt")), "/device")
        password = (live_demo.folder / "dana.password").read_text(encoding="utf-8")
        page = dana.send(page, "/sign-in", name="dana", password=password)
        dana.send(page, "/device/consent", decision="allow")
        assert signed_in.result().returncode == 0
    try:
        paused = live_demo.shell("actas connections pause assistant-to-tickets")
        assert paused.returncode == 0, paused.stderr
        refused = live_demo.shell(asked)
        assert (refused.returncode, json.loads(refused.stdout)["reason"]) == (1, "connection_paused")
    finally:
        assert live_demo.shell("actas connections resume assistant-to-tickets").returncode == 0
    assert live_demo.shell(asked).returncode == 0


def _address_in(file: Path) -> str:
    """Wait for the address that a login tells to open, and return it."""
    for _ in range(600):
        found = re.search(r"http://\S+user_code=\S+", file.read_text("utf-8") if file.exists() else "")
        if found is not None:
            return found[0]
        time.sleep(0.05)
    raise AssertionError("no address")


@pytest.mark.parametrize("scene", ["scene-1", "scene-2"])
def test_the_tokens_of_the_scenes_can_be_taken_apart(live_demo: RunningDemo, scene: str) -> None:
    seen = live_demo.shell(f"actas inspect @demo/{scene} --json")
    assert seen.returncode == 0, seen.stderr
    document = json.loads(seen.stdout)
    told = live_demo.document["scenes"][int(scene[-1]) - 1]
    assert document["good"]
    assert document["chain"] == told["chain"]
    assert document["sentence"] == told["sentence"]


def test_the_refusal_can_be_explained(live_demo: RunningDemo) -> None:
    entry = live_demo.document["scenes"][2]["entry"]
    seen = live_demo.shell(f"actas explain --entry {entry}")
    assert seen.returncode == 1, seen.stderr
    assert "no-agent-writes-stock denies stock:write" in seen.stdout
    assert 'Would be granted:  --scope "stock:read"' in seen.stdout


def test_orders_can_exchange_by_itself(live_demo: RunningDemo) -> None:
    asked = "actas exchange --subject @demo/scene-1 --audience inventory --scope"
    granted = live_demo.shell(f"{asked} stock:read --json")
    assert granted.returncode == 0, granted.stderr
    assert json.loads(granted.stdout)["token"]["scope"] == ["stock:read"]
    refused = live_demo.shell(f"{asked} 'stock:read stock:write' --json")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["reason"] == "denied_by_rule"


def test_the_agent_can_be_played_by_hand(live_demo: RunningDemo) -> None:
    seen = live_demo.shell(
        'AGENT=$(actas exchange --client assistant --key "$ACTAS_DEMO/assistant.jwk" \\\n'
        "        --subject @demo/alice --audience orders)\n"
        "export AGENT\nactas inspect env:AGENT --no-verify --json"
    )
    assert seen.returncode == 0, seen.stderr
    assert json.loads(seen.stdout)["sentence"] == live_demo.document["scenes"][0]["sentence"]


def test_the_tokens_are_renewed_well_before_they_end(live_demo: RunningDemo) -> None:
    company = Company(
        folder=live_demo.folder,
        ports=Ports(**live_demo.ports),
        passwords=json.loads((live_demo.folder / "passwords.json").read_text(encoding="utf-8")),
    )
    stage = Stage(company)
    try:
        for scene in (SCENES[0], SCENES[1], SCENES[3]):
            assert scene.must.differences(played(scene, stage)) == ()
        before = dict(stage.kept)
        renew(stage)
    finally:
        stage.close()
    assert set(before) == set(stage.kept) == {"alice", "scene-1", "scene-2", "scene-4"}
    for name, kept in stage.kept.items():
        assert kept.token != before[name].token
        claims = parse(kept.token.reveal()).unverified_claims
        assert instant(claims, "exp") - time.time() > 2 * RENEW_EVERY


def test_a_change_of_a_rule_takes_effect_on_hangup(tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        asked = "actas exchange --subject @demo/scene-1 --audience inventory --scope stock:write --json"
        assert demo.shell(asked).returncode == 1
        seen = demo.shell(
            'cd "$ACTAS_DEMO" && sed -e "s/deny: any/deny: impersonation/" actas.yaml > changed\n'
            'mv changed actas.yaml && kill -HUP "$(cat server.pid)"\n'
            f"for _ in $(seq 100); do {asked} && exit 0; sleep 0.1; done; exit 1"
        )
        assert seen.returncode == 0, seen.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_every_program_and_deletes_the_folder(tmp_path: Path, number: signal.Signals) -> None:
    with running_demo(tmp_path) as demo:
        assert demo.document["differences"] == []
        demo.process.send_signal(number)
        _, said = demo.process.communicate(timeout=100)
        assert (demo.process.returncode, said) == (0, "\nStopped. Everything was deleted.\n")
        assert wait_until_ended([*demo.processes.values()], seconds=0) == []
        assert list(tmp_path.iterdir()) == []


def test_a_killed_demo_takes_its_programs_with_it(tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        demo.process.kill()
        assert wait_until_ended([*demo.processes.values()]) == []


@pytest.mark.parametrize("program", ["orders", "tickets"])
def test_a_program_that_dies_ends_the_demo_and_is_named(tmp_path: Path, program: str) -> None:
    with running_demo(tmp_path) as demo:
        os.kill(demo.processes[program], signal.SIGKILL)
        assert demo.process.wait(timeout=100) == 4
        assert demo.process.stderr is not None
        error = json.loads(demo.process.stderr.read())["error"]
        assert error["message"] == f"{program} was ended by signal 9"
        assert any("Uvicorn running on" in line for line in error["last_lines"])
        assert wait_until_ended([*demo.processes.values()], seconds=0) == []
        assert list(tmp_path.iterdir()) == []


def test_the_log_can_be_verified(live_demo: RunningDemo) -> None:
    seen = live_demo.shell("actas audit verify")
    assert seen.returncode == 0, seen.stderr
