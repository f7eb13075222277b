"""What the ring answers from at one moment: which key signs, which verify, what is published.

Immutable and replaced whole, so that whoever reads it between two lines reads one truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from actas.core.ports import Json, JsonObject
from actas.core.wire import KeyAlgorithm, SigningAlgorithm
from actas.crypto.encryption_key import DecryptingKey, EncryptingKey
from actas.crypto.jose import PrivateKey, PublicKey
from actas.crypto.seal import Sealer
from actas.keys.kept import KeysUnusable, StoredKey, take_key, take_public
from actas.keys.life import may_sign
from actas.keys.ring import KeyInfo, KeyNotReady, Purpose, Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A key that was proved.

    Attributes:
        info: what people may see of it.
        key: None when it is gone.
        public: None when it is gone and nobody asks for it any more.
    """

    info: KeyInfo
    key: PrivateKey | DecryptingKey | None
    public: PublicKey | EncryptingKey | None


def hold(stored: Sequence[StoredKey], known: Sequence[HeldKey], *, sealer: Sealer) -> tuple[HeldKey, ...]:
    """Return every key of ``stored``, proving those that are not ``known`` yet.

    A key that is known is not read again when only its state has changed, or what it is sealed under.

    Raises:
        KeysUnusable: one cannot be used.
    """
    proved = {(one.info.kid, one.info.slot): one for one in known}
    return tuple(_held(one, proved.get((one.kid, one.slot)), sealer=sealer) for one in stored)


def _held(stored: StoredKey, known: HeldKey | None, *, sealer: Sealer) -> HeldKey:
    if stored.state == "gone":
        same = known is not None and known.info.state == "gone"
        public = known.public if known is not None and same else take_public(stored, sealer=sealer)
        return HeldKey(info=stored.info(), key=None, public=public)
    if known is not None and known.key is not None:
        return HeldKey(info=stored.info(), key=known.key, public=known.public)
    key = take_key(stored, sealer=sealer)
    return HeldKey(info=stored.info(), key=key, public=key.public)


class Faces:
    """What is answered at one moment.

    Args:
        held: every key.
        since: when this node began to publish each, by ``kid``.
        now: seconds since the epoch.
        defaults: the algorithm of each purpose that is meant when none is named.

    Attributes:
        signing: the key that signs, by purpose and algorithm; None stands for the default.
        public: the key that verifies, by purpose and ``kid``.
        decrypting: the key that decrypts, by ``kid``, and ``encrypting`` what is encrypted to now.
        infos: every key, newest first.

    Raises:
        KeysUnusable: two active keys are for the same.
    """

    __slots__ = ("_waiting", "decrypting", "encrypting", "held", "infos", "public", "signing", "since")

    def __init__(
        self,
        held: Sequence[HeldKey],
        *,
        since: Mapping[str, float],
        now: float,
        defaults: Mapping[Purpose, SigningAlgorithm],
    ) -> None:
        self.held = tuple(sorted(held, key=lambda one: (-one.info.created_at, one.info.kid)))
        self.since = since
        self.infos = tuple(one.info for one in self.held)
        self.public = {
            (one.info.purpose, one.info.kid): one.public
            for one in self.held
            if isinstance(one.public, PublicKey) and (one.info.published or one.info.purpose == "audit")
        }
        self.decrypting = {one.info.kid: one.key for one in self.held if isinstance(one.key, DecryptingKey)}
        self.encrypting = tuple(
            one.public for one in self.held if isinstance(one.public, EncryptingKey) and one.info.published
        )
        self.signing: dict[tuple[Purpose, KeyAlgorithm | None], PrivateKey] = {}
        self._waiting: dict[tuple[Purpose, KeyAlgorithm | None], KeyInfo] = {}
        for active in (one for one in self.held if one.info.state == "active"):
            if active.info.purpose != "encryption":
                self._choose(active, now=now)
        for purpose, default in defaults.items():
            if (purpose, default) in self.signing:
                self.signing[purpose, None] = self.signing[purpose, default]
            if (purpose, default) in self._waiting:
                self._waiting[purpose, None] = self._waiting[purpose, default]

    def _choose(self, active: HeldKey, *, now: float) -> None:
        """Let the active key of a slot sign, or the one before as long as this node must (REL-06)."""
        slot: Slot = active.info.slot
        if slot in self.signing or slot in self._waiting:
            raise KeysUnusable(f"two {slot[0]} keys are active for {slot[1]}")
        before = sorted(
            (one for one in self.held if one.info.slot == slot and one.info.state == "retired"),
            key=lambda one: -(one.info.retire_at or 0),
        )
        for one in (active, *before):
            if isinstance(one.key, PrivateKey) and may_sign(
                one.info, since=self.since[one.info.kid], now=now
            ):
                self.signing[slot] = one.key
                return
        self._waiting[slot] = active.info

    def why_none(self, purpose: Purpose, algorithm: SigningAlgorithm | None) -> NoReturn:
        """Say why nothing signs.

        Raises:
            KeyNotReady: there is a key, and this node has not published it for long enough.
            LookupError: there is none.
        """
        waiting = self._waiting.get((purpose, algorithm))
        if waiting is not None:
            raise KeyNotReady(
                f"this node has not published the {purpose} key {waiting.kid} for {waiting.ahead} s yet,"
                " and none before it may sign any more"
            )
        raise LookupError(f"there is no active {purpose} key for {algorithm or 'the default algorithm'}")

    def jwks(self, *purposes: Purpose) -> JsonObject:
        """Return the JWK set of purposes: public members only."""
        keys: list[Json] = [key.jwk() for (one, _), key in self.public.items() if one in purposes]
        if "encryption" in purposes:
            keys += [key.jwk() for key in self.encrypting]
        return {"keys": keys}
