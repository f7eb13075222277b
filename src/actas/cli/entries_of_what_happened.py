"""What an entry says that is no exchange: in a sentence of its own, or what happened to the server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from actas.cli.entries_of_impersonation import impersonated
from actas.cli.entries_of_people import of_people
from actas.cli.entries_of_refusals import refused_elsewhere
from actas.cli.recorded import Event, member, members, moment, text, whole, words
from actas.cli.wording import listed

_PURPOSES: Final = {
    "token": "that signs tokens",
    "id_token": "that signs ID tokens",
    "audit": "that seals the audit log",
}
_LIVES: Final = {
    "log:started": "is written from here on",
    "log:recovered": "was not closed cleanly; it was checked, and is written again",
    "log:closed": "was closed cleanly",
}
_TELLS: Final = (impersonated, of_people, refused_elsewhere)
"""What says the sentence of an entry, each of those that it knows."""


def happened(event: Event) -> Iterator[tuple[str, str]]:
    """Yield what an entry says that is no exchange, each with a title for where it is shown whole."""
    match event.get("event"):
        case "keys:created" | "keys:prepared" | "keys:activated" | "keys:retired" | "keys:removed":
            purpose = _PURPOSES.get(text(event.get("purpose")), "")
            yield "key", f"{text(event.get('algorithm'))} key {text(event.get('kid'))} {purpose}".rstrip()
        case "keys:rewrapped":
            yield "sealed", f"{event.get('rows')} rows under the envelope key {text(event.get('envelope'))}"
        case "keys:wrapped":
            yield "wrapped", f"the envelope key, again by {text(event.get('service'))}"
        case "configuration:changed":
            yield "changed", _changed(event)
        case "database:backed_up":
            yield "backup", f"{text(member(event, 'backup').get('name'))}, by {text(event.get('operator'))}"
        case "database:restored":
            yield "restored", _restored(event)
        case "exchange:refused_many":
            reasons = [f"{name} {count}" for name, count in member(event, "reasons").items()]
            source = text(event.get("source"))
            yield "counted", f"{event.get('counted')} more from {source}: {listed(reasons)}"
        case _:
            yield from _done(event)


def _done(event: Event) -> Iterator[tuple[str, str]]:
    """What was done to impersonations, tokens and sinks, else what a stream says of itself."""
    name = text(event.get("event"))
    said = next((one for tell in _TELLS if (one := tell(event)) is not None), None)
    if said is not None:
        yield "says", said
    elif name == "revocation:granted":
        yield "ended", _revoked(event)
    elif name.startswith("catalog:"):
        yield from _catalog(event)
    elif name.startswith("sinks:"):
        yield "sink", _sink(event)
    else:
        yield from _facts(event)


def _catalog(event: Event) -> Iterator[tuple[str, str]]:
    """Say what took effect in one process, or could not."""
    place = f"generation {event.get('generation')}"
    match event.get("event"):
        case "catalog:loaded":
            yield "loaded", f"policy {text(event.get('policy'))}"
        case "catalog:narrowed":
            yield "narrowed", f"what {place} takes away, while {event.get('in_force')} is in force"
        case _:
            yield "refused", f"{place}: {text(event.get('why'))}"


def _facts(event: Event) -> Iterator[tuple[str, str]]:
    """What the life of a stream says of itself, of its entries, and of other streams."""
    if happened := _LIVES.get(text(event.get("event"))):
        yield "stream", f"{text(event.get('stream')) or 'a stream'} {happened}"
    facts = member(event, "facts")
    if unknown := words(facts.get("delivery_unknown")):
        yield "unknown", f"delivery unknown of {listed(unknown)}"
    for one in members(facts.get("broken")):
        yield "broken", text(one.get("sentence"))


def _restored(event: Event) -> str:
    """Say what was restored, by whom, and what began."""
    backup = member(event, "backup")
    made = f"backup {text(backup.get('name'))} of {moment(text(backup.get('made_at')))} UTC"
    return f"{made}, by {text(event.get('operator'))}; epoch {event.get('epoch')} began"


def _revoked(event: Event) -> str:
    """Say what was ended, by whom and why."""
    by = text(event.get("operator")) or text(member(event, "client").get("name"))
    return f"{_few(words(event.get('revoked')))}{_by_and_why(by, event)}"


def _sink(event: Event) -> str:
    """Say which sink it is about, which entries, who did it and why."""
    first, last, stream = whole(event.get("from")), whole(event.get("to")), text(event.get("of"))
    which = f", entries {first} to {last}" if first is not None and last is not None else ""
    return f"{text(event.get('sink'))}{which}{f' of {stream}' if stream else ''}" + _by_and_why(
        text(event.get("operator")), event
    )


def _by_and_why(by: str, event: Event) -> str:
    why = text(event.get("why"))
    return f"{f', by {by}' if by else ''}{f': {why}' if why else ''}"


def _few(told: Sequence[str]) -> str:
    """Return the first of many, and how many there are beside them."""
    shown = told[:8] if len(told) > 9 else told
    more = f" and {len(told) - len(shown)} more" if len(shown) < len(told) else ""
    return f"{listed(shown)}{more}"


def _changed(event: Event) -> str:
    """Say what was changed, and who changed it."""
    told = [
        f"{text(one.get('what'))} {text(one.get('kind'))} {text(one.get('name'))}"
        for one in members(event.get("changes"))
    ]
    by = member(event, "by")
    who = text(by.get("client")) if "client" in by else "the server's own files"
    if person := text(by.get("person")):
        who = f"{person} through {who}"
    return f"{_few(told)}, by {who}, generation {event.get('generation')}"
