"""What every desk beside the pipeline does: it knows who asks, and writes down what it refuses.

At a desk, clients prove who they are as at the token endpoint. No desk issues a token.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from actas.audit.log import AuditLog
from actas.audit.refusal import refused
from actas.audit.trail import Door, Trail
from actas.clients.authenticator import ClientAuthenticator
from actas.clients.dpop import ProofChecker
from actas.core.client import Client
from actas.core.errors import InvalidClient, OAuthError
from actas.core.params import Params
from actas.core.party import Caller

Answer = TypeVar("Answer")


class Desk(ABC, Generic[Answer]):
    """Answers the forms of one endpoint.

    Args:
        clients: says who asks.
        audit: takes the refusals.
        fresh: raises when what this process knows of the shared state may be out of date.
        proofs: says which key a request proves; None where that makes no difference.

    Attributes:
        door: how the minutes call it.
        proven: whether clients must prove who they are; a public client only says its name.
        room: whose share of a client's requests this counts towards: that of the token endpoint, or its own.
        exact: whether an assertion must name our issuer identifier as its audience, whatever is registered.
    """

    door: ClassVar[Door]
    proven: ClassVar[bool] = True
    room: ClassVar[str] = ""
    exact: ClassVar[bool] = False

    def __init__(
        self,
        *,
        clients: ClientAuthenticator,
        audit: AuditLog,
        fresh: Callable[[], None],
        proofs: ProofChecker | None = None,
    ) -> None:
        self._clients = clients
        self._audit = audit
        self._fresh = fresh
        self._proofs = proofs

    async def __call__(self, body: bytes, caller: Caller) -> Answer:
        """Answer one request.

        Args:
            body: the form, as received.
            caller: who sent it.

        Raises:
            OAuthError: the request is malformed, the caller did not prove who it is, or what was asked for
                could not be done. The refusal stands in the minutes, under ``entry``.
        """
        trail = self._audit.open(caller.address, door=self.door)
        try:
            trail.caller = caller
            form = trail.form = Params.parse(body)
            self._fresh()
            proof = None if self._proofs is None else self._proofs.read(caller)
            known = await self._clients.authenticate(form, caller, room=self.room, exact=self.exact)
            trail.client, trail.method = known.client, known.method
            if self.proven and known.method == "none":
                raise InvalidClient(detail=f"{known.client.name} did not prove who it is")
            if self._proofs is not None:
                trail.proven = await self._proofs.prove(proof, certificate=caller.certificate)
            return await self._answer(known.client, form, trail)
        except Exception as exc:
            raise await refused(self._audit, trail, exc) from exc

    async def turn_away(self, caller: Caller, error: Exception) -> OAuthError:
        """Record a request that is no form, or an answer that cannot be written; return what to tell."""
        return await refused(self._audit, self._audit.open(caller.address, door=self.door), error)

    @abstractmethod
    async def _answer(self, client: Client, form: Params, trail: Trail) -> Answer:
        """Return the answer to a client. Whatever is raised refuses."""
