"""What an app may be given when somebody signs in to it, as rules like any other.

The registration of an app says where people are sent, which APIs it may ask for and who may sign in to it.
Here that becomes one rule for each app, made by us, which the policy weighs with those of the configuration:
a deny of anybody's cuts it, and nothing but a sign-in fits it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from actas.core.client import Client
from actas.core.party import OURSELVES
from actas.core.sign_in import USERINFO
from actas.core.wire import REFRESH
from actas.policy.rule import ClientSelector, PartySelector, Refreshing, RuleSpec, ScopeMap


def sign_in_rules(clients: Iterable[Client]) -> Iterator[RuleSpec]:
    """Yield the rule of each app that people sign in to."""
    for client in clients:
        if client.sign_in is None:
            continue
        lives = client.sign_in.lives
        refreshed = Refreshing(lifetime=lives.refresh, idle=lives.refresh_idle, session=lives.session)
        yield RuleSpec(
            name=f"{OURSELVES}:sign-in:{client.name}",  # the colon keeps it apart from the configuration's
            effect="allow",
            kind="sign_in",
            client=ClientSelector(names=frozenset({client.name})),
            subject=PartySelector(
                issuers=frozenset({OURSELVES}), kinds=frozenset({"person"}), groups=client.sign_in.groups
            ),
            apis=frozenset({USERINFO, *client.apis}) - {OURSELVES},
            scopes=ScopeMap(same=True),
            refresh=refreshed if REFRESH in client.grants else None,
            description=f"What {client.name} may have when somebody signs in to it.",
            place=f"clients[{client.name}]",
        )


def with_userinfo(clients: Iterable[Client]) -> Iterator[Client]:
    """Yield clients, each that people sign in to with UserInfo among the APIs it may ask for."""
    for client in clients:
        yield client if client.sign_in is None else replace(client, apis=client.apis | {USERINFO})
