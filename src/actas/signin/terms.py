"""What an app may be given when somebody signs in to it, as rules like any other.

The registration of an app says where people are sent, which APIs it may ask for and who may sign in to it.
Here that becomes one rule for each app, made by us, which the policy weighs with those of the configuration:
a deny of anybody's cuts it, and nothing but a sign-in fits it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final, TypeVar

from actas.clients.document import DocumentTerms
from actas.clients.registered import RegistrationTerms
from actas.core.client import Client, Registration, SignInLives
from actas.core.party import OURSELVES
from actas.core.sign_in import USERINFO
from actas.core.wire import AUTHORIZATION_CODE, DEVICE_CODE, REFRESH
from actas.policy.rule import ClientSelector, PartySelector, Refreshing, RuleSpec, ScopeMap

_SIGNING_IN: Final = frozenset({AUTHORIZATION_CODE, DEVICE_CODE})
"""The grants by which people sign in."""


def sign_in_rules(clients: Iterable[Client]) -> Iterator[RuleSpec]:
    """Yield the rule of each app that people sign in to."""
    for client in clients:
        if client.sign_in is None:
            continue
        yield _rule(
            client.name,
            ClientSelector(names=frozenset({client.name})),
            apis=client.apis,
            groups=client.sign_in.groups,
            lives=client.sign_in.lives if REFRESH in client.grants else None,
            place=f"clients[{client.name}]",
        )


Strangers = DocumentTerms | RegistrationTerms
"""What holds for clients that say themselves what they are."""

_OF: Final[dict[type[Strangers], tuple[str, Registration]]] = {
    DocumentTerms: ("client_metadata_documents", "document"),
    RegistrationTerms: ("client_registration", "registered"),
}
_Terms = TypeVar("_Terms", DocumentTerms, RegistrationTerms)


def rules_of_strangers(*terms: Strangers | None) -> Iterator[RuleSpec]:
    """Yield one rule for all apps of each kind; none, when people sign in to no such app."""
    for one in terms:
        if one is not None and _SIGNING_IN & one.grants:
            name, registration = _OF[type(one)]
            yield _rule(
                name,
                ClientSelector(registrations=frozenset({registration})),
                apis=one.apis,
                groups=one.groups,
                lives=one.lives if REFRESH in one.grants else None,
                place=name,
            )


def sign_in_somewhere(clients: Iterable[Client], *terms: Strangers | None) -> bool:
    """Whether there may be an app that people sign in to."""
    if any(one is not None and _SIGNING_IN & one.grants for one in terms):
        return True
    return any(client.sign_in is not None for client in clients)


def with_userinfo_of(terms: _Terms | None) -> _Terms | None:
    """Return what holds for apps that say themselves what they are, with UserInfo among their APIs."""
    if terms is None or not _SIGNING_IN & terms.grants:
        return terms
    return replace(terms, apis=terms.apis | {USERINFO})


def _rule(
    name: str,
    client: ClientSelector,
    *,
    apis: frozenset[str],
    groups: frozenset[str],
    lives: SignInLives | None,
    place: str,
) -> RuleSpec:
    return RuleSpec(
        name=f"{OURSELVES}:sign-in:{name}",  # the colon keeps it apart from the configuration's
        effect="allow",
        kind="sign_in",
        client=client,
        subject=PartySelector(issuers=frozenset({OURSELVES}), kinds=frozenset({"person"}), groups=groups),
        apis=frozenset({USERINFO, *apis}) - {OURSELVES},
        scopes=ScopeMap(same=True),
        refresh=None
        if lives is None
        else Refreshing(lifetime=lives.refresh, idle=lives.refresh_idle, session=lives.session),
        description=f"What {name} may have when somebody signs in to it.",
        place=place,
    )


def with_userinfo(clients: Iterable[Client]) -> Iterator[Client]:
    """Yield clients, each that people sign in to with UserInfo among the APIs it may ask for."""
    for client in clients:
        yield client if client.sign_in is None else replace(client, apis=client.apis | {USERINFO})
