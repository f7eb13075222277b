"""What an issuer says of somebody who signed in there: what its code was redeemed for is proven.

The ID token goes through what every foreign ID token goes through (``subjects.jwt``), with one issuer
trusted, for one audience: this server as an app of it. Whatever else it may be trusted for opens nothing
here, and this opens nothing elsewhere. Then comes what only a sign-in can know: the nonce, the access token
beside it, and how long ago it was (OpenID Connect Core section 3.1.3.7). Every answer is treated as hostile
(SEC-73).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import msgspec

from actas.core import claims as read
from actas.core.errors import BadToken
from actas.core.lineage import Marking, Revocations
from actas.core.party import Identity, Mapped, Party, PresentedToken
from actas.core.person import subject_from
from actas.core.ports import Clock, Json, Post
from actas.core.secret import Secret
from actas.core.wire import ID_TOKEN
from actas.crypto import jose
from actas.crypto.digests import half_hash
from actas.signin.facts import facts_of, heard_at
from actas.signin.providers import SKEW, Away, is_fresh
from actas.signin.redeeming import Redeeming
from actas.subjects.id_token import OF_ID_TOKENS
from actas.subjects.jwt import Digest, Foreign, KeySource
from actas.trust.provider import Provider
from actas.trust.registry import SignInThere, TrustedIssuer

MULTI_FACTOR: Final = "mfa"
LONGEST_AGE: Final = 600
"""Seconds since an ID token was made in which it is taken: it comes at once."""


class Meaning(Protocol):
    """Says what an issuer's tokens mean here."""

    def map(self, issuer: TrustedIssuer, claims: jose.SignedClaims) -> Mapped:
        """Return local name and groups."""
        ...

    def by_several_factors(self, issuer: TrustedIssuer, claims: Mapping[str, Json]) -> bool:
        """Return whether a sign-in there counts as one by several factors here."""
        ...


class Vouched(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody for whom an issuer vouches.

    Attributes:
        person: who it is to us.
        origin: who it is to the issuer.
        groups: their groups, as its mapping gives them.
        claims: what may be said of them, by claim.
        at: when they proved there who they are, seconds since the epoch.
        acr: how strong that was: in the issuer's words behind its name, unless it counts as ours.
        amr: by what, likewise.
    """

    person: Identity
    origin: Identity
    groups: tuple[str, ...]
    claims: dict[str, Any]
    at: int
    acr: str
    amr: tuple[str, ...]

    @property
    def called(self) -> str:
        """Their name for people to read; else their subject."""
        return str(self.claims.get("name") or self.person.subject)

    @property
    def email(self) -> str | None:
        """Their address, where the issuer says that it is theirs."""
        address = self.claims.get("email")
        return address if isinstance(address, str) and self.claims.get("email_verified") is True else None


class _Only:
    """Trusts one issuer, as one through which people sign in."""

    def __init__(self, issuer: TrustedIssuer) -> None:
        self._issuer = issuer

    def issuer(self, iss: str) -> TrustedIssuer | None:
        """Return the one issuer, if it is called so."""
        return self._issuer if iss == self._issuer.issuer else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouching:
    """Has codes of issuers redeemed, and proves what comes of them.

    Attributes:
        ourselves: our own issuer identifier.
        post: the way out.
        redeeming: redeems their codes.
        keys: of issuers.
        mapping: what their tokens mean here.
    """

    ourselves: str
    post: Post
    redeeming: Redeeming
    keys: KeySource
    mapping: Meaning
    digest: Digest
    marking: Marking
    revocations: Revocations
    clock: Clock

    async def redeem(
        self, issuer: TrustedIssuer, provider: Provider, away: Away, *, code: Secret, back: str
    ) -> Vouched:
        """Return for whom an issuer vouches.

        Args:
            code: as it came back.
            back: the address that it came back to.

        Raises:
            BadToken: for nobody, as far as can be proven; ``upstream_down``: it does not answer.
        """
        terms = issuer.sign_in
        if terms is None:
            raise BadToken(f"nobody signs in through {issuer.name}")
        tokens = await self.redeeming.tokens(issuer, terms, provider, away, code=code, back=back)
        id_token = tokens.get("id_token")
        if not isinstance(id_token, str):
            raise BadToken(f"{issuer.name} answered without an ID token")
        party, algorithm = await self._proven(issuer, terms, id_token)
        _require_meant(party, terms, away)
        access_token = tokens.get("access_token")
        _require_beside(party, access_token, algorithm)
        at = self._when(issuer, terms, party, away)
        facts = facts_of(party.claims)
        if provider.userinfo_endpoint is not None:
            facts |= await heard_at(
                provider.userinfo_endpoint, self.post, issuer=issuer, party=party, access_token=access_token
            )
        return self._vouched(issuer, party, facts, at=at)

    async def _proven(self, issuer: TrustedIssuer, terms: SignInThere, id_token: str) -> tuple[Party, str]:
        trusted = replace(
            issuer,
            accepts=frozenset({ID_TOKEN}),
            audiences={terms.client_id: None},
            max_age=min(issuer.max_age or LONGEST_AGE, LONGEST_AGE),
        )
        foreign = Foreign(
            ourselves=self.ourselves,
            trust=_Only(trusted),
            keys=self.keys,
            mapper=self.mapping,
            digest=self.digest,
            marking=self.marking,
            revocations=self.revocations,
            clock=self.clock,
        )
        token = PresentedToken(ID_TOKEN, Secret(id_token), "subject")
        jws = jose.parse(id_token)
        party = await foreign.prove(token, jws, OF_ID_TOKENS)
        return party, jws.unverified_algorithm

    def _when(self, issuer: TrustedIssuer, terms: SignInThere, party: Party, away: Away) -> int:
        """Return when somebody proved who they are, which must be lately enough.

        Raises:
            BadToken: it is not, or it is not said.
        """
        if "auth_time" in party.claims:
            at = read.instant(party.claims, "auth_time")
        elif terms.auth_time == "assumed":
            at = party.issued_at
        else:
            raise BadToken(f"{issuer.name} does not say when they proved who they are (auth_time)")
        now = int(self.clock.now())
        request = away.begun.request
        stale = request is not None and not is_fresh(at, request, began=away.at)
        if stale or at < away.at - away.max_age - SKEW or at > now + SKEW:
            raise BadToken(f"{issuer.name} says that they proved who they are at {at}, which does not do")
        return min(at, now)

    def _vouched(self, issuer: TrustedIssuer, party: Party, facts: dict[str, Any], *, at: int) -> Vouched:
        claims = party.claims
        several = self.mapping.by_several_factors(issuer, claims)
        acr = claims.get("acr")
        told = f"{issuer.name}:{acr}" if isinstance(acr, str) and acr else issuer.name
        return Vouched(
            person=Identity(self.ourselves, subject_from(issuer.name, read.name(claims, "sub"))),
            origin=party.origin,
            groups=party.groups,
            claims=facts,
            at=at,
            acr=MULTI_FACTOR if several else told if read.is_name(told) else issuer.name,
            amr=(*_methods(issuer.name, claims.get("amr")), *((MULTI_FACTOR,) if several else ())),
        )


def _require_meant(party: Party, terms: SignInThere, away: Away) -> None:
    """Return when an ID token is for us alone, and for this attempt.

    Raises:
        BadToken: it is not.
    """
    if party.audience != (terms.client_id,):
        raise BadToken("the ID token is for others as well", why="wrong_audience")
    nonce = party.claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), away.nonce.encode()):
        raise BadToken("the ID token does not hold the nonce of this attempt: it is of another one")


def _require_beside(party: Party, access_token: Json, algorithm: str) -> None:
    """Return when an ID token came with its access token, as far as it says (section 3.1.3.8)."""
    told = party.claims.get("at_hash")
    if told is None and "at_hash" not in party.claims:
        return
    text = access_token if isinstance(access_token, str) else ""
    if not isinstance(told, str) or not hmac.compare_digest(
        told.encode(), half_hash(text, algorithm).encode()
    ):
        raise BadToken("the ID token came with another access token (at_hash)")


def _methods(issuer: str, amr: Json) -> tuple[str, ...]:
    listed = amr if isinstance(amr, list) else []
    found = [f"{issuer}:{one}" for one in listed[:16] if isinstance(one, str) and one]
    return tuple(one for one in dict.fromkeys(found) if read.is_name(one)) or (issuer,)
