"""HashiCorp Vault's transit engine as a key service: ``encrypt`` and ``decrypt`` of one key.

Owns the words of its API (https://developer.hashicorp.com/vault/api-docs/secret/transit) and what its
answers mean to whoever is on call. Connecting is left to ``core.ports.Post``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Final

import msgspec

from actas.core.ports import Answer, FetchFailed, Json, Post
from actas.core.secret import Secret
from actas.crypto.json import BadJson, read_object
from actas.keys.services import KeyServiceFailed

_MOST_BYTES: Final = 64 * 1024
_MOST_SAID: Final = 300

_AWAY: Final = frozenset({412, 429, 472, 473, 500, 502, 503, 504})
"""Answers of a Vault that is sealed, starting, a standby or too busy, or of a proxy that cannot reach it."""

_HINTS: Final[Mapping[int, str]] = {
    400: "look at the key: vault read MOUNT/keys/KEY; its min_decryption_version may be too high",
    403: "the token may have expired, or its policy lacks update on MOUNT/encrypt/KEY and MOUNT/decrypt/KEY",
    404: "look at keys.envelope.mount, namespace and key: vault secrets list shows what is mounted",
    503: "vault status says whether it is sealed; unseal it and start again",
}
_ANY_HINT: Final = "vault status says how it is"


class VaultTransit:
    """Implements ``keys.services.KeyService``.

    Args:
        post: the way out.
        address: of Vault, without a slash at the end.
        mount: where the engine is mounted.
        key: the name of the key there. It must exist: a token that may create it would make one when the
            name is misspelt.
        namespace: of Vault Enterprise and OpenBao; None for none.
        token: what Vault knows us by.
    """

    def __init__(
        self, post: Post, *, address: str, mount: str, key: str, namespace: str | None, token: Secret
    ) -> None:
        self._post = post
        self._base = f"{address}/v1/{mount}"
        self._key = key
        self._where = address
        inside = "" if namespace is None else f"{namespace}/"
        self.name = f"vault-transit:{inside}{mount}/{key}"
        self._headers = {"Content-Type": "application/json", "X-Vault-Request": "true"}
        if namespace is not None:
            self._headers["X-Vault-Namespace"] = namespace
        self._token = token

    async def wrap(self, key: bytes) -> str:
        wrapped = await self._ask("encrypt", {"plaintext": base64.b64encode(key).decode()}, "ciphertext")
        if not wrapped.startswith("vault:"):
            raise self._odd("a ciphertext that is none of transit's")
        return wrapped

    async def unwrap(self, wrapped: str) -> bytes:
        plaintext = await self._ask("decrypt", {"ciphertext": wrapped}, "plaintext")
        try:
            return base64.b64decode(plaintext, validate=True)
        except (binascii.Error, ValueError):
            raise self._odd("a plaintext that is not base64") from None

    async def _ask(self, deed: str, body: Mapping[str, str], wanted: str) -> str:
        url = f"{self._base}/{deed}/{self._key}"
        headers = {**self._headers, "X-Vault-Token": self._token.reveal()}
        try:
            answer = await self._post.post(url, msgspec.json.encode(body), headers=headers)
        except FetchFailed as failed:
            raise KeyServiceFailed(
                f"Vault cannot be asked: {failed.detail}",
                away=True,
                hint=f"is Vault up, and reached from here at {self._where}?",
            ) from failed
        if answer.status != 200:
            raise self._refused(deed, answer)
        data = _object(answer).get("data")
        found = data.get(wanted) if isinstance(data, dict) else None
        if not isinstance(found, str):
            raise self._odd(f"no {wanted}")
        return found

    def _refused(self, deed: str, answer: Answer) -> KeyServiceFailed:
        said = _object(answer).get("errors")
        words = "; ".join(one for one in said if isinstance(one, str)) if isinstance(said, list) else ""
        why = f": {words[:_MOST_SAID]}" if words else ""
        hint = _HINTS.get(answer.status, _ANY_HINT)
        return KeyServiceFailed(
            f"Vault at {self._where} does not {deed} with {self.name}, status {answer.status}{why}",
            away=answer.status in _AWAY,
            hint=hint,
        )

    def _odd(self, what: str) -> KeyServiceFailed:
        return KeyServiceFailed(
            f"Vault at {self._where} answered with {what}",
            away=False,
            hint="is it Vault that answers at keys.envelope.address?",
        )


def _object(answer: Answer) -> Mapping[str, Json]:
    try:
        return read_object(answer.body, max_bytes=_MOST_BYTES)
    except BadJson:
        return {}
