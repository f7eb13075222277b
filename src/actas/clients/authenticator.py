"""Client authentication: exactly one method in the request, and it must be the registered one.

An unknown client, a disabled one, a wrong method and a wrong secret take the same path and give the
same answer (SEC-13); the minutes have the difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from actas.clients.basic import read_basic
from actas.clients.document import NoDocument
from actas.clients.documents import PublishedClients
from actas.clients.registered import describes_itself
from actas.clients.throttle import Throttle
from actas.core.client import Client
from actas.core.errors import InvalidClient, InvalidRequest
from actas.core.metrics import CLIENT_AUTH_FAILURES, UNMETERED, Meter
from actas.core.params import Params
from actas.core.party import Caller
from actas.core.redaction import without_secrets
from actas.core.secret import Secret
from actas.core.wire import AuthMethod, Offer

_USUAL: Final[dict[Offer, AuthMethod]] = {
    "client_secret_basic": "client_secret_basic",
    "client_secret_post": "client_secret_post",
    "assertion": "private_key_jwt",
    "name": "none",
}
"""The method that an offer is taken for when nothing is registered that it could be."""


class ClientStore(Protocol):
    """Finds a client by its name. Answers from memory."""

    def client(self, client_id: str) -> Client | None:
        """Return the client called exactly ``client_id``, or None."""
        ...


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a request offers as proof of who calls; nothing about it is believed yet.

    Attributes:
        client_id: whom the caller claims to be.
        proof: the secret or the assertion; None when the request holds neither.
        assertion_type: what the assertion is declared to be.
        certificate: the certificate in DER whose key the caller proved to hold.
        challenge: whether the Authorization header was used.
        exact: whether an assertion must name our issuer identifier as its audience, whatever is registered.
    """

    offer: Offer
    client_id: str
    proof: Secret | None = None
    assertion_type: str | None = None
    certificate: bytes | None = None
    challenge: bool = False
    exact: bool = False

    @property
    def shown_id(self) -> str:
        """Whom the caller claims to be, for the record: as far as that is a name."""
        return repr(without_secrets(self.client_id[:64]))


class Method(Protocol):
    """One way to prove who calls."""

    async def prove(self, client: Client | None, credentials: Credentials) -> None:
        """Return when the credentials are the client's.

        Args:
            client: the client, or None when there is none of that name; then the same work is done.

        Raises:
            InvalidClient: they are not.
        """
        ...


class Authenticated(msgspec.Struct, frozen=True):
    """A client that proved who it is, and how."""

    client: Client
    method: AuthMethod


class ClientAuthenticator:
    """Authenticates the caller of the token endpoint.

    Args:
        clients: where clients are found.
        methods: the methods, by their wire names.
        claimed: whom an assertion claims to come from.
        throttle: makes guessing slow, and bounds how much one client asks for.
        meter: told of everybody who did not prove to be a client.
        published: finds clients that say themselves what they are; None when none is let in.
    """

    def __init__(
        self,
        *,
        clients: ClientStore,
        methods: Mapping[AuthMethod, Method],
        claimed: AssertedName,
        throttle: Throttle,
        meter: Meter = UNMETERED,
        published: PublishedClients | None = None,
    ) -> None:
        self._clients = clients
        self._published = published
        self._methods = methods
        self._claimed = claimed
        self._throttle = throttle
        self._meter = meter

    async def authenticate(
        self, form: Params, caller: Caller, *, room: str = "", exact: bool = False
    ) -> Authenticated:
        """Return the client that calls.

        Args:
            form: the request.
            caller: who sent it.
            room: what the request counts towards, of what one client may ask for.
            exact: as ``Credentials.exact``.

        Raises:
            InvalidRequest: two methods in one request, or contradicting client ids (TX-23, TX-100).
            InvalidClient: the caller did not prove to be a client by its registered method.
            TooManyRequests: it failed too often to be looked at now, or the client asks too often.
        """
        credentials = self._credentials(form, caller)
        if exact:
            credentials = msgspec.structs.replace(credentials, exact=True)
        name, source = credentials.client_id, caller.address
        self._throttle.require_patience("failed_client_auth", name, source)
        usual = _USUAL[credentials.offer]
        method: AuthMethod | None = usual
        try:
            client = (
                self._clients.client(name) if not describes_itself(name) else await self._found(name, source)
            )
            method = usual if client is None else client.auth.method_for(credentials.offer)
            if client is not None and method is None:
                detail = f"{client.name} is registered for {client.auth.method}, not for {usual}"
                raise InvalidClient(detail=detail, challenge=credentials.challenge)
            proven = await self._proven(client, method or usual, credentials)
        except InvalidClient:
            self._meter.count(CLIENT_AUTH_FAILURES, method or usual)
            self._throttle.failed("failed_client_auth", name, source)
            raise
        self._throttle.succeeded("failed_client_auth", name, source)
        self._throttle.require_room(name, room)
        return proven

    async def _found(self, name: str, source: str) -> Client | None:
        """Return a client that says itself what it is; None when none is let in.

        Raises:
            InvalidClient: it has no document that could be used, or never registered. Why, only the minutes
                say: the answer would tell what there is at an address.
        """
        if self._published is None:
            return None
        try:
            return await self._published.client(name, source=source, lenient=True)
        except NoDocument as none:
            raise InvalidClient(detail=f"the client {without_secrets(name[:200])!r}: {none}") from none

    async def _proven(
        self, client: Client | None, method: AuthMethod, credentials: Credentials
    ) -> Authenticated:
        await self._methods[method].prove(client, credentials)
        if client is None or client.disabled:
            detail = f"the client {credentials.shown_id} is {'unknown' if client is None else 'disabled'}"
            raise InvalidClient(detail=detail, challenge=credentials.challenge)
        return Authenticated(client, method)

    def _credentials(self, form: Params, caller: Caller) -> Credentials:
        found: list[Credentials] = []
        client_id = form.get("client_id")
        if caller.authorization is not None:
            name, secret = read_basic(caller.authorization)
            found.append(
                Credentials(offer="client_secret_basic", client_id=name, proof=secret, challenge=True)
            )
        posted = form.secret("client_secret")
        if posted is not None:
            if client_id is None:
                raise InvalidClient(detail="client_secret was sent without client_id")
            found.append(Credentials(offer="client_secret_post", client_id=client_id, proof=posted))
        assertion = form.secret("client_assertion")
        declared = form.get("client_assertion_type")
        if assertion is not None or declared is not None:
            name = self._claimed(form, assertion)
            found.append(
                Credentials(offer="assertion", client_id=name, proof=assertion, assertion_type=declared)
            )
        if len(found) > 1:
            raise InvalidRequest(
                "malformed_request", detail="two ways of client authentication in one request"
            )
        if not found:
            if client_id is None:
                raise InvalidClient(detail="the request names no client")
            # A certificate on the connection may be there for other reasons; whether it is to prove who
            # calls, the registration says.
            return Credentials(offer="name", client_id=client_id, certificate=caller.certificate)
        if client_id not in (None, found[0].client_id):
            raise InvalidRequest(
                "malformed_request", detail="client_id differs from the authenticated client"
            )
        return found[0]


class AssertedName(Protocol):
    """Reads whom an assertion claims to come from."""

    def __call__(self, form: Params, assertion: Secret | None) -> str:
        """Return the name of the client that the unverified assertion leads to.

        Raises:
            InvalidClient: the assertion or its type is missing or cannot be read.
        """
        ...
