"""What an issuer says of somebody beside who they are: name and address (OpenID Connect Core section 5.1).

Its ID token says it, or its UserInfo, where the registration has us ask there. Nothing is decided by it, and
nobody is known or found by it (SEC-24).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from actas.core import claims as read
from actas.core.errors import BadToken
from actas.core.party import Party
from actas.core.places import waiting_for_others
from actas.core.ports import FetchFailed, Json, Post
from actas.crypto.json import BadJson, read_object
from actas.trust.registry import TrustedIssuer

MOST: Final = 256 * 1024

_TEXTS: Final = ("name", "preferred_username", "email")


def facts_of(claims: Mapping[str, Json]) -> dict[str, Any]:
    """Return what claims of an issuer say of somebody, as far as it can be said on."""
    facts: dict[str, Any] = {name: claims[name] for name in _TEXTS if read.is_name(claims.get(name))}
    if "email" in facts:
        facts["email_verified"] = claims.get("email_verified") is True
    return facts


async def heard_at(
    endpoint: str, post: Post, *, issuer: TrustedIssuer, party: Party, access_token: Json
) -> dict[str, Any]:
    """Return what the UserInfo of an issuer says of somebody who signed in there (section 5.3).

    Args:
        party: whom its ID token speaks of; another is nobody here (section 5.3.2).
        access_token: that came with it.

    Raises:
        BadToken: it says nothing, or of somebody else; ``upstream_down``: it does not answer.
    """
    if not isinstance(access_token, str) or not access_token.isascii() or not access_token.isprintable():
        raise BadToken(f"{issuer.name} answered without an access token for its UserInfo")
    headers = {
        "Authorization": f"Bearer {access_token}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    try:
        with waiting_for_others():
            answer = await post.post(endpoint, b"", headers=headers)
    except FetchFailed as failed:
        raise BadToken(
            f"the UserInfo of {issuer.name} does not answer: {failed.detail}", why="upstream_down"
        ) from None
    if answer.status >= 500:
        raise BadToken(
            f"the UserInfo of {issuer.name} answers with status {answer.status}", why="upstream_down"
        )
    if answer.status != 200:
        raise BadToken(f"the UserInfo of {issuer.name} refuses its own access token ({answer.status})")
    try:
        said = read_object(answer.body, max_bytes=MOST)
    except BadJson:
        raise BadToken(f"the UserInfo of {issuer.name} answers with something that is not JSON") from None
    if said.get("sub") != party.origin.subject:
        raise BadToken(f"the UserInfo of {issuer.name} speaks of somebody else than its ID token")
    return facts_of(said)
