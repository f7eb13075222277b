"""The key ring of keys in our own store, sealed under the envelope key.

``open`` reads every key, proves each once, makes what is missing and agrees on it with other nodes that
start at the same time. After that everything is answered from memory: ``sign`` is on the hot path.
``refresh`` follows changes; what a moment's keys answer is ``keys.faces``'s, what changes them
``keys.rotation``'s.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Self, get_args

from actas.core.errors import BadToken
from actas.core.ports import Clock, Json, JsonObject
from actas.core.secret import Secret
from actas.core.wire import SigningAlgorithm
from actas.crypto import base64url
from actas.crypto.jose import PublicKey, sign
from actas.crypto.jwe import Encrypted
from actas.crypto.keyed import keyed_digest, mark_of
from actas.crypto.seal import Sealer
from actas.keys.faces import Faces, HeldKey, hold
from actas.keys.kept import (
    KeysUnusable,
    SecretName,
    StoredSecret,
    make_key,
    make_secret,
    take_secret,
)
from actas.keys.ring import KeyInfo, Purpose, Slot
from actas.keys.store import KeyStore

AUDIT_ALGORITHM: Final[SigningAlgorithm] = "ES256"

_SECRETS: Final[tuple[SecretName, ...]] = get_args(SecretName)


class LocalKeyRing:
    """Implements ``KeyRing``. Made by ``open``.

    Args:
        store: where ``refresh`` reads.
        generation: of what is held.
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
        store: KeyStore,
        generation: int,
        sealer: Sealer,
        clock: Clock,
        algorithm: SigningAlgorithm,
        secrets: Mapping[SecretName, bytes],
        created: Sequence[KeyInfo] = (),
    ) -> None:
        self.created = tuple(created)
        self._store = store
        self._generation = generation
        self._sealer = sealer
        self._clock = clock
        self._defaults: Mapping[Purpose, SigningAlgorithm] = {
            "token": algorithm,
            "grant": algorithm,
            "audit": AUDIT_ALGORITHM,
        }
        # A process that cannot read the store tells verifiers to keep nothing (web.documents). So what the
        # store says was published, was published by everybody; what changes from now on, this node sees.
        since = {one.info.kid: float(one.info.created_at) for one in held}
        self._faces = Faces(held, since=since, now=clock.now(), defaults=self._defaults)
        self._reading = asyncio.Lock()  # a reading that began earlier must not end later, over a newer one
        missing = [name for name in _SECRETS if name not in secrets]
        if missing:
            raise KeysUnusable(f"the {missing[0]} secret is missing")
        self._digest_key = secrets["digest"]
        self._pepper = secrets["client_secret"]
        self._nonces = secrets["dpop_nonce"]
        self._opaque = secrets["opaque"]
        self._passwords = secrets["password"]
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
        used: Collection[Slot] = (),
        make: bool = True,
    ) -> Self:
        """Return the ring of the keys in ``store``; keys that are missing are made and kept first.

        Args:
            sealer: of the envelope key.
            algorithm: what tokens are signed with by default.
            used: what there must be a key for besides that, such as what an API wants its tokens signed with.
            make: whether keys are made; whoever looks only finds none in their place.

        Raises:
            KeysUnusable: a key that is kept cannot be used, under this envelope key or at all (nothing is
                made then, beside the old), or is missing and the envelope key may seal no more (SEC-93).
            Exception: the store failed.
        """
        wanted = _needed({("token", algorithm), *used}) if make else []
        generation, stored = await store.read()
        held = hold(stored, (), sealer=sealer)
        secrets = _take_all(kept := await store.secrets(), sealer=sealer)
        sealer.count_earlier(len(held) + len(secrets))
        lacking = _missing(wanted, held)
        beside = sealer.beside([one.sealed for one in stored] + [one.sealed for one in kept])
        created = await _make_missing(store, lacking, known=secrets, sealer=beside, at=int(clock.now()))
        # Read back what is kept, whoever made it: our own, or that of a node that came first.
        if lacking:
            generation, stored = await store.read()
            held = hold(stored, held, sealer=sealer)
        if len(secrets) < len(_SECRETS):
            secrets = _take_all(await store.secrets(), sealer=sealer)
        _require_none_missing(wanted, held)
        return cls(
            held,
            store=store,
            generation=generation,
            sealer=sealer,
            clock=clock,
            algorithm=algorithm,
            secrets=secrets,
            created=created,
        )

    async def refresh(self) -> None:
        """Follow what other nodes and commands changed. Everything changes at once, or nothing.

        Raises:
            KeysUnusable: a key that is kept cannot be used.
            Exception: the store failed.
        """
        async with self._reading:
            held, generation = self._faces.held, self._generation
            if await self._store.generation() != generation:
                generation, stored = await self._store.read()
                held = hold(stored, held, sealer=self._sealer)
            now = self._clock.now()
            since = {one.info.kid: self._faces.since.get(one.info.kid, now) for one in held}
            self._faces = Faces(held, since=since, now=now, defaults=self._defaults)
            self._generation = generation

    @property
    def secret_pepper(self) -> bytes:
        """The key of the digests by which client secrets are kept, 32 bytes (SEC-13)."""
        return self._pepper

    @property
    def nonce_key(self) -> bytes:
        """The key of the digests by which nonces are known again, 32 bytes (RFC 9449 section 8)."""
        return self._nonces

    @property
    def opaque_key(self) -> bytes:
        """The key under which, with a token, is sealed what an opaque token stands for, 32 bytes."""
        return self._opaque

    @property
    def password_pepper(self) -> bytes:
        """The key of the digests of people's passwords, which are hashed for them, 32 bytes (SEC-13)."""
        return self._passwords

    async def sign(
        self,
        claims: Mapping[str, Json],
        *,
        typ: str,
        purpose: Purpose,
        algorithm: SigningAlgorithm | None = None,
    ) -> Secret:
        key = self._faces.signing.get((purpose, algorithm)) or self._faces.why_none(purpose, algorithm)
        if key.algorithm == "RS256":
            # RSA takes most of a millisecond and lets go of the interpreter lock; the others do neither.
            call = partial(sign, claims, key=key, typ=typ)
            return Secret(await asyncio.get_running_loop().run_in_executor(self._pool, call))
        return Secret(sign(claims, key=key, typ=typ))

    async def decrypt(self, token: Encrypted) -> str:
        """Return what is in a token that is encrypted to a key of ours. It proves nothing of who did that.

        Raises:
            BadToken: it cannot be decrypted, or its ``kid`` names no key of ours that decrypts.
        """
        key = self._faces.decrypting.get(token.header.kid)
        if key is None:
            raise BadToken(
                f"it is encrypted to {token.header.kid[:80]!r}, which is no key of ours that decrypts"
            )
        if key.algorithm == "RSA-OAEP-256":  # as above
            return await asyncio.get_running_loop().run_in_executor(self._pool, key.decrypt, token)
        return key.decrypt(token)

    def public_key(self, kid: str, *, purpose: Purpose) -> PublicKey | None:
        return self._faces.public.get((purpose, kid))

    def published(self) -> JsonObject:
        return self._faces.jwks("token", "id_token", "grant", "encryption")

    def client_keys(self) -> JsonObject:
        """Return the JWK set of the keys by which issuers know us; public members only."""
        return self._faces.jwks("client")

    def audit_keys(self) -> JsonObject:
        """Return the JWK set of the audit keys, for whoever verifies checkpoints; public members only."""
        return self._faces.jwks("audit")

    def keys(self) -> tuple[KeyInfo, ...]:
        return self._faces.infos

    def known_since(self, kid: str) -> float:
        """Return when this node began to publish a key of ``keys()``, seconds since the epoch."""
        return self._faces.since[kid]

    def digest(self, token: str) -> str:
        # Anything can be presented as a token, text that is not Unicode included.
        data = token.encode("utf-8", "surrogatepass")
        return base64url.encode(keyed_digest(data, key=self._digest_key)).decode("ascii")

    def mark(self, kind: str, *names: str) -> str:
        return mark_of(kind, *names, key=self._digest_key)

    def close(self) -> None:
        """Let go of the signing threads. What is being signed is finished."""
        self._pool.shutdown()

    def __repr__(self) -> str:
        return f"LocalKeyRing({len(self._faces.held)} keys)"


async def _make_missing(
    store: KeyStore,
    slots: Collection[Slot],
    *,
    known: Collection[SecretName],
    sealer: Sealer,
    at: int,
) -> list[KeyInfo]:
    """Make and keep what is missing, and return the keys that were kept: another node may come first."""
    created: list[KeyInfo] = []
    for purpose, algorithm in slots:
        made = await asyncio.to_thread(make_key, purpose, algorithm, sealer=sealer, at=at)
        if await store.add(made):
            created.append(made.info())
    for name in _SECRETS:
        if name not in known:
            await store.add_secret(make_secret(name, sealer=sealer))
    return created


def _take_all(stored: Sequence[StoredSecret], *, sealer: Sealer) -> dict[SecretName, bytes]:
    return {one.name: take_secret(one, sealer=sealer) for one in stored}


def _needed(used: Collection[Slot]) -> list[Slot]:
    """Return what there must be a key for; those that most of what we sign is signed with come first."""
    return [("audit", AUDIT_ALGORITHM), *sorted(used, key=lambda slot: (slot[0] != "token", slot))]


def _missing(wanted: Sequence[Slot], held: Sequence[HeldKey]) -> list[Slot]:
    there = {one.info.slot for one in held if one.info.state == "active"}
    return [slot for slot in wanted if slot not in there]


def _require_none_missing(wanted: Sequence[Slot], held: Sequence[HeldKey]) -> None:
    for purpose, algorithm in _missing(wanted, held):
        raise KeysUnusable(f"the store did not keep the {algorithm} key for {purpose} that was made")
