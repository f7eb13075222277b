"""A grant for another domain's server, as it is shown: what that server is told, claim by claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from actas.cli.chains import texts
from actas.cli.recorded import instant_of
from actas.cli.wording import clean, listed, padded
from actas.core.ports import Json

_COLUMNS: Final = 10
_SAID: Final = frozenset(
    {
        *(
            "iss",
            "sub",
            "sub_profile",
            "aud",
            "client_id",
            "jti",
            "iat",
            "exp",
            "scope",
            "resource",
            "cnf",
            "act",
        ),
        *("email", "email_verified", "auth_time", "acr", "amr", "authorization_details"),
    }
)
"""Claims that the lines tell of already, or that the answer does."""


def taken_apart(claims: Mapping[str, Json]) -> Iterator[str]:
    """Yield what a grant tells the server that it is for.

    Args:
        claims: of the grant; whoever asked for it holds it and may see it.
    """
    server = listed(texts(claims.get("aud")))
    yield _row("tells", f"{server} that {_text(claims, 'client_id')}, as it knows the client, asks")
    email = claims.get("email")
    yield _row("for", _text(claims, "sub") + (f", {clean(email)}" if isinstance(email, str) else ""))
    if signed_in := _signed_in(claims):
        yield _row("signed in", signed_in)
    act = claims.get("act")
    if isinstance(act, dict):
        yield _row("through", _text(act, "sub"))
    more = [name for name in claims if name not in _SAID]
    if more:
        yield _row("and says", listed([clean(one) for one in sorted(more)]))
    if resources := texts(claims.get("resource")):
        yield _row("at", listed([clean(one) for one in resources]))
    bound = "the key that was proven" if "cnf" in claims else "nothing: whoever holds it can redeem it"
    yield _row("bound to", bound)
    yield _row("redeem it", f"at {server}, by the grant type jwt-bearer; no API takes it")


def _signed_in(claims: Mapping[str, Json]) -> str:
    at, acr, amr = instant_of(claims.get("auth_time")), claims.get("acr"), texts(claims.get("amr"))
    said = [f"{at[:19].replace('T', ' ')} UTC"] if at is not None else []
    said += [f"acr {clean(acr)}"] if isinstance(acr, str) else []
    said += [f"by {listed([clean(one) for one in amr])}"] if amr else []
    return ", ".join(said)


def _text(claims: Mapping[str, Json], name: str) -> str:
    value = claims.get(name)
    return clean(value) if isinstance(value, str) and value else "?"


def _row(title: str, said: str) -> str:
    return f"  {padded(title, _COLUMNS)} {said}"
