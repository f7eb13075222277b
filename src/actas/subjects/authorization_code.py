"""Authorization codes: kept until they are redeemed, once, by whom they were made for (RFC 6749 section 4.1).

A code stands for what a person let an app do. It is an opaque token that is good for a minute and once: what
may happen once is claimed where every node sees it, after everything else about the code was checked and
before anything is made from it (SEC-11). Whoever presents a good code for the second time shows that there
are two copies of it, and everything that came of the first ends (section 4.1.2).
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any, Final

import msgspec

from actas.core.client import Client
from actas.core.confirmation import Confirmation
from actas.core.errors import BadToken
from actas.core.family import Spent
from actas.core.lineage import Lineage, Marking, Revocations
from actas.core.opaque import CODE
from actas.core.party import OURSELVES, Identity, Party
from actas.core.ports import Clock, MarkStore
from actas.core.secret import Secret
from actas.core.sign_in import Authorization, GrantedCode, PresentedCode, SignIn
from actas.core.told import Telling
from actas.core.wire import SIGN_IN
from actas.crypto.digests import challenge_of
from actas.keys.opaque import OpaqueTokens
from actas.subjects.live import LiveParties
from actas.subjects.revoked import mark_of_party, marks_of_person

LIFE: Final = 60
"""Seconds for which a code is good (RFC 6749 section 4.1.2)."""

LONGEST: Final = 366 * 24 * 3600
"""Seconds after which nothing that came of a sign-in can still be live."""

_decoder: Final = msgspec.json.Decoder(GrantedCode)


class AuthorizationCodes:
    """Keeps codes, and redeems them.

    Args:
        issuer: our own issuer identifier.
        tokens: keeps what they stand for.
        marks: remembers which were used.
        live: knows who is still registered, enabled and trusted.
        revocations: knows what was revoked.
        marking: makes marks.
    """

    def __init__(
        self,
        *,
        issuer: str,
        tokens: OpaqueTokens,
        marks: MarkStore,
        live: LiveParties,
        revocations: Revocations,
        marking: Marking,
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._tokens = tokens
        self._marks = marks
        self._live = live
        self._revocations = revocations
        self._marking = marking
        self._clock = clock

    async def keep(self, granted: GrantedCode) -> Secret:
        """Return a code that stands for what was granted.

        Raises:
            StoreUnavailable: it was not kept; then it must not leave.
        """
        token = self._tokens.new(CODE)
        await self._tokens.keep(token, msgspec.json.encode(granted), expires_at=granted.expires_at)
        return token.text

    async def redeem(
        self, presented: PresentedCode, *, client: Client, proven: Confirmation
    ) -> Authorization:
        """Return what a code stands for. It is good no more.

        Args:
            client: who presents it.
            proven: the keys that it proved to hold.

        Raises:
            Spent: it was redeemed before.
            BadToken: it is not good, or not this client's, for another reason.
            StoreUnavailable: nobody knows.
        """
        text = presented.value.reveal()
        granted = _read(await self._tokens.content(text, CODE))
        self._require_whose(granted, presented, client=client, proven=proven)
        if granted.expires_at <= self._clock.now():
            raise BadToken("the code has ended", why="bad_code")
        authorization = granted.authorization
        name = sha256(text.encode()).hexdigest()
        if not await self._marks.claim(
            purpose="code",
            issuer=self._issuer,
            token_id=name,
            issued_at=granted.expires_at - LIFE,
            expires_at=granted.expires_at,
        ):
            raise Spent(
                "the code was redeemed before",
                why="code_reused",
                family=authorization.id,
                client=client.name,
                confirmation=None,
                ends_at=authorization.began + LONGEST,
            )
        return authorization

    def party(self, authorization: Authorization) -> Party:
        """Return the person who signed in, who must be live, as the subject of what is made from it.

        Raises:
            BadToken: they are not, or it was revoked.
        """
        party = party_of(authorization, issuer=self._issuer, marking=self._marking)
        with Telling(party):
            revoked = self._revocations.against(party.lineage)
            if revoked is not None:
                raise BadToken(f"the sign-in was ended: entry {revoked.entry}", why="revoked")
            return self._live.signed_in(party)

    @staticmethod
    def _require_whose(
        granted: GrantedCode, presented: PresentedCode, *, client: Client, proven: Confirmation
    ) -> None:
        given_to = granted.authorization.client
        if given_to != client.name:
            raise BadToken(f"the code was given to {given_to}, not to {client.name}", why="bad_code")
        if presented.redirect_uri != granted.redirect_uri:
            raise BadToken("redirect_uri is not the one that the code was sent to", why="bad_code")
        if not hmac.compare_digest(challenge_of(presented.verifier.reveal()), granted.challenge):
            raise BadToken("code_verifier is not what the challenge was made from", why="bad_code")
        if granted.jkt is not None and granted.jkt != proven.jkt:
            raise BadToken("the code is bound to a DPoP key that the request does not prove", why="bad_code")


def party_of(authorization: Authorization, *, issuer: str, marking: Marking) -> Party:
    """Return who signed in as a party.

    Args:
        issuer: our own issuer identifier.
    """
    signed_in = authorization.sign_in
    return Party(
        identity=signed_in.person,
        origin=signed_in.origin,
        origin_name=signed_in.origin_name,
        kind="person",
        issuer_name=OURSELVES,
        token_type=SIGN_IN,
        audience=(authorization.client,),
        presenters=frozenset({authorization.client}),
        client_id=authorization.client,
        # What goes on without the session ends with its refresh tokens.
        expires_at=authorization.began + LONGEST if authorization.offline else signed_in.ends_at,
        issued_at=signed_in.at,
        claims=_claims(signed_in, issuer),
        scope=authorization.scope,
        groups=signed_in.groups,
        token_id=authorization.id,
        txn=authorization.id,
        lineage=_lineage(authorization, issuer=issuer, marking=marking),
    )


def mark_of_session(marking: Marking, issuer: str, sid: str) -> str:
    """Return the mark of everything that ends when a session does."""
    return marking.mark("session", issuer, sid)


def mark_of_consent(marking: Marking, issuer: str, subject: str, client: str) -> str:
    """Return the mark of everything that ends when a person takes back what they let an app do."""
    return marking.mark("consent", issuer, subject, client)


def mark_of_offline(marking: Marking, issuer: str, subject: str) -> str:
    """Return the mark of everything that apps hold for a person while they are signed out."""
    return marking.mark("offline", issuer, subject)


def _lineage(authorization: Authorization, *, issuer: str, marking: Marking) -> Lineage:
    signed_in = authorization.sign_in
    marks = [marking.mark("token", issuer, authorization.id)]
    subject = signed_in.person.subject
    if authorization.offline:
        marks.append(mark_of_offline(marking, issuer, subject))
    else:
        marks.append(mark_of_session(marking, issuer, signed_in.sid))
    marks.append(mark_of_consent(marking, issuer, subject, authorization.client))
    marks += marks_of_person(marking, signed_in.person, signed_in.origin)
    # The app, too: a code that it was given before it was switched off is good no more after.
    marks.append(mark_of_party(marking, Identity(issuer, authorization.client)))
    return Lineage(tuple(dict.fromkeys(marks)), authorization.began)


def _claims(signed_in: SignIn, issuer: str) -> dict[str, Any]:
    return {
        "iss": issuer,
        "sub": signed_in.person.subject,
        "auth_time": signed_in.at,
        "acr": signed_in.acr,
        "amr": list(signed_in.amr),
        "sid": signed_in.sid,
    }


def _read(content: bytes) -> GrantedCode:
    try:
        return _decoder.decode(content)
    except msgspec.DecodeError as refused:
        raise BadToken(
            f"what it stands for was written by another release: {refused}", why="bad_code"
        ) from None
