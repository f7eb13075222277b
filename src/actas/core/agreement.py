"""What a person has to have agreed to before an app gets a token about them by somebody else's word."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be agreed to.

    Attributes:
        subject: who has to have agreed.
        client: with which app; ``fingerprint`` as that app is now.
        scope: what the token may do.
        offered: by API that it is for, the scopes that the app may ask for there.
        details: whether the token has authorization details, which no consent says anything of.
    """

    subject: str
    client: str
    fingerprint: str
    scope: frozenset[str]
    offered: Mapping[str, frozenset[str]]
    details: bool = False
