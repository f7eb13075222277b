"""MCP servers and clients of the MCP Python SDK: the check in front of tools, and grants for other servers.

::

    verifier = ActasTokenVerifier("https://sts.acme.example", audience="https://mcp.acme.example/mcp")
    server = MCPServer("handbook", token_verifier=verifier, lifespan=verifier.lifespan, auth=settings)


    @server.tool()
    async def search(words: str) -> str:
        return f"for {current_caller().subject.id}"

The MCP SDK hands a verifier the text of a bearer token and nothing of the request, so no proof of a key can
be checked: a token that is bound to one is refused here, whoever shows it. Its client proves no key either,
so that it gets only grants that are bound to none.
"""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, Literal, Self

import httpx2
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from pydantic import Field, PrivateAttr

from actas_sdk.async_client import Actas
from actas_sdk.async_verifier import Verifier
from actas_sdk.caller import Caller
from actas_sdk.credentials import Credentials, require_id
from actas_sdk.details import details_asked
from actas_sdk.errors import InvalidToken, Misconfigured, MissingScope, NoPerson
from actas_sdk.flow import REAL, World
from actas_sdk.jws import ASYMMETRIC
from actas_sdk.keys import SigningKey
from actas_sdk.mcp_middleware import ActasMiddleware
from actas_sdk.requests import held, scope_set
from actas_sdk.strict_json import Json
from actas_sdk.token import Token

__all__ = ["ActasMiddleware", "ActasTokenVerifier", "Caller", "current_caller", "grant_source"]

_log = logging.getLogger("actas_sdk")


class _MissingHere(MissingScope, ToolError, ResourceError):
    """A scope is missing: what the MCP SDK tells a client, while of any other error it tells nothing."""


class _CallerHere(Caller):
    """Who calls a tool, a resource or a prompt of an MCP server."""

    __slots__ = ()

    def require(self, scopes: Iterable[str]) -> None:
        """Do nothing if the token carries every one of ``scopes``.

        Raises:
            MissingScope: it does not; the client is told which.
        """
        try:
            super().require(scopes)
        except MissingScope as missing:
            raise _MissingHere(scopes=missing.scopes, missing=missing.missing) from None


class _Checked(AccessToken):
    """A token that holds, and who sent it. It does not print its text, as those of the MCP SDK do."""

    token: str = Field(repr=False)
    _caller: Caller = PrivateAttr()

    @property
    def caller(self) -> Caller:
        return self._caller

    @classmethod
    def of(cls, caller: Caller, *, client_id: str, issuer: str) -> Self:
        ends = caller.token.expires_at
        checked = cls(
            token=caller.token.reveal(),
            client_id=client_id,
            scopes=sorted(caller.scopes),
            expires_at=None if ends is None else int(ends),
            resource=caller.token.audience,
            subject=caller.subject.id,
            # An answer about a reference token need not say whose it is. Sessions are told apart by it.
            claims={"iss": issuer, **caller.claims},
        )
        told = {field.name: getattr(caller, field.name) for field in dataclasses.fields(Caller)}
        checked._caller = _CallerHere(**told)
        return checked


class ActasTokenVerifier:
    """Checks the tokens that reach an MCP server: what ``MCPServer`` takes as ``token_verifier``.

    A token must be of this issuer, for this audience, within its times, and say which client got it. One that
    is bound to a key is refused: the MCP SDK passes on no proof of it. Scopes are for
    ``AuthSettings.required_scopes``, and for `Caller.require` in a tool.

    Args:
        issuer: whose tokens are believed.
        audience: what must be in a token's ``aud``: the address of this server, as in
            ``AuthSettings.resource_server_url``.
        algorithms: what tokens may be signed with.
        revocation: as for `Verifier`; with `lifespan` it is followed from the start.
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
        verifier: the check itself.

    Raises:
        Misconfigured: one of these cannot work.
    """

    def __init__(
        self,
        issuer: str,
        *,
        audience: str,
        algorithms: Collection[str] = ASYMMETRIC,
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
    async def lifespan(self, server: object) -> AsyncGenerator[None]:
        """Follow what is revoked while the server runs, and close what was opened after.

        ``MCPServer(lifespan=...)`` takes it. A server with a lifespan of its own enters this one in it.
        """
        del server
        self.verifier.follow()
        try:
            yield
        finally:
            await self.verifier.aclose()

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return what a bearer token says, or None when it does not hold. The MCP SDK calls this.

        Raises:
            Unreachable: nothing is known about the token now. `ActasMiddleware` answers 503; without it the
                answer is 500. Never 401, for which its owner would throw a good token away.
            BadAnswer: likewise.
        """
        try:
            caller = await self.verifier.check_token(token)
            if caller.client_id is None:
                raise InvalidToken("the token does not say which client got it (RFC 9068 section 2.2)")
        except InvalidToken as no:
            _log.info("401: %s", no.detail)
            return None
        return _Checked.of(caller, client_id=caller.client_id, issuer=self.issuer)


def current_caller() -> Caller:
    """Return who calls the tool, resource or prompt that is running.

    What its `Caller.require` misses, the client of a tool or a resource is told: ``is_error``, and the scopes
    in its text.

    Raises:
        NoPerson: nobody does: this is no request that `ActasTokenVerifier` has let in.
    """
    checked = get_access_token()
    if not isinstance(checked, _Checked):
        raise NoPerson("nobody is calling: this is no request that ActasTokenVerifier let in")
    return checked.caller


def grant_source(
    actas: Actas,
    whom: Caller | Token | str | None,
    *,
    client_id: str,
    scopes: Iterable[str] = (),
    authorization_details: Sequence[Mapping[str, Json]] = (),
    subject_type: str = "id_token",
) -> Callable[[str, str], Coroutine[Any, Any, str]]:
    """Return what ``IdentityAssertionOAuthProvider`` takes as ``assertion_provider``: grants for one person.

    The provider names the other server and the MCP server, and has the grant redeemed. Each time it asks it
    gets a new one. Nothing is asked for before the other server has said under its own name where it takes
    grants, and a refusal is not retried. Make one source, one provider and one storage for each person.

    Args:
        actas: asks our server. What it proves itself with must not be what the provider has for the other.
        whom: the person's ID token, as this service got it at the sign-in.
        client_id: who this service is to the other server: what the provider has as ``client_id``.
        scopes: what the grant shall be good for; without any our server chooses.
        authorization_details: likewise, as for `Actas.cross_app`.
        subject_type: ``id_token``, or ``refresh_token`` for one of the same sign-in.

    Returns:
        A function. What `Actas.grant` raises comes out of the MCP client in an ``ExceptionGroup``.

    Raises:
        NoPerson: ``whom`` holds no token.
        Misconfigured: an argument cannot work; or ``actas`` binds its grants to a key, which the MCP SDK
            could not prove.
    """
    if actas.dpop_key is not None:
        raise Misconfigured("the MCP SDK proves no key: a grant that is bound to one could not be redeemed")
    person, asked, details = held(whom), scope_set(scopes), tuple(authorization_details)
    details_asked(details)
    require_id(client_id)

    async def source(audience: str, resource: str) -> str:
        grant = await actas.grant(
            person,
            to=audience,
            resource=resource,
            scopes=asked,
            authorization_details=details,
            client_id=client_id,
            subject_type=subject_type,
        )
        return grant.reveal()

    return source
