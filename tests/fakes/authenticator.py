"""A device that makes and uses passkeys, as a browser answers for it. It lies where a test tells it to."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor

from actas.core.ports import JsonObject
from actas.crypto import base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(data: bytes) -> str:
    return base64url.encode(data).decode("ascii")


@dataclass
class Device:
    """A device with one passkey.

    Attributes:
        origin: of the page that asks.
        flags: what it says of the person.
        count: how often it says it was used; 0 and no ``step`` for a passkey that does not count.
        handle: whose the passkey is.
        changes: what it puts into the client data in the place of what is right.
    """

    origin: str
    flags: int = PRESENT | VERIFIED
    count: int = 0
    step: int = 0
    handle: bytes | None = None
    algorithm: int = -7
    id: bytes = field(default_factory=lambda: os.urandom(16))
    changes: dict[str, Any] = field(default_factory=dict)
    host: str | None = None

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    def make(self, asked: JsonObject) -> JsonObject:
        """Answer what a page is asked for that is to make a passkey."""
        user: Any = asked["user"]
        self.handle = base64url.decode(user["id"].encode("ascii"))
        numbers = self.key.public_key().public_numbers()
        public = {
            1: 2,
            3: self.algorithm,
            -1: 1,
            -2: numbers.x.to_bytes(32, "big"),
            -3: numbers.y.to_bytes(32, "big"),
        }
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor.encode(public)
        data = self._data(self.flags | ATTESTED) + attested
        return self._answer(
            {
                "clientDataJSON": text(self._client_data("webauthn.create", asked)),
                "attestationObject": text(cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})),
            }
        )

    def use(self, asked: JsonObject) -> JsonObject:
        """Answer what a page is asked for that is to use one."""
        self.count += self.step
        client = self._client_data("webauthn.get", asked)
        data = self._data(self.flags)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        inner: JsonObject = {
            "clientDataJSON": text(client),
            "authenticatorData": text(data),
            "signature": text(signature),
        }
        if self.handle is not None:
            inner["userHandle"] = text(self.handle)
        return self._answer(inner)

    def _answer(self, inner: JsonObject) -> JsonObject:
        return {
            "id": text(self.id),
            "rawId": text(self.id),
            "type": "public-key",
            "response": inner,
            "clientExtensionResults": {},
        }

    def _client_data(self, what: str, asked: JsonObject) -> bytes:
        data = {"type": what, "challenge": asked["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps({**data, **self.changes}).encode()

    def _data(self, flags: int) -> bytes:
        host = self.host or urlsplit(self.origin).hostname or ""
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")
