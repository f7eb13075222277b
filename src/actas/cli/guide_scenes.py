"""How one scene of the guided tour is told: its line, its sentence, what was sent, and why it was refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from actas.cli.line import Chain, Kind, Station, horizontal
from actas.cli.output import Ink, Line
from actas.cli.sentence import sentence
from actas.cli.telling import explanation
from actas.cli.wording import listed, padded, short_name

if TYPE_CHECKING:
    from actas.demo.shown import Crossed, Halt, Shown, Why, Written
    from actas.demo.tour import Told

_COLUMNS: Final = 80
_LABELS: Final = 9
_GAP: Final = 4
_KINDS: Final[dict[str | None, Kind]] = {
    "person": "person",
    "agent": "agent",
    "service": "service",
    "app": "app",
    "issuer": "issuer",
}


def scene_lines(told: Told, *, ascii: bool, gone: bool) -> Iterator[Line]:  # noqa: A002 - the flag's word
    """Yield the lines of a scene.

    Args:
        gone: whether what the log says of it is deleted when the tour is over, at once.
    """
    scene, shown = told.scene, told.shown
    outcome = Ink("DIFFERS", "bad")
    if shown is not None:
        refused = shown.outcome == "refused"
        outcome = Ink("REFUSED", "bad") if refused else Ink("granted", "good")
    title = padded(f"{scene.number}  {scene.title}", _COLUMNS - len(outcome.text))
    yield (Ink(title, "strong"), outcome)
    if shown is not None:
        chain = chain_shown(shown)
        yield f"   {horizontal(chain, ascii=ascii)}"
        yield from ([f"   {sentence(chain)}"] if shown.why is None else _refusal(shown.why))
        if shown.crossed is not None:
            yield f"   A grant signed here, redeemed there: two legs, {shown.crossed.took:.0f} ms."
        yield from (Ink(f"   {step}", "dim") for step in shown.steps)
        if shown.why is not None and shown.entry is not None:
            yield ("   ", *_explained(shown.entry, gone=gone))
        if shown.crossed is not None:
            yield from _crossed(shown.crossed, gone=gone)
    for difference in told.differences:
        yield (Ink("   DIFFERS  ", "bad"), difference)


def _explained(entry: str, *, gone: bool) -> tuple[str, Ink]:
    """Return the command that explains an entry. Of a folder that is deleted at once it explains nothing."""
    return (explanation(entry), Ink("   (possible with --keep DIR)" if gone else "", "dim"))


def _crossed(crossed: Crossed, *, gone: bool) -> Iterator[Line]:
    yield from _halt(crossed.halt, gone=gone)
    if crossed.halt.reason is not None and crossed.resumed == "granted":
        yield f"            {crossed.halt.by} resumed it, and the grant after that was given."
    if crossed.here is not None and crossed.there is not None:
        yield from _side_by_side(crossed.here, crossed.there)


def _halt(halt: Halt, *, gone: bool) -> Iterator[Line]:
    if halt.reason is None:
        yield f"   {halt.by} paused {halt.connection}, and the next grant was given all the same."
        return
    yield (
        Ink("   REFUSED  ", "bad"),
        f"the next grant, {halt.took:.0f} ms after {halt.by} paused {halt.connection}: {halt.reason}.",
    )
    if halt.entry is not None:
        yield ("            ", *_explained(halt.entry, gone=gone))


def _side_by_side(here: Written, there: Written) -> Iterator[Line]:
    """The same grant as two logs have it, beside each other."""
    yield "   One grant in two logs, joined by its jti:"
    rows = [
        ("", here.log, there.log),
        ("entry", here.entry, there.entry),
        ("kind", here.kind, there.kind),
        ("client", here.client, there.client),
        ("person", here.person, there.person),
        ("jti", f"{here.jti}  {here.at}", f"{there.jti}  {there.at}"),
    ]
    columns = max(len(left) for _, left, _ in rows) + _GAP
    for label, left, right in rows:
        yield (Ink(f"   {label:<{_LABELS}}", "dim"), f"{padded(left, columns)}{right}")


def chain_shown(shown: Shown) -> Chain:
    """Return the chain of a scene, to draw."""
    using = max((number for number, hop in enumerate(shown.hops) if hop.kind != "issuer"), default=0)
    return Chain(
        stations=tuple(
            Station(
                kind=_KINDS.get(hop.kind, "unknown"),
                id=hop.id,
                current=number == using and shown.outcome == "granted",
                by="crossing" if hop.kind == "issuer" else "delegation",
                scopes=hop.scopes,
            )
            for number, hop in enumerate(shown.hops)
        ),
        targets=(shown.target,),
        scopes=shown.scopes,
        outcome=shown.outcome,
        by="crossing" if shown.hops and shown.hops[-1].kind == "issuer" else "delegation",
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
