"""A configuration compiled: the catalog that answers every stage, and what cannot be compiled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from actas.admin.roles import management_api, role_rules, with_roles
from actas.core.sign_in import userinfo_api
from actas.policy.connections import Connections, name_of
from actas.policy.decide import Policy
from actas.policy.identity import IdentityMapping, MappingError
from actas.policy.rule import RuleError
from actas.settings.definitions import Definitions
from actas.settings.load import Finding
from actas.signin.terms import (
    rules_of_strangers,
    sign_in_rules,
    sign_in_somewhere,
    with_userinfo,
    with_userinfo_of,
)
from actas.store.catalog import Catalog
from actas.store.registered import SqlRegisteredClients


def findings(definitions: Definitions) -> Iterator[Finding]:
    """Compile every rule and mapping by itself, and yield each that cannot be."""
    both = Connections(definitions.connections, definitions.accepted)
    names = [*(one.name for one in both.every), *(one.name for one in both.accepted)]
    connections = {name_of(name): name for name in names}
    for spec in (*definitions.rules, *both.rules()):
        try:
            Policy([spec], apis=definitions.apis.values(), defaults=definitions.defaults)
        except RuleError as wrong:
            if wrong.rule in connections:
                name, field = connections[wrong.rule], f"people.{wrong.field}"
                yield Finding(section="connections", name=name, field=field, message=wrong.message)
            else:
                yield Finding(section="rules", name=wrong.rule, field=wrong.field, message=wrong.message)
    for issuer in definitions.issuers.values():
        try:
            IdentityMapping([issuer])
        except MappingError as wrong:
            yield Finding(section="issuers", name=wrong.issuer, field=wrong.field, message=wrong.message)


def catalog_of(definitions: Definitions, registered: SqlRegisteredClients | None = None) -> Catalog:
    """Return the catalog of a configuration that compiled.

    Once somebody holds a role, the API for managing the server is one of its APIs; so is UserInfo, once
    people sign in to a client.

    Args:
        registered: knows clients that registered themselves.
    """
    clients, documents = definitions.clients.values(), with_userinfo_of(definitions.documents)
    registering = with_userinfo_of(definitions.registering)
    ours = [management_api(definitions.server.issuer)] if definitions.admins else []
    if sign_in_somewhere(clients, documents, registering):
        ours.append(userinfo_api(definitions.server.issuer))
    return Catalog(
        clients=with_userinfo(with_roles(clients, definitions.admins)),
        apis=[*definitions.apis.values(), *ours],
        issuers=definitions.issuers.values(),
        rules=[
            *definitions.rules,
            *role_rules(definitions.admins, clients),
            *sign_in_rules(clients),
            *rules_of_strangers(documents, registering),
        ],
        connections=definitions.connections,
        accepted=definitions.accepted,
        defaults=definitions.defaults,
        impersonating=replace(definitions.impersonating, administrators=definitions.admins),
        digest=definitions.digest,
        people=definitions.users.values(),
        documents=documents,
        registering=registering,
        registered=registered,
    )
