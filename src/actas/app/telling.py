"""What tells apps that a session ended, over a serving process and the configuration that is in force."""

from __future__ import annotations

from collections.abc import Callable

from actas.app.foundation import Foundation
from actas.app.own_tokens import live
from actas.app.parts import Shared
from actas.core.ports import SystemChance
from actas.issuers.logout_token import LogoutTokenIssuer
from actas.signin.telling import Telling


def telling(base: Callable[[], Foundation], shared: Shared) -> Telling:
    """Return what tells apps.

    Args:
        base: says which foundation is in force.
    """
    now = base()
    return Telling(
        issuer=now.issuer,
        store=now.session_apps,
        tokens=LogoutTokenIssuer(issuer=now.issuer, keys=now.ring, chance=SystemChance(), clock=now.clock),
        post=shared.out.fetch,
        registered=lambda: base().catalog,
        live=lambda: live(base()),
        note=shared.minutes.note,
        clock=now.clock,
        meter=shared.meter,
    )
