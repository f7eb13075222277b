"""The check, as FastAPI expects it: an ordinary ``Security`` dependency.

::

    protect = Protect("https://sts.acme.example", audience="https://orders.acme.example")
    app = FastAPI(lifespan=protect.lifespan)


    @app.get("/orders/{number}")
    async def read(number: str, caller: Annotated[Caller, protect("orders:read")]) -> dict[str, str]: ...
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of a dependency that
# is an object, and would look for their names in the wrong module.

import logging
import os
import ssl
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, Final, Literal, cast
from urllib.parse import urlsplit

import httpx2
from fastapi import FastAPI, HTTPException, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.requests import HTTPConnection, Request
from fastapi.responses import JSONResponse
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from actas_sdk.address import origin, protected_resource
from actas_sdk.async_verifier import Verifier
from actas_sdk.caller import Caller
from actas_sdk.credentials import Credentials
from actas_sdk.errors import BadAnswer, InvalidToken, Misconfigured, MissingScope, Unreachable
from actas_sdk.flow import REAL, World
from actas_sdk.jws import ASYMMETRIC
from actas_sdk.keys import SigningKey
from actas_sdk.possession import ProofMemory
from actas_sdk.requests import scope_set
from actas_sdk.strict_json import Json

__all__ = ["Caller", "Protect"]

_UNAVAILABLE: Final = 503
_log = logging.getLogger("actas_sdk")


class Protect:
    """Protects the routes of one API.

    ``protect("orders:read")`` is what a route's `Caller` parameter is annotated with. A missing or
    bad token is 401 with a challenge (RFC 6750 section 3, RFC 9728 section 5.1), a missing scope is
    403 naming it, and keys that cannot be had are 503, so that nobody throws a good token away.

    Args:
        issuer: whose tokens are believed.
        audience: what must be in a token's ``aud``: this API's address or registered name.
        algorithms: what tokens may be signed with.
        at: where callers find this API: scheme and host, for proofs of possession, which are for one address.
            Default: those of the audience, when it is an address. What a request says of itself is not asked.
        bound: as for `Verifier`.
        proofs: as for `Verifier`.
        nonce_key: as for `Verifier`.
        revocation: as for `Verifier`; then the app follows what is revoked from its start.
        revocation_within: as for `Verifier`.
        introspection: as for `Verifier`.
        introspection_kept: as for `Verifier`.
        client_id: as for `Verifier`.
        client_secret: as for `Verifier`.
        client_key: as for `Verifier`.
        credentials: as for `Verifier`.
        http: the client to ask through, which stays yours to close. None opens one.
        world: time and chance, for tests.

    Attributes:
        verifier: the check itself, for what is not a route.
        check: the dependency, to override in tests:
            ``app.dependency_overrides[protect.check] = lambda: caller``.

    Raises:
        Misconfigured: one of these cannot work.
    """

    def __init__(
        self,
        issuer: str,
        *,
        audience: str,
        algorithms: Collection[str] = ASYMMETRIC,
        at: str | None = None,
        bound: bool = False,
        proofs: ProofMemory | None = None,
        nonce_key: bytes | None = None,
        revocation: bool = False,
        revocation_within: float = 5.0,
        introspection: bool | Literal["signed"] = False,
        introspection_kept: float = 3.0,
        client_id: str = "",
        client_secret: str | None = None,
        client_key: SigningKey | Mapping[str, Json] | str | os.PathLike[str] | None = None,
        credentials: Credentials | None = None,
        http: httpx2.AsyncClient | None = None,
        world: World = REAL,
    ) -> None:
        self.verifier = Verifier(
            issuer,
            audience=audience,
            algorithms=algorithms,
            bound=bound,
            proofs=proofs,
            nonce_key=nonce_key,
            revocation=revocation,
            revocation_within=revocation_within,
            introspection=introspection,
            introspection_kept=introspection_kept,
            client_id=client_id,
            client_secret=client_secret,
            client_key=client_key,
            credentials=credentials,
            http=http,
            world=world,
        )
        if at is not None and origin(at) is None:
            raise Misconfigured("at is scheme and host of this API: https://orders.acme.example")
        self._bound = bound
        self._metadata_url = protected_resource(audience)
        self.check = _Check(
            self.verifier, metadata_url=self._metadata_url, origin=origin(audience if at is None else at)
        )
        self._scopes: set[str] = set()

    def __call__(self, *scopes: str) -> Any:
        """Return the dependency of a route that needs every one of ``scopes``.

        Args:
            scopes: none at all means that any token for this API will do.

        Returns:
            A ``fastapi.Security``.

        Raises:
            Misconfigured: one of them is not a scope.
        """
        self._scopes |= scope_set(scopes)
        return Security(self.check, scopes=list(scopes))

    @property
    def issuer(self) -> str:
        """Whose tokens are believed."""
        return self.verifier.issuer

    @property
    def audience(self) -> str:
        """What must be in a token's ``aud``."""
        return self.verifier.audience

    def rewired(self, transport: httpx2.MockTransport) -> AbstractContextManager[None]:
        """Fetch keys through ``transport`` with nothing remembered, until the block ends. For tests."""
        return self.verifier.rewired(transport)

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncGenerator[None]:
        """Publish what this API is (RFC 9728) and follow what is revoked while the app runs, and close what
        was opened after.

        The challenge leads to that document. An app with a lifespan of its own enters this one in it.
        """
        self._publish(app)
        self.verifier.follow()
        try:
            yield
        finally:
            await self.verifier.aclose()

    def _publish(self, app: FastAPI) -> None:
        if self._metadata_url is None:
            return
        path = urlsplit(self._metadata_url).path
        if all(getattr(route, "path", None) != path for route in app.router.routes):
            app.add_api_route(path, self._describe, methods=["GET"], include_in_schema=False)
            # First, because a route that catches everything may have been added before it.
            app.router.routes.insert(0, app.router.routes.pop())

    async def _describe(self, request: Request) -> JSONResponse:
        """Answer with the protected resource metadata (RFC 9728 section 2)."""
        del request
        said: dict[str, bool | str | list[str]] = {
            "resource": self.verifier.audience,
            "authorization_servers": [self.verifier.issuer],
            "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": sorted(ASYMMETRIC),
            "dpop_bound_access_tokens_required": self._bound,
        }
        if self._scopes:
            said["scopes_supported"] = sorted(self._scopes)
        return JSONResponse(said)


class _Check(SecurityBase):
    """The dependency: reads the token of a request, or answers for it."""

    def __init__(self, verifier: Verifier, *, metadata_url: str | None, origin: str | None) -> None:
        self._origin = origin
        self.model = HTTPBearer(bearerFormat="JWT", description="An access token for this API.")
        self.scheme_name = "actas"
        self._verifier = verifier
        self._metadata_url = metadata_url

    async def __call__(self, connection: HTTPConnection, needed: SecurityScopes) -> Caller:
        """Return who is calling.

        Raises:
            HTTPException: 400, 401, 403 or 503, with the sentence for the caller and no more.
        """
        try:
            return await self._verifier.check(
                method=str(connection.scope.get("method", "GET")),
                url=self._url(connection),
                headers=connection.headers.items(),
                scopes=needed.scopes,
                certificate=_certificate(connection),
            )
        except InvalidToken as no:
            _log.info("401: %s", no.detail)
            headers = no.challenge(resource_metadata=self._metadata_url, scopes=needed.scopes)
            raise HTTPException(no.status, no.sentence, headers) from no
        except MissingScope as no:
            headers = no.challenge(resource_metadata=self._metadata_url)
            raise HTTPException(no.status, no.sentence, headers) from no
        except Unreachable as down:
            _log.warning("503: %s", down.detail)
            wait = {} if down.retry_after is None else {"Retry-After": str(down.retry_after)}
            raise HTTPException(_UNAVAILABLE, down.sentence, wait) from down
        except BadAnswer as down:
            _log.warning("503: %s", down.detail)
            raise HTTPException(_UNAVAILABLE, down.sentence) from down

    def _url(self, connection: HTTPConnection) -> str:
        """Return the address of a request as callers see it. ``Host`` could be made up with a proof.

        Without a known origin it is none, and no proof holds.
        """
        sent: object = connection.scope.get("raw_path")
        path = sent.decode("latin-1") if isinstance(sent, bytes) else connection.url.path
        return "" if self._origin is None else f"{self._origin}{path}"


def _certificate(connection: HTTPConnection) -> bytes | None:
    """Return the client certificate that the server hands on (the TLS extension of ASGI), in DER, or None."""
    extensions = cast("Mapping[str, Mapping[str, object]]", connection.scope.get("extensions") or {})
    chain = extensions.get("tls", {}).get("client_cert_chain")
    first = next(iter(cast("Iterable[object]", chain)), None) if isinstance(chain, list | tuple) else None
    if not isinstance(first, str):
        return None
    try:
        return ssl.PEM_cert_to_DER_cert(first)
    except ValueError:
        return None
