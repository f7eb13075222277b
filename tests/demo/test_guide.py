"""How the tour is told: lines a person can read, whatever a scene showed."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from actas.cli.guide import Teller
from actas.cli.run import Run, World
from actas.demo.company import INVENTORY, Company, Ports
from actas.demo.minutes import Proof
from actas.demo.scenes import SCENES
from actas.demo.shown import Hop, Shown, Why
from actas.demo.tour import Report, Told

PORTS = Ports(
    server=8693,
    management=8694,
    corp_idp=8695,
    orders=8696,
    inventory=8697,
    auth_tickets=8698,
    tickets=8699,
)
WHY = Why(
    error="invalid_scope",
    reason="denied_by_rule",
    rule="no-agent-writes-stock",
    because=("assistant",),
    kind="agent",
    sentence="Stock changes need a person at the keyboard.",
    scopes=("stock:write",),
    instead=("stock:read",),
    hops=(Hop(kind="person", id="alice@acme.example"), Hop(kind="agent", id="assistant")),
    target=INVENTORY,
)


def refused(why: Why) -> Told:
    shown = Shown(
        outcome="refused",
        hops=why.hops,
        target=why.target,
        scopes=why.scopes,
        steps=("POST somewhere: 403",),
        entry="x_01M89TKPPPVNV9BCW6NFK5QZD8",
        why=why,
    )
    return Told(scene=SCENES[2], shown=shown, differences=())


def lines_of(tell: Callable[[Teller], None], *, stay: bool = False, kept: bool = False) -> list[str]:
    world = World(stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO(), environ={})
    tell(Teller(Run(world), kept=kept, stay=stay, slowly=False))
    assert isinstance(world.stdout, io.StringIO)
    return world.stdout.getvalue().splitlines()


WHOLE = Proof(entries=7, problems=(), sealed=True)


def report(*scenes: Told, proof: Proof = WHOLE, elsewhere: Proof = WHOLE) -> Report:
    company = Company(folder=Path("/tmp/actas-demo-x"), ports=PORTS, passwords={})
    return Report(company=company, processes={"server": 1}, scenes=scenes, proof=proof, elsewhere=elsewhere)


@pytest.mark.parametrize(
    ("why", "line"),
    [
        (WHY, "   stock:write: rule no-agent-writes-stock, because assistant is an agent in the chain."),
        (
            replace(WHY, because=("assistant", "helper")),
            "   stock:write: rule no-agent-writes-stock, because assistant and helper are agents in the chain.",
        ),
        (
            replace(WHY, because=(), kind=""),
            '   stock:write: rule no-agent-writes-stock: "Stock changes need a person at the keyboard."',
        ),
        (
            replace(WHY, rule=None, because=(), reason="no_rule", sentence="no rule allows it", scopes=()),
            "   no_rule, no rule allows it",
        ),
    ],
)
def test_a_refusal_says_why(why: Why, line: str) -> None:
    assert line in lines_of(lambda teller: teller.scene(refused(why)))


@pytest.mark.parametrize(
    ("stay", "kept", "after"),
    [(True, False, ""), (False, True, ""), (False, False, "   (possible with --keep DIR)")],
)
def test_what_is_deleted_at_once_cannot_be_explained_and_the_tour_says_so(
    stay: bool, kept: bool, after: str
) -> None:
    lines = lines_of(lambda teller: teller.scene(refused(WHY)), stay=stay, kept=kept)
    assert f"   actas explain --entry x_01M89TKPPPVNV9BCW6NFK5QZD8{after}" in lines


def test_a_scene_that_could_not_be_played_says_what_was_in_the_way() -> None:
    told = Told(scene=SCENES[1], shown=None, differences=("it could not be played: nobody answers",))
    assert lines_of(lambda teller: teller.scene(told))[:2] == [
        "2  The service it called must call another                               DIFFERS",
        "   DIFFERS  it could not be played: nobody answers",
    ]


def test_a_log_that_is_not_whole_is_not_praised() -> None:
    broken = Proof(entries=7, problems=("s1: entry 3 was edited",), sealed=True)
    found = report(refused(WHY), proof=broken)
    assert found.differences == ("the audit log: s1: entry 3 was edited",)
    lines = lines_of(lambda teller: teller.end(found))
    assert "   audit: 7 entries, NOT intact ✕" in lines
    assert "   audit of auth.tickets: 7 entries, chain intact, head signed ✓" in lines


def test_the_log_of_the_other_company_is_judged_too() -> None:
    broken = Proof(entries=9, problems=("s1: entry 3 was edited",), sealed=False)
    found = report(refused(WHY), elsewhere=broken)
    assert found.differences == (
        "the audit log of auth.tickets: s1: entry 3 was edited",
        "the audit log of auth.tickets: its end is not sealed",
    )
    lines = lines_of(lambda teller: teller.end(found))
    assert "   audit of auth.tickets: 9 entries, NOT intact ✕" in lines


def test_an_end_that_nobody_signed_is_a_difference() -> None:
    found = report(refused(WHY), proof=replace(WHOLE, sealed=False))
    assert found.differences == ("the audit log: its end is not sealed",)


def test_what_can_be_tried_fits_what_was_played() -> None:
    told = report(refused(WHY), proof=WHOLE)
    lines = lines_of(lambda teller: teller.end(told), stay=True)
    assert "   . /tmp/actas-demo-x/env.sh" in lines
    assert "   actas explain --entry x_01M89TKPPPVNV9BCW6NFK5QZD8" in lines
    assert "   actas inspect @demo/scene-2" not in lines
    assert "   actas audit verify" in lines
    assert max(len(line) for line in lines) < 100


@pytest.mark.parametrize(("stay", "kept"), [(False, True), (False, False), (True, True)])
def test_what_is_kept_says_how_its_commands_run(stay: bool, kept: bool) -> None:
    told = report(refused(WHY), proof=WHOLE)
    lines = lines_of(lambda teller: teller.end(told), stay=stay, kept=kept)
    said = "   These commands run after: . /tmp/actas-demo-x/env.sh"
    assert (lines[-1] == said) == (kept and not stay)
