"""What the async and the blocking client have in common: everything but how they wait."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Self

from actas_sdk.address import issuer_address, loopback_http
from actas_sdk.asking import Asking
from actas_sdk.credentials import Credentials, MutualTls, credentials_of, require_id
from actas_sdk.crossing import Crossed, secluded
from actas_sdk.dpop import DpopKey
from actas_sdk.environment import from_environment
from actas_sdk.errors import Misconfigured
from actas_sdk.flow import REAL, World
from actas_sdk.granting import GrantKind, WantedGrant, details_wanted
from actas_sdk.issuer import Issuer
from actas_sdk.keys import SigningKey
from actas_sdk.requests import Wanted
from actas_sdk.strict_json import Json
from actas_sdk.wired import Http, Wire, Wired, tls_of

__all__ = ["AskingClient"]

AnyDpopKey = bool | DpopKey | Mapping[str, Json] | str | os.PathLike[str]


class AskingClient(Wired[Http, Wire, Asking]):
    """Asks one server for tokens on behalf of this service. Takes what `actas_sdk.Actas` says.

    Raises:
        Misconfigured: an argument cannot work.
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
        self._credentials = credentials_of(client_id, client_secret, client_key, credentials)
        self._world = world
        self._issuer = issuer
        self._own_http = http is not None
        self._core = self._anew()
        # A proxy must not be handed what is plain only because it never leaves this computer.
        tls = tls_of(self._credentials) if http is None else None
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
        """Read ``ACTAS_ISSUER``, ``ACTAS_CLIENT_ID``, and one of ``ACTAS_CLIENT_SECRET``,
        ``ACTAS_CLIENT_KEY``, ``ACTAS_CLIENT_CERTIFICATE`` and ``ACTAS_WORKLOAD_TOKEN``; the last three are
        paths of files.

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
            credentials=found.credentials,
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

    def _crossed(
        self,
        wanted: Wanted,
        *,
        to: str,
        there: Credentials,
        kind: GrantKind,
        details: Sequence[Mapping[str, Json]],
    ) -> Crossed:
        """Return the token of another server that is wanted.

        Raises:
            Misconfigured: it would take something of ours to the other server, or cannot work.
        """
        secluded(self._credentials, there)
        self._within_reach(to, certificate=isinstance(there, MutualTls))
        said = details_wanted(details, kind=kind)
        return Crossed(wanted=wanted, to=issuer_address(to), there=there, kind=kind, details=said)

    def _granted(
        self,
        wanted: Wanted,
        *,
        to: str,
        client_id: str,
        kind: GrantKind,
        details: Sequence[Mapping[str, Json]],
    ) -> WantedGrant:
        """Return the grant for another server that is wanted.

        Raises:
            Misconfigured: it cannot work.
        """
        require_id(client_id)
        self._within_reach(to)
        said = details_wanted(details, kind=kind)
        return WantedGrant(wanted=wanted, to=issuer_address(to), client_id=client_id, kind=kind, details=said)

    def _within_reach(self, to: str, *, certificate: bool = False) -> None:
        """Do nothing if a client of ours may send to ``to`` as well as to our server.

        Raises:
            Misconfigured: it may not.
        """
        if self._own_http:
            return
        if certificate or isinstance(self._credentials, MutualTls):
            raise Misconfigured("a certificate is for one server; give a client of yours with http=...")
        # What is plain must not go through a proxy, which a server that is elsewhere may need.
        if loopback_http(to) and not loopback_http(self._issuer):
            raise Misconfigured("a server on the loopback address is asked only when ours is there too")

    def _anew(self, *, eager: bool = False) -> Asking:
        del eager  # what it keeps are tokens, which are asked for by what they are
        issuer = Issuer(self._issuer, world=self._world)
        return Asking(issuer, credentials=self._credentials, dpop=self._dpop, world=self._world)


def _dpop_key(given: AnyDpopKey, *, world: World) -> DpopKey | None:
    if isinstance(given, bool):
        return DpopKey.generate(world=world) if given else None
    if isinstance(given, DpopKey):
        return given
    if isinstance(given, str | os.PathLike):
        return DpopKey.from_file(given, world=world)
    return DpopKey.from_jwk(given, world=world)
