"""The key ring of keys in our own store, sealed under the envelope key.

``open`` reads every key, proves each once, makes what is missing and agrees on it with other nodes that
start at the same time. After that everything is answered from memory: ``sign`` is on the hot path.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, Self, get_args

from actas.core.ports import Clock, Json, JsonObject
from actas.core.secret import Secret
from actas.core.wire import SigningAlgorithm
from actas.crypto import base64url
from actas.crypto.jose import PrivateKey, PublicKey, sign
from actas.crypto.keyed import keyed_digest
from actas.crypto.seal import Sealer
from actas.keys.kept import (
    KeysUnusable,
    SecretName,
    StoredKey,
    StoredSecret,
    make_key,
    make_secret,
    take_key,
    take_secret,
)
from actas.keys.ring import KeyInfo, Purpose

AUDIT_ALGORITHM: Final[SigningAlgorithm] = "ES256"

_SECRETS: Final[tuple[SecretName, ...]] = get_args(SecretName)

Slot = tuple[Purpose, SigningAlgorithm]
"""What at most one active key is for."""


class KeyStore(Protocol):
    """Keeps our keys. What it is given is sealed; it neither opens nor judges it."""

    async def all(self) -> list[StoredKey]:
        """Return every key of the purposes that this release knows, in no order."""
        ...

    async def add(self, key: StoredKey) -> bool:
        """Keep a new key.

        Returns:
            False, and nothing is kept, when there is an active key of that purpose and algorithm, or a key
            of that ``kid``: of two nodes that start at once, one learns that it came second.
        """
        ...

    async def secrets(self) -> list[StoredSecret]:
        """Return every secret whose name this release knows, in no order."""
        ...

    async def add_secret(self, secret: StoredSecret) -> bool:
        """Keep a new secret; False, and nothing is kept, when there is one of that name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A key that was proved: what people may see of it, and the key."""

    info: KeyInfo
    key: PrivateKey

    @property
    def slot(self) -> Slot:
        """What it is for."""
        return self.info.purpose, self.info.algorithm


class LocalKeyRing:
    """Implements ``KeyRing``. Made by ``open``.

    Args:
        held: every key.
        algorithm: what tokens are signed with by default.
        secrets: the keys of the keyed digests.

    Attributes:
        created: the keys that this opening made, for the minutes.

    Raises:
        KeysUnusable: two active keys are for the same, or a secret is missing.
    """

    def __init__(
        self,
        held: Sequence[HeldKey],
        *,
        algorithm: SigningAlgorithm,
        secrets: Mapping[SecretName, bytes],
        created: Sequence[KeyInfo] = (),
    ) -> None:
        self.created = tuple(created)
        self._held = tuple(sorted(held, key=lambda one: (-one.info.created_at, one.info.kid)))
        self._signing: dict[tuple[Purpose, SigningAlgorithm | None], PrivateKey] = {}
        for one in self._held:
            if one.info.state == "active":
                if one.slot in self._signing:
                    raise KeysUnusable(f"two {one.info.purpose} keys are active for {one.info.algorithm}")
                self._signing[one.slot] = one.key
        defaults: tuple[Slot, ...] = (("token", algorithm), ("audit", AUDIT_ALGORITHM))
        for purpose, default in defaults:
            if (purpose, default) in self._signing:
                self._signing[purpose, None] = self._signing[purpose, default]
        self._public = {(one.info.purpose, one.info.kid): one.key.public for one in self._held}
        self._infos = tuple(one.info for one in self._held)
        missing = [name for name in _SECRETS if name not in secrets]
        if missing:
            raise KeysUnusable(f"the {missing[0]} secret is missing")
        self._digest_key = secrets["digest"]
        self._pepper = secrets["client_secret"]
        self._nonces = secrets["dpop_nonce"]
        # A pool of its own: the loop's is shared with name lookups, which can hold every thread for seconds.
        self._pool = ThreadPoolExecutor(max_workers=os.cpu_count(), thread_name_prefix="actas-sign")

    @classmethod
    async def open(
        cls,
        store: KeyStore,
        *,
        sealer: Sealer,
        clock: Clock,
        algorithm: SigningAlgorithm,
        algorithms: Collection[SigningAlgorithm] = (),
    ) -> Self:
        """Return the ring of the keys in ``store``; keys that are missing are made and kept first.

        Args:
            sealer: of the envelope key.
            algorithm: what tokens are signed with by default.
            algorithms: what any API wants its tokens signed with.

        Raises:
            KeysUnusable: a key that is kept cannot be used, under this envelope key or at all. Nothing is
                made then: a wrong envelope key never leads to new keys beside the old ones. Or a key is
                missing, and the envelope key may seal no more (SEC-93).
            Exception: the store failed.
        """
        tokens: set[SigningAlgorithm] = {algorithm, *algorithms}
        wanted: list[Slot] = [("audit", AUDIT_ALGORITHM), *(("token", one) for one in sorted(tokens))]
        held = _hold(await store.all(), (), sealer=sealer)
        secrets = _take_all(await store.secrets(), sealer=sealer)
        sealer.count_earlier(len(held) + len(secrets))
        created: list[KeyInfo] = []
        for purpose, one in _missing(wanted, held):
            made = await asyncio.to_thread(make_key, purpose, one, sealer=sealer, at=int(clock.now()))
            if await store.add(made):
                created.append(made.info())
        for name in _SECRETS:
            if name not in secrets:
                await store.add_secret(make_secret(name, sealer=sealer))
        # Read back what is kept, whoever made it: our own, or that of a node that came first.
        if _missing(wanted, held):
            held = _hold(await store.all(), held, sealer=sealer)
        if len(secrets) < len(_SECRETS):
            secrets = _take_all(await store.secrets(), sealer=sealer)
        for purpose, one in _missing(wanted, held):
            raise KeysUnusable(f"the store did not keep the {one} key for {purpose} that was made")
        return cls(held, algorithm=algorithm, secrets=secrets, created=created)

    @property
    def secret_pepper(self) -> bytes:
        """The key of the digests by which client secrets are kept, 32 bytes (SEC-13)."""
        return self._pepper

    @property
    def nonce_key(self) -> bytes:
        """The key of the digests by which nonces are known again, 32 bytes (RFC 9449 section 8)."""
        return self._nonces

    async def sign(
        self,
        claims: Mapping[str, Json],
        *,
        typ: str,
        purpose: Purpose,
        algorithm: SigningAlgorithm | None = None,
    ) -> Secret:
        key = self._signing.get((purpose, algorithm))
        if key is None:
            raise LookupError(f"there is no active {purpose} key for {algorithm or 'the default algorithm'}")
        if key.algorithm == "RS256":
            # RSA takes most of a millisecond and lets go of the interpreter lock; the others do neither.
            call = partial(sign, claims, key=key, typ=typ)
            return Secret(await asyncio.get_running_loop().run_in_executor(self._pool, call))
        return Secret(sign(claims, key=key, typ=typ))

    def public_key(self, kid: str, *, purpose: Purpose) -> PublicKey | None:
        return self._public.get((purpose, kid))

    def published(self) -> JsonObject:
        return self._jwks("token")

    def audit_keys(self) -> JsonObject:
        """Return the JWK set of the audit keys, for whoever verifies checkpoints; public members only."""
        return self._jwks("audit")

    def keys(self) -> tuple[KeyInfo, ...]:
        return self._infos

    def digest(self, token: str) -> str:
        # Anything can be presented as a token, text that is not Unicode included.
        data = token.encode("utf-8", "surrogatepass")
        return base64url.encode(keyed_digest(data, key=self._digest_key)).decode("ascii")

    def close(self) -> None:
        """Let go of the signing threads. What is being signed is finished."""
        self._pool.shutdown()

    def _jwks(self, purpose: Purpose) -> JsonObject:
        return {"keys": [one.key.public.jwk() for one in self._held if one.info.purpose == purpose]}

    def __repr__(self) -> str:
        return f"LocalKeyRing({len(self._held)} keys)"


def _hold(stored: Sequence[StoredKey], known: Sequence[HeldKey], *, sealer: Sealer) -> tuple[HeldKey, ...]:
    """Return every key of ``stored``, proving those that are not ``known`` yet."""
    proved = {one.info: one for one in known}
    return tuple(
        proved.get(one.info()) or HeldKey(info=one.info(), key=take_key(one, sealer=sealer)) for one in stored
    )


def _take_all(stored: Sequence[StoredSecret], *, sealer: Sealer) -> dict[SecretName, bytes]:
    return {one.name: take_secret(one, sealer=sealer) for one in stored}


def _missing(wanted: Sequence[Slot], held: Sequence[HeldKey]) -> list[Slot]:
    there = {one.slot for one in held if one.info.state == "active"}
    return [slot for slot in wanted if slot not in there]
