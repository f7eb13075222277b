"""The client side of a security token service: ask for narrower tokens, check the ones you receive.

`Actas` asks, `Verifier` checks, both async; `actas_sdk.sync` has the same names, blocking.
`actas_sdk.fastapi` puts the check in front of an API, `actas_sdk.mcp` in front of an MCP server, and
`actas_sdk.testing` stands in for the server.
The errors are drawn as a tree in `actas_sdk.errors`.
"""

from actas_sdk.async_client import Actas
from actas_sdk.async_verifier import Verifier
from actas_sdk.caller import Caller
from actas_sdk.credentials import ClientKey, ClientSecret, ClientSecretJwt, MutualTls, Workload
from actas_sdk.dpop import DpopKey
from actas_sdk.errors import (
    ActasError,
    AmbiguousToken,
    BadAnswer,
    ClientRefused,
    InvalidProof,
    InvalidToken,
    Misconfigured,
    MissingScope,
    NoPerson,
    NoToken,
    Refused,
    SignInAgain,
    StaleNonce,
    Unreachable,
)
from actas_sdk.granting import Grant
from actas_sdk.party import Party
from actas_sdk.possession import ProofMemory
from actas_sdk.refreshing import RefreshToken, Renewed
from actas_sdk.resource import Resource
from actas_sdk.token import Token

__all__ = [
    "Actas",
    "ActasError",
    "AmbiguousToken",
    "BadAnswer",
    "Caller",
    "ClientKey",
    "ClientRefused",
    "ClientSecret",
    "ClientSecretJwt",
    "DpopKey",
    "Grant",
    "InvalidProof",
    "InvalidToken",
    "Misconfigured",
    "MissingScope",
    "MutualTls",
    "NoPerson",
    "NoToken",
    "Party",
    "ProofMemory",
    "RefreshToken",
    "Refused",
    "Renewed",
    "Resource",
    "SignInAgain",
    "StaleNonce",
    "Token",
    "Unreachable",
    "Verifier",
    "Workload",
]

__version__ = "0.1.0"
