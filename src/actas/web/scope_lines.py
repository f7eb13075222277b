"""An app and what it may do, as people are told of it before they say yes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from actas.core.client import Client
from actas.core.sign_in import OFFLINE, OPENID, SCOPES, USERINFO
from actas.policy.decide import scopes_of
from actas.signin.request import Registered
from actas.web.pages.parts import App, ScopeLine


def app_of(client: Client | None) -> App | None:
    """Return an app as people are told about it; None for a client that is none."""
    if client is None or client.sign_in is None:
        return None
    # What an app calls itself, anybody may call themselves: its host says who says so (OP-129).
    host = urlsplit(client.name).netloc if client.registration == "document" else None
    return App(client.sign_in.display, host=host, kind="agent" if client.kind == "agent" else "app")


def scope_lines(
    asked: Collection[str], apis: Iterable[str], client: Client, registered: Registered
) -> tuple[ScopeLine, ...]:
    """Return a line for each thing that an app asks for.

    Args:
        asked: the scopes.
        apis: the names of the APIs that they are for.
    """
    lines = [
        ScopeLine(name, sentence)
        for name, sentence in SCOPES.items()
        if name in asked and name not in (OPENID, OFFLINE)
    ]
    for name in apis:
        api = registered.api(name)
        if api is not None and name != USERINFO:
            lines += [
                ScopeLine(scope, api.scopes[scope], api=api.name)
                for scope in sorted(scopes_of(api, client).intersection(asked))
            ]
    return tuple(lines)
