"""Who a token speaks about, and the one sentence that says it.

A party has no method that looks like permission. Only the scopes of a `Caller` say what may be
done, and only its current actor is there to do it: earlier actors are history (RFC 8693 section 4.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from actas_sdk.address import host_label

__all__ = ["Party", "PartyKind", "sentence"]

PartyKind = Literal["person", "service", "agent", "app"]

KINDS: Final[dict[str, PartyKind]] = {
    "user": "person",
    "service": "service",
    "ai_agent": "agent",
    "web_app": "app",
}
"""``sub_profile`` on the wire, and our own words. Any other value is read as unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A person, a service, an agent or an app.

    Attributes:
        id: what the issuer calls it. ``str()`` of a party is its id; of one of another company it names
            that company as well, so that it is never taken for one of the same name here.
        kind: what it is, or None when the token does not say.
        issuer: who vouches for the id, or None when the token does not say.
        elsewhere: whether another issuer vouches for it than for the token: compare `issuer`, too.
    """

    id: str
    kind: PartyKind | None = None
    issuer: str | None = None
    elsewhere: bool = False

    @property
    def name(self) -> str:
        """The short name: of an e-mail address, the part before the ``@``; then whose it is, if not ours."""
        short = self.id.split("@", 1)[0] or self.id
        whose = f" of {host_label(self.issuer)}" if self.elsewhere and self.issuer else ""
        return _printable(short + whose)

    def __str__(self) -> str:
        return f"{self.id} of {self.issuer}" if self.elsewhere else self.id


def sentence(chain: Sequence[Party], *, scopes: Iterable[str], target: str) -> str:
    """Return what a token means, as the drawing of its chain says it.

    Args:
        chain: the subject followed by every actor, oldest first; empty when nobody is known.
        scopes: what it may do.
        target: the API's audience or name.

    Returns:
        For instance *orders may use stock:read at inventory, acting for alice, who asked through
        assistant.*
    """
    where = _printable(host_label(target))
    granted = _listed(sorted(scopes))
    deed = f"may use {granted} at {where}" if granted else f"may call {where}"
    if not chain:
        return f"The holder {deed}."
    said = f"{chain[-1].name} {deed}"
    if len(chain) > 1:
        said += f", acting for {chain[0].name}"
    between = [each.name for each in chain[1:-1]]
    if between:
        said += f", who asked through {', then '.join(between)}"
    return said + "."


def _listed(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _printable(name: str) -> str:
    """Keep a name from breaking a log line: it may come from another company's directory."""
    return "".join(each if each.isprintable() else "�" for each in name)
