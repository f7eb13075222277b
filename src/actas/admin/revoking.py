"""What an administrator ends, as it is written: marks, up to when, and until when it matters. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from actas.admin.objects import Change
from actas.core import claims as read
from actas.core.errors import BadToken
from actas.core.lineage import LATER, Marking, Revoked
from actas.core.opaque import REFERENCE, begins_like, is_whole
from actas.core.party import Identity
from actas.core.person import subject_of
from actas.crypto import jose
from actas.keys.life import LONGEST_TOKEN
from actas.keys.opaque import id_of
from actas.subjects.authorization_code import LONGEST
from actas.subjects.revoked import mark_of_foreign_token, mark_of_issuer, mark_of_party
from actas.trust.registry import LONGEST_LIFE

APART: Final = 5
"""Seconds by which the clocks of two nodes may differ (REL-13): what is dated a moment ahead counts too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One thing to be ended.

    Attributes:
        name: how the minutes name it: ``token:ID`` or ``party:NAME``.
        mark: its mark.
        up_to: as in ``core.lineage.Revoked``; ``until`` likewise.
    """

    name: str
    mark: str
    up_to: int
    until: int

    def revoked(self, entry: str) -> Revoked:
        """Return what is written.

        Args:
            entry: the audit entry of the deed.
        """
        return Revoked(mark=self.mark, up_to=self.up_to, until=self.until, entry=entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoking:
    """Makes what is written of what was asked for.

    Attributes:
        issuer: our own issuer identifier.
        digest: the keyed digest by which tokens are kept.
        now: seconds since the epoch.
    """

    issuer: str
    marking: Marking
    digest: Callable[[str], str]
    now: int

    def token_id(self, name: str, *, expires_at: int | None = None) -> Wanted:
        """End a token of ours, or the whole chain that began with it, by its ``jti`` or ``txn``.

        Args:
            expires_at: when it ends, if that is known.
        """
        return Wanted(
            name=f"token:{name}",
            mark=self.marking.mark("token", self.issuer, name),
            up_to=LATER,
            until=self.now + LONGEST_TOKEN if expires_at is None else expires_at,
        )

    def token(self, text: str) -> Wanted:
        """End a token by its text, ours or another issuer's. It need not be genuine: nothing is given for it.

        Raises:
            BadToken: it cannot be read, or says nothing that it could be known by.
        """
        if begins_like(text, REFERENCE):
            if not is_whole(text, REFERENCE):
                raise BadToken("it is a reference token that was cut off or misspelt")
            return self.token_id(id_of(self.digest(text)))
        jws = jose.parse(text)
        claims = jws.unverified_claims
        issuer, token_id = read.name(claims, "iss"), read.optional_name(claims, "jti")
        expires_at = read.instant(claims, "exp")
        if issuer == self.issuer:
            if token_id is None:
                raise BadToken("it names us as its issuer and has no jti")
            return self.token_id(token_id, expires_at=min(expires_at, self.now + LONGEST_TOKEN))
        mark = mark_of_foreign_token(
            self.marking, issuer=issuer, token_id=token_id, signed=jws.compact.signing_input
        )
        until = min(expires_at, self.now + LONGEST_LIFE) + LONGEST_TOKEN
        return Wanted(name=f"token:{token_id or mark} of {issuer}", mark=mark, up_to=LATER, until=until)

    def party(self, name: str) -> Wanted:
        """End everything that somebody has a part in so far: as subject, as actor, as the client that asked.

        Args:
            name: whom tokens of ours name so.
        """
        return Wanted(
            name=f"party:{name}",
            mark=mark_of_party(self.marking, Identity(self.issuer, name)),
            up_to=self.now + APART,
            until=self.now + LONGEST_LIFE + LONGEST_TOKEN,
        )

    def vouched_for(self, issuer: str) -> Wanted:
        """End everything that people hold so far who signed in through another issuer.

        Args:
            issuer: its identifier.
        """
        return Wanted(
            name=f"issuer:{issuer}",
            mark=mark_of_issuer(self.marking, issuer),
            up_to=self.now + APART,
            until=self.now + LONGEST,  # longer than they are known, and than apps may go on without them
        )

    def switched_off(self, changes: Iterable[Change]) -> list[Wanted]:
        """End what those have a part in whom changes of the configuration disable or take out.

        Those are people and clients, and who signed in through an issuer that is trusted no more.

        While they are off, nobody believes what names them. This is for the time after: whoever enables them
        again lets them in, and not what somebody may have stolen before (SEC-23).
        """
        ended: list[Wanted] = []
        for one in changes:
            if one.before is None or not one.before.is_on or one.after.is_on:
                continue
            if one.after.kind == "users":
                ended.append(self.party(subject_of(one.after.name)))
            elif one.after.kind == "clients":
                ended.append(self.party(one.after.name))
            elif one.after.kind == "issuers":
                ended.append(self.vouched_for(str(one.before.body.get("issuer"))))
        return ended
