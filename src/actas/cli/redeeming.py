"""Redeeming another domain's grant: it is shown to the server that it is for, and to no other."""

from __future__ import annotations

from urllib.parse import urlsplit

from actas.cli.ask import Wanted
from actas.cli.chains import texts
from actas.cli.exits import misused
from actas.cli.look import look
from actas.cli.output import Output
from actas.cli.server import Server
from actas.cli.wording import clean, listed


def require_meant_for(wanted: Wanted, server: Server) -> None:
    """Return when a grant is for a server, as far as the grant can be read.

    Raises:
        Failure: it is for another one (exit 2): whoever has a grant must not be given others by mistake.
    """
    if wanted.subject is None:
        return
    meant = texts(look(wanted.subject.text.value.reveal()).claims.get("aud"))
    if meant and server.issuer not in meant:
        there = listed([clean(one) for one in meant])
        hint = f"--server {clean(meant[0])}" if len(meant) == 1 else None
        raise misused(f"the grant is for {there}, and not for {server.issuer}", hint=hint)


def tell_of_endpoint(out: Output, server: Server) -> None:
    """Say so when the token endpoint of a server is on another host than the server (JAG-114)."""
    named, used = urlsplit(server.issuer).netloc, urlsplit(server.token_endpoint).netloc
    if named != used:
        out.warn(f"{server.issuer} takes grants at another host: {used}")
