"""What every foreign JWT goes through: its issuer, its key, its signature and times, who it is to us.

The unverified ``iss`` is used for one thing: to find which registered issuer to ask for a key (SEC-03).
The algorithm and the key come from that registration (SEC-16); the audience must be one that the
registration lists (SEC-21); the identity comes from its mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from actas.core import claims as read
from actas.core.errors import BadToken
from actas.core.lineage import Marking, Revocations
from actas.core.party import ANY_CLIENT, Identity, Mapped, Party, PresentedToken
from actas.core.person import told_apart
from actas.core.ports import Clock, Json
from actas.core.wire import AT_JWT, ID_TOKEN, TokenType
from actas.crypto import jose
from actas.subjects.chain import actors_of, kind_of, may_act_of
from actas.subjects.confirmation import confirmation_of
from actas.subjects.proven import told_by
from actas.subjects.revoked import foreign_lineage, mark_of_foreign_token, require_unrevoked
from actas.subjects.typed import require_trusted_for, require_typed_as_grant
from actas.trust.registry import TrustedIssuer, TrustRegistry

ID_TOKEN_ONLY: Final = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})
"""Claims that only an ID token carries (OpenID Connect Core sections 2 and 3.3.2.11)."""

ACCESS_TOKEN_ONLY: Final = frozenset({"scope", "scp", "client_id"})
"""Claims that an ID token never carries and an access token does (RFC 9068, RFC 8693)."""

OF_GRANTS: Final = frozenset(
    {"resource", "authorization_details", "tenant", "aud_tenant", "aud_sub", "requested_cnf"}
)
"""Claims that grants of other domains are read by, beside those of every token (``jose.KNOWN_CLAIMS``)."""

LOGOUT_TOKEN_ONLY: Final = frozenset({"events"})
"""Back-channel logout section 2.4: such a token is never an ID token nor an access token."""


class KeySource(Protocol):
    """Finds the key of an issuer that a token names."""

    async def key(self, issuer: TrustedIssuer, *, kid: str | None, algorithm: str) -> jose.PublicKey:
        """Return the key.

        Raises:
            BadToken: the issuer has no such key, or its keys cannot be had.
        """
        ...


class Mapper(Protocol):
    """Says who a foreign token speaks of, to us."""

    def map(self, issuer: TrustedIssuer, claims: jose.SignedClaims) -> Mapped:
        """Return local name and groups.

        Raises:
            BadToken: the mapping refuses the token.
        """
        ...


class Digest(Protocol):
    """The keyed digest by which the minutes name a token."""

    def __call__(self, token: str) -> str: ...


Presenters = Callable[[TrustedIssuer, Mapping[str, Json], tuple[str, ...]], frozenset[str]]
"""Says who may present a token, by its issuer, claims and audience; BadToken when nobody of ours may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a JWT of one declared type looks like.

    Attributes:
        types: the accepted ``typ`` header values.
        presenters: who may present it.
        forbidden: claims whose presence means that it is a token of another type (SEC-22).
        required: claims that it must have.
        longest: seconds that it may live at most, where that is less than the registration says.
        exact: claims that are looked at; in other letters they would be passed over here, and read by others.
        others: whether its issuer's registration may accept further ``typ`` values, so that it has to be told
            from that issuer's ID tokens by something else.
    """

    types: frozenset[str | None]
    presenters: Presenters
    forbidden: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    longest: int | None = None
    exact: frozenset[str] = frozenset()
    others: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """What validators of foreign tokens share.

    Attributes:
        ourselves: our own issuer identifier.
    """

    ourselves: str
    trust: TrustRegistry
    keys: KeySource
    mapper: Mapper
    digest: Digest
    marking: Marking
    revocations: Revocations
    clock: Clock

    async def prove(self, token: PresentedToken, jws: jose.ParsedJws, look: Look) -> Party:
        """Prove a foreign JWT.

        Args:
            jws: the token, taken apart.
            look: what one of its declared type looks like.

        Raises:
            BadToken: it is not proven, not of the declared type, or not from an issuer we trust for it. Where
                its signature was proven, it has what the token says.
        """
        issuer = self._issuer(jws, token.type)
        if jws.unverified_algorithm not in issuer.algorithms:
            raise BadToken(f"the issuer {issuer.name} is not registered for {jws.unverified_algorithm}")
        types = look.types | issuer.token_types if issuer.token_types and look.others else look.types
        require_typed_as_grant(issuer, token.type, jws, types)
        key = await self.keys.key(issuer, kid=jws.unverified_kid, algorithm=jws.unverified_algorithm)
        claims: jose.SignedClaims | None = None
        try:
            claims = jose.verify(
                jws,
                key=key,
                types=types,
                issuer=issuer.issuer,
                now=self.clock.now(),
                max_life=issuer.max_life if look.longest is None else min(issuer.max_life, look.longest),
                max_age=issuer.max_age,
            )
            _require_look(look, jws, claims, issuer)
            party = self._party(token, issuer, claims, look.presenters, signed=jws.compact.signing_input)
            require_unrevoked(party, self.revocations)
        except BadToken as bad:
            genuine = bad.claims if claims is None else claims
            if genuine is not None:
                bad.told = told_by(
                    genuine,
                    digest=self.digest(token.value.reveal()),
                    token_type=token.type,
                    issuer_name=issuer.name,
                    kind=issuer.party_kind,
                )
            raise
        return party

    def _issuer(self, jws: jose.ParsedJws, declared: TokenType) -> TrustedIssuer:
        unverified_issuer = read.name(jws.unverified_claims, "iss")
        issuer = self.trust.issuer(unverified_issuer)
        if issuer is None:
            raise BadToken(f"there is no trusted issuer {unverified_issuer}")
        if issuer.disabled:
            raise BadToken(f"the issuer {issuer.name} is disabled")
        require_trusted_for(issuer, declared, jws)
        return issuer

    def _party(
        self,
        token: PresentedToken,
        issuer: TrustedIssuer,
        claims: jose.SignedClaims,
        presenters_of: Presenters,
        *,
        signed: bytes,
    ) -> Party:
        origin = Identity(issuer.issuer, told_apart(read.name(claims, "sub")))
        audience = read.audience(claims)
        presenters = presenters_of(issuer, claims, audience)
        stated = kind_of(claims)
        if stated not in ("unknown", issuer.party_kind):
            raise BadToken(f"its sub_profile says {stated}, which {issuer.name} is not registered for")
        mapped = self.mapper.map(issuer, claims)
        identity = Identity(self.ourselves, mapped.subject)
        actors = actors_of(claims, issuer=issuer.issuer, foreign_to=self.ourselves)
        token_id = read.optional_name(claims, "jti")
        issued_at = read.instant(claims, "iat")
        mark = mark_of_foreign_token(self.marking, issuer=issuer.issuer, token_id=token_id, signed=signed)
        return Party(
            identity=identity,
            origin=origin,
            kind=issuer.party_kind,
            issuer_name=issuer.name,
            origin_name=issuer.name,
            token_type=token.type,
            audience=audience,
            presenters=presenters,
            expires_at=read.instant(claims, "exp"),
            issued_at=issued_at,
            claims=claims,
            scope=read.scope(claims),
            groups=mapped.groups,
            actors=actors,
            may_act=may_act_of(claims),
            token_id=token_id,
            digest=self.digest(token.value.reveal()),
            confirmation=confirmation_of(claims),
            lineage=foreign_lineage(
                self.marking, token=mark, identity=identity, origin=origin, actors=actors, issued_at=issued_at
            ),
        )


def _require_look(look: Look, jws: jose.ParsedJws, claims: jose.SignedClaims, issuer: TrustedIssuer) -> None:
    """Return when a verified token is of the type that it was declared as (SEC-22)."""
    if look.others and ID_TOKEN in issuer.accepts and not _says_access_token(jws, claims, issuer):
        raise BadToken("nothing in it says that it is not an ID token, which this issuer also makes")
    for name in look.forbidden:
        if name in claims:
            raise BadToken(f"the claim {name} says that it is not of the declared type")
    for name in look.required:
        if name not in claims:
            raise BadToken(f"the claim {name} is missing, which says that it is of the declared type")
    for name in claims if look.exact else ():
        if name not in look.exact and name.casefold() in look.exact:
            raise BadToken(f"the claim {name.casefold()} is there in other letters (SEC-07)")


def presenters_of(
    issuer: TrustedIssuer, claims: Mapping[str, Json], audience: tuple[str, ...], *, azp: bool
) -> frozenset[str]:
    """Return who may present the token. Somebody else's audience is nobody's here (SEC-21).

    ``azp`` says more, never instead: both it and the audience must be registered, and whoever presents the
    token must be allowed by both.
    """
    presenters = _registered(issuer, audience)
    if "azp" in claims:
        authorized = _registered(issuer, (read.name(claims, "azp"),))
        if authorized is ANY_CLIENT:
            return presenters
        return authorized if presenters is ANY_CLIENT else presenters & authorized
    if azp and len(audience) > 1:
        raise BadToken("an ID token for several audiences names none as azp", why="wrong_audience")
    return presenters


def _registered(issuer: TrustedIssuer, audience: tuple[str, ...]) -> frozenset[str]:
    known = [issuer.audiences[one] for one in audience if one in issuer.audiences]
    if not known:
        detail = f"its audience {', '.join(audience)[:200]} is not registered for {issuer.name}"
        raise BadToken(detail, why="wrong_audience")
    named = [clients for clients in known if clients is not None]
    return frozenset[str]().union(*named) if len(named) == len(known) else ANY_CLIENT


def _says_access_token(jws: jose.ParsedJws, claims: jose.SignedClaims, issuer: TrustedIssuer) -> bool:
    """Whether a verified token shows that it is no ID token: by its ``typ`` or a claim of access tokens."""
    typ = jws.unverified_header.get("typ")
    if isinstance(typ, str):
        short = typ.casefold().removeprefix("application/")
        if short == AT_JWT or typ in issuer.token_types:
            return True
    return not ACCESS_TOKEN_ONLY.isdisjoint(claims)
