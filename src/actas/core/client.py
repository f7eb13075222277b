"""What we know of a registered client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from actas.core.ports import JsonObject
from actas.core.wire import AuthMethod, GrantType, VerifyingAlgorithm

PartyKind = Literal["person", "service", "agent", "app", "unknown"]
"""The kinds of party that can be in a chain. ``unknown``: a foreign actor whose kind nobody stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAuth:
    """How a client proves who it is: exactly one method.

    Attributes:
        method: the registered method; no other is accepted from this client.
        secret_digests: keyed SHA-256 digests of the live secrets, for the two secret methods.
        keys: public JWKs, for ``private_key_jwt``.
        algorithms: the algorithms the client's assertions may use.
    """

    method: Literal["client_secret", "private_key_jwt", "none"]
    secret_digests: tuple[bytes, ...] = ()
    keys: tuple[JsonObject, ...] = ()
    algorithms: tuple[VerifyingAlgorithm, ...] = ("ES256", "RS256", "PS256", "EdDSA")

    def accepts(self, presented: AuthMethod) -> bool:
        """Whether the wire method ``presented`` is the registered one."""
        if self.method == "client_secret":
            return presented in ("client_secret_basic", "client_secret_post")
        return presented == self.method


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered client: an app, a service or an agent.

    Attributes:
        name: the ``client_id`` on the wire.
        kind: what it is; people see it in chains and rules select on it.
        auth: how it authenticates.
        grants: the grants it may use.
        api: the name of the API this client also is, if any: tokens for that API are meant for it.
        apis: the names of the APIs it may ask for.
        scopes: per API, the scopes it may ask for; an API that is not listed has no such limit.
        owner: who answers for it.
        disabled: a disabled client is refused, also as an earlier actor in a chain.
    """

    name: str
    kind: Literal["service", "agent", "app"]
    auth: ClientAuth
    grants: frozenset[GrantType]
    api: str | None = None
    apis: frozenset[str] = frozenset()
    scopes: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    owner: str | None = None
    disabled: bool = False
