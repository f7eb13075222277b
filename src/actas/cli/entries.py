"""How an entry of the minutes is shown: in a line, and whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from actas.cli.line import Chain, Station, horizontal
from actas.cli.output import Ink, Line, Output, Style
from actas.core.ports import Json

_RENAMED: Final = {"v": "entry_version", "kind": "exchange"}

COLUMNS: Final = ("TIME", "ENTRY", "OUTCOME", "WHO", "FOR", "WHERE", "WHY")


def row(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the cells of a list of entries."""
    return (
        str(event.get("at", "")).replace("T", " ").removesuffix("Z"),
        str(event.get("id", "")),
        str(event.get("outcome") or event.get("event", "")),
        str(_member(event, "client", "name")),
        str(_member(event, "subject", "sub")),
        ", ".join(str(one) for one in event.get("apis", ())),
        str(event.get("reason") or ", ".join(str(one) for one in event.get("rules", ()))),
    )


def document(event: Mapping[str, Any]) -> dict[str, Json]:
    """Return an entry for programs: as it is kept, but for two members that every document of ours has."""
    return {_RENAMED.get(name, name): value for name, value in event.items()}


def lines(out: Output, event: Mapping[str, Any]) -> Iterator[Line]:
    """Return an entry whole, for people."""
    outcome = str(event.get("outcome", ""))
    style: Style = "bad" if outcome == "refused" else "good"
    headline = str(event.get("kind") or event.get("event", ""))
    yield (Ink((outcome or str(event.get("event", ""))).upper(), style), f"  {headline}  {event.get('at')}")
    chain = _chain(event)
    if chain is not None:
        yield ""
        yield f"  {horizontal(chain, ascii=out.ascii)}"
    yield ""
    for title, text in _facts(event):
        if text:
            yield f"  {title:<12} {text}"


def _facts(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "entry", f"{event.get('id')}, number {event.get('seq')} of stream {event.get('stream')}"
    client = _object(event, "client")
    yield (
        "client",
        f"{client.get('name')} ({client.get('kind')}), by {client.get('method')}" if client else "",
    )
    yield "from", str(event.get("source", ""))
    yield "subject", _party(event.get("subject"))
    yield "actor", _party(event.get("actor"))
    asked = _object(event, "asked")
    yield (
        "asked for",
        " ".join([*asked.get("audience", ()), *asked.get("resource", ()), asked.get("scope", "")]).strip(),
    )
    given = _object(event, "given")
    yield (
        "given",
        f"{given.get('scope')} at {', '.join(given.get('audience', ()))}, jti {given.get('jti')}"
        if given
        else "",
    )
    yield "reason", str(event.get("reason", ""))
    yield "detail", str(event.get("detail", ""))
    yield "rules", ", ".join(event.get("rules", ()))
    yield "policy", str(event.get("policy", ""))
    yield "root", str(event.get("txn", ""))


def _party(party: Mapping[str, Any] | None) -> str:
    if not party:
        return ""
    token = _object(party, "token").get("jti")
    return f"{party.get('sub')} ({party.get('kind')}), vouched for by {party.get('issuer')}" + (
        f", token {token}" if token else ""
    )


def _chain(event: Mapping[str, Any]) -> Chain | None:
    members: Sequence[Mapping[str, str]] = event.get("chain") or ()
    if not members:
        return None
    stations = [
        Station(kind=_kind(one.get("kind", "")), id=str(one.get("sub")), current=number == len(members) - 1)
        for number, one in enumerate(members)
    ]
    given = _object(event, "given")
    scope = str(given.get("scope") or _object(event, "asked").get("scope") or "")
    return Chain(
        stations=tuple(stations),
        targets=tuple(str(one) for one in event.get("apis", ())),
        scopes=tuple(scope.split()),
        outcome="refused" if event.get("outcome") == "refused" else "granted",
    )


def _kind(text: str) -> Any:
    return text if text in ("person", "agent", "service", "app") else "unknown"


def _member(event: Mapping[str, Any], name: str, member: str) -> str:
    return str(_object(event, name).get(member, ""))


def _object(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value: object = event.get(name)
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
