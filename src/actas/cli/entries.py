"""How an entry of the minutes is shown: in one line, whole, and as a document for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from actas.cli.entries_of_people import app_of
from actas.cli.entries_of_what_happened import happened
from actas.cli.line import Chain, horizontal
from actas.cli.output import Ink, Line, Listing, Output, Style
from actas.cli.recorded import Event, chain_of_event, member, moment, said_there, text, whole, words
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
_OUTCOME_COLUMNS: Final = 7
_ENTRY_COLUMNS: Final = 28
_TITLE_COLUMNS: Final = 10


_TOLD: Final = {"keep": "everybody", "prune": "the client alone", "pairwise": "everybody, by new names"}
"""What a plain grant tells of the chain of its entry."""


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
        picture = horizontal(chain, ascii=ascii) + (f"     {reason}" if reason else "")
        return picture + _beside(event, chain)
    facts = listed([fact for _, fact in happened(event)])
    if event.get("outcome") and not facts:
        return f"{reason}, from {text(event.get('source')) or 'an unknown address'}"
    return f"{text(event.get('event')) or 'damaged'}{'  ' if facts else ''}{facts}"


def _beside(event: Event, chain: Chain) -> str:
    """Say who had a part in it whom the chain does not name: who acts unseen, and the app that asked."""
    named = {station.id for station in chain.stations}
    administrator, client = text(member(event, "administrator").get("sub")), app_of(event)
    said = [f"by {clean(administrator)}"] if administrator and administrator not in named else []
    said += [f"through {clean(client)}"] if client and client not in named else []
    return f"  {' '.join(said)}" if said else ""


def lines(out: Output, event: Event) -> Iterator[Line]:
    """Return an entry whole, for people."""
    name = text(event.get("event")) or "damaged"
    what, style = _OUTCOMES.get(text(event.get("outcome")), (name, "strong"))
    at = text(event.get("at")).replace("T", " ").replace("Z", " UTC")
    yield (Ink(what, style), f"  {text(event.get('id'))}", Ink(f"  {at}", "dim"))
    chain = chain_of_event(event)
    if chain is not None:
        yield from ("", f"  {horizontal(chain, ascii=out.ascii)}", "", sentence(chain))
    facts = [*happened(event), *(_attempt(event) if event.get("outcome") else ())]
    if event.get("outcome") == "refused" and event.get("id"):
        facts.append(("why", out.runnable(f"actas explain --entry {text(event.get('id'))}")))
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
    if redeemed := member(event, "redeemed"):
        yield from _redeemed(redeemed)
    if created := text(event.get("created")):
        yield "created", f"{created}, who is known here from now on"
    if rules := words(event.get("rules")):
        kind = text(event.get("kind"))
        yield "rules", f"{listed(rules)}{f', {kind}' if kind else ''}"
    if policy := text(event.get("policy")):
        yield "policy", policy


def _redeemed(one: Event) -> Iterator[tuple[str, str]]:
    """What came of a grant that this server redeemed for its client."""
    yield "grant", f"jti {text(one.get('jti'))} · given in {text(one.get('entry'))}"
    if came := member(one, "came"):
        life = whole(came.get("expires_in"))
        said = [f"a {text(came.get('token_type'))} token of {text(one.get('server'))}"]
        said += [text(came.get("scope")) or "no scope", *([] if life is None else [duration(life)])]
        yield "came", " · ".join(said)
        if dropped := words(came.get("dropped")):
            yield "dropped", f"{listed(dropped)}, which the client does not get"
    if spoke := said_there(one):
        yield "it said", spoke


def _question(event: Event) -> Iterator[tuple[str, str]]:
    grant = text(event.get("grant")).rpartition(":")[2].replace("_", " ").replace("-", " ")
    client, source = member(event, "client"), text(event.get("source"))
    by = "a caller that did not authenticate"
    if client:
        known = ", ".join(one for one in (text(client.get("kind")), text(client.get("method"))) if one)
        by = f"{text(client.get('name'))} ({known})"
    elif spelt := text(event.get("asked_as")):
        by = f'an app that nobody knows, asked as "{spelt}",'
    door = text(event.get("event")).partition(":")[0].removeprefix("exchange")
    yield "asked", f"{grant or door or 'something'} by {by}{f' from {source}' if source else ''}"
    asked = member(event, "asked")
    where = (*words(asked.get("audience")), *words(asked.get("resource")))
    if asked:
        found = f"{listed(apis)}, which it did not name" if (apis := words(event.get("apis"))) else "no API"
        yield "for", f"{listed(where) or found} · {text(asked.get('scope')) or 'no scope was asked for'}"
    if abroad := member(event, "abroad"):
        there = f"{text(abroad.get('issuer'))}, which knows the client as {text(abroad.get('client_id'))}"
        yield "connection", f"{text(abroad.get('connection'))} · {there}"
        if abroad.get("redeems") is True:
            yield "redeemed", "by this server, for the client, which gets no grant"
        if chain := text(abroad.get("chain")):
            yield "told there", f"a plain grant; of who acts: {_TOLD.get(chain, chain)}"


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
    if party.get("known") is False:
        said.append("never here before")
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
