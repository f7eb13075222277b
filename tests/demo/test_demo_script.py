"""``actas demo --script``: what the release promises, played by real processes."""

from __future__ import annotations

import io
import json
import re
import socket
import stat
from pathlib import Path

import pytest
from tests.fakes.demo import demo

from actas.cli.demo import give
from actas.cli.exits import Exit, Failure
from actas.cli.main import run
from actas.cli.run import Run, World
from actas.demo.company import template
from actas.demo.processes import HeldPorts
from actas.demo.tour import Plan


def world() -> World:
    return World(stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO(), environ={})


def said(of: World) -> tuple[str, str]:
    assert isinstance(of.stdout, io.StringIO)
    assert isinstance(of.stderr, io.StringIO)
    return of.stdout.getvalue(), of.stderr.getvalue()


def scripted(temporary: Path, *flags: str) -> tuple[int, str, str]:
    process = demo("--script", *flags, temporary=temporary)
    out, err = process.communicate(timeout=100)
    return process.returncode, out, err


@pytest.mark.requirement("TX-51", "TX-56", "SEC-45", "SEC-48")
def test_every_scene_shows_what_it_must_and_nothing_is_left_behind(tmp_path: Path) -> None:
    code, out, err = scripted(tmp_path)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "1  An agent acts for a person                                            granted" in lines
    assert "   ● alice ━━ ⬢ assistant ━━ ▭ orders     orders:read orders:write" in lines
    assert "   assistant may use orders:read and orders:write at orders, acting for alice." in lines
    assert "   ● alice ━━ ⬢ assistant ━━ ■ orders ── ▭ inventory     stock:read" in lines
    assert (
        "   orders may use stock:read at inventory, acting for alice, who asked through assistant." in lines
    )
    assert "3  …and asks for too much                                                REFUSED" in lines
    assert "   ● alice ━━ ⬢ assistant ━━ ■ orders ──✕ inventory" in lines
    assert "   stock:write: rule no-agent-writes-stock, because assistant is an agent in the chain." in lines
    assert "   Granted if asked for stock:read alone." in lines
    assert any(line.startswith("   actas explain --entry x_") for line in lines)
    assert "4  The agent reaches another company's product, with no consent screen   granted" in lines
    assert "   ● alice ━━ ⬢ assistant ══ ◆ auth.tickets ══ ▭ tickets     tickets:read" in lines
    assert "   assistant may tell auth.tickets that it asks for alice: tickets:read." in lines
    assert re.search(r"^   A grant signed here, redeemed there: two legs, \d+ ms\.$", out, re.MULTILINE)
    paused = (
        r"^   REFUSED  the next grant, \d+ ms after dana paused assistant-to-tickets: connection_paused\."
    )
    assert re.search(paused + r"\n +actas explain --entry x_", out, re.MULTILINE)
    assert "            dana resumed it, and the grant after that was given." in lines
    joined = re.search(r"^   jti +(\S+)  given\.jti +(\S+)  subject\.token\.jti$", out, re.MULTILINE)
    assert joined is not None
    assert joined[1] == joined[2]
    assert "5  alice signs in to an app                                              granted" in lines
    assert "   ● alice ── ▭ orders     orders:read" in lines
    assert "   alice may use orders:read at orders." in lines
    assert "6  dana looks in as alice, and alice ends it                             granted" in lines
    assert "   ● alice ━━ ● dana ── ▭ orders     orders:read" in lines
    assert "   dana may use orders:read at orders, acting for alice." in lines
    assert any(line.endswith("for actas:alice, asked by actas:dana") for line in lines)
    assert re.search(r"^   audit: \d+ entries, chain intact, head signed ✓", out, re.MULTILINE)
    assert re.search(
        r"^   audit of auth\.tickets: \d+ entries, chain intact, head signed ✓$", out, re.MULTILINE
    )
    assert "eyJ" not in out
    assert list(tmp_path.iterdir()) == []


def test_one_scene_alone_is_told_and_can_be_told_without_symbols(tmp_path: Path) -> None:
    code, out, err = scripted(tmp_path, "--scene", "3", "--ascii")
    assert (code, err) == (0, "")
    assert out.isascii()
    assert "   (o) alice == <a> assistant == [s] orders --x inventory" in out.splitlines()
    assert "An agent acts for a person" not in out


def test_what_is_kept_is_private_and_an_earlier_demo_goes_on(tmp_path: Path) -> None:
    kept = tmp_path / "my demo"
    code, out, err = scripted(tmp_path, "--keep", str(kept), "--json")
    assert (code, err) == (0, "")
    first = json.loads(out)
    assert first["differences"] == []
    for private in (
        "orders.secret",
        "helpdesk.secret",
        "alice.password",
        "dana.password",
        "passwords.json",
        "assistant.jwk",
        "received.token",
        "data/envelope.key",
        "tickets/acme-assistant.secret",
        "tickets/data/envelope.key",
    ):
        assert stat.S_IMODE((kept / private).stat().st_mode) == 0o600, private
    for folder in (".", "home", "home/tokens", "logs", "data", "tickets", "tickets/data"):
        assert stat.S_IMODE((kept / folder).stat().st_mode) == 0o700, folder
    for log in (kept / "logs").iterdir():
        assert "eyJ" not in log.read_text(encoding="utf-8"), log.name
    code, out, _ = scripted(tmp_path, "--keep", str(kept), "--json")
    second = json.loads(out)
    assert code == 0
    assert second["audit"]["entries"] > first["audit"]["entries"]
    assert second["audit"]["problems"] == second["audit_elsewhere"]["problems"] == []
    assert second["audit_elsewhere"]["entries"] > first["audit_elsewhere"]["entries"]


def test_a_company_without_its_deny_is_told_apart_and_exits_1() -> None:
    here = world()
    with pytest.raises(Failure) as ended:
        give(
            Run(here),
            Plan(port=None, stay=False, configuration=_without("no-agent-writes-stock")),
            slowly=False,
        )
    assert ended.value.exit == Exit.NO
    assert ended.value.more["differences"] == [
        "scene 3: the outcome: granted, not refused",
        "scene 3: the scopes: ['stock:read', 'stock:write'], not ['stock:write']",
        "scene 3: the rule: None, not no-agent-writes-stock",
        "scene 3: what would be granted: [], not ['stock:read']",
    ]
    out, _ = said(here)
    assert "   DIFFERS  the outcome: granted, not refused" in out.splitlines()


def test_an_agent_that_gets_no_token_is_told_apart_and_exits_1() -> None:
    here = world()
    changed = template().replace('["mfa", "phr"]', '["phr"]')
    with pytest.raises(Failure) as ended:
        give(Run(here), Plan(port=None, stay=False, configuration=changed), slowly=False)
    assert ended.value.exit == Exit.NO
    assert "scene 1: the outcome: refused, not granted" in ended.value.message
    assert "scene 2: it could not be played: the assistant has no token" in ended.value.message
    out, _ = said(here)
    assert "no_rule" in out


def test_a_colleague_without_a_rule_does_not_look_in_and_that_exits_1() -> None:
    here = world()
    with pytest.raises(Failure) as ended:
        give(
            Run(here),
            Plan(port=None, stay=False, configuration=_without("helpdesk-looks-in")),
            slowly=False,
        )
    assert ended.value.exit == Exit.NO
    assert "scene 6: it could not be played: HTTPStatusError: Client error '400" in ended.value.message
    assert "scene 5" not in ended.value.message


def test_a_scene_that_needs_an_earlier_one_is_played_alone_and_has_a_name(tmp_path: Path) -> None:
    code, out, err = scripted(tmp_path, "--scene", "look-in")
    assert (code, err) == (0, "")
    assert "6  dana looks in as alice" in out
    assert "alice signs in to an app" not in out


def test_a_program_that_does_not_start_is_named_with_its_last_words() -> None:
    here = world()
    with pytest.raises(Failure) as ended:
        give(Run(here), Plan(port=None, stay=False, configuration="# empty\n"), slowly=False)
    assert ended.value.exit == Exit.UNFINISHED
    assert ended.value.message == "server ended with exit code 3"
    assert "actas.yaml:1: there is nothing in this file" in said(here)[1]


def test_a_port_that_is_taken_is_named_and_another_one_suggested() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        here = world()
        assert run(["demo", "--script", "--port", str(port)], world=here) == Exit.UNFINISHED
    out, err = said(here)
    assert out == ""
    assert f"port {port}, which the server needs, is taken" in err
    assert "actas demo --port " in err
    assert 'make demo ARGS="--port ' in err  # which does not put actas on the PATH


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("all of it", encoding="utf-8")
    here = world()
    assert run(["demo", "--script", "--keep", str(tmp_path)], world=here) == Exit.USAGE
    err = said(here)[1]
    assert "is not empty and holds no demo" in err
    assert "hint   name a folder that is empty" in err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_held_ports_are_given_to_nobody_else() -> None:
    first, second = HeldPorts(None), HeldPorts(None)
    try:
        ports = [*first.ports.named().values(), *second.ports.named().values()]
        assert len(set(ports)) == 14
    finally:
        first.release()
        second.release()


def _without(rule: str) -> str:
    """Return the configuration without a rule, and without the policy test that names it."""
    text = template()
    start = text.index(f"  - name: {rule}")
    end = text.index("\n# Run by: actas check", start)
    return text[:start] + text[end : text.index("tests:", end)]
