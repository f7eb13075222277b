"""Identity assertion grants for other domains' servers (ID-JAG section 3).

A grant is read by strangers: it carries no lineage, no group and no claim of a rule, only what the table of
the specification has and the connection lets be told. It is signed by keys of its own (SEC-56), and is a
token of nobody's here: nothing that reads tokens of ours knows its ``typ`` or its keys (SEC-57).
"""

from __future__ import annotations

from typing import ClassVar, Final, Protocol

from actas.core.abroad import REQUESTED_KEY, Abroad, GrantAbroad, GrantWord
from actas.core.confirmation import Confirmation
from actas.core.errors import InvalidRequest, InvalidTarget, TemporarilyUnavailable
from actas.core.issued import Issued
from actas.core.party import Actor
from actas.core.permit import Permit
from actas.core.person import People, Person
from actas.core.ports import Chance, JsonObject
from actas.core.secret import Secret
from actas.core.wire import ID_JAG, ID_JAG_JWT, TokenFormat, TokenType
from actas.crypto import base64url, jose
from actas.crypto.keyed import keyed_digest
from actas.issuers.claims import PROFILE_OF, act_of, require_sane
from actas.issuers.issuer import MintedWrong
from actas.issuers.naming import identifiers, nameless
from actas.keys.ring import KeyRing
from actas.trust.recipients import NoRecipient, Recipient

_PAIRWISE: Final = b"actas: pairwise names of people"


class Encrypts(Protocol):
    """Finds the keys of other servers to which grants are encrypted (``trust.recipients``)."""

    async def find(self, issuer: str, *, hosts: frozenset[str]) -> Recipient: ...


class IdJagIssuer:
    """Mints grants for other domains' servers.

    Args:
        issuer: our own issuer identifier.
        people: knows the people of ours as they are now.
        keys: signs.
        pairwise_key: under which people's names for one server alone are made.
        chance: makes ``jti``.
        recipients: finds what grants are encrypted to, where a connection tries that.
    """

    def __init__(
        self,
        *,
        issuer: str,
        people: People,
        keys: KeyRing,
        pairwise_key: bytes,
        chance: Chance,
        recipients: Encrypts,
    ) -> None:
        self._issuer = issuer
        self._people = people
        self._keys = keys
        self._pairwise = keyed_digest(_PAIRWISE, key=pairwise_key)
        self._chance = chance
        self._recipients = recipients

    typ: ClassVar[str] = ID_JAG_JWT
    grant: ClassVar[GrantWord] = "id_jag"

    @property
    def token_type(self) -> TokenType:
        return ID_JAG

    @property
    def format(self) -> TokenFormat:
        return "jwt"

    async def issue(self, permit: Permit) -> Issued:
        token_id = self._chance.token(16)
        claims = self._claims(permit, token_id)
        recipient = await self._recipient(permit.abroad)  # first: nothing is signed that cannot leave
        try:
            token = await self._keys.sign(claims, typ=self.typ, purpose="grant", algorithm=permit.algorithm)
        except ValueError as too_much:
            # Only what the caller sent can make a grant too large: claims and actors that it carries on.
            raise InvalidRequest("malformed_request", detail=f"the new grant: {too_much}") from too_much
        text = token.reveal()
        jws = jose.parse(text)
        if jws.unverified_claims != claims or jws.unverified_header.get("typ") != self.typ:
            raise MintedWrong("the claims are not those that were signed")
        require_sane(permit)
        if recipient is not None:
            key, algorithm, content = recipient
            text = key.encrypt(text, typ=self.typ, algorithm=algorithm, content=content)
        return Issued(
            id=token_id,
            token=Secret(text),
            digest=self._keys.digest(text),
            key=jws.unverified_kid,
            token_type=self.token_type,
            issued_at=permit.issued_at,
            expires_at=permit.expires_at,
            scope=permit.scope,
            audience=permit.audience,
            txn=permit.txn or token_id,
            bearer=False,
            confirmation=bound_to(permit),
            details=permit.details,
            encrypted_to=None if recipient is None else recipient.key.kid,
        )

    async def _recipient(self, grant: GrantAbroad | None) -> Recipient | None:
        """Return to whom the grant is encrypted; None where its connection does not try that (JAG-153).

        Raises:
            TemporarilyUnavailable: the other server cannot be asked, and no key of it is known.
            InvalidTarget: it has none. A grant that its client could read is not given instead.
        """
        if grant is None or "encryption" not in grant.to.proposals:
            return None
        try:
            return await self._recipients.find(grant.to.issuer, hosts=grant.to.key_hosts)
        except NoRecipient as none:
            if none.away:
                raise TemporarilyUnavailable("upstream_down", detail=none.detail, retry_after=5) from none
            raise InvalidTarget("no_encryption_key", detail=none.detail) from none

    def foretold(self, permit: Permit) -> JsonObject:
        """Return what a grant would say, but for its ``jti`` and the key that it is bound to: for dry runs.

        Raises:
            OAuthError: the person has no name by which that server knows people.
        """
        claims = self._claims(permit, "")
        return {name: value for name, value in claims.items() if name not in ("jti", "cnf", REQUESTED_KEY)}

    def _claims(self, permit: Permit, token_id: str) -> JsonObject:
        grant = permit.abroad
        if grant is None or permit.audience != (grant.to.issuer,) or grant.to.grant != self.grant:
            raise MintedWrong("it would be for no server, for another than was permitted, or of another kind")
        person = self._person(permit)
        email = email_of(person, grant)
        claims: JsonObject = {
            "iss": self._issuer,
            "sub": self._subject(permit, grant.to, email),
            "aud": grant.to.issuer,
            "client_id": grant.to.client_id,
            "jti": token_id,
            "iat": permit.issued_at,
            "exp": permit.expires_at,
            **{name: value for name, value in grant.told.items() if name != "email"},
        }
        if permit.scope:
            claims["scope"] = " ".join(sorted(permit.scope))
        if email is not None and grant.to.tells_email:
            claims |= {"email": email, "email_verified": True}
        key = bound_to(permit)
        if key is not None:
            claims["cnf"] = key.claim()
        elif grant.to.redeems and permit.confirmation is not None:
            claims[REQUESTED_KEY] = permit.confirmation.claim()
        actors = self._told_of(permit.actors, grant.to)
        if actors:
            claims["act"] = act_of(actors)
        return {**self._more(permit, grant, person, email), **claims}

    def _told_of(self, actors: tuple[Actor, ...], _to: Abroad, /) -> tuple[Actor, ...]:
        """Return who acts, as the other server is told."""
        return actors

    def _more(
        self, permit: Permit, grant: GrantAbroad, person: Person | None, email: str | None, /
    ) -> JsonObject:
        """Return what such a grant says beside what every grant does, which wins."""
        claims: JsonObject = {}
        if permit.details:
            claims["authorization_details"] = [*permit.details]
        resources = grant.to.resources
        if resources:
            claims["resource"] = resources[0] if len(resources) == 1 else [*resources]
        claims |= identifiers(permit, grant, person, email=email)
        profile = PROFILE_OF.get(permit.subject_kind)
        if profile is not None:
            claims["sub_profile"] = profile
        return claims

    def _person(self, permit: Permit) -> Person | None:
        """Return the person of ours, as they are now; None for everybody else."""
        ours = permit.origin.issuer == self._issuer
        return self._people.person(permit.subject.subject) if ours else None

    def _subject(self, permit: Permit, to: Abroad, email: str | None) -> str:
        """Return whom the grant is about, by the name that the other server knows (JAG-40)."""
        if to.identify_by == "email":
            if email is None:
                detail = (
                    f"{permit.subject.subject} has no verified address, and {to.connection} names people so"
                )
                raise nameless(to, detail)
            return email
        if to.identify_by == "pairwise":
            whom = f"{to.issuer}\n{permit.subject.subject}".encode()
            return base64url.encode(keyed_digest(whom, key=self._pairwise)).decode("ascii")
        return permit.subject.subject


def bound_to(permit: Permit) -> Confirmation | None:
    """Return the key that a grant is bound to: one that a DPoP proof showed (JAG-100), and a certificate only
    where the connection tries that (JAG-151). Never both. One that we redeem is bound to none: we cannot
    prove the key of its client, for which the grant asks instead (IDC-61).
    """
    key, grant = permit.confirmation, permit.abroad
    if grant is not None and grant.to.redeems:
        return None
    if key is None or key.jkt is not None:
        return key
    return key if grant is not None and "certificate_binding" in grant.to.proposals else None


def email_of(person: Person | None, grant: GrantAbroad) -> str | None:
    """Return their address: of a person of ours as it is now, of others as their issuer said it."""
    if person is not None:
        return person.email
    told = grant.told.get("email")
    return told if isinstance(told, str) else None
