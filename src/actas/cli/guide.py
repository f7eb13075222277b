"""How the guided tour is told: the cast, each scene with its line and its sentence, and what to try next."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from actas.cli.guide_document import document
from actas.cli.guide_invitation import invitation, typed_first
from actas.cli.guide_scenes import scene_lines
from actas.cli.output import Ink, Line
from actas.cli.run import Run
from actas.cli.saved import SavedToken, save

if TYPE_CHECKING:
    from actas.demo.company import Company
    from actas.demo.minutes import Proof
    from actas.demo.stage import Kept
    from actas.demo.tour import Report, Told

_PAUSE: Final = 1.0
"""Seconds to read a scene in, before the next one."""

_CAST: Final = (
    ("people", "alice (support), dana (lead)", "identity provider  corp-idp (pretend)"),
    ("services", "orders, inventory", "another company    auth.tickets, tickets"),
    ("agent", "assistant, owner dana", "apps               portal, helpdesk"),
)


class Teller:
    """Tells a tour on stdout.

    Args:
        run: where to write.
        kept: whether the folder outlives the tour.
        stay: whether the programs keep running after the scenes.
        slowly: whether somebody reads along.
    """

    def __init__(self, run: Run, *, kept: bool, stay: bool, slowly: bool) -> None:
        self._run = run
        self._kept = kept
        self._stay = stay
        self._slowly = slowly
        self._company: Company | None = None

    def welcome(self, company: Company) -> None:
        """Introduce the company."""
        self._company = company
        end = f"is kept in {company.folder}" if self._kept else "is deleted when you stop it"
        self._say(f"Actas demo · everything runs on this computer and {end}", "")
        for what, who, more in _CAST:
            self._say((Ink(f"  {what:<11}", "dim"), f"{who:<37}", Ink(more, "dim")))
        self._say("")

    def scene(self, told: Told) -> None:
        """Tell one scene."""
        if self._run.out.structured:
            return
        gone = not (self._stay or self._kept)
        self._say(*scene_lines(told, ascii=self._run.out.ascii, gone=gone), "")
        if self._slowly:
            time.sleep(_PAUSE)

    def keep(self, token: Kept) -> None:
        """Save a token, where the environment of the company's folder looks for it."""
        if self._company is None:
            return
        saved = SavedToken(
            token=token.token,
            token_type=token.token_type,
            issuer=token.issuer,
            jwks=token.jwks,
            saved_at=int(self._run.now),
        )
        save(self._company.home, f"demo/{token.name}", saved)

    def end(self, report: Report) -> None:
        """Tell what the log proves, and what can be tried."""
        if self._run.out.structured:
            self._run.out.document("actas/Demo", document(report, ascii=self._run.out.ascii))
            self._run.world.stdout.flush()
            return
        self._say(
            *_proof_lines(report.proof, "audit"), *_proof_lines(report.elsewhere, "audit of auth.tickets")
        )
        if self._stay:
            self._say("", *invitation(report))
        elif self._kept:
            self._say("", f"   These commands run after: {typed_first(report.company)}")

    def _say(self, *lines: Line) -> None:
        if self._run.out.structured:
            return
        for line in lines:
            self._run.out.line(line)
        self._run.world.stdout.flush()


def _proof_lines(proof: Proof, what: str) -> Iterator[Line]:
    if proof.problems:
        yield (Ink(f"   {what}: ", "dim"), Ink(f"{proof.entries} entries, NOT intact ✕", "bad"))
        yield from (f"   {problem}" for problem in proof.problems)
        return
    sealed = Ink("head signed ✓", "good") if proof.sealed else Ink("head not signed ✕", "bad")
    hint = "   (actas audit verify)" if what == "audit" else ""
    yield (f"   {what}: {proof.entries} entries, chain intact, ", sealed, Ink(hint, "dim"))
