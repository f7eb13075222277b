"""The names of `actas_sdk`, blocking. Safe to use from several threads."""

from actas_sdk.caller import Caller
from actas_sdk.client import Actas, Verifier
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
