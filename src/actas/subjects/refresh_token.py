"""Our own refresh tokens (RFC 6749 section 6), checked against live state each time (SEC-23).

A refresh token is good for the client it was given to and for nobody else. Presented for a refresh it is used
up; presented as a subject token it is checked alike, and stays as it is (RFC 8693 section 2.1).
"""

from __future__ import annotations

import msgspec

from actas.core.client import Client
from actas.core.confirmation import Confirmation
from actas.core.errors import BadToken
from actas.core.family import Family, Renewal, Spent
from actas.core.lineage import LATER, Ending, Marking, Revoked
from actas.core.party import OURSELVES, Party, PresentedToken
from actas.core.ports import Clock
from actas.core.records import Record
from actas.core.told import Telling
from actas.core.wire import ID_TOKEN, REFRESH_TOKEN, SIGN_IN, TokenType
from actas.keys.refresh import RefreshTokens
from actas.subjects.jwt import presenters_of
from actas.subjects.live import LiveParties
from actas.subjects.revoked import note_written, require_unrevoked


class Renewals:
    """Proves refresh tokens, and ends their families.

    Args:
        issuer: our own issuer identifier.
        tokens: those that are kept.
        live: knows who is still registered, enabled and trusted.
        revocations: knows what was revoked, and takes what is.
        marking: makes marks.
    """

    def __init__(
        self,
        *,
        issuer: str,
        tokens: RefreshTokens,
        live: LiveParties,
        revocations: Ending,
        marking: Marking,
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._tokens = tokens
        self._live = live
        self._revocations = revocations
        self._marking = marking
        self._clock = clock

    async def prove(self, text: str) -> Renewal:
        """Return what a refresh token stands for: genuine, good now, and everybody in it live.

        That it is the presenting client's, and that its key is proven, is for the judge to say.

        Raises:
            Spent: it was used before.
            BadToken: it is not good, for another reason.
            StoreUnavailable: nobody knows.
        """
        renewal = await self._tokens.renewal(text, now=self._clock.now())
        family = renewal.family
        with Telling(party_of(family, renewal.digest)):
            require_unrevoked(family.subject, self._revocations, family.lineage)
            self._live.require_client(family.client)
            subject = self._live_subject(family.subject)
        return msgspec.structs.replace(renewal, family=msgspec.structs.replace(family, subject=subject))

    async def end_family(self, family: str, *, ends_at: int, record: Record) -> None:
        """End a family and everything that was made from it, on every node.

        Args:
            record: the audit entry that says so, which is kept with it.

        Raises:
            StoreUnavailable: it could not be ended.
        """
        mark = self._marking.mark("token", self._issuer, family)
        ended = Revoked(mark=mark, up_to=LATER, until=ends_at, entry=record.entry)
        await self._revocations.add([ended], record=record)

    async def written(self, entry: str) -> None:
        """Note that the audit entry of a family that was ended stands in a stream."""
        await note_written(self._revocations, entry)

    async def owner(self, text: str) -> tuple[str, str, int]:
        """Return the client, the family and its end of a refresh token, good or spent, whose family has not
        ended.

        Raises:
            BadToken: there is none.
            StoreUnavailable: nobody knows.
        """
        found = await self._tokens.found(text)
        if found.ended or found.ends_at <= self._clock.now():
            raise BadToken("its family has ended", why="expired")
        return found.client, found.token.family, found.ends_at

    def _live_subject(self, subject: Party) -> Party:
        """Return the subject as it is now: it may be less than it was."""
        if subject.token_type == SIGN_IN:
            whose = frozenset(subject.audience)
            return self._live.signed_in(msgspec.structs.replace(subject, presenters=whose))
        issuer = self._live.trusted(subject.origin.issuer)
        if subject.token_type not in issuer.accepts:
            raise BadToken(f"the issuer {issuer.name} is not trusted for tokens declared so (accepts)")
        azp = subject.token_type == ID_TOKEN
        presenters = presenters_of(issuer, subject.claims, subject.audience, azp=azp)
        return msgspec.structs.replace(
            subject, presenters=presenters, issuer_name=issuer.name, origin_name=issuer.name
        )


def is_copy(spent: Spent, *, client: Client, proven: Confirmation) -> bool:
    """Return whether somebody shows that there is a copy of a token, so that its family must end.

    Whoever presents it must be its client, and prove the key that it is bound to: what a stranger found ends
    nothing, and is good for nothing either.
    """
    bound = spent.confirmation
    if spent.why == "refresh_repeated" or spent.client != client.name:
        return False
    return bound is None or proven.proves(bound)


class RefreshTokenValidator:
    """Proves refresh tokens as subject tokens: they speak of what a token of their family would (TX-47)."""

    def __init__(self, renewals: Renewals) -> None:
        self._renewals = renewals

    @property
    def token_type(self) -> TokenType:
        return REFRESH_TOKEN

    async def validate(self, token: PresentedToken) -> Party:
        if token.role == "actor":
            raise BadToken("a refresh token proves nobody's presence, so it is no actor token")
        renewal = await self._renewals.prove(token.value.reveal())
        return party_of(renewal.family, renewal.digest)


def party_of(family: Family, digest: str) -> Party:
    """Return whom a refresh token speaks of. One that a sign-in gave says when and how that was."""
    subject, authorization = family.subject, family.authorization
    return Party(
        identity=subject.identity,
        origin=subject.origin,
        kind=subject.kind,
        issuer_name=OURSELVES,
        origin_name=subject.origin_name,
        token_type=REFRESH_TOKEN,
        audience=family.audience,
        client_id=family.client,
        expires_at=family.ends_at,
        issued_at=family.began,
        claims={
            "iss": subject.identity.issuer,
            "sub": subject.identity.subject,
            "client_id": family.client,
            "scope": " ".join(sorted(family.scope)),
            **({} if authorization is None else authorization.sign_in.how),
        },
        scope=family.scope,
        groups=subject.groups,
        otherwise=subject.otherwise,
        actors=family.actors,
        token_id=family.id,
        digest=digest,
        txn=family.txn,
        confirmation=family.confirmation,
        lineage=family.lineage,
    )
