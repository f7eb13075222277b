"""A key ring in memory: real keys, real signatures, no store."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from actas.core.ports import Json, JsonObject
from actas.core.secret import Secret
from actas.core.wire import SigningAlgorithm
from actas.crypto import jose
from actas.crypto.jwe import Encrypted
from actas.keys.ring import KeyInfo, Purpose
from tests.fakes.encrypting import OURS, Keeps

_KEYS: dict[tuple[str, str], jose.PrivateKey] = {}


def _key(purpose: str, algorithm: SigningAlgorithm) -> jose.PrivateKey:
    if (purpose, algorithm) not in _KEYS:
        _KEYS[purpose, algorithm] = jose.PrivateKey.generate(algorithm)
    return _KEYS[purpose, algorithm]


class FakeRing:
    """Satisfies ``keys.ring.KeyRing``."""

    def __init__(self, *algorithms: SigningAlgorithm) -> None:
        self.decrypting = Keeps(*OURS.values())
        self.default: SigningAlgorithm = algorithms[0] if algorithms else "ES256"
        self._keys: dict[tuple[str, str], jose.PrivateKey] = {("audit", "ES256"): _key("audit", "ES256")}
        for algorithm in algorithms or ("ES256",):
            for purpose in ("token", "id_token", "grant", "client"):
                self._keys[purpose, algorithm] = _key(purpose, algorithm)

    def private(self, purpose: Purpose = "token", algorithm: SigningAlgorithm = "ES256") -> jose.PrivateKey:
        """The private key itself, for tests that forge."""
        return self._keys[purpose, algorithm]

    async def sign(
        self,
        claims: Mapping[str, Json],
        *,
        typ: str,
        purpose: Purpose,
        algorithm: SigningAlgorithm | None = None,
    ) -> Secret:
        return Secret(jose.sign(claims, key=self._keys[purpose, algorithm or self.default], typ=typ))

    async def decrypt(self, token: Encrypted) -> str:
        return await self.decrypting.decrypt(token)

    def public_key(self, kid: str, *, purpose: Purpose) -> jose.PublicKey | None:
        for (known, _), key in self._keys.items():
            if known == purpose and key.kid == kid:
                return key.public
        return None

    def published(self) -> JsonObject:
        return {
            "keys": [
                key.public.jwk()
                for (purpose, _), key in self._keys.items()
                if purpose in ("token", "id_token", "grant")
            ]
        }

    def client_keys(self) -> JsonObject:
        """What issuers are given."""
        return {"keys": [key.public.jwk() for (purpose, _), key in self._keys.items() if purpose == "client"]}

    def keys(self) -> tuple[KeyInfo, ...]:
        return ()

    def digest(self, token: str) -> str:
        raw = hmac.digest(b"test digest key, 32 bytes long...", token.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def mark(self, kind: str, *names: str) -> str:
        text = "\0".join((kind, *names)).encode("utf-8", "surrogatepass")
        raw = hmac.digest(b"test lineage key, 32 bytes long..", text, hashlib.sha256)
        return base64.urlsafe_b64encode(raw[:9]).decode()
