"""The buttons of the issuers through which people sign in, and what is said when that came to nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from actas.core.client import Client
from actas.signin.beginning import Visitor
from actas.signin.steps import AskWho
from actas.trust.registry import TrustedIssuer
from actas.web.pages.parts import ProviderButton
from actas.web.visitor import Visitors

AWAY: Final = "/sign-in/with"

_TROUBLE: Final[Mapping[str, str]] = {
    "cancelled": "You did not sign in with {}. Try again, or sign in another way.",
    "refused": "{} did not sign you in. Try again, or sign in another way.",
    "down": "{} does not answer at the moment. Try again in a minute, or sign in another way.",
    "unusable": "What {} answered cannot be used, so you are not signed in. Try again; if that does not "
    "help, tell whoever runs this server.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttons:
    """Knows through whom people may sign in.

    Attributes:
        prefix: what stands before every path of ours.
        offered: gives the issuers for an app; for None, for somebody who came by themselves.
        passwords: whether anybody signs in here with a password.
    """

    prefix: str
    visitors: Visitors
    offered: Callable[[Client | None], Sequence[TrustedIssuer]]
    passwords: bool

    def of(self, step: AskWho, visitor: Visitor) -> tuple[ProviderButton, ...]:
        """Return the buttons of a page; none where somebody of ours is to prove once more who they are."""
        if step.again:
            return ()
        action = f"{self.prefix}{AWAY}"
        carried = {"flow": step.flow} if step.flow else {}
        csrf = self.visitors.csrf(visitor, action)
        return tuple(
            ProviderButton(
                f"{action}?{urlencode({'provider': one.name, 'csrf': csrf, **carried})}", one.sign_in.display
            )
            for one in self.offered(step.client)
            if one.sign_in is not None
        )


def sentence_of(step: AskWho) -> str | None:
    """Return why nobody was signed in through an issuer; None when nobody tried."""
    trouble = step.trouble
    return None if trouble is None else _TROUBLE[trouble.kind].format(trouble.provider)
