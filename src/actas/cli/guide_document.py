"""The guided tour as one document for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actas.cli.chains import parties
from actas.cli.guide_scenes import chain_shown
from actas.cli.line import horizontal
from actas.cli.sentence import sentence
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.demo.minutes import Proof
    from actas.demo.shown import Crossed, Why, Written
    from actas.demo.tour import Report, Told


def document(report: Report, *, ascii: bool) -> dict[str, Json]:  # noqa: A002 - the flag's word
    """Return the tour for programs."""
    return {
        "folder": str(report.company.folder),
        "environment": str(report.company.environment),
        "ports": {**report.company.ports.named()},
        "processes": {**report.processes},
        "scenes": [_scene_document(told, ascii=ascii) for told in report.scenes],
        "audit": _proof_document(report.proof),
        "audit_elsewhere": _proof_document(report.elsewhere),
        "differences": [*report.differences],
    }


def _proof_document(proof: Proof) -> dict[str, Json]:
    return {"entries": proof.entries, "problems": [*proof.problems], "sealed": proof.sealed}


def _scene_document(told: Told, *, ascii: bool) -> dict[str, Json]:  # noqa: A002 - the flag's word
    head: dict[str, Json] = {
        "number": told.scene.number,
        "name": told.scene.name,
        "title": told.scene.title,
    }
    differences: list[Json] = [*told.differences]
    shown = told.shown
    if shown is None:
        return {**head, "outcome": None, "differences": differences}
    chain = chain_shown(shown)
    return {
        **head,
        "outcome": shown.outcome,
        "entry": shown.entry,
        "chain": parties(chain),
        "audience": shown.target,
        "scope": [*shown.scopes],
        "line": horizontal(chain, ascii=ascii),
        "sentence": sentence(chain),
        "steps": [*shown.steps],
        "why": None if shown.why is None else _why_document(shown.why),
        "crossed": None if shown.crossed is None else _crossed_document(shown.crossed),
        "differences": differences,
    }


def _why_document(why: Why) -> dict[str, Json]:
    return {
        "error": why.error,
        "reason": why.reason,
        "rule": why.rule,
        "because": [*why.because],
        "sentence": why.sentence,
        "would_be_granted": {"scope": [*why.instead]} if why.instead else None,
    }


def _crossed_document(crossed: Crossed) -> dict[str, Json]:
    halt = crossed.halt
    return {
        "milliseconds": round(crossed.took),
        "answered": crossed.answered,
        "paused": {
            "connection": halt.connection,
            "by": halt.by,
            "outcome": "granted" if halt.reason is None else "refused",
            "reason": halt.reason,
            "entry": halt.entry,
            "milliseconds": round(halt.took),
        },
        "resumed": crossed.resumed,
        "here": None if crossed.here is None else _written_document(crossed.here),
        "there": None if crossed.there is None else _written_document(crossed.there),
    }


def _written_document(written: Written) -> dict[str, Json]:
    return {
        "log": written.log,
        "entry": written.entry,
        "exchange": written.kind,
        "client": written.client,
        "person": written.person,
        "jti": written.jti,
        "at": written.at,
    }
