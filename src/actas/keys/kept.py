"""What a store keeps of our own keys, and the way in and out of it: sealed, bound to its row, checked.

Nothing but the sealed bytes is believed of a row. The public half is derived from the private one, never
read: whoever can write to the database could otherwise put in a key of their own and sign what we accept.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, fields, replace
from typing import Final, Literal, cast

import msgspec

from actas.core.wire import KeyAlgorithm, SigningAlgorithm
from actas.crypto.encryption_key import ENCRYPTION_ALGORITHMS, DecryptingKey
from actas.crypto.jose import BadKey, PrivateKey, PublicKey
from actas.crypto.json import BadJson, read_object
from actas.crypto.jwe import read_encrypted
from actas.crypto.seal import SealBroken, Sealer, SealKeySpent, place_of
from actas.keys.ring import KeyInfo, Purpose

SecretName = Literal["digest", "client_secret", "dpop_nonce", "opaque", "password"]
"""The keys of our keyed digests: of tokens in the minutes, of client secrets, of nonces, of the keys that
seal what opaque tokens stand for, and of people's passwords. One key, one purpose."""

SECRET_BYTES: Final = 32

_MOST_JWK_BYTES: Final = 8 * 1024
_TRIAL: Final = b"actas: does this key sign what it verifies?"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey(KeyInfo):
    """A key of ours as it is kept.

    Attributes:
        public_jwk: the public half as JSON, for people who look at the database; never relied upon.
        sealed: the private half, sealed to (table, kid, purpose). Of an audit key that is gone the public
            half, sealed likewise; of a token key that is gone, nothing.
    """

    public_jwk: str
    sealed: bytes = field(repr=False)

    def info(self) -> KeyInfo:
        """Return what people may see of it."""
        return KeyInfo(**{one.name: getattr(self, one.name) for one in fields(KeyInfo)})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSecret:
    """The key of a keyed digest as it is kept.

    Attributes:
        sealed: the key, sealed to (table, name, purpose).
    """

    name: SecretName
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """Anything else that is kept sealed under the envelope key, in a table of its own.

    Attributes:
        table: where it rests; ``row`` and ``purpose`` likewise, all that it is sealed to.
    """

    table: str
    row: str
    purpose: str
    sealed: bytes = field(repr=False)

    @property
    def place(self) -> str:
        """What it is sealed to."""
        return place_of(table=self.table, row=self.row, purpose=self.purpose)


Stored = StoredKey | StoredSecret | StoredValue
"""Everything that rests sealed under the envelope key."""


class KeysUnusable(Exception):
    """Our own keys cannot be used. The message is for administrators; the server does not start."""


def make_key(
    purpose: Purpose, algorithm: KeyAlgorithm, *, sealer: Sealer, at: int, ahead: int | None = None
) -> StoredKey:
    """Make a new key, ready to be kept. Slow for RSA.

    Args:
        at: seconds since the epoch.
        ahead: None makes a key that is active at once, else one that is prepared and becomes active after
            so many seconds.

    Raises:
        KeysUnusable: the envelope key may seal no more.
    """
    key = _generated(algorithm)
    while key.kid.startswith("-"):  # where somebody types it, it would be an option
        key = _generated(algorithm)
    return StoredKey(
        kid=key.kid,
        purpose=purpose,
        algorithm=algorithm,
        state="active" if ahead is None else "prepared",
        created_at=at,
        ahead=ahead or 0,
        activate_at=at + (ahead or 0),
        public_jwk=msgspec.json.encode(key.public.jwk()).decode(),
        sealed=_seal(key.to_bytes(), place=_key_place(key.kid, purpose), sealer=sealer),
    )


def take_key(stored: StoredKey, *, sealer: Sealer) -> PrivateKey | DecryptingKey:
    """Return the private key of a row, once it has proved to be what the row says and to work.

    What it is read as follows from what it is for: a key that signs is never read as one that decrypts, nor
    the other way round (SEC-91).

    Raises:
        KeysUnusable: it does not open, is another key than the row names, is weak, or does not do what it is
            for.
    """
    who = f"the {stored.purpose} key {stored.kid}"
    kind = DecryptingKey if stored.purpose == "encryption" else PrivateKey
    try:
        key = kind.from_bytes(sealer.open(stored.sealed, bound_to=_key_place(stored.kid, stored.purpose)))
        shown = read_object(stored.public_jwk.encode(), max_bytes=_MOST_JWK_BYTES)
    except (SealBroken, BadKey, BadJson) as problem:
        raise KeysUnusable(f"{who} cannot be used: {problem}") from problem
    if key.kid != stored.kid or key.algorithm != stored.algorithm or shown != key.public.jwk():
        raise KeysUnusable(f"{who} is not the key that its row describes: the row was changed")
    _require_working(key, who)
    return key


def _generated(algorithm: KeyAlgorithm) -> PrivateKey | DecryptingKey:
    for one in ENCRYPTION_ALGORITHMS:
        if one == algorithm:
            return DecryptingKey.generate(one)
    return PrivateKey.generate(cast("SigningAlgorithm", algorithm))


def _require_working(key: PrivateKey | DecryptingKey, who: str) -> None:
    """Try a key out.

    Raises:
        KeysUnusable: it does not do what it is for.
    """
    if isinstance(key, DecryptingKey):
        trial = key.public.encrypt("a.b.c", typ="trial", algorithm=key.algorithm, content="A256GCM")
        if key.decrypt(read_encrypted(trial, typ="trial")) != "a.b.c":
            raise KeysUnusable(f"{who} does not decrypt what is encrypted to it")
        return
    signature = key.sign(_TRIAL)
    if not key.public.verifies(_TRIAL, signature) or key.public.verifies(_TRIAL + b"!", signature):
        raise KeysUnusable(f"{who} does not verify what it signs")


def bury_key(stored: StoredKey, *, sealer: Sealer, at: int) -> StoredKey:
    """Return the row of a key that is gone: without its private half (SEC-92).

    Of an audit key the public half is kept, sealed, because the log it sealed is verified with it, and
    what a row says in the clear is not believed.

    Args:
        at: seconds since the epoch.

    Raises:
        KeysUnusable: the envelope key may seal no more.
    """
    sealed = b""
    if stored.purpose == "audit":
        place = _public_place(stored.kid, stored.purpose)
        sealed = _seal(stored.public_jwk.encode(), place=place, sealer=sealer)
    return replace(stored, state="gone", retire_at=stored.retire_at or at, remove_at=at, sealed=sealed)


def take_public(stored: StoredKey, *, sealer: Sealer) -> PublicKey | None:
    """Return the public half of an audit key that is gone; None of another, which nobody asks for any more.

    Raises:
        KeysUnusable: it does not open, or is another key than the row names.
    """
    if stored.purpose != "audit":
        return None
    who = f"the {stored.purpose} key {stored.kid}"
    try:
        opened = sealer.open(stored.sealed, bound_to=_public_place(stored.kid, stored.purpose))
        key = PublicKey.from_jwk(
            read_object(opened, max_bytes=_MOST_JWK_BYTES), algorithms={stored.algorithm}
        )
    except (SealBroken, BadKey, BadJson) as problem:
        raise KeysUnusable(f"{who} cannot be used: {problem}") from problem
    if key.kid != stored.kid or key.thumbprint != stored.kid:
        raise KeysUnusable(f"{who} is not the key that its row describes: the row was changed")
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


def seal_again(stored: Stored, *, sealer: Sealer) -> bytes:
    """Return what is sealed in a row, sealed under the key of ``sealer``, whichever it rested under.

    What is returned was opened once more: a row is only ever replaced by one that can be read.

    Raises:
        KeysUnusable: it does not open, or the envelope key may seal no more.
    """
    place = _place(stored)
    try:
        plaintext = sealer.open(stored.sealed, bound_to=place)
        sealed = _seal(plaintext, place=place, sealer=sealer)
        if sealer.open(sealed, bound_to=place) != plaintext:
            raise KeysUnusable(f"what was sealed again for {place} does not open as what it was")
    except SealBroken as problem:
        raise KeysUnusable(str(problem)) from problem
    return sealed


def _place(stored: Stored) -> str:
    if isinstance(stored, StoredSecret):
        return _secret_place(stored.name)
    if isinstance(stored, StoredValue):
        return stored.place
    place = _public_place if stored.state == "gone" else _key_place
    return place(stored.kid, stored.purpose)


def _seal(plaintext: bytes, *, place: str, sealer: Sealer) -> bytes:
    try:
        return sealer.seal(plaintext, bound_to=place)
    except SealKeySpent as spent:
        raise KeysUnusable(f"nothing more can be sealed: {spent}") from spent


def _key_place(kid: str, purpose: Purpose) -> str:
    return place_of(table="signing_keys", row=kid, purpose=purpose)


def _public_place(kid: str, purpose: Purpose) -> str:
    return place_of(table="signing_keys", row=kid, purpose=f"{purpose}: public")


def _secret_place(name: SecretName) -> str:
    return place_of(table="secrets", row=name, purpose=name)
