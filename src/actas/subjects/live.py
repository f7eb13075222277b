"""Live state: whoever has a part in a token of ours must still be registered and trusted (SEC-23, SEC-52)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from actas.core.client import Client
from actas.core.errors import BadToken
from actas.core.party import OURSELVES, Actor, Party
from actas.core.person import People, Person, is_ours
from actas.trust.registry import TrustedIssuer, TrustRegistry


class LiveClients(Protocol):
    """Finds a client as it is now. Answers from memory."""

    def client(self, client_id: str) -> Client | None:
        """Return the client, or None."""
        ...


class LiveParties:
    """Knows who is still registered, enabled and trusted.

    Args:
        issuer: our own issuer identifier.
        people: who signs in here.
    """

    def __init__(self, *, issuer: str, clients: LiveClients, trust: TrustRegistry, people: People) -> None:
        self._issuer = issuer
        self._clients = clients
        self._trust = trust
        self._people = people

    @property
    def ourselves(self) -> str:
        """Our own issuer identifier."""
        return self._issuer

    def name_of(self, issuer: str) -> str:
        """Return what the configuration calls an issuer, which must still be trusted.

        Raises:
            BadToken: it is not.
        """
        return OURSELVES if issuer == self._issuer else self.trusted(issuer).name

    def trusted(self, iss: str) -> TrustedIssuer:
        """Return an issuer that is trusted now.

        Raises:
            BadToken: there is none.
        """
        issuer = self._trust.issuer(iss)
        if issuer is None or issuer.disabled:
            raise BadToken(f"{iss}, who vouched for a party of it, is no longer trusted")
        return issuer

    def vouching(self, iss: str) -> TrustedIssuer:
        """Return an issuer through which people may sign in now.

        Raises:
            BadToken: nobody may, or may any more.
        """
        issuer = self.trusted(iss)
        if issuer.sign_in is None:
            raise BadToken(f"nobody signs in through {issuer.name} any more")
        return issuer

    def require(self, party: Party) -> None:
        """Return when everybody in a token of ours is live: its client, its subject, its chain.

        Raises:
            BadToken: somebody is not.
        """
        self.require_client(party.client_id or "")
        if party.kind != "person":
            self.require_client(party.identity.subject)
        else:
            self.require_person(party.identity.subject)
        self.require_actors(party.actors)

    def require_actors(self, actors: Iterable[Actor]) -> None:
        """Return when everybody in a chain is live.

        Raises:
            BadToken: somebody is not.
        """
        for actor in actors:
            if actor.identity.issuer != self._issuer:
                self.trusted(actor.identity.issuer)
            elif actor.kind != "person":
                self.require_client(actor.identity.subject)
            else:
                self.require_person(actor.identity.subject)

    def signed_in(self, party: Party) -> Party:
        """Return somebody who signed in here, as they are now.

        Raises:
            BadToken: they are locked out or gone, or the issuer that vouched for them is, or nobody signs in
                through it any more to the app that the party is for.
        """
        if party.origin.issuer != self._issuer:
            issuer = self.vouching(party.origin.issuer)
            apps = None if issuer.sign_in is None else issuer.sign_in.clients
            if apps is not None and apps.isdisjoint(party.audience):
                app = ", ".join(party.audience)
                raise BadToken(f"nobody signs in to {app} through {issuer.name} any more")
            return party
        person = self.require_person(party.identity.subject)
        if person is None:
            raise BadToken(f"{party.identity.subject} is nobody who signs in here")
        return msgspec.structs.replace(party, groups=person.groups)

    def require_person(self, subject: str) -> Person | None:
        """Return the person of ours of that subject, who must be live; None when another issuer's is named.

        Raises:
            BadToken: they are disabled or gone.
        """
        if not is_ours(subject):
            return None
        person = self._people.person(subject)
        if person is None or person.disabled:
            raise BadToken(f"{subject} is disabled or no longer listed among the users")
        return person

    def require_client(self, name: str) -> None:
        """Return when a client of that name is live, or it is the name of a person.

        Raises:
            BadToken: it is disabled or gone.
        """
        # A person's name holds "@" or ":", a client's neither, so a name tells which of them it is. Only a
        # client that publishes what it is is called by an address, and nobody else is (``settings``).
        if (":" in name or "@" in name) and not name.startswith("https://"):
            return
        self.require_registered(name)

    def require_registered(self, name: str) -> None:
        """Return when a client of that name is live.

        Raises:
            BadToken: it is disabled or gone, or the name is not a client's.
        """
        client = self._clients.client(name)
        if client is None or client.disabled:
            raise BadToken(f"{name} is disabled or no longer registered")
