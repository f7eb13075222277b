"""A house with connections to other domains, and grants for them as the other server would read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from actas.core.errors import OAuthError
from actas.core.wire import ID_JAG, ID_TOKEN, REFRESH_TOKEN
from actas.crypto import jose
from actas.exchange import Answer
from tests.fakes.company import TICKETS, connection, signing_in
from tests.fakes.house import CLIENTS, ISSUER, PEOPLE, House

APPS: Final = tuple(signing_in(one) if one.name in ("web", "assistant") else one for one in CLIENTS)
"""The company's clients; people sign in to two of them."""


def crossing(**changes: Any) -> House:
    """A house whose app ``web`` may tell another company's tickets who signed in to it."""
    base: dict[str, Any] = {"clients": APPS, "people": PEOPLE, "connections": [connection()]}
    return House(**{**base, **changes})


def grant_form(it: House, token: str | None = None, who: str = "web", **parameters: Any) -> dict[str, Any]:
    """The form by which a client asks for a grant; without a token, for alice, who signed in a moment ago."""
    asked = {
        "requested_token_type": str(ID_JAG),
        "subject_token_type": str(ID_TOKEN),
        "audience": TICKETS,
        **parameters,
    }
    return it.form(who, it.our_id_token(aud=who) if token is None else token, **asked)


async def granted(
    it: House, token: str | None = None, who: str = "web", *, proofs: Sequence[str] = (), **parameters: Any
) -> Answer:
    """Ask for a grant."""
    return await it.post(grant_form(it, token, who, **parameters), proofs=proofs)


async def told(it: House, token: str | None = None, who: str = "web", **how: Any) -> dict[str, Any]:
    """The claims of the grant that somebody gets."""
    return read(it, str((await granted(it, token, who, **how)).body["access_token"]))


async def refused(it: House, token: str | None = None, who: str = "web", **parameters: Any) -> OAuthError:
    """The refusal of a grant, which the minutes have too; getting it is a failure."""
    return await it.turned_away(grant_form(it, token, who, **parameters))


def read(it: House, grant: str) -> dict[str, Any]:
    """The claims of a grant, verified as the other server does: by the key that is published for it."""
    jws = jose.parse(grant)
    assert jws.unverified_kid is not None
    key = it.ring.public_key(jws.unverified_kid, purpose="grant")
    assert key is not None
    types = frozenset[str | None]({"oauth-id-jag+jwt"})
    return dict(jose.verify(jws, key=key, types=types, issuer=ISSUER, now=it.clock.now()))


async def refresh_token(it: House, who: str = "web", **changes: Any) -> str:
    """The refresh token that alice's sign-in gives a client."""
    return str((await it.post(await it.code_form(who, **changes))).body["refresh_token"])


SHOWN: Final = {"subject_token_type": str(REFRESH_TOKEN)}
"""How a refresh token is presented as the subject token."""
