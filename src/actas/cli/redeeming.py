"""Redeeming another domain's grant: it is shown to the server that it is for, and to no other."""

from __future__ import annotations

from shlex import quote
from typing import Final
from urllib.parse import urlsplit

from actas.cli.ask import Wanted
from actas.cli.chains import texts
from actas.cli.exits import misused
from actas.cli.look import Look, look
from actas.cli.output import Output
from actas.cli.server import Server
from actas.cli.wording import clean, listed

_GRANTS: Final = ("id_jag", "jwt_grant", "jwt")
"""What may be a grant, as it looks: a plain one may have any type."""

_UNREADABLE: Final = ("jwe", "xml", "opaque")
"""What cannot be read, so that nothing tells it from a grant. Tokens of ours that are no JWT are none."""


def require_meant_for(wanted: Wanted, server: Server) -> None:
    """Return when a grant is for a server, as far as the grant can be read.

    Raises:
        Failure: it is for another one, or no grant (exit 2): whoever has a grant must not be given others by
            mistake.
    """
    if wanted.subject is None:
        return
    seen = look(wanted.subject.text.value.reveal())
    meant = texts(seen.claims.get("aud"))
    if server.issuer in meant or (not meant and seen.type in (*_GRANTS, *_UNREADABLE)):
        return
    there = listed([clean(one) for one in meant])
    if seen.type not in _GRANTS:
        raise misused(
            f"this is no grant: {_called(seen)}{', for ' if there else ''}{there}",
            hint="ask for a grant first: actas exchange --for id-jag --to ISSUER",
        )
    hint = f"--server {quote(clean(meant[0]))}" if len(meant) == 1 and "://" in meant[0] else None
    raise misused(f"the grant is for {there}, and not for {server.issuer}", hint=hint)


def _called(seen: Look) -> str:
    named = "an" if seen.title[0] in "aeiouAEIOU" else "a"
    told = "typ and claims" if seen.type == "id_token" else "typ"
    by = f"by its {told} " if seen.form == "jwt" else ""
    return f"{by}it is {named} {seen.title}"


def tell_of_endpoint(out: Output, server: Server) -> None:
    """Say so when the token endpoint of a server is on another host than the server (JAG-114)."""
    named, used = urlsplit(server.issuer).netloc, urlsplit(server.token_endpoint).netloc
    if named != used:
        out.warn(f"{server.issuer} takes grants at another host: {used}")
