"""How an entry of the minutes is shown: in one line, whole, and as a document for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from actas.cli.entries_of_impersonation import impersonated
from actas.cli.line import horizontal
from actas.cli.output import Ink, Line, Listing, Output, Style
from actas.cli.recorded import Event, chain_of_event, member, members, text, whole, words
from actas.cli.sentence import sentence
from actas.cli.wording import clean, duration, listed, padded
from actas.core.ports import Json

KIND: Final = "actas/Entry"
DAMAGED: Final[dict[str, Json]] = {"event": "damaged"}
"""What stands for an entry that cannot be read."""

_RENAMED: Final = {"v": "entry_version", "kind": "exchange"}
_OUTCOMES: Final[dict[str, tuple[str, Style]]] = {
    "granted": ("granted", "good"),
    "refused": ("REFUSED", "bad"),
}
_PURPOSES: Final = {
    "token": "that signs tokens",
    "id_token": "that signs ID tokens",
    "audit": "that seals the audit log",
}
_OUTCOME_COLUMNS: Final = 7
_ENTRY_COLUMNS: Final = 28
_TITLE_COLUMNS: Final = 10


def document(event: Event) -> dict[str, Json]:
    """Return an entry for programs: as it is kept, but for two members that every document of ours has."""
    return {_RENAMED.get(name, name): value for name, value in event.items()}


def listing(events: Sequence[Event], *, following: str | None = None) -> Listing:
    """Return a list of entries for programs; people get ``line`` for each.

    Args:
        following: what asks for the rest, or None.
    """
    return Listing(
        kind=KIND,
        items=[document(event) for event in events],
        columns=(),
        rows=(),
        names=[text(event.get("id")) for event in events],
        next=following,
    )


def line(event: Event, *, ascii: bool) -> tuple[str | Ink, ...]:  # noqa: A002 - the word of the flag
    """Return an entry in one line: when, what came of it, its id, and who acted for whom or what happened."""
    what, style = _OUTCOMES.get(text(event.get("outcome")), ("·", "dim"))
    when = moment(text(event.get("at")))
    entry = padded(clean(text(event.get("id"))), _ENTRY_COLUMNS)
    return (
        f"{when:<19}  ",
        Ink(padded(what, _OUTCOME_COLUMNS), style),
        f"  {entry}  {drawn(event, ascii=ascii)}",
    )


def drawn(event: Event, *, ascii: bool) -> str:  # noqa: A002 - the word of the flag
    """Return who acted for whom in an attempt, else what happened."""
    chain = chain_of_event(event)
    reason = text(event.get("reason"))
    if chain is not None:
        return horizontal(chain, ascii=ascii) + (f"     {reason}" if reason else "")
    facts = listed([fact for _, fact in _happened(event)])
    if event.get("outcome") and not facts:
        return f"{reason}, from {text(event.get('source')) or 'an unknown address'}"
    return f"{text(event.get('event')) or 'damaged'}{'  ' if facts else ''}{facts}"


def moment(at: str) -> str:
    """Return an instant of the log for people: UTC, without milliseconds."""
    return at[:19].replace("T", " ")


def lines(out: Output, event: Event) -> Iterator[Line]:
    """Return an entry whole, for people."""
    happened = text(event.get("event")) or "damaged"
    what, style = _OUTCOMES.get(text(event.get("outcome")), (happened, "strong"))
    at = text(event.get("at")).replace("T", " ").replace("Z", " UTC")
    yield (Ink(what, style), f"  {text(event.get('id'))}", Ink(f"  {at}", "dim"))
    chain = chain_of_event(event)
    if chain is not None:
        yield from ("", f"  {horizontal(chain, ascii=out.ascii)}", "", sentence(chain))
    facts = [*_happened(event), *(_attempt(event) if event.get("outcome") else ())]
    if facts:
        yield ""
    for title, fact in facts:
        yield titled(title, fact)


def titled(title: str, said: str) -> str:
    """Return one line of an entry that is shown whole."""
    return f"  {padded(title, _TITLE_COLUMNS)} {said}"


def _attempt(event: Event) -> Iterator[tuple[str, str]]:
    """What was asked, and what came of it."""
    refused = event.get("outcome") == "refused"
    if refused:
        yield "refused", f"{text(event.get('error'))}, {text(event.get('reason'))}"
        yield "because", text(event.get("detail"))
    yield from _question(event)
    for role in ("subject", "actor"):
        if party := member(event, role):
            yield role, _party(party)
    if given := member(event, "given"):
        yield "given", _token(given)
    if rules := words(event.get("rules")):
        kind = text(event.get("kind"))
        yield "rules", f"{listed(rules)}{f', {kind}' if kind else ''}"
    if policy := text(event.get("policy")):
        yield "policy", policy
    if refused and event.get("id"):
        yield "why", f"actas explain --entry {text(event.get('id'))}"


def _question(event: Event) -> Iterator[tuple[str, str]]:
    grant = text(event.get("grant")).rpartition(":")[2].replace("_", " ").replace("-", " ")
    client, source = member(event, "client"), text(event.get("source"))
    by = "a caller that did not authenticate"
    if client:
        by = f"{text(client.get('name'))} ({text(client.get('kind'))}, {text(client.get('method'))})"
    door = text(event.get("event")).partition(":")[0].removeprefix("exchange")
    yield "asked", f"{grant or door or 'something'} by {by}{f' from {source}' if source else ''}"
    asked = member(event, "asked")
    where = (*words(asked.get("audience")), *words(asked.get("resource")))
    if asked:
        yield "for", f"{listed(where) or 'no API'} · {text(asked.get('scope')) or 'no scope was asked for'}"


def _party(party: Event) -> str:
    token = member(party, "token")
    said = [f"{text(party.get('sub'))} ({text(party.get('kind'))})"]
    if token.get("jti") or token.get("digest"):
        meant = listed(words(party.get("audience"))) or "nobody"
        said.append(f"{_type(party)} of {text(party.get('issuer'))} for {meant}")
        said += [scope] if (scope := text(party.get("scope"))) else []
        said += [f"jti {jti}"] if (jti := text(token.get("jti"))) else []
    else:
        said.append("itself")
    return " · ".join(said)


def _token(given: Event) -> str:
    begins, ends = whole(given.get("iat")), whole(given.get("exp"))
    said = [
        f"{_type(given)} for {listed(words(given.get('audience')))}",
        text(given.get("scope")) or "no scope",
    ]
    if begins is not None and ends is not None:
        said.append(duration(ends - begins))
    said.append(f"jti {text(given.get('jti'))}")
    return " · ".join(said)


def _type(document: Event) -> str:
    return text(document.get("type")).rpartition(":")[2].replace("_", " ")


def _happened(event: Event) -> Iterator[tuple[str, str]]:
    """What an event says that is not an attempt."""
    match event.get("event"):
        case "keys:created" | "keys:prepared" | "keys:activated" | "keys:retired" | "keys:removed":
            purpose = _PURPOSES.get(text(event.get("purpose")), "")
            yield "key", f"{text(event.get('algorithm'))} key {text(event.get('kid'))} {purpose}".rstrip()
        case "keys:rewrapped":
            yield "sealed", f"{event.get('rows')} rows under the envelope key {text(event.get('envelope'))}"
        case "keys:wrapped":
            yield "wrapped", f"the envelope key, again by {text(event.get('service'))}"
        case "catalog:loaded":
            yield "loaded", f"policy {text(event.get('policy'))}"
        case "catalog:refused":
            yield "refused", f"generation {event.get('generation')}: {text(event.get('why'))}"
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
    if (said := impersonated(event)) is not None:
        yield "says", said
    elif name == "revocation:granted":
        yield "ended", _revoked(event)
    elif name.startswith("sinks:"):
        yield "sink", _sink(event)
    else:
        yield from _facts(member(event, "facts"))


def _facts(facts: Event) -> Iterator[tuple[str, str]]:
    """What the life of a stream says of its entries, and of other streams."""
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
    return f"{_few(told)}, by {who}, generation {event.get('generation')}"
