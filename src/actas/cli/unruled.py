"""What an entry says of a refusal after the rules allowed it: what another server said, and what tells more.

Pure. No rule decided it, so no rehearsal says whether it would be so again (``admin.afterwards``).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from actas.cli.recorded import Event, member, said_there, text

_READ_THERE: Final = ("refused_there", "unbound_there")
"""Reasons that only a server has which read the grant."""

_OF_OURS: Final = ("storage_unavailable", "internal", "overloaded", "revoked")
"""What no dry run of a connection tells of."""


def unruled(event: Event) -> Iterator[str]:
    """Yield it of an attempt that was to go to another domain; nothing of any other.

    Args:
        event: its entry.
    """
    from actas.admin.afterwards import is_afterwards
    from actas.kinds.redeeming import NOT_SENT

    abroad = member(event, "abroad")
    if not abroad or not is_afterwards(event):
        return
    reason = text(event.get("reason"))
    if redeemed := member(event, "redeemed"):
        if spoke := said_there(redeemed):
            yield f"it said {spoke}"
        server, given = text(redeemed.get("server")), text(redeemed.get("entry"))
        so_far = "" if reason in _READ_THERE else "if it came so far, "
        there = f": {so_far}the log of {server} has that jti"
        left = not text(event.get("detail")).endswith(NOT_SENT)
        yield f"grant jti {text(redeemed.get('jti'))}, given in {given}{there if left else ''}"
    if reason in _OF_OURS:
        yield "no rule decided it"
        return
    name, who = text(abroad.get("connection")), text(member(event, "subject").get("sub"))
    now = f"actas connections try {shlex.quote(name)} --as {shlex.quote(who)}"
    yield f"no rule decided it; whether it holds now says: {now}"
