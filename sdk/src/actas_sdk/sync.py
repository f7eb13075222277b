"""The names of `actas_sdk`, blocking. Safe to use from several threads."""

from actas_sdk.caller import Caller
from actas_sdk.client import Actas, Verifier
from actas_sdk.errors import (
    ActasError,
    AmbiguousToken,
    BadAnswer,
    ClientRefused,
    InvalidToken,
    Misconfigured,
    MissingScope,
    NoPerson,
    NoToken,
    Refused,
    SignInAgain,
    Unreachable,
)
from actas_sdk.party import Party
from actas_sdk.token import Token

__all__ = [
    "Actas",
    "ActasError",
    "AmbiguousToken",
    "BadAnswer",
    "Caller",
    "ClientRefused",
    "InvalidToken",
    "Misconfigured",
    "MissingScope",
    "NoPerson",
    "NoToken",
    "Party",
    "Refused",
    "SignInAgain",
    "Token",
    "Unreachable",
    "Verifier",
]
