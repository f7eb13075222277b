"""Clients that registered themselves (RFC 7591): what the configuration lets them be, and finding them.

Unlike a client of the configuration, such a one said itself what it is; unlike one that publishes a document,
nobody stands behind it but whoever held an initial access token. So it signs people in, as far as they let
it, and never exchanges anything (OP-114).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from actas.clients.document import NoDocument, is_document_id
from actas.clients.documents import PublishedClients
from actas.clients.metadata import (
    BadMetadata,
    ClientMetadata,
    Method,
    read_metadata,
    require_of_type,
)
from actas.core.client import Client, ClientAuth, SignInLives, SignInTerms
from actas.core.lineage import Marking
from actas.core.ports import Chance, Json, JsonObject
from actas.core.secret import Secret
from actas.core.wire import AUTHORIZATION_CODE, GrantType, SigningAlgorithm

PREFIX: Final = "Reg-"
"""How the ``client_id`` of such a client begins. No name of the configuration has a capital letter."""

_DRAWN: Final = 22


def new_id(*, chance: Chance, marking: Marking) -> str:
    """Return a new ``client_id``. One that is made up is known without a look into the database."""
    drawn = chance.token(16)
    return f"{PREFIX}{drawn}{_check(drawn, marking)}"


def is_registered_id(client_id: str, *, marking: Marking) -> bool:
    """Whether a ``client_id`` was made here."""
    if not client_id.startswith(PREFIX) or not client_id.isascii():
        return False
    rest = client_id.removeprefix(PREFIX)
    return hmac.compare_digest(rest[_DRAWN:], _check(rest[:_DRAWN], marking))


def _check(drawn: str, marking: Marking) -> str:
    return marking.mark("registered client", drawn)[:8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A client that registered itself, as it is kept.

    Attributes:
        metadata: what it registered (``RegistrationTerms.read``), as it was answered.
        secret: the keyed digest of its secret; empty when it has none.
        registered_at: seconds since the epoch, as ``used_at``: when it was used last, to the hour.
        until: when it ends unless it is used before.
    """

    client_id: str
    metadata: JsonObject
    secret: bytes = field(default=b"", repr=False)
    registered_at: int
    used_at: int
    until: int


class RegisteredClients(Protocol):
    """Knows clients that registered themselves."""

    def known(self, client_id: str) -> Registered | None:
        """Return what is known of a client, from memory; None when it is not known, or has ended."""
        ...

    async def look(self, client_id: str, *, unused_for: int) -> None:
        """Look for a client that is not known here yet, and note that one is used.

        Args:
            unused_for: seconds from now on for which it stays, unless it is used again.

        Raises:
            StoreUnavailable: nobody knows.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationTerms:
    """What the configuration says of clients that register themselves.

    Attributes:
        open: whether anybody may register one; otherwise whoever has ``token``.
        token: the initial access token; None when there is none.
        kind: what such clients are.
        grants: those that they may ask for.
        apis: the names of the APIs that they may ask for; ``scopes`` and ``groups`` as in ``DocumentTerms``.
        refused: those that are refused, by their ``client_id``.
        most: how many there may be.
        unused_for: seconds after which one ends that nobody used.
        algorithm: what their ID tokens are signed with.
        lives: how long what they get is good for.
    """

    open: bool = False
    token: Secret | None = None
    kind: Literal["agent", "app"] = "app"
    grants: frozenset[GrantType] = frozenset()
    apis: frozenset[str] = frozenset()
    scopes: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    groups: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    most: int = 1000
    unused_for: int = 30 * 24 * 3600
    algorithm: SigningAlgorithm = "RS256"
    lives: SignInLives = field(default_factory=SignInLives)

    def read(self, said: Mapping[str, Json]) -> tuple[JsonObject, Method]:
        """Return what a client registers, with every default, and how it will prove who it is.

        Raises:
            BadMetadata: it cannot be registered.
        """
        found = read_metadata(said)
        method = found.method or "client_secret_basic"
        kind = found.application_type or "web"
        if found.keys_uri is not None:
            raise BadMetadata("jwks_uri is not read here; send jwks")
        unknown = {str(one) for one in found.grants} - {str(one) for one in self.grants}
        if unknown:
            raise BadMetadata(f"such clients may not use {', '.join(sorted(unknown))[:200]}")
        if AUTHORIZATION_CODE in found.grants and not found.redirect_uris:
            raise BadMetadata("redirect_uris is missing", redirect=True)
        require_of_type(found.redirect_uris, kind)
        if found.id_token_algorithm not in (None, self.algorithm):
            raise BadMetadata(f"ID tokens are signed with {self.algorithm}")
        return self._whole(found, method, kind), method

    def _whole(self, found: ClientMetadata, method: Method, kind: str) -> JsonObject:
        whole: JsonObject = {
            "redirect_uris": [*found.redirect_uris],
            "grant_types": [*sorted(found.grants)],
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
            "application_type": kind,
            "id_token_signed_response_alg": self.algorithm,
            "require_pushed_authorization_requests": found.pushed,
        }
        if found.name is not None:
            whole["client_name"] = found.name
        if method == "private_key_jwt":
            whole["jwks"] = {"keys": [*found.keys]}
            whole["token_endpoint_auth_signing_alg"] = found.algorithms[0]
        if len(found.algorithms) > 1:
            whole.pop("token_endpoint_auth_signing_alg", None)
        return whole

    def client(self, kept: Registered) -> Client | None:
        """Return a client as the configuration of now lets it be; None when it is refused, or was misread."""
        if kept.client_id in self.refused:
            return None
        try:
            found = read_metadata(kept.metadata)
        except BadMetadata:
            return None
        grants = frozenset(one for one in self.grants if one in found.grants)
        return Client(
            name=kept.client_id,
            kind=self.kind,
            auth=_auth(found, kept.secret),
            grants=grants,
            apis=self.apis,
            scopes=self.scopes,
            sign_in=SignInTerms(
                redirect_uris=found.redirect_uris,
                algorithm=self.algorithm,
                consent="once",
                groups=self.groups,
                display=found.name or kept.client_id,
                pushed=found.pushed,
                lives=self.lives,
                vouched=not self.open,
            ),
            registration="registered",
        )


def _auth(found: ClientMetadata, secret: bytes) -> ClientAuth:
    if found.method == "private_key_jwt":
        return ClientAuth(method="private_key_jwt", keys=found.keys, algorithms=found.algorithms)
    if found.method == "none":
        return ClientAuth(method="none")
    return ClientAuth(method="client_secret", secret_digests=(secret,) if secret else ())


class Finds(Protocol):
    """Finds a client by its name. Answers from memory."""

    def client(self, client_id: str) -> Client | None:
        """Return the client, or None."""
        ...


def describes_itself(client_id: str) -> bool:
    """Whether a ``client_id`` means a client that says itself what it is, and none of the configuration."""
    return is_document_id(client_id) or client_id.startswith(PREFIX)


class SelfDescribed:
    """Implements ``PublishedClients`` for both kinds of clients that say themselves what they are.

    Args:
        documents: finds those that publish it; None when none is let in.
        registered: knows those that registered; None when none may.
        clients: finds what is known of one.
        unused_for: seconds for which one that registered stays unused.
    """

    def __init__(
        self,
        *,
        documents: PublishedClients | None,
        registered: RegisteredClients | None,
        clients: Finds,
        unused_for: int,
    ) -> None:
        self._documents = documents
        self._registered = registered
        self._clients = clients
        self._unused_for = unused_for

    async def client(self, client_id: str, *, source: str, lenient: bool = False) -> Client:
        if is_document_id(client_id):
            if self._documents is None:
                raise NoDocument("no client is let in by its document")
            return await self._documents.client(client_id, source=source, lenient=lenient)
        if self._registered is not None:
            await self._registered.look(client_id, unused_for=self._unused_for)
        found = self._clients.client(client_id)
        if found is None:
            raise NoDocument("no client of that name is registered, or it has ended")
        return found
