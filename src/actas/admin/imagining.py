"""Whom a dry run of a connection is about: the token that their issuer would have given, and what it says.

A person of ours, and one who signed in here through an issuer, shows an ID token of ours; one of an issuer
through which nobody signs in here, that issuer's own. What only they can know is assumed at its weakest, and
can be said: how they signed in, and when.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from actas.admin.imagined import ThrowawayKey
from actas.core.abroad import LONGEST_GRANT, Acceptance
from actas.core.errors import BadToken
from actas.core.lineage import CLAIM, Lineage, Marking
from actas.core.naming import SubjectId
from actas.core.party import OURSELVES, PresentedToken
from actas.core.person import VouchedPerson, subject_of
from actas.core.ports import Chance, Clock, Json, JsonObject
from actas.core.suggest import did_you_mean
from actas.core.target import ApiStore
from actas.core.wire import ID_TOKEN
from actas.policy.connections import Connection
from actas.signin.beginning import PASSWORD
from actas.subjects.resident import PeopleHere
from actas.trust.registry import TrustedIssuer

_LIFE: Final = 3600
"""Seconds that an imagined ID token lives: longer than any grant that comes of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is tried.

    Attributes:
        who: the person: as whom we know them, or as whom their server's grants name them (``sub_id`` where
            people are matched by it).
        scope: the scopes that would be asked for; None for all that come of it.
        acr: how they would have signed in; None for the weakest way.
        ago: seconds since they would have signed in.
        claims: what else their issuer would say of them.
    """

    who: str
    scope: frozenset[str] | None = None
    acr: str | None = None
    ago: int = 0
    claims: Mapping[str, Json] = field(default_factory=dict[str, Json])


class KnownPeople(Protocol):
    """Knows who signed in here through another issuer (``subjects.known``)."""

    async def find(self, subject: str) -> VouchedPerson | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Imagining:
    """Says what tokens of people would say, under one configuration.

    Attributes:
        issuer: our own issuer identifier.
        issuers: the trusted ones, by name.
        users: the names of the people of ours.
        asked: cuts the groups of somebody down to those that rules ask for: of people who are in no document,
            whoever tries a connection is told no others (SEC-45).
    """

    issuer: str
    issuers: Mapping[str, TrustedIssuer]
    users: Collection[str]
    people: PeopleHere
    known: KnownPeople
    asked: Callable[[tuple[str, ...]], tuple[str, ...]]
    apis: ApiStore
    marking: Marking
    chance: Chance
    clock: Clock

    def name(self) -> str:
        """Return the name of a token that is nobody's."""
        return f"dry-run-{self.chance.token(16)}"

    async def signed_in(self, connection: Connection, asked: Asked, key: ThrowawayKey) -> PresentedToken:
        """Return the token with which the client would ask for a grant.

        Args:
            key: signs it.

        Raises:
            BadToken: nobody is called so, or they come from an issuer, and were never here.
            StoreUnavailable: nobody knows whether they were.
            ValueError: such claims cannot be written, or are nobody's to say.
        """
        source = self._issuer_of(asked.who, connection)
        if source is not None and source.sign_in is None:
            return key.sign(self._theirs(source, connection.client, asked), ID_TOKEN)
        if asked.claims:
            raise ValueError("what a person is who signs in here is known here; claims are what another says")
        vouched = None if source is None else await self.known.find(asked.who)
        if source is not None and vouched is None:
            raise BadToken(f"{asked.who} was never here, or not lately: nobody knows what {source.name} says")
        if source is None and self._here(asked.who) is None:
            meant = did_you_mean(asked.who.removeprefix(f"{OURSELVES}:"), self.users)
            raise BadToken(f'there is no user "{asked.who}"{meant}')
        return key.sign(self._ours(connection.client, asked, source, vouched), ID_TOKEN)

    def grant(self, accepted: Acceptance, issuer: TrustedIssuer, asked: Asked) -> JsonObject:
        """Return what a grant of another domain's server would say.

        Args:
            issuer: whose it would be.
        """
        now = int(self.clock.now())
        api = self.apis.api(accepted.api)
        claims: JsonObject = {
            "iss": issuer.issuer,
            "sub": asked.who,
            "aud": self.issuer,
            "client_id": accepted.client,
            "iat": now,
            "exp": now + min(LONGEST_GRANT, issuer.max_life),
            "scope": " ".join(sorted(accepted.scopes if asked.scope is None else asked.scope)),
            **self._how(asked),
            **_address(asked.who),
        }
        if api is not None and accepted.grant == "id_jag":  # a plain grant is for the server
            claims["resource"] = api.audience
        if accepted.match == "aud_sub":
            claims["aud_sub"] = asked.who
        if accepted.sub_id is not None:
            claims["sub_id"] = self._identifier(accepted.sub_id, asked.who)
        tenants = {"tenant": accepted.tenant, "aud_tenant": accepted.aud_tenant}
        told = {name: said for name, said in tenants.items() if said is not None}
        return {**claims, **told, **asked.claims}

    def _identifier(self, form: SubjectId, who: str) -> JsonObject:
        """Return the ``sub_id`` of a user of ours, or of whoever is called so there."""
        here, label = self._here(who), None if form.who is None else form.who.known_as
        person = None if here is None else self.people.person(here)
        if person is None and label is not None:
            person = self.people.person_known_as(label, who)
        names = {form.named_by: form.who, **form.own}
        called = {name: None if one is None else one.of(person, {}) for name, one in names.items()}
        own = {name: said for name, said in called.items() if said is not None}
        return {"format": form.format, **form.fixed, form.named_by: who, **own}

    def _issuer_of(self, who: str, connection: Connection) -> TrustedIssuer | None:
        """Return which issuer somebody comes from; None for people of ours, and for nobody at all."""
        if self._here(who) is not None:
            return None
        prefix, _, rest = who.partition(":")
        if rest and prefix in self.issuers:
            return self.issuers[prefix]
        domain = who.rpartition("@")[2]
        named = [self.issuers[one] for one in sorted(connection.people.issuers) if one in self.issuers]
        return next((one for one in named if "@" in who and domain in one.email_domains), None)

    def _here(self, who: str) -> str | None:
        """Return the subject of a person of ours: by their subject, their name or their address."""
        found = self.people.person(who) or self.people.person(subject_of(who)) or self.people.person_at(who)
        return None if found is None else found.subject

    def _ours(
        self, client: str, asked: Asked, source: TrustedIssuer | None, vouched: VouchedPerson | None
    ) -> JsonObject:
        now, name = int(self.clock.now()), self.name()
        weakest = PASSWORD if source is None else source.name
        claims: JsonObject = {
            "iss": self.issuer,
            "sub": self._here(asked.who) or asked.who,
            "aud": client,
            "iat": now,
            "exp": now + _LIFE,
            "jti": name,
            "txn": name,
            **self._how(asked, weakest),
            CLAIM: Lineage((self.marking.mark("token", self.issuer, name),), now).claim(),
        }
        if vouched is not None:
            origin = vouched.origin
            claims["sub_id"] = {"format": "iss_sub", "iss": origin.issuer, "sub": origin.subject}
            claims["groups"] = [*self.asked(vouched.groups or ())]
        return claims

    def _theirs(self, issuer: TrustedIssuer, client: str, asked: Asked) -> JsonObject:
        now = int(self.clock.now())
        return {
            "iss": issuer.issuer,
            "sub": asked.who.removeprefix(f"{issuer.name}:"),
            "aud": _audience(issuer, client),
            "iat": now,
            "exp": now + min(_LIFE, issuer.max_life),
            "jti": self.name(),
            **self._how(asked),
            **_address(asked.who),
            **asked.claims,
        }

    def _how(self, asked: Asked, weakest: str | None = None) -> JsonObject:
        acr = asked.acr or weakest
        told: JsonObject = {"auth_time": int(self.clock.now()) - asked.ago}
        return told if acr is None else {**told, "acr": acr}


def _address(who: str) -> JsonObject:
    return {"email": who, "email_verified": True} if "@" in who and ":" not in who else {}


def _audience(issuer: TrustedIssuer, client: str) -> str:
    """Return as whom an issuer knows a client: where nobody says so, as nobody of ours."""
    own = [aud for aud, clients in issuer.audiences.items() if clients is not None and client in clients]
    anybody = [aud for aud, clients in issuer.audiences.items() if clients is None]
    return next(iter((*own, *anybody)), client)
