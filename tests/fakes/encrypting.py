"""Keys that decrypt, whoever encrypts to them, and the headers that nobody honest writes."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final

from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, RSAKey

from actas.core.errors import BadToken
from actas.core.wire import ID_JAG_JWT, EncryptionAlgorithm
from actas.crypto import base64url
from actas.crypto.encryption_key import ENCRYPTION_ALGORITHMS, DecryptingKey
from actas.crypto.jwe import Encrypted
from actas.trust.recipients import NoRecipient, Recipient

OURS: Final = {one: DecryptingKey.generate(one) for one in ENCRYPTION_ALGORITHMS}
"""The keys of the server under test, made once."""

THEIRS: Final = DecryptingKey.generate("ECDH-ES+A256KW")
"""The key of another server."""

Sealing = ECKey | RSAKey | OctKey


class Keeps:
    """Implements ``subjects.id_jag.Decrypts``: what a ring of our own keys does."""

    def __init__(self, *keys: DecryptingKey) -> None:
        self.held = {one.kid: one for one in keys}

    async def decrypt(self, token: Encrypted) -> str:
        """Return what is in a token."""
        key = self.held.get(token.header.kid)
        if key is None:
            raise BadToken("it is encrypted to no key of ours")
        return key.decrypt(token)


class OneRecipient:
    """Implements ``issuers.id_jag.Encrypts``: every server has this key, or there is none for that reason."""

    def __init__(self, found: Recipient | NoRecipient | None = None) -> None:
        self.found = found or Recipient(THEIRS.public, "ECDH-ES+A256KW", "A256GCM")
        self.asked: list[tuple[str, frozenset[str]]] = []
        self.looked_for: Callable[[], None] = lambda: None

    async def find(self, issuer: str, *, hosts: frozenset[str]) -> Recipient:
        """Return the key."""
        self.asked.append((issuer, hosts))
        self.looked_for()
        if isinstance(self.found, NoRecipient):
            raise self.found
        return self.found


def public(algorithm: EncryptionAlgorithm = "ECDH-ES+A256KW", key: DecryptingKey | None = None) -> Sealing:
    """The public half of a key of ours, as another implementation reads it from our key set."""
    jwk: dict[str, Any] = (key or OURS[algorithm]).public.jwk()
    return ECKey.import_key(jwk) if jwk["kty"] == "EC" else RSAKey.import_key(jwk)


def sealed(token: str | bytes, *, to: Sealing | None = None, **header: Any) -> str:
    """A token that another implementation encrypted to us, with whatever in its header somebody likes.

    Args:
        to: the key that is used, whatever the header says.
        header: changes; None leaves a member out.
    """
    key = to or public()
    usual: dict[str, Any] = {
        "alg": "RSA-OAEP-256" if isinstance(key, RSAKey) else "ECDH-ES+A256KW",
        "enc": "A256GCM",
        "kid": key.kid,
        "cty": "JWT",
        "typ": ID_JAG_JWT,
    }
    said = {name: value for name, value in {**usual, **header}.items() if value is not None}
    registry = jwe.JWERegistry(algorithms=[said["alg"], said["enc"], "DEF"], strict_check_header=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what nobody should use, which is why it is used here
        return jwe.encrypt_compact(said, token, key, registry=registry)


def relabelled(token: str, **header: Any) -> str:
    """A JWE whose header was written anew: nothing in it fits any more, and it must be refused before that."""
    first, _, rest = token.partition(".")
    said: Mapping[str, Any] = {**json.loads(base64url.decode(first.encode())), **header}
    said = {name: value for name, value in said.items() if value is not None}
    return f"{base64url.encode(json.dumps(said).encode()).decode()}.{rest}"
