"""HashiCorp Vault with its transit engine, as far as Actas asks it: over real HTTP, on loopback.

What it does is what Vault's documentation says, and what its source says where that is silent:

- ``POST /v1/:mount/encrypt/:name`` with ``{"plaintext": base64}`` answers ``{"data": {"ciphertext":
  "vault:v1:…", "key_version": 1}}`` under the newest version of the key;
  ``POST /v1/:mount/decrypt/:name`` with ``{"ciphertext": …}`` answers ``{"data": {"plaintext": base64}}``
  (https://developer.hashicorp.com/vault/api-docs/secret/transit#encrypt-data, #decrypt-data).
- A key that is rotated has one more version; older ciphertexts open until ``min_decryption_version`` forbids
  it, which is a 400 ``ciphertext or signature version is disallowed by policy (too old)``
  (…/secret/transit#update-key-configuration; ``sdk/helper/keysutil/policy.go``, ``ErrTooOld``).
- ``X-Vault-Token`` names who asks. An unknown token, and a path that its policy does not allow, are the same
  403 ``permission denied``. Encrypting under a name that does not exist wants the capability ``create`` and
  would make the key; decrypting under it is a 400 ``encryption key not found``
  (https://developer.hashicorp.com/vault/docs/concepts/policies#capabilities;
  ``builtin/logical/transit/path_encrypt.go``, ``path_decrypt.go``).
- ``X-Vault-Namespace`` names the namespace; in another, nothing is mounted there
  (https://developer.hashicorp.com/vault/docs/enterprise/namespaces).
- Where nothing is mounted: 404 with ``no handler for route``. While it is sealed: 503 ``Vault is sealed``
  (https://developer.hashicorp.com/vault/api-docs#http-status-codes).
- Every error is ``{"errors": ["…"]}``.

A token here may do what a policy with ``update`` on both paths allows, and no more.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN: Final = "hvs.CAESIJ-a-token-of-vault-that-nobody-else-has"


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class TransitKey:
    """A key with its versions."""

    versions: list[AESGCM] = field(default_factory=lambda: [AESGCM(os.urandom(32))])
    min_decryption_version: int = 1

    def encrypt(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            plaintext = base64.b64decode(body["plaintext"], validate=True)
        except (KeyError, ValueError):
            raise Refused(400, "failed to base64-decode plaintext") from None
        nonce, newest = os.urandom(12), len(self.versions)
        sealed = nonce + self.versions[-1].encrypt(nonce, plaintext, None)
        text = base64.b64encode(sealed).decode()
        return {"ciphertext": f"vault:v{newest}:{text}", "key_version": newest}

    def decrypt(self, body: dict[str, Any]) -> dict[str, Any]:
        prefix, version, text = str(body.get("ciphertext", "")).split(":", 2)
        if prefix != "vault" or not version.removeprefix("v").isdigit():
            raise Refused(400, "invalid ciphertext: no prefix")
        number = int(version.removeprefix("v"))
        if number > len(self.versions):
            raise Refused(400, "invalid ciphertext: version is too new")
        if number < self.min_decryption_version:
            raise Refused(400, "ciphertext or signature version is disallowed by policy (too old)")
        sealed = base64.b64decode(text)
        try:
            plaintext = self.versions[number - 1].decrypt(sealed[:12], sealed[12:], None)
        except InvalidTag:
            raise Refused(400, "invalid ciphertext: unable to decrypt") from None
        return {"plaintext": base64.b64encode(plaintext).decode()}


class Vault:
    """A Vault on loopback, open while the context is.

    Args:
        namespace: the one in which the engine is mounted; None for the root.
        mount: where the engine is mounted.

    Attributes:
        keys: those of the engine, by name.
        tokens: those that may encrypt and decrypt.
        sealed: whether it is.
        asked: path and headers of every request, headers in lower case.
        answers: when set, what is answered to everything: status and body, byte for byte.
    """

    def __init__(self, *, namespace: str | None = None, mount: str = "transit") -> None:
        self.namespace = namespace
        self.mount = mount
        self.keys: dict[str, TransitKey] = {"actas": TransitKey()}
        self.tokens = {TOKEN}
        self.sealed = False
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answers: tuple[int, bytes] | None = None
        self._server: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def form(self, **more: Any) -> dict[str, Any]:
        """Return how ``keys.envelope`` names it. The token is in the variable ``VAULT_TOKEN``."""
        inside = {} if self.namespace is None else {"namespace": self.namespace}
        return {
            "provider": "vault-transit",
            "address": self.address,
            "key": "actas",
            "mount": self.mount,
            "token": {"env": "VAULT_TOKEN"},
            **inside,
            **more,
        }

    def rotate(self, name: str = "actas") -> None:
        """Give a key one more version."""
        self.keys[name].versions.append(AESGCM(os.urandom(32)))

    def answer(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        """Do what a request asks for.

        Raises:
            Refused: it does not.
        """
        if self.sealed:
            raise Refused(503, "Vault is sealed")
        if headers.get("x-vault-token") not in self.tokens:
            raise Refused(403, "permission denied")
        begin = f"/v1/{self.mount}/"
        if headers.get("x-vault-namespace") != self.namespace or not path.startswith(begin):
            raise Refused(404, f'no handler for route "{path.removeprefix("/v1/")}". route entry not found.')
        deed, _, name = path.removeprefix(begin).partition("/")
        if deed not in ("encrypt", "decrypt"):
            raise Refused(404, "unsupported path")
        if name not in self.keys:
            if deed == "encrypt":
                raise Refused(403, "1 error occurred:\n\t* permission denied\n\n")
            raise Refused(400, "encryption key not found")
        return self.keys[name].encrypt(body) if deed == "encrypt" else self.keys[name].decrypt(body)

    def __enter__(self) -> Self:
        vault = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers.get("content-length", "0")))
                vault.asked.append((self.path, headers))
                if vault.answers is not None:
                    self._send(*vault.answers)
                    return
                try:
                    data = vault.answer(self.path, headers, json.loads(body))
                except Refused as refused:
                    self._send(refused.status, json.dumps({"errors": [str(refused)]}).encode())
                else:
                    self._send(200, json.dumps({"request_id": "r", "data": data}).encode())

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
