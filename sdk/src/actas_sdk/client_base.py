"""What the async and the blocking client have in common: everything but how they wait."""

from __future__ import annotations

import os
import ssl
from abc import ABC, abstractmethod
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from typing import Generic, Self, TypeVar

import httpx2

from actas_sdk.address import loopback_http
from actas_sdk.asking import Asking
from actas_sdk.checking import Checking
from actas_sdk.credentials import Credentials, MutualTls, from_environment, require_id
from actas_sdk.credentials import credentials as chosen
from actas_sdk.dpop import DpopKey
from actas_sdk.errors import Misconfigured
from actas_sdk.flow import REAL, World
from actas_sdk.issuer import Issuer
from actas_sdk.jws import ASYMMETRIC
from actas_sdk.keys import SigningKey
from actas_sdk.possession import Nonces, Possession, ProofMemory, UsedProofs
from actas_sdk.strict_json import Json
from actas_sdk.verify import Expected

__all__ = ["AskingClient", "CheckingClient", "Wired"]

Http = TypeVar("Http")
Wire = TypeVar("Wire")
Core = TypeVar("Core")
AnyDpopKey = bool | DpopKey | Mapping[str, Json] | str | os.PathLike[str]


class Wired(ABC, Generic[Http, Wire, Core]):
    """A core that decides and a wire that asks, which is all that `rewired` needs to know of it."""

    _wire: Wire
    _core: Core

    @abstractmethod
    def _open(self, http: Http | None, *, trust_env: bool, tls: ssl.SSLContext | None = None) -> Wire:
        """Return the way out: through ``http``, or through a client that is opened when needed.

        Args:
            tls: how such a client speaks TLS; None as usual.
        """

    @abstractmethod
    def _over(self, transport: httpx2.MockTransport) -> Http:
        """Return a client that sends everything to ``transport``."""

    @abstractmethod
    def _anew(self) -> Core:
        """Return a core that remembers nothing."""

    @contextmanager
    def rewired(self, transport: httpx2.MockTransport) -> Generator[None]:
        """Ask through ``transport`` with nothing remembered, until the block ends. For tests."""
        kept = self._wire, self._core
        self._wire = self._open(self._over(transport), trust_env=False)
        self._core = self._anew()
        try:
            yield
        finally:
            self._wire, self._core = kept


class AskingClient(Wired[Http, Wire, Asking]):
    """Asks one server for tokens on behalf of this service.

    Args:
        issuer: the server's issuer identifier: https, or http on the loopback address.
        client_id: the name this service is registered under.
        client_secret: its secret, or
        client_key: its private key: a JWK, or the path of a file that holds one.
        credentials: another way to prove it, in place of these three: `ClientSecretJwt`, `MutualTls` or
            `Workload`.
        dpop: whether to ask for tokens that are bound to a key of this service (RFC 9449), and to prove it
            with every request: True for a key that this object makes, or a key. Tokens that are not bound are
            refused.
        http: the client to send through, which stays yours to close. None opens one.
        world: time and chance, for tests.

    Raises:
        Misconfigured: one of these cannot work.
    """

    def __init__(
        self,
        issuer: str,
        *,
        client_id: str = "",
        client_secret: str | None = None,
        client_key: SigningKey | Mapping[str, Json] | str | os.PathLike[str] | None = None,
        credentials: Credentials | None = None,
        dpop: bool | DpopKey | Mapping[str, Json] | str | os.PathLike[str] = False,
        http: Http | None = None,
        world: World = REAL,
    ) -> None:
        self._dpop = _dpop_key(dpop, world=world)
        if credentials is None:
            credentials = chosen(client_id, secret=client_secret, key=client_key)
        elif client_id or client_secret is not None or client_key is not None:
            raise Misconfigured("give credentials, or client_id with a secret or a key; not both")
        require_id(credentials.client_id)
        self._credentials = credentials
        self._world = world
        self._issuer = issuer
        self._core = self._anew()
        # A proxy must not be handed what is plain only because it never leaves this computer.
        tls = credentials.context() if isinstance(credentials, MutualTls) and http is None else None
        self._wire = self._open(http, trust_env=not loopback_http(issuer), tls=tls)

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        dpop: bool | DpopKey | Mapping[str, Json] | str | os.PathLike[str] = False,
        http: Http | None = None,
        world: World = REAL,
    ) -> Self:
        """Read ``ACTAS_ISSUER``, ``ACTAS_CLIENT_ID`` and ``ACTAS_CLIENT_SECRET`` or ``ACTAS_CLIENT_KEY``.

        Args:
            environ: what to read instead of the process's environment.
            dpop: as for the class.
            http: as for the class.
            world: as for the class.

        Raises:
            Misconfigured: a variable is missing, or cannot work.
        """
        found = from_environment(os.environ if environ is None else environ)
        return cls(
            found.issuer,
            client_id=found.client_id,
            client_secret=found.client_secret,
            client_key=found.client_key,
            dpop=dpop,
            http=http,
            world=world,
        )

    @property
    def issuer(self) -> str:
        """The server's issuer identifier."""
        return self._issuer

    @property
    def dpop_key(self) -> DpopKey | None:
        """The key that tokens are bound to, or None for bearer tokens."""
        return self._dpop

    @property
    def client_id(self) -> str:
        """The name this service is registered under."""
        return self._credentials.client_id

    def _anew(self) -> Asking:
        issuer = Issuer(self._issuer, world=self._world)
        return Asking(issuer, credentials=self._credentials, dpop=self._dpop, world=self._world)


class CheckingClient(Wired[Http, Wire, Checking]):
    """Checks the access tokens that reach an API (RFC 9068 section 4).

    Args:
        issuer: whose tokens are believed: https, or http on the loopback address.
        audience: what must be in a token's ``aud``: this API's address or registered name.
        algorithms: what tokens may be signed with; symmetric ones are never possible.
        bound: whether only tokens that are bound to a key are taken (RFC 9449, RFC 8705). A token that is
            bound is taken only from whoever holds its key in any case.
        proofs: where used proofs are remembered: something that several processes share, or None for a memory
            of this process.
        nonce_key: 32 random bytes that all processes of this API share: then proofs must hold its nonces.
        http: the client to fetch keys through, which stays yours to close. None opens one.
        world: time and chance, for tests.

    Raises:
        Misconfigured: one of these cannot work.
    """

    def __init__(
        self,
        issuer: str,
        *,
        audience: str,
        algorithms: Collection[str] = ASYMMETRIC,
        bound: bool = False,
        proofs: ProofMemory | None = None,
        nonce_key: bytes | None = None,
        http: Http | None = None,
        world: World = REAL,
    ) -> None:
        self._possession = Possession(
            required=bound,
            memory=UsedProofs(now=world.now) if proofs is None else proofs,
            nonces=None if nonce_key is None else Nonces(key=nonce_key),
        )
        self._expected = Expected(issuer=issuer, audience=audience, algorithms=frozenset(algorithms))
        self._world = world
        self._core = self._anew()
        self._wire = self._open(http, trust_env=not loopback_http(issuer))

    @property
    def issuer(self) -> str:
        """Whose tokens are believed."""
        return self._expected.issuer

    @property
    def audience(self) -> str:
        """What must be in a token's ``aud``."""
        return self._expected.audience

    def _anew(self) -> Checking:
        issuer = Issuer(self._expected.issuer, world=self._world)
        return Checking(issuer, expected=self._expected, possession=self._possession, world=self._world)


def _dpop_key(given: AnyDpopKey, *, world: World) -> DpopKey | None:
    if isinstance(given, bool):
        return DpopKey.generate(world=world) if given else None
    if isinstance(given, DpopKey):
        return given
    if isinstance(given, str | os.PathLike):
        return DpopKey.from_file(given, world=world)
    return DpopKey.from_jwk(given, world=world)
