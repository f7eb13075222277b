"""Clients that publish what they are (OAuth Client ID Metadata Document): which are let in, and as what.

The ``client_id`` is the address of the document. What such a client may do at most, the configuration says
for all of them (``DocumentTerms``); what it wants, its document says; it gets what both say. Fetching is left
to ``documents``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import msgspec

from actas.clients.metadata import BadMetadata, ClientMetadata, public_keys, read_metadata
from actas.core.client import Client, ClientAuth, SignInLives, SignInTerms
from actas.core.ports import Json, JsonObject
from actas.core.url import Url, read_url
from actas.core.wire import AUTHORIZATION_CODE, OF_PUBLIC_CLIENTS, GrantType, SigningAlgorithm
from actas.crypto.key import PublicKey

SCHEME: Final = "https://"
"""How such a ``client_id`` begins. No other client is called so: a name of the configuration has no colon."""

LONGEST_ID: Final = 255
"""Bytes: a token names its client, and names in tokens are no longer."""

_SECRETS: Final = ("client_secret", "client_secret_expires_at")
_PUBLIC_METHODS: Final = ("none", "private_key_jwt")


class NoDocument(Exception):
    """A client has no document that could be used. The message says why, for administrators."""


def is_document_id(client_id: str) -> bool:
    """Whether a ``client_id`` means a document, and nothing else."""
    return client_id.startswith(SCHEME)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTerms:
    """What the configuration says of all such clients.

    Attributes:
        hosts: whose documents are read.
        below: domains of which every host below is let in as well.
        anybody: whether those of every other host are.
        refused: documents that are not, whatever their host.
        kind: what such clients are.
        grants: those that they may use at most.
        apis: the names of the APIs that they may ask for.
        scopes: per API, the scopes that they may ask for; an API that is not listed has no such limit.
        groups: only people in one of these may sign in to them; empty for everybody.
        algorithm: what their ID tokens are signed with.
        lives: how long what they get is good for.
        ways: what connections lead to, by the client that they name.
    """

    hosts: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()
    anybody: bool = False
    refused: frozenset[str] = frozenset()
    kind: Literal["agent", "app"] = "app"
    grants: frozenset[GrantType] = frozenset()
    apis: frozenset[str] = frozenset()
    scopes: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    groups: frozenset[str] = frozenset()
    algorithm: SigningAlgorithm = "RS256"
    lives: SignInLives = field(default_factory=SignInLives)
    ways: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def address(self, client_id: str) -> Url:
        """Return where the document of a client is, which may be asked.

        A ``client_id`` is compared as text, so one that has a second form that means the same is none
        (section 3; SEC-41).

        Raises:
            NoDocument: it is no such address, or nobody of that host is let in.
        """
        if len(client_id) > LONGEST_ID:
            raise NoDocument(f"a client_id has at most {LONGEST_ID} characters")
        try:
            url = read_url(client_id)
        except ValueError as wrong:
            raise NoDocument(f"the client_id is no address of a document: {wrong}") from None
        written, _, path = client_id.removeprefix(SCHEME).partition("/")
        if url.scheme != "https" or url.literal is not None or written != url.authority or not path:
            raise NoDocument(
                "the client_id is no https address of a host by its name in lower case, and a path"
            )
        if "?" in client_id or "//" in url.target:
            raise NoDocument("the client_id has a query, or empty parts in its path")
        if client_id in self.refused:
            raise NoDocument(f"the configuration refuses {client_id}")
        self._require_host(url)
        return url

    def keys_at(self, address: str) -> Url:
        """Return where the keys of a client are, when they may be fetched from there.

        Raises:
            NoDocument: nobody of that host is let in.
        """
        try:
            url = read_url(address)
        except ValueError as wrong:
            raise NoDocument(f"jwks_uri cannot be used: {wrong}") from None
        if url.scheme != "https" or url.literal is not None:
            raise NoDocument("jwks_uri is no https address of a host by its name")
        self._require_host(url)
        return url

    def lists(self, host: str) -> bool:
        """Whether the configuration names a host itself."""
        return host in self.hosts

    def outline(self, client_id: str) -> Client | None:
        """Return what is known of a client without its document; None when it is not let in.

        It can be asked whether such a client may exist, and how it is shown. Nobody authenticates as it, and
        nobody is sent anywhere for it: it has no key and no redirect address.
        """
        try:
            url = self.address(client_id)
        except NoDocument:
            return None
        return self._client(client_id, auth=ClientAuth(method="none"), grants=self.grants, display=url.host)

    def assumed(self, client_id: str) -> Client | None:
        """Return what a client may be at most, whatever its document says; None when it is not let in.

        For questions about rules, which are asked before anybody has read the document: that it proves who it
        is goes without saying there, as of every client. Nobody authenticates as it.
        """
        outline = self.outline(client_id)
        return None if outline is None else replace(outline, auth=ClientAuth(method="private_key_jwt"))

    def client(self, client_id: str, document: Mapping[str, Json]) -> tuple[Client, str | None]:
        """Return the client that a document describes, and where its keys are when they are elsewhere.

        Args:
            document: what is at the address that ``client_id`` is.

        Raises:
            NoDocument: it cannot be used.
        """
        if document.get("client_id") != client_id:
            raise NoDocument("the document is about another client_id than its own address")
        if any(name in document for name in _SECRETS):
            raise NoDocument("the document holds a secret, which anybody can read")
        try:
            said = read_metadata(document)
        except BadMetadata as wrong:
            raise NoDocument(f"the document cannot be used: {wrong}") from None
        return self._described(client_id, said), said.keys_uri if said.method == "private_key_jwt" else None

    def _described(self, client_id: str, said: ClientMetadata) -> Client:
        method = said.method or "none"
        if method not in _PUBLIC_METHODS:
            raise NoDocument("the document declares a method with a shared secret, which it cannot have")
        if said.name is None:
            raise NoDocument("the document has no client_name")
        grants = frozenset(one for one in self.grants if one in said.grants)
        if method == "none":
            grants &= OF_PUBLIC_CLIENTS
        if AUTHORIZATION_CODE in grants and not said.redirect_uris:
            raise NoDocument("the document has no redirect_uris")
        if said.id_token_algorithm not in (None, self.algorithm):
            raise NoDocument(f"the document wants ID tokens that are not signed with {self.algorithm}")
        auth = ClientAuth(method="none")
        if method == "private_key_jwt":
            auth = ClientAuth(method="private_key_jwt", keys=said.keys, algorithms=said.algorithms)
        return fingerprinted(
            self._client(
                client_id,
                auth=auth,
                grants=grants,
                display=said.name,
                redirect_uris=said.redirect_uris,
                pushed=said.pushed,
            )
        )

    def _client(
        self,
        client_id: str,
        *,
        auth: ClientAuth,
        grants: frozenset[GrantType],
        display: str,
        redirect_uris: tuple[str, ...] = (),
        pushed: bool = False,
    ) -> Client:
        terms = SignInTerms(
            redirect_uris=redirect_uris,
            algorithm=self.algorithm,
            consent="once",
            groups=self.groups,
            display=display,
            pushed=pushed,
            lives=self.lives,
            vouched=not self.anybody,
        )
        return Client(
            name=client_id,
            kind=self.kind,
            auth=auth,
            grants=grants,
            apis=self.apis | self.ways.get(client_id, frozenset()),
            scopes=self.scopes,
            sign_in=terms,
            registration="document",
        )

    def _require_host(self, url: Url) -> None:
        above = url.host.partition(".")[2]
        while above and above not in self.below:
            above = above.partition(".")[2]
        if url.host in self.hosts or above:
            return
        if not self.anybody:
            raise NoDocument(f"clients of {url.host} are not let in")
        if url.port != 443:
            # Whoever may name any host must not learn which ports of it are open.
            raise NoDocument(f"of {url.host}, which is not listed, only the usual port is asked")


def with_keys(client: Client, document: Mapping[str, Json]) -> Client:
    """Return a client with the keys that it publishes apart from its document.

    Raises:
        NoDocument: they cannot be used.
    """
    try:
        keys = public_keys(document.get("keys"), client.auth.algorithms)
    except BadMetadata as wrong:
        raise NoDocument(f"the keys at jwks_uri cannot be used: {wrong}") from None
    return fingerprinted(replace(client, auth=replace(client.auth, keys=keys)))


def fingerprinted(client: Client) -> Client:
    """Return a client that bears the fingerprint of what people consent to beside its name (OP-131)."""
    terms, auth = client.sign_in, client.auth
    if terms is None:
        return client
    keys = sorted(_thumbprint(one, auth) for one in auth.keys)
    said = msgspec.json.encode([sorted(terms.redirect_uris), auth.method, keys])
    return replace(client, sign_in=replace(terms, fingerprint=hashlib.sha256(said).hexdigest()))


def _thumbprint(jwk: JsonObject, auth: ClientAuth) -> str:
    return PublicKey.from_jwk(jwk, algorithms=auth.algorithms).thumbprint
