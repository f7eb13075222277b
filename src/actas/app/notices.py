"""Telling people of impersonations, over a foundation: who takes letters and documents, and who is told."""

from __future__ import annotations

from collections.abc import Callable

from actas.app.duties import Duty
from actas.app.foundation import Foundation
from actas.app.own_tokens import known_people
from actas.app.parts import Shared
from actas.app.telling import telling
from actas.audit.webhook import SignedPost, is_no, is_taken, read_secret
from actas.core.ports import FetchFailed, Post
from actas.net.smtp import Relay, SmtpPost
from actas.notices.telling import Circle, NotTold, Telling, WillNotHear
from actas.store.notices import SqlNotices
from actas.web.showing import ACCOUNT


class Webhook:
    """Implements ``notices.telling.Hook``, over what signs as Standard Webhooks says."""

    def __init__(self, out: SignedPost) -> None:
        self._out = out

    async def send(self, body: bytes, *, name: str) -> None:
        try:
            answer = await self._out.send(body, name=name, media_type="application/json")
        except FetchFailed as failed:
            raise NotTold(failed.detail) from failed
        if is_taken(answer):
            return
        if is_no(answer):
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
        hook = Webhook(SignedPost(settings.webhook, keys=keys, post=out, clock=now.clock))
    return Circle(
        to=settings.to,
        at=settings.at,
        sender=sender,
        post=letters,
        hook=hook,
        people=now.catalog,
        known=known_people(now),
        account=f"{now.issuer.rstrip('/')}{ACCOUNT}" if now.catalog.people_sign_in else None,
    )
