"""The catalog: one configuration, compiled once, immutable, answering every stage from memory.

When the configuration changes it is replaced whole; requests in flight finish on the one they began
with (architecture 2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import TypeVar

from actas.clients.document import DocumentTerms, is_document_id
from actas.clients.documents import DocumentShelf
from actas.clients.registered import PREFIX, Registered, RegisteredClients, RegistrationTerms
from actas.core.abroad import Acceptance
from actas.core.administrators import Administrators
from actas.core.client import Client
from actas.core.person import Person
from actas.core.target import Api
from actas.core.wire import GrantType
from actas.policy.connections import Connection, Connections
from actas.policy.decide import Policy
from actas.policy.identity import IdentityMapping
from actas.policy.impersonation import Impersonating
from actas.policy.rule import PolicyDefaults, RuleSpec
from actas.signin.terms import sign_in_somewhere
from actas.trust.registry import TrustedIssuer

K = TypeVar("K")
T = TypeVar("T")


class Catalog:
    """Clients, APIs, issuers, people and rules of one configuration.

    Args:
        people: who signs in here.
        digest: of the configuration, for the minutes.
        connections: which client reaches which other domain; ``accepted``: which redeems whose grants here.
        impersonating: what holds for every rule that lets somebody act as somebody else.
        documents: what holds for clients that publish what they are; None when none is let in.
        registering: the same for clients that register themselves.
        registered: knows those that did.

    Raises:
        RuleError: a rule cannot be compiled.
        MappingError: an issuer's mapping cannot be compiled.
        ValueError: two objects have one name, or two APIs one audience.
    """

    def __init__(
        self,
        *,
        clients: Iterable[Client],
        apis: Iterable[Api],
        issuers: Iterable[TrustedIssuer],
        rules: Iterable[RuleSpec],
        defaults: PolicyDefaults,
        digest: str,
        people: Iterable[Person] = (),
        connections: Iterable[Connection] = (),
        accepted: Iterable[Acceptance] = (),
        impersonating: Impersonating | None = None,
        documents: DocumentTerms | None = None,
        registering: RegistrationTerms | None = None,
        registered: RegisteredClients | None = None,
    ) -> None:
        self.connections = Connections(tuple(connections), tuple(accepted))
        clients = self.connections.opened(clients)
        self.clients = _keyed(clients, lambda client: client.name, "two clients have the same name")
        self._workloads = _keyed(
            (one for one in self.clients.values() if one.auth.workload is not None),
            lambda client: client.auth.workload,
            "two clients are the same workload",
        )
        self.apis = _keyed(apis, lambda api: api.name, "two APIs have the same name")
        self._by_audience = _keyed(
            self.apis.values(), lambda api: api.audience, "two APIs have the same audience"
        )
        self.issuers = _keyed(issuers, lambda issuer: issuer.issuer, "two issuers have the same name")
        self.people = _keyed(people, lambda person: person.subject, "two users have the same name")
        rules = [*rules, *self.connections.rules()]
        self._known_as = _by_their_names(self.people.values())
        addresses = Counter(one.email for one in self.people.values() if one.email is not None)
        self._addresses = {
            one.email: one
            for one in self.people.values()
            if one.email is not None and addresses[one.email] == 1
        }
        over = impersonating or Impersonating()
        over = replace(over, administrators=over.administrators.among(self.people.values()))
        self.policy = Policy(rules, apis=self.apis.values(), defaults=defaults, impersonating=over)
        self.mapping = IdentityMapping(self.issuers.values())
        self.published = (
            None if documents is None else DocumentShelf(replace(documents, ways=self.connections.ways))
        )
        self.registering = registering
        self._registered = registered
        self._made: dict[str, tuple[Registered, Client | None]] = {}
        self.digest = digest

    @property
    def administrators(self) -> Administrators:
        """Who manages this server."""
        return self.policy.impersonating.administrators

    @property
    def people_sign_in(self) -> bool:
        """Whether there may be an app that people sign in to."""
        return sign_in_somewhere(self.clients.values(), self.documents, self.registering)

    def used_by_apps(self, grant: GrantType) -> bool:
        """Return whether some app that people sign in to may use a grant, strangers' apps among them."""
        if any(one is not None and grant in one.grants for one in (self.documents, self.registering)):
            return True
        return any(one.sign_in is not None and grant in one.grants for one in self.clients.values())

    @property
    def documents(self) -> DocumentTerms | None:
        """What holds for clients that publish what they are; None when none is let in."""
        return None if self.published is None else self.published.terms

    def apps(self) -> list[str]:
        """Return what the clients that people sign in to are called, of those that are registered here."""
        return [one.name for one in self.clients.values() if one.sign_in is not None and not one.disabled]

    def client(self, client_id: str) -> Client | None:
        """Return the client called exactly ``client_id``, or None.

        Of a client that publishes what it is, this is what is known here now (``DocumentShelf.known``).
        """
        found = self.clients.get(client_id)
        if found is None and self.published is not None and is_document_id(client_id):
            return self.published.known(client_id)
        if found is None and self.registering is not None and client_id.startswith(PREFIX):
            return self._self_registered(client_id, self.registering)
        return found

    def named_by_document(self) -> tuple[Client, ...]:
        """Return the clients that rules name by the address of their document, as the most they may be."""
        called = frozenset[str]().union(*(rule.spec.client.names for rule in self.policy.rules))
        named, terms = sorted(name for name in called if is_document_id(name)), self.documents
        found = [None if terms is None else terms.assumed(name) for name in named]
        return tuple(one for one in found if one is not None)

    def _self_registered(self, client_id: str, terms: RegistrationTerms) -> Client | None:
        """Return a client that registered itself: made once, for there are a bounded number of them."""
        kept = None if self._registered is None else self._registered.known(client_id)
        if kept is None:
            self._made.pop(client_id, None)
            return None
        made = self._made.get(client_id)
        if made is None or made[0].metadata is not kept.metadata:
            made = self._made[client_id] = (kept, terms.client(kept))
        return made[1]

    def workload(self, iss: str, subject: str) -> Client | None:
        """Return the client that authenticates by that platform's tokens for that subject, or None."""
        return self._workloads.get((iss, subject))

    def person(self, subject: str) -> Person | None:
        """Return the person of ours whose ``sub`` is ``subject``, or None."""
        return self.people.get(subject)

    def person_at(self, address: str) -> Person | None:
        """Return the person of ours whose address that is; None when it is nobody's, or several people's."""
        return self._addresses.get(address)

    def person_known_as(self, label: str, name: str) -> Person | None:
        """Return the person of ours who is called so elsewhere; None when nobody is, or several are."""
        return self._known_as.get((label, name))

    def api(self, name: str) -> Api | None:
        """Return the API called ``name``, or None."""
        return self.apis.get(name)

    def api_for(self, audience: str) -> Api | None:
        """Return the API whose audience is exactly ``audience``, or None."""
        return self._by_audience.get(audience)

    def issuer(self, iss: str) -> TrustedIssuer | None:
        """Return the issuer registered under exactly ``iss``, or None."""
        return self.issuers.get(iss)


def _by_their_names(people: Collection[Person]) -> dict[tuple[str, str], Person]:
    """Return people by what they are called elsewhere; a name of several is nobody's."""
    names = Counter(place for one in people for place in one.known_as.items())
    return {place: one for one in people for place in one.known_as.items() if names[place] == 1}


def _keyed(items: Iterable[T], key: Callable[[T], K], fault: str) -> dict[K, T]:
    found: dict[K, T] = {}
    for item in items:
        name = key(item)
        if name in found:
            raise ValueError(f"{fault}: {name}")
        found[name] = item
    return found
