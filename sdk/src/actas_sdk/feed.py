"""Following what was revoked, without I/O: how the feed is asked, and what an answer of it must be.

What the answers mean for a token is in `revoked`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from actas_sdk.credentials import Credentials
from actas_sdk.echo import answering
from actas_sdk.errors import ActasError, BadAnswer, Unreachable
from actas_sdk.flow import Answer, Ask, Failure, Flow, Pause, World, together
from actas_sdk.issuer import Issuer
from actas_sdk.responses import json_of, refusal, unreachable
from actas_sdk.revoked import MARK, Ended, Following, Told, lineage_of
from actas_sdk.strict_json import Json, NotStrict

__all__ = ["Feed", "told"]

_LARGEST: Final = 512 * 1024
_MOST_AT_ONCE: Final = 5_000
_PATIENCE: Final = 2.0
"""Seconds for one answer: a server that hangs must be known to hang before what was read is too old."""

_OLDEST: Final = 3600.0
_log = logging.getLogger("actas_sdk")


class Feed:
    """Follows what one server says was revoked.

    Args:
        issuer: the server.
        credentials: how this service proves who it is: the feed is for clients that do.
        within: seconds after which what was read is not believed any more.
        eager: ask before every check, for tests.
        world: time and chance.

    Raises:
        Misconfigured: ``within`` cannot work.

    Attributes:
        following: what was read so far.
        eager: whether it asks before every check, so that nobody need ask in between.
    """

    def __init__(
        self, issuer: Issuer, *, credentials: Credentials, within: float, world: World, eager: bool = False
    ) -> None:
        self.issuer = issuer
        self.following = Following(within=within, world=world)
        self.eager = eager
        self._credentials = credentials
        self._world = world
        self._endpoint: str | None = None

    def known(self) -> Flow[None]:
        """Return once it is known what was revoked, as of a moment ago.

        A round that nothing stands in the way of is waited for: the first one, or the first since this
        computer slept. While something does, nobody waits; it is tried again in the meantime.

        Raises:
            Unreachable: it is not known.
        """
        following = self.following
        waits = following.trouble is None and following.wait() == 0 and following.unknown() is not None
        if self.eager or waits:
            yield from self.catch_up()
        problem = following.unknown() if not self.eager else _as_unreachable(following.trouble)
        if problem is not None:
            raise problem

    def require_live(self, claims: Mapping[str, Json]) -> Flow[None]:
        """Do nothing if nothing that a verified token comes from was revoked.

        Raises:
            InvalidToken: something was, or the token does not say what it comes from.
            Unreachable: it is not known what was revoked.
        """
        lineage = lineage_of(claims)
        yield from self.known()
        self.following.require_live(lineage)

    def keep_up(self) -> Flow[None]:
        """Ask again and again, for as long as this flow is run."""
        while True:
            yield Pause(self.following.wait())
            yield from self.catch_up()

    def catch_up(self) -> Flow[None]:
        """Read to the end, once for all who want it now. What stands in the way is noted, not raised."""
        try:
            yield from together(("revoked", self.issuer.address), self._round)
        except Unreachable:
            return  # whoever asked was stopped; whoever comes next asks

    def _round(self) -> Flow[None]:
        before = self.following.trouble
        try:
            while (yield from self._page()):
                pass
        except ActasError as problem:
            if before is None:
                within = self.following.within
                _log.warning(
                    "what is revoked cannot be followed; in %g s no token is taken: %s", within, problem
                )
            self.following.failed(problem.with_traceback(None))
            if not isinstance(problem, Unreachable):
                self._endpoint = None  # it may have moved
        else:
            if before is not None:
                _log.warning("what is revoked is followed again")

    def _page(self) -> Flow[bool]:
        """Read one answer; say whether there is more."""
        if self._endpoint is None:
            described = yield from self.issuer.describe()
            if described.revocation_feed is None:
                raise BadAnswer(f"{self.issuer.address} has no feed of what was revoked")
            self._endpoint = described.revocation_feed
        proof = self._credentials.proof(issuer=self.issuer.address, world=self._world)
        after, asked_at = self.following.after, self.following.now()
        request = Ask(
            method="POST",
            url=self._endpoint,
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "Content-Type": "application/x-www-form-urlencoded",
                **proof.headers,
            },
            body=urlencode([("after", str(after)), *proof.form]).encode("ascii"),
            largest=_LARGEST,
            within=_PATIENCE,
        )
        reply = answering(request, (yield request))
        problem = unreachable(reply, now=asked_at.wall)
        if problem is not None or isinstance(reply, Failure):
            raise problem or Unreachable()
        return self.following.take(told(reply, after=after), asked_at=asked_at)


def told(answer: Answer, *, after: int) -> Told:
    """Return what the feed says.

    Args:
        answer: what came back.
        after: the number that was asked from.

    Raises:
        Refused: the server does not tell us.
        BadAnswer: it is not what it must be; nothing of it is used.
    """
    if answer.status != 200:
        raise refusal(answer)
    document = json_of(answer)
    try:
        listed, more, age = document.get("revoked"), document.get("more"), document.get("age")
        if not isinstance(listed, list) or len(listed) > _MOST_AT_ONCE:
            raise NotStrict("revoked is missing, too long or not a list")
        if not isinstance(more, bool):
            raise NotStrict("more is neither true nor false")
        if isinstance(age, bool) or not isinstance(age, int | float) or not 0 <= age <= _OLDEST:
            raise NotStrict("age is missing or not a number of seconds")
        return Told(
            after=after,
            ended=[_ended(each) for each in listed],
            last=_whole(document, "last"),
            more=more,
            age=float(age),
        )
    except NotStrict as fault:
        raise BadAnswer(f"the feed at {answer.url}: {fault}") from None


def _ended(said: Json) -> Ended:
    mark = said.get("mark") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(mark, str) or MARK.fullmatch(mark) is None:
        raise NotStrict("revoked holds something that has no mark")
    return Ended(mark, _whole(said, "up_to"), _whole(said, "until"))


def _whole(members: Mapping[str, Json], name: str) -> int:
    value = members.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise NotStrict(f"{name} is missing or not a whole number")
    return value


def _as_unreachable(trouble: ActasError | None) -> Unreachable | None:
    return (
        None if trouble is None else Unreachable(f"what was revoked is not known: {trouble}", retry_after=1)
    )
