"""Where apps push authorization requests (RFC 9126): they prove who they are, and are told what is wrong.

A request is read as it is when a browser brings it. A proof of possession that comes with it binds the code
to that key, as ``dpop_jkt`` does (RFC 9449 section 10.1). A request that is taken is no entry of the log:
nobody was asked anything yet. A refusal is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from actas.audit.log import AuditLog
from actas.audit.trail import Trail
from actas.clients.authenticator import ClientAuthenticator
from actas.clients.dpop import ProofChecker
from actas.core.client import Client
from actas.core.errors import InvalidDpopProof, InvalidRequest
from actas.core.params import Params
from actas.core.ports import Clock, JsonObject
from actas.desk import Desk
from actas.signin.hints import Hints
from actas.signin.pushed import LIFE, PushedRequests
from actas.signin.request import Registered, SendBack, read_request

_OF_AUTHENTICATION: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
"""What proves who the client is; it is not kept."""


class Pushing(Desk[JsonObject]):
    """Answers the endpoint for pushed authorization requests. Public clients push theirs too.

    Args:
        clients: as for ``Desk``; ``audit``, ``fresh`` and ``proofs`` likewise.
        registered: what a request is read by; ``hints`` likewise.
        made: makes a ``request_uri`` of what was pushed.
    """

    door = "authorization"
    proven = False
    exact = True
    room = "push"

    def __init__(
        self,
        *,
        clients: ClientAuthenticator,
        registered: Registered,
        hints: Hints,
        made: PushedRequests,
        proofs: ProofChecker,
        clock: Clock,
        audit: AuditLog,
        fresh: Callable[[], None],
    ) -> None:
        super().__init__(clients=clients, audit=audit, fresh=fresh, proofs=proofs)
        self._registered = registered
        self._hints = hints
        self._made = made
        self._clock = clock

    async def _answer(self, client: Client, form: Params, trail: Trail) -> JsonObject:
        if "request_uri" in form:
            detail = "request_uri is what this address gives out, and is not sent to it"
            raise InvalidRequest("malformed_request", detail=detail)
        parameters = {name: form.all(name) for name in sorted(form.names() - _OF_AUTHENTICATION)}
        parameters["client_id"] = (client.name,)
        jkt = trail.proven.jkt
        if jkt is not None:
            if form.get("dpop_jkt") not in (None, jkt):
                raise InvalidDpopProof(detail="dpop_jkt is not the thumbprint of the key of the proof")
            parameters["dpop_jkt"] = (jkt,)
        uri = self._made.uri_for(client.name, parameters)  # too much of it is not even read
        try:
            read_request(
                Params(parameters), self._registered, hints=self._hints, now=self._clock.now(), pushed=""
            )
        except SendBack as refused:
            raise refused.error from refused
        return {"request_uri": uri, "expires_in": LIFE}
