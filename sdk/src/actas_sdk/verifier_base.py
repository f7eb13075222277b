"""What the async and the blocking verifier have in common: everything but how they wait."""

from __future__ import annotations

import os
import weakref
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from actas_sdk.address import loopback_http
from actas_sdk.checking import Checking
from actas_sdk.credentials import Credentials, credentials_of
from actas_sdk.errors import Misconfigured
from actas_sdk.feed import Feed
from actas_sdk.flow import REAL, World
from actas_sdk.introspecting import Introspecting, kept_for
from actas_sdk.issuer import Issuer
from actas_sdk.jws import ASYMMETRIC
from actas_sdk.keys import SigningKey
from actas_sdk.possession import Nonces, Possession, ProofMemory, UsedProofs
from actas_sdk.strict_json import Json
from actas_sdk.verify import Expected
from actas_sdk.wired import Http, Wire, Wired, tls_of

__all__ = ["CheckingClient"]


class CheckingClient(Wired[Http, Wire, Checking]):
    """Checks the access tokens that reach an API. Takes what `actas_sdk.Verifier` says.

    Raises:
        Misconfigured: an argument cannot work.
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
        revocation: bool = False,
        revocation_within: float = 5.0,
        introspection: bool | Literal["signed"] = False,
        introspection_kept: float = 3.0,
        client_id: str = "",
        client_secret: str | None = None,
        client_key: SigningKey | Mapping[str, Json] | str | os.PathLike[str] | None = None,
        credentials: Credentials | None = None,
        http: Http | None = None,
        world: World = REAL,
    ) -> None:
        self._asking = _Asking(
            credentials=_credentials(
                client_id, client_secret, client_key, credentials, needed=revocation or bool(introspection)
            ),
            revocation=revocation,
            within=revocation_within,
            introspection=introspection,
            kept=kept_for(introspection_kept),
        )
        self._possession = Possession(
            required=bound,
            memory=UsedProofs(now=world.now) if proofs is None else proofs,
            nonces=None if nonce_key is None else Nonces(key=nonce_key),
        )
        self._expected = Expected(issuer=issuer, audience=audience, algorithms=frozenset(algorithms))
        self._world = world
        self._core = self._anew()
        tls = tls_of(self._asking.credentials) if http is None else None
        self._wire = self._open(http, trust_env=not loopback_http(issuer), tls=tls)
        # Somebody who forgot to close it leaves nobody behind who goes on asking.
        weakref.finalize(self, self._wire.stop).atexit = False

    def follow(self) -> None:
        """Begin to follow what is revoked now, rather than with the first token. Returns at once.

        Does nothing without ``revocation``. The async verifier follows in the event loop it is called in.
        """
        feed = self._core.feed
        if feed is not None and not feed.eager:
            self._wire.keep_running(feed.keep_up)

    @property
    def issuer(self) -> str:
        """Whose tokens are believed."""
        return self._expected.issuer

    @property
    def audience(self) -> str:
        """What must be in a token's ``aud``."""
        return self._expected.audience

    def _anew(self, *, eager: bool = False) -> Checking:
        issuer, world = Issuer(self._expected.issuer, world=self._world), self._world
        asking, who = self._asking, self._asking.credentials
        feed = (
            None
            if who is None or not asking.revocation
            else Feed(issuer, credentials=who, within=asking.within, world=world, eager=eager)
        )
        core = Checking(issuer, expected=self._expected, possession=self._possession, world=world, feed=feed)
        if who is not None and asking.introspection:
            core.introspecting = Introspecting(
                issuer,
                credentials=who,
                kept=0 if eager else asking.kept,
                signed=asking.introspection == "signed",
                keys=core.keys_for,
                algorithms=self._expected.algorithms,
                world=world,
            )
        return core


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """What is asked of the server besides its keys."""

    credentials: Credentials | None
    revocation: bool
    within: float
    introspection: bool | Literal["signed"]
    kept: float


def _credentials(
    client_id: str,
    secret: str | None,
    key: SigningKey | Mapping[str, Json] | str | os.PathLike[str] | None,
    other: Credentials | None,
    *,
    needed: bool,
) -> Credentials | None:
    if needed:
        return credentials_of(client_id, secret, key, other)
    if client_id or (secret, key, other) != (None, None, None):
        raise Misconfigured(
            "a verifier proves who it is only for revocation=True or introspection=True, and neither is set"
        )
    return None
