"""The scene across two companies: whatever part of it is not as it must be is told apart, and exits 1."""

from __future__ import annotations

import io
import json
import signal
import socket
import time
from pathlib import Path

import pytest
from tests.fakes.demo import demo, running_demo, wait_until_ended

from actas.cli.demo import give
from actas.cli.exits import Exit, Failure
from actas.cli.run import Run, World
from actas.core.ports import JsonObject
from actas.demo import crossing
from actas.demo.company import Company, Ports, template
from actas.demo.crossing import apart
from actas.demo.minutes import Entry, Keeper, issue_of
from actas.demo.processes import HeldPorts, PortTaken
from actas.demo.stage import Stage
from actas.demo.tickets_company import TicketsCompany, template_elsewhere
from actas.demo.tour import Plan

HOME, ELSEWHERE = "https://sts.acme.example", "https://auth.tickets.example"


def differs(plan: Plan) -> tuple[list[str], str]:
    """Play scene 4, and return how it differs and what was printed."""
    world = World(stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO(), environ={})
    with pytest.raises(Failure) as ended:
        give(Run(world), plan, slowly=False)
    assert ended.value.exit == Exit.NO
    found = ended.value.more["differences"]
    assert isinstance(found, list)
    assert isinstance(world.stdout, io.StringIO)
    return [str(one) for one in found], world.stdout.getvalue()


def scene(*, here: str | None = None, there: str | None = None) -> Plan:
    return Plan(
        port=None,
        scene=4,
        stay=False,
        configuration=here or template(),
        elsewhere=there or template_elsewhere(),
    )


def test_a_grant_for_nobody_is_refused_here_and_told_apart() -> None:
    others = template().replace(
        "from: corp-idp, groups: [support] }\n    sign_in", "from: corp-idp, groups: [sales] }\n    sign_in"
    )
    found, said = differs(scene(here=others))
    assert "scene 4: the outcome: refused, not granted" in found
    assert "no_rule" in said
    assert "A grant signed here" not in said


def test_a_grant_that_the_other_company_does_not_take_is_refused_there_and_told_apart() -> None:
    closed = template_elsewhere().replace("direction: accept ", "disabled: true\n    direction: accept ")
    without_tests = closed[: closed.index("# Run by: actas check")]
    found, said = differs(scene(there=without_tests))
    assert "scene 4: the outcome: refused, not granted" in found
    assert "with the grant: 400" in said


def test_a_pause_that_does_not_hold_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def idle(_stage: Stage, _name: str, _path: str) -> None:
        return None

    monkeypatch.setattr(Stage, "manage", idle)
    found, said = differs(scene())
    assert found == ["scene 4: a grant while it is paused: granted, not connection_paused"]
    assert "dana paused assistant-to-tickets, and the next grant was given all the same." in said
    assert "resumed" not in said


def test_a_connection_that_stays_paused_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    manage = Stage.manage

    def unwilling(stage: Stage, name: str, path: str) -> None:
        if not path.endswith("/enable"):
            manage(stage, name, path)

    monkeypatch.setattr(Stage, "manage", unwilling)
    found, said = differs(scene())
    assert found == ["scene 4: a grant once it is resumed: refused, not granted"]
    assert "dana resumed it" not in said


@pytest.mark.parametrize("silent", ["here", "there"])
def test_a_log_that_does_not_have_the_grant_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    def forgetful(company: Keeper, token_id: str) -> Entry | None:
        theirs = isinstance(company, TicketsCompany)
        return None if theirs is (silent == "there") else issue_of(company, token_id)

    monkeypatch.setattr(crossing, "issue_of", forgetful)
    found, said = differs(scene())
    assert f"scene 4: the two logs: there is no entry {silent}" in found
    assert "One grant in two logs" not in said


def test_a_connection_that_somebody_left_paused_in_a_kept_folder_is_resumed(tmp_path: Path) -> None:
    kept = str(tmp_path / "shop")
    with running_demo(tmp_path, "--keep", kept, "--scene", "cross-app") as running:
        manager = Stage(
            Company(
                folder=running.folder,
                ports=Ports(**running.ports),
                passwords=json.loads((running.folder / "passwords.json").read_text(encoding="utf-8")),
            )
        )
        try:
            manager.manage("dana", "connections/assistant-to-tickets/disable")
        finally:
            manager.close()
    with running_demo(tmp_path, "--keep", kept, "--scene", "cross-app") as running:
        assert running.document["differences"] == []


def given(**more: object) -> Entry:
    event: JsonObject = {
        "given": {"jti": "j-1"},
        "abroad": {"issuer": ELSEWHERE, "client_id": "acme-assistant"},
        "subject": {"sub": "alice"},
    }
    return Entry(id="x_1", event={**event, **more})  # type: ignore[dict-item]


def redeemed(**more: object) -> Entry:
    event: JsonObject = {
        "client": {"name": "acme-assistant"},
        "subject": {"token": {"jti": "j-1"}, "origin": {"iss": HOME, "sub": "alice"}},
    }
    return Entry(id="x_2", event={**event, **more})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("here", "there", "found"),
    [
        (given(), redeemed(), ()),
        (given(given={"jti": "j-2"}), redeemed(), ("the grant: j-2 here, j-1 there",)),
        (given(given={}), redeemed(), ("the grant:  here, j-1 there",)),
        (given(), redeemed(client={"name": "other"}), ("the client: acme-assistant here, other there",)),
        (
            given(abroad={"issuer": "https://evil.example", "client_id": "acme-assistant"}),
            redeemed(),
            (f"who redeemed it: https://evil.example here, {ELSEWHERE} there",),
        ),
        (
            given(),
            redeemed(subject={"token": {"jti": "j-1"}, "origin": {"iss": HOME, "sub": "bob"}}),
            ("the person: alice here, bob there",),
        ),
        (
            given(),
            redeemed(subject={"token": {"jti": "j-1"}, "origin": {"iss": ELSEWHERE, "sub": "alice"}}),
            (f"who gave it: {HOME} here, {ELSEWHERE} there",),
        ),
        (None, redeemed(), ("there is no entry here",)),
        (None, None, ("there is no entry here", "there is no entry there")),
    ],
)
def test_two_entries_tell_of_one_grant_or_how_they_do_not(
    here: Entry | None, there: Entry | None, found: tuple[str, ...]
) -> None:
    assert apart(here, there, home=HOME, elsewhere=ELSEWHERE) == found


def test_a_demo_that_is_interrupted_while_it_starts_leaves_no_program_of_either_company(
    tmp_path: Path,
) -> None:
    process = demo("--script", temporary=tmp_path)
    until = time.monotonic() + 60
    while not (found := [*tmp_path.glob("*/tickets.pid")]) or not found[0].read_text(encoding="ascii"):
        assert time.monotonic() < until
        time.sleep(0.01)
    ids = [int(file.read_text(encoding="ascii")) for file in found[0].parent.glob("*.pid")]
    assert len(ids) == 6
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=100)
    assert process.returncode == Exit.INTERRUPTED
    assert wait_until_ended(ids, seconds=0) == []
    assert list(tmp_path.iterdir()) == []


def test_a_port_of_the_other_company_that_is_taken_is_named() -> None:
    found = [_taken_port() for _ in range(50)]  # somebody else may have one of the five before it
    taken = next(one for one in found if one.whose == "auth.tickets")
    assert str(taken) == f"port {taken.port}, which auth.tickets needs, is taken"


def _taken_port() -> PortTaken:
    """Take a port, and try to hold the row of which it is the sixth: the first of that row that is taken."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PortTaken) as taken:
            HeldPorts(int(other.getsockname()[1]) - 5).release()
    return taken.value
