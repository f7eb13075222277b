"""What tells apps about who signed in to them, over a foundation."""

from __future__ import annotations

from actas.app.foundation import Foundation
from actas.app.own_tokens import about, own_tokens
from actas.app.parts import Shared, proofs
from actas.shown import ShownTokens
from actas.signin.userinfo import UserInfo


def userinfo(base: Foundation, shared: Shared) -> UserInfo:
    """Return what tells apps about who signed in to them, over a configuration."""
    return UserInfo(
        issuer=base.issuer,
        shown=ShownTokens(
            tokens=own_tokens(base), proofs=proofs(base, shared), reason="bad_access_token", references=True
        ),
        people=base.catalog,
        about=about(base),
        clients=base.catalog,
        audit=shared.minutes,
        fresh=shared.follower.require_fresh,
    )
