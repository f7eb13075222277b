"""What the environment says about this service: which server, who it is, and how it proves that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from actas_sdk.credentials import Credentials, MutualTls, Workload, credentials_of
from actas_sdk.errors import Misconfigured

__all__ = ["Environment", "from_environment"]

_WHO: Final = ("ACTAS_ISSUER", "ACTAS_CLIENT_ID")
_WAYS: Final = {
    "ACTAS_CLIENT_SECRET": "its secret",
    "ACTAS_CLIENT_KEY": "a file with its private JWK",
    "ACTAS_CLIENT_CERTIFICATE": "a PEM file with its TLS certificate and key",
    "ACTAS_WORKLOAD_TOKEN": "the file in which its platform keeps its token fresh",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What was found."""

    issuer: str
    credentials: Credentials


def from_environment(environ: Mapping[str, str]) -> Environment:
    """Read ``ACTAS_ISSUER``, ``ACTAS_CLIENT_ID`` and the one way to prove it that is set.

    Raises:
        Misconfigured: one is missing, or several ways are set. Names the variables, never their values.
    """
    found = {name: environ.get(name) or None for name in (*_WHO, *_WAYS)}
    missing = [name for name in _WHO if found[name] is None]
    if missing:
        raise Misconfigured(f"not set: {', '.join(missing)}")
    if sum(found[name] is not None for name in _WAYS) != 1:
        raise Misconfigured(f"set one of {', '.join(f'{name} ({what})' for name, what in _WAYS.items())}")
    issuer, client_id = (str(found[name]) for name in _WHO)
    secret, key, certificate, workload = (found[name] for name in _WAYS)
    other: Credentials | None = None
    if certificate is not None:
        other = MutualTls(client_id=client_id, certificate=certificate)
    elif workload is not None:
        other = Workload(client_id=client_id, path=workload)
    given = client_id if other is None else ""
    return Environment(issuer=issuer, credentials=credentials_of(given, secret, key, other))
