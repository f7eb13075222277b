"""How the guided tour is told: the cast, each scene with its line and its sentence, and what to try next."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from actas.cli.chains import parties
from actas.cli.line import Chain, Kind, Station, horizontal
from actas.cli.output import Ink, Line
from actas.cli.run import Run
from actas.cli.saved import SavedToken, save
from actas.cli.sentence import sentence
from actas.cli.telling import explanation
from actas.cli.wording import listed, padded, short_name
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.demo.company import Company
    from actas.demo.minutes import Proof
    from actas.demo.shown import Shown, Why
    from actas.demo.stage import Kept
    from actas.demo.tour import Report, Told

_COLUMNS: Final = 80
_PAUSE: Final = 1.0
"""Seconds to read a scene in, before the next one."""

_KINDS: Final[dict[str | None, Kind]] = {
    "person": "person",
    "agent": "agent",
    "service": "service",
    "app": "app",
}
_CAST: Final = (
    ("people", "alice (support), dana (lead)", "identity provider  corp-idp (pretend)"),
    ("services", "orders, inventory", ""),
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
            self._say((Ink(f"  {what:<11}", "dim"), f"{who:<37}" if more else who, Ink(more, "dim")))
        self._say("")

    def scene(self, told: Told) -> None:
        """Tell one scene."""
        if self._run.out.structured:
            return
        self._say(*self._scene_lines(told), "")
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
            self._run.out.document("actas/Demo", _document(report, ascii=self._run.out.ascii))
            self._run.world.stdout.flush()
            return
        self._say(*_proof_lines(report.proof))
        if self._stay:
            self._say("", *_invitation(report))

    def _say(self, *lines: Line) -> None:
        if self._run.out.structured:
            return
        for line in lines:
            self._run.out.line(line)
        self._run.world.stdout.flush()

    def _scene_lines(self, told: Told) -> Iterator[Line]:
        scene, shown = told.scene, told.shown
        outcome = Ink("DIFFERS", "bad")
        if shown is not None:
            refused = shown.outcome == "refused"
            outcome = Ink("REFUSED", "bad") if refused else Ink("granted", "good")
        title = padded(f"{scene.number}  {scene.title}", _COLUMNS - len(outcome.text))
        yield (Ink(title, "strong"), outcome)
        if shown is not None:
            chain = _chain(shown)
            yield f"   {horizontal(chain, ascii=self._run.out.ascii)}"
            yield from ([f"   {sentence(chain)}"] if shown.why is None else _refusal(shown.why))
            yield from (Ink(f"   {step}", "dim") for step in shown.steps)
            if shown.why is not None and shown.entry is not None:
                # Of a folder that is deleted at once nothing can be explained afterwards.
                gone = not (self._stay or self._kept)
                yield (
                    f"   {explanation(shown.entry)}",
                    Ink("   (possible with --keep DIR)" if gone else "", "dim"),
                )
        for difference in told.differences:
            yield (Ink("   DIFFERS  ", "bad"), difference)


def _chain(shown: Shown) -> Chain:
    last = len(shown.hops) - 1
    return Chain(
        stations=tuple(
            Station(
                kind=_KINDS.get(hop.kind, "unknown"),
                id=hop.id,
                current=number == last and shown.outcome == "granted",
                scopes=hop.scopes,
            )
            for number, hop in enumerate(shown.hops)
        ),
        targets=(shown.target,),
        scopes=shown.scopes,
        outcome=shown.outcome,
    )


def _refusal(why: Why) -> Iterator[Line]:
    scopes = f"{listed(why.scopes)}: " if why.scopes else ""
    if why.rule is None:
        yield f"   {scopes}{why.reason}, {why.sentence}"
    elif why.because:
        names = [short_name(one) for one in why.because]
        are = f"is an {why.kind}" if len(names) == 1 else f"are {why.kind}s"
        yield f"   {scopes}rule {why.rule}, because {listed(names)} {are} in the chain."
    else:
        yield f'   {scopes}rule {why.rule}: "{why.sentence}"'
    if why.instead:
        yield f"   Granted if asked for {listed(why.instead)} alone."


def _proof_lines(proof: Proof) -> Iterator[Line]:
    if proof.problems:
        yield (Ink("   audit: ", "dim"), Ink(f"{proof.entries} entries, NOT intact ✕", "bad"))
        yield from (f"   {problem}" for problem in proof.problems)
        return
    sealed = Ink("head signed ✓", "good") if proof.sealed else Ink("head not signed ✕", "bad")
    yield (
        f"   audit: {proof.entries} entries, chain intact, ",
        sealed,
        Ink("   (actas audit verify)", "dim"),
    )


def _invitation(report: Report) -> Iterator[Line]:
    company, ports = report.company, report.company.ports
    at = "http://127.0.0.1"
    yield f"Running   {at}:{ports.server:<5}  the server     {at}:{ports.orders:<5}  orders"
    yield f"          {at}:{ports.corp_idp:<5}  corp-idp       {at}:{ports.inventory:<5}  inventory"
    yield "Try       in another terminal; tokens named @demo/… stay alive while this runs"
    for wanted, typed in _ideas(report):
        yield ""
        yield Ink(f"   {wanted}", "dim")
        yield from (f"   {line}" for line in typed)
    yield ""
    yield f"Logs      {company.logs}"
    yield "Stop with Ctrl-C."


def _ideas(report: Report) -> Iterator[tuple[str, tuple[str, ...]]]:
    ports = report.company.ports
    yield "take part, as the service orders", (f". {shlex.quote(str(report.company.environment))}",)
    refused = [told.shown for told in report.scenes if told.shown and told.shown.outcome == "refused"]
    for shown in refused:
        if shown.entry is not None:
            yield "why it was refused, stage by stage", (explanation(shown.entry),)
    if any(told.scene.number == 2 and told.shown for told in report.scenes):
        yield "take the token apart that inventory accepted", ("actas inspect @demo/scene-2",)
    yield (
        "ask for that token yourself",
        ("actas exchange --subject @demo/scene-1 --audience inventory --scope stock:read",),
    )
    yield (
        "what dana did as alice, from the log alone",
        ('actas audit search "impersonation:*"',),
    )
    yield (
        f"sign in as alice in a browser, at http://127.0.0.1:{ports.server}/account",
        ('cat "$ACTAS_DEMO/alice.password"',),
    )
    yield "prove that nobody edited the log", ("actas audit verify",)
    yield (
        "be the agent, and call orders for alice",
        (
            'AGENT=$(actas exchange --client assistant --key "$ACTAS_DEMO/assistant.jwk" \\',
            "        --subject @demo/alice --audience orders)",
            f'curl -s -H "Authorization: Bearer $AGENT" http://127.0.0.1:{ports.orders}/orders/7/stock',
        ),
    )
    yield (
        "change a rule",
        (
            '${EDITOR:-vi} "$ACTAS_DEMO/actas.yaml" && actas check',
            'kill -HUP "$(cat "$ACTAS_DEMO/server.pid")"',
        ),
    )


def _document(report: Report, *, ascii: bool) -> dict[str, Json]:  # noqa: A002 - the flag's word
    """Return the tour for programs."""
    proof = report.proof
    return {
        "folder": str(report.company.folder),
        "environment": str(report.company.environment),
        "ports": {**report.company.ports.named()},
        "processes": {**report.processes},
        "scenes": [_scene_document(told, ascii=ascii) for told in report.scenes],
        "audit": {"entries": proof.entries, "problems": [*proof.problems], "sealed": proof.sealed},
        "differences": [*report.differences],
    }


def _scene_document(told: Told, *, ascii: bool) -> dict[str, Json]:  # noqa: A002 - the flag's word
    head: dict[str, Json] = {"number": told.scene.number, "title": told.scene.title}
    differences: list[Json] = [*told.differences]
    shown = told.shown
    if shown is None:
        return {**head, "outcome": None, "differences": differences}
    chain = _chain(shown)
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
