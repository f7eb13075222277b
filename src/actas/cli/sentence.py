"""The one sentence that says the same as the line: the accessible name of the picture. Pure."""

from __future__ import annotations

from actas.cli.line import Chain, names, target_names
from actas.cli.wording import clean, listed


def sentence(chain: Chain) -> str:
    """Return the sentence of a chain. An empty one, which no token has, speaks of nobody."""
    called = dict(zip(chain.stations, names(chain), strict=True))
    parties = [called[station] for station in chain.parties]
    if not parties:
        return f"{_may('nobody', chain)}."
    *others, using = chain.stations
    if others and using.kind == "issuer":
        told = _handed_on if chain.theirs else _telling
        return told(chain, parties, called[using])
    if others and using.by == "impersonation":
        return _impersonating(chain, parties)
    clauses = [_may(parties[-1], chain), *_for_whom(parties, itself=using.current and using.kind != "person")]
    issuers = [called[station] for station in chain.stations if station.kind == "issuer"]
    if issuers:
        vouching = chain.stations.index(chain.parties[0]) > 0
        clauses.append(f"{'on the word of' if vouching else 'by way of'} {listed(issuers)}")
    return f"{', '.join(clauses)}."


def signed_in(chain: Chain) -> str:
    """Return the sentence of an ID token. It buys nothing by itself: it tells an app who signed in (OpenID
    Connect Core section 2).
    """
    called = dict(zip(chain.stations, names(chain), strict=True))
    subject, *acting = [called[station] for station in chain.parties]
    where = listed(target_names(chain))
    told = f"{subject} signed in to {where}" if where else f"{subject} signed in"
    return f"{told}, and {listed(acting)} acted for them." if acting else f"{told}."


def _for_whom(parties: list[str], *, itself: bool) -> list[str]:
    if len(parties) == 1:
        return ["acting for itself"] if itself else []
    subject, *earlier = parties[:-1]
    asked = [f"who asked through {', then '.join(earlier)}"] if earlier else []
    return [f"acting for {subject}", *asked]


def _impersonating(chain: Chain, parties: list[str]) -> str:
    """The holder looks like somebody else: say who, and that the token does not tell."""
    *before, holder = parties
    asking, named = before[:-1], before[-1]
    behind = f" for {listed(asking)}" if asking else ""
    return f"{_may(holder, chain)} as {named}{behind}; the token names only {named}."


def _telling(chain: Chain, parties: list[str], server: str) -> str:
    """A grant: the server of another domain is told who asks for whom, and decides itself."""
    *before, asking = parties
    word = "may not tell" if chain.outcome == "refused" else "may tell"
    what = f"that it asks for {before[0]}" if before else "of itself"
    scopes = listed([clean(scope) for scope in chain.scopes])
    return f"{asking} {word} {server} {what}{f': {scopes}' if scopes else ''}."


def _handed_on(chain: Chain, parties: list[str], server: str) -> str:
    """A token of another domain's server, which it gave us for the client."""
    using = parties[-1]
    for_whom = _for_whom(parties, itself=len(parties) == 1)
    return f"{', '.join([_may(using, chain), *for_whom, f'by a token of {server}'])}."


def _may(who: str, chain: Chain) -> str:
    word = "may not use" if chain.outcome == "refused" else "may use"
    scopes = listed([clean(scope) for scope in chain.scopes])
    where = listed(target_names(chain))
    if scopes and where:
        return f"{who} {word} {scopes} at {where}"
    return f"{who} {word} {scopes or where or 'nothing'}"
