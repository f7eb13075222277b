"""A secret that authenticates assertions (HMAC, RFC 7518 section 3.2), pinned to one algorithm.

It is no kind of public key and never takes the place of one: a token that names an HMAC algorithm is read for
nothing but ``client_secret_jwt`` (SEC-16, AG-48).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final, NoReturn, final

from actas.core.secret import Secret
from actas.core.wire import HmacAlgorithm
from actas.crypto.signature import WeakKey

_HASHES: Final = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


@final
class SharedKey:
    """A client's secret as the key of a MAC.

    Attributes:
        algorithm: the one algorithm it is for.

    Raises:
        WeakKey: it is shorter than the digest, which RFC 7518 section 3.2 requires.
    """

    __slots__ = ("_hashing", "_key", "algorithm")

    def __init__(self, secret: Secret, *, algorithm: HmacAlgorithm) -> None:
        self.algorithm: HmacAlgorithm = algorithm
        self._hashing = _HASHES[algorithm]
        self._key = secret.reveal().encode("utf-8", "surrogatepass")
        if len(self._key) < self._hashing().digest_size:
            raise WeakKey(f"a secret for {algorithm} has at least {self._hashing().digest_size} bytes")

    def verifies(self, data: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is the whole MAC over ``data``; compared in constant time (SEC-13)."""
        return hmac.compare_digest(hmac.digest(self._key, data, self._hashing), signature)

    def __repr__(self) -> str:
        return f"SharedKey({self.algorithm})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a shared key is not pickled")
