"""The token endpoint of one server, and who this service is there, without I/O."""

from __future__ import annotations

from actas_sdk.credentials import Credentials
from actas_sdk.dpop import DpopKey
from actas_sdk.errors import BadAnswer
from actas_sdk.flow import Answer, Ask, Flow, World
from actas_sdk.issuer import Issuer, ask
from actas_sdk.requests import posted
from actas_sdk.responses import nonce_wanted

__all__ = ["TokenEndpoint", "endpoint_of"]


class TokenEndpoint:
    """Where one server is asked for tokens.

    Args:
        issuer: the server.
        credentials: how this service proves who it is, to that server.
        world: time and chance.
        dpop: the key that tokens shall be bound to, or None.
    """

    def __init__(
        self, issuer: Issuer, *, credentials: Credentials, world: World, dpop: DpopKey | None
    ) -> None:
        self.issuer = issuer
        self.dpop = dpop
        self._credentials = credentials
        self._world = world

    @property
    def client_id(self) -> str:
        """The name of this service there."""
        return self._credentials.client_id

    def find(self) -> Flow[str]:
        """Return its address.

        Raises:
            Unreachable: the server's metadata could not be had.
            BadAnswer: it is not this server's, or names no token endpoint.
        """
        return (yield from endpoint_of(self.issuer))

    def ask(self, form: list[tuple[str, str]], endpoint: str, *, repeatable: bool) -> Flow[Answer]:
        """Send the request; once more when all that was missing is a nonce (RFC 9449 section 8)."""
        answer = yield from self.send(form, endpoint, repeatable=repeatable)
        # Also when the nonce is known by now: another request may have learnt it since this proof was made.
        if self.dpop is not None and nonce_wanted(answer):
            answer = yield from self.send(form, endpoint, repeatable=repeatable)
        return answer

    def send(self, form: list[tuple[str, str]], endpoint: str, *, repeatable: bool) -> Flow[Answer]:
        """Send the request, and keep the nonce of the answer for the next proof.

        Args:
            form: what is asked.
            endpoint: what `find` returned.
            repeatable: whether it can be sent again without harm when it may have arrived.

        Raises:
            Unreachable: no answer came.
        """

        def make() -> Ask:
            proof = self._credentials.proof(issuer=self.issuer.address, world=self._world)
            return posted(form, endpoint=endpoint, proof=proof, dpop=self.dpop)

        answer = yield from ask(make, world=self._world, repeatable=repeatable)
        if self.dpop is not None:
            self.dpop.learn(endpoint, answer.headers.get("dpop-nonce"))
        return answer


def endpoint_of(issuer: Issuer) -> Flow[str]:
    """Return the address of a server's token endpoint.

    Raises:
        Unreachable: the server's metadata could not be had.
        BadAnswer: it is not this server's, or names no token endpoint.
    """
    described = yield from issuer.describe()
    if described.token_endpoint is None:
        raise BadAnswer(f"{issuer.address} has no token endpoint")
    return described.token_endpoint
