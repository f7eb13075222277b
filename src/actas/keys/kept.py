"""What a store keeps of our own keys, and the way in and out of it: sealed, bound to its row, checked.

Nothing but the sealed bytes is believed of a row. The public half is derived from the private one, never
read: whoever can write to the database could otherwise put in a key of their own and sign what we accept.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from actas.core.wire import SigningAlgorithm
from actas.crypto.jose import BadKey, PrivateKey
from actas.crypto.json import BadJson, read_object
from actas.crypto.seal import SealBroken, Sealer, SealKeySpent, place_of
from actas.keys.ring import KeyInfo, Purpose

SecretName = Literal["digest", "client_secret", "dpop_nonce"]
"""The keys of our keyed digests: of tokens in the minutes, of client secrets, of nonces. One key, one
purpose."""

SECRET_BYTES: Final = 32

_MOST_JWK_BYTES: Final = 8 * 1024
_TRIAL: Final = b"actas: does this key sign what it verifies?"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A signing key as it is kept.

    Attributes:
        created_at: seconds since the epoch.
        public_jwk: the public half as JSON, for people who look at the database; never relied upon.
        sealed: the private half, sealed to (table, kid, purpose).
    """

    kid: str
    purpose: Purpose
    algorithm: SigningAlgorithm
    state: Literal["active", "retired"]
    created_at: int
    public_jwk: str
    sealed: bytes = field(repr=False)

    def info(self) -> KeyInfo:
        """Return what people may see of it."""
        return KeyInfo(
            kid=self.kid,
            purpose=self.purpose,
            algorithm=self.algorithm,
            state=self.state,
            created_at=self.created_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSecret:
    """The key of a keyed digest as it is kept.

    Attributes:
        sealed: the key, sealed to (table, name, purpose).
    """

    name: SecretName
    sealed: bytes = field(repr=False)


class KeysUnusable(Exception):
    """Our own keys cannot be used. The message is for administrators; the server does not start."""


def make_key(purpose: Purpose, algorithm: SigningAlgorithm, *, sealer: Sealer, at: int) -> StoredKey:
    """Make a new active key, ready to be kept. Slow for RSA.

    Args:
        at: seconds since the epoch.

    Raises:
        KeysUnusable: the envelope key may seal no more.
    """
    key = PrivateKey.generate(algorithm)
    return StoredKey(
        kid=key.kid,
        purpose=purpose,
        algorithm=algorithm,
        state="active",
        created_at=at,
        public_jwk=msgspec.json.encode(key.public.jwk()).decode(),
        sealed=_seal(key.to_bytes(), place=_key_place(key.kid, purpose), sealer=sealer),
    )


def take_key(stored: StoredKey, *, sealer: Sealer) -> PrivateKey:
    """Return the private key of a row, once it has proved to be what the row says and to work.

    Raises:
        KeysUnusable: it does not open, is another key than the row names, is weak, or does not sign.
    """
    who = f"the {stored.purpose} key {stored.kid}"
    try:
        key = PrivateKey.from_bytes(
            sealer.open(stored.sealed, bound_to=_key_place(stored.kid, stored.purpose))
        )
        shown = read_object(stored.public_jwk.encode(), max_bytes=_MOST_JWK_BYTES)
    except (SealBroken, BadKey, BadJson) as problem:
        raise KeysUnusable(f"{who} cannot be used: {problem}") from problem
    if key.kid != stored.kid or key.algorithm != stored.algorithm or shown != key.public.jwk():
        raise KeysUnusable(f"{who} is not the key that its row describes: the row was changed")
    signature = key.sign(_TRIAL)
    if not key.public.verifies(_TRIAL, signature) or key.public.verifies(_TRIAL + b"!", signature):
        raise KeysUnusable(f"{who} does not verify what it signs")
    return key


def make_secret(name: SecretName, *, sealer: Sealer) -> StoredSecret:
    """Make a new key for a keyed digest, ready to be kept: 256 bits of the system's randomness.

    Raises:
        KeysUnusable: the envelope key may seal no more.
    """
    secret = secrets.token_bytes(SECRET_BYTES)
    return StoredSecret(name=name, sealed=_seal(secret, place=_secret_place(name), sealer=sealer))


def take_secret(stored: StoredSecret, *, sealer: Sealer) -> bytes:
    """Return the key of a keyed digest.

    Raises:
        KeysUnusable: it does not open, or is too short to be a key (SEC-17).
    """
    try:
        secret = sealer.open(stored.sealed, bound_to=_secret_place(stored.name))
    except SealBroken as problem:
        raise KeysUnusable(f"the {stored.name} secret cannot be used: {problem}") from problem
    if len(secret) < SECRET_BYTES:
        raise KeysUnusable(f"the {stored.name} secret has less than {SECRET_BYTES} bytes")
    return secret


def _seal(plaintext: bytes, *, place: str, sealer: Sealer) -> bytes:
    try:
        return sealer.seal(plaintext, bound_to=place)
    except SealKeySpent as spent:
        raise KeysUnusable(f"nothing more can be sealed: {spent}") from spent


def _key_place(kid: str, purpose: Purpose) -> str:
    return place_of(table="signing_keys", row=kid, purpose=purpose)


def _secret_place(name: SecretName) -> str:
    return place_of(table="secrets", row=name, purpose=name)
