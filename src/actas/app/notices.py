"""Telling people of impersonations, over a foundation: who takes letters and documents, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from actas.app.duties import Duty
from actas.app.foundation import Foundation
from actas.app.parts import Shared
from actas.app.telling import telling
from actas.audit.webhook import read_secret, signature
from actas.core.ports import Clock, FetchFailed, Post
from actas.net.smtp import Relay, SmtpPost
from actas.notices.telling import Circle, NotTold, Telling, WillNotHear
from actas.store.notices import SqlNotices
from actas.web.showing import ACCOUNT

PATIENCE: Final = 20.0
"""Seconds that a webhook has to answer."""

_LATER: Final = frozenset({408, 425, 429})


class Webhook:
    """Implements ``notices.telling.Hook``, signed as Standard Webhooks says.

    Args:
        url: an address on record.
        keys: of the secrets in force; each signs.
        post: the guarded way out.
    """

    def __init__(self, url: str, *, keys: Sequence[bytes], post: Post, clock: Clock) -> None:
        self._url = url
        self._keys = tuple(keys)
        self._post = post
        self._clock = clock

    async def send(self, body: bytes, *, name: str) -> None:
        at = int(self._clock.now())
        signed = (signature(key, name=name, at=at, body=body) for key in self._keys)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(at),
            "webhook-signature": " ".join(signed),
        }
        try:
            answer = await self._post.post(self._url, body, headers=headers, within=PATIENCE)
        except FetchFailed as failed:
            raise NotTold(failed.detail) from failed
        if 200 <= answer.status < 300:
            return
        if 400 <= answer.status < 500 and answer.status not in _LATER:
            raise WillNotHear(f"answered with status {answer.status}")
        raise NotTold(f"answered with status {answer.status}")


def tellers(base: Callable[[], Foundation], shared: Shared) -> dict[str, Duty]:
    """Return the duties of telling apps and people, by what each is called.

    Args:
        base: what is served now.
    """
    return {"tell apps": telling(base, shared).run, "tell people": of_impersonations(base, shared).run}


def of_impersonations(base: Callable[[], Foundation], shared: Shared) -> Telling:
    """Return what tells people, under the configuration that is in force whenever it looks.

    Args:
        base: what is served now.

    Raises:
        OSError: the authorities that outgoing connections trust cannot be read.
    """
    first = base()
    server = first.definitions.server
    mail = server.mail
    letters = None
    if mail is not None:
        relay = Relay(
            host=mail.host,
            port=mail.port,
            tls=mail.tls,
            sender=mail.sender,
            username=mail.username,
            password=mail.password,
        )
        letters = SmtpPost(relay, authorities=server.authorities)

    def circle() -> Circle:
        return circle_of(
            base(), shared.out.fetch, sender=None if mail is None else mail.sender, letters=letters
        )

    return Telling(
        issuer=first.issuer,
        due=SqlNotices(first.database),
        kept=first.impersonations,
        circle=circle,
        clock=first.clock,
        note=shared.minutes.note,
    )


def circle_of(now: Foundation, out: Post, *, sender: str | None, letters: SmtpPost | None) -> Circle:
    """Return who is told under a configuration.

    Args:
        out: the guarded way out.
        sender: our address; None without a way to send letters.
        letters: takes them; None likewise.
    """
    settings = now.definitions.notices
    hook = None
    if settings.webhook is not None:
        keys = [read_secret(one) for one in settings.secrets]
        hook = Webhook(settings.webhook, keys=keys, post=out, clock=now.clock)
    return Circle(
        to=settings.to,
        at=settings.at,
        sender=sender,
        post=letters,
        hook=hook,
        people=now.catalog,
        account=f"{now.issuer.rstrip('/')}{ACCOUNT}" if now.catalog.people_sign_in else None,
    )
