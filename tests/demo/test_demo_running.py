"""``actas demo`` while it runs: what it invites people to try works as printed, and it always ends whole."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from tests.fakes.demo import RunningDemo, running_demo, wait_until_ended

from actas.core.claims import instant
from actas.crypto.jose import parse
from actas.demo.company import Company, Ports
from actas.demo.scenes import SCENES, played, renew
from actas.demo.stage import Stage
from actas.demo.tour import RENEW_EVERY


def test_the_scenes_are_one_document_for_programs(live_demo: RunningDemo) -> None:
    document = live_demo.document
    assert (document["kind"], document["v"], document["differences"]) == ("actas/Demo", 1, [])
    outcomes = [scene["outcome"] for scene in document["scenes"]]
    assert outcomes == ["granted", "granted", "refused", "granted", "granted"]
    refused = document["scenes"][2]
    assert refused["why"]["rule"] == "no-agent-writes-stock"
    assert refused["why"]["would_be_granted"] == {"scope": ["stock:read"]}
    assert [party["id"] for party in refused["chain"]] == ["alice@acme.example", "assistant", "orders"]
    assert all(scene["entry"].startswith("x_") for scene in document["scenes"])
    assert set(document["processes"]) == {"server", "orders", "inventory", "corp-idp"}
    assert document["audit"]["sealed"]


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
        for scene in SCENES[:2]:
            assert scene.must.differences(played(scene, stage)) == ()
        before = dict(stage.kept)
        renew(stage)
    finally:
        stage.close()
    assert set(before) == set(stage.kept) == {"alice", "scene-1", "scene-2"}
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


def test_a_program_that_dies_ends_the_demo_and_is_named(tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        os.kill(demo.processes["orders"], signal.SIGKILL)
        assert demo.process.wait(timeout=100) == 4
        assert demo.process.stderr is not None
        error = json.loads(demo.process.stderr.read())["error"]
        assert error["message"] == "orders was ended by signal 9"
        assert any("Uvicorn running on" in line for line in error["last_lines"])
        assert wait_until_ended([*demo.processes.values()], seconds=0) == []
        assert list(tmp_path.iterdir()) == []


def test_the_log_can_be_verified(live_demo: RunningDemo) -> None:
    seen = live_demo.shell("actas audit verify")
    assert seen.returncode == 0, seen.stderr
