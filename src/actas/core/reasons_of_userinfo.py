"""Why the UserInfo endpoint refused: the reasons that only it has."""

from __future__ import annotations

from typing import Final

from actas.core.reason import Reason, ReasonText

OF_USERINFO: Final[dict[Reason, ReasonText]] = {
    "bad_access_token": ReasonText(
        sentence="The access token is missing, has ended, or is not for this address.",
        meaning="UserInfo takes access tokens that came of a person signing in to an app, and no others.",
        causes="No `Authorization` header, a token that has ended or was revoked, a token for another API, "
        "one that was exchanged, or one that is bound to a key and shown without it.",
        remedy="Show the token that came with the ID token; the detail in the audit log says which check "
        "failed.",
    ),
    "scope_missing": ReasonText(
        sentence="The access token does not hold the scope that this needs.",
        meaning="UserInfo says nothing to a token without the scope `openid`.",
        causes="The app did not ask for `openid` when it sent the person to sign in.",
        remedy="Ask for `openid`, and for `profile`, `email` and `groups` as needed.",
    ),
}
"""The reasons and what is said of each."""
