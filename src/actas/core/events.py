"""The names of everything that can happen: ``what:happened``.

The audit log's reference page is made from this table; a test fails when an event is missing from it.
"""

from __future__ import annotations

from typing import Final, Literal

EventName = Literal[
    "exchange:granted",
    "exchange:refused",
    "exchange:refused_many",
    "introspection:refused",
    "revocation:granted",
    "revocation:refused",
    "log:started",
    "log:recovered",
    "log:closed",
    "keys:created",
    "keys:prepared",
    "keys:activated",
    "keys:retired",
    "keys:removed",
    "catalog:loaded",
    "catalog:refused",
    "configuration:changed",
    "management:refused",
]

EVENTS: Final[dict[EventName, str]] = {
    "exchange:granted": "A token was issued. Written before the token left.",
    "exchange:refused": "A request at the token endpoint was refused, with the reason and the decision.",
    "exchange:refused_many": "Refusals before authentication from one source beyond the first hundred in a "
    "minute, counted rather than written one by one.",
    "introspection:refused": "A request at the introspection endpoint was refused: it was malformed, or the "
    "caller did not prove who it is.",
    "revocation:granted": "Something was revoked, and with it everything that was exchanged from it.",
    "revocation:refused": "A request at the revocation endpoint was refused, or a client asked to revoke a "
    "token of another; then nothing was revoked.",
    "log:started": "A stream was born, or a clean one was opened again. The first entry of every stream.",
    "log:recovered": "A stream that was not closed cleanly was checked and opened again; names the tokens "
    "whose delivery is unknown.",
    "log:closed": "A stream was closed cleanly.",
    "keys:created": "A key of our own was made and signs from now on, because there was none for its use.",
    "keys:prepared": "A new key was made and published; it signs nothing yet.",
    "keys:activated": "A prepared key, or at once a new one, signs from now on.",
    "keys:retired": "A key signs no more. It stays published until the last token it signed has expired.",
    "keys:removed": "A key left the key set and its private half was destroyed.",
    "catalog:loaded": "A configuration took effect in one process, with its digest and its generation.",
    "catalog:refused": "A generation of the configuration could not take effect in one process, which goes "
    "on with the one before, without what the new one took away.",
    "configuration:changed": "Objects of the configuration were changed, with who changed them, and each "
    "object before and after. Written before the change takes effect anywhere.",
    "management:refused": "A request at the management API was refused: nobody was let in, the role was too "
    "small, or the change would not hold.",
}
"""Each event with what it means."""
