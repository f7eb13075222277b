"""The one sentence that says the same as the line: the accessible name of the picture. Pure."""

from __future__ import annotations

from actas.cli.line import Chain, names, target_names
from actas.cli.wording import clean, listed


def sentence(chain: Chain) -> str:
    """Return the sentence, such as *orders may use stock:read at inventory, acting for alice.*

    An empty chain, which no token has, is *nobody*.
    """
    called = dict(zip(chain.stations, names(chain), strict=True))
    parties = [called[station] for station in chain.parties]
    issuers = [called[station] for station in chain.stations if station.kind == "issuer"]
    if not parties:
        return f"{_may('nobody', chain)}."
    if chain.stations[-1].by == "impersonation" and len(chain.stations) > 1:
        return _impersonating(chain, parties)
    subject, *earlier, current = parties if len(parties) > 1 else (parties[0], parties[0])
    clauses = [_may(current, chain)]
    if len(parties) > 1:
        clauses.append(f"acting for {subject}")
        if earlier:
            clauses.append(f"who asked through {', then '.join(earlier)}")
    elif chain.stations[-1].current:
        clauses.append("acting for itself")
    if issuers:
        vouching = chain.stations[0].kind == "issuer"
        clauses.append(f"{'on the word of' if vouching else 'by way of'} {listed(issuers)}")
    return f"{', '.join(clauses)}."


def _impersonating(chain: Chain, parties: list[str]) -> str:
    """The holder looks like somebody else: say who, and that the token does not tell."""
    *before, holder = parties
    asking, named = before[:-1], before[-1]
    behind = f" for {listed(asking)}" if asking else ""
    return f"{_may(holder, chain)} as {named}{behind}; the token names only {named}."


def _may(who: str, chain: Chain) -> str:
    word = "may not use" if chain.outcome == "refused" else "may use"
    scopes = listed([clean(scope) for scope in chain.scopes])
    where = listed(target_names(chain))
    if scopes and where:
        return f"{who} {word} {scopes} at {where}"
    return f"{who} {word} {scopes or where or 'nothing'}"
