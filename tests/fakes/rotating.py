"""Nodes that share keys, their clock, and whoever verifies what they sign."""

from __future__ import annotations

from actas.audit.log import draw_up
from actas.core.ports import JsonObject, SystemChance
from actas.core.records import Record
from actas.crypto import jose
from actas.keys.kept import StoredKey
from actas.keys.life import CACHE_TIME, LEAST_AHEAD, Timetable
from actas.keys.local import LocalKeyRing
from actas.keys.ring import KeyInfo, Slot
from actas.keys.rotation import Change, Rotation
from actas.keys.store import Kept, KeyStore
from actas.store.memory import MemoryKeyStore
from tests.fakes.clock import NOON
from tests.fakes.sealer import sealer

TABLE = Timetable(rotate_every=2 * 86_400, publish_ahead=LEAST_AHEAD, keep_after=26 * 3600)
LIFE = 300
ISSUER = "https://sts.acme.example"


def recorded(change: Change) -> Record:
    """The audit entry of a change."""
    return draw_up(change.event, now=Time().now(), chance=SystemChance(), **change.members())


class Time:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> float:
        return self.at


class Partitioned(Exception):
    """The store cannot be reached."""


class Cut(MemoryKeyStore):
    """One node's way to a shared store, which can be cut."""

    def __init__(self, shared: KeyStore) -> None:
        super().__init__()
        self.shared = shared
        self.cut = False

    def _reach(self) -> KeyStore:
        if self.cut:
            raise Partitioned
        return self.shared

    async def generation(self) -> int:
        return await self._reach().generation()

    async def read(self) -> Kept:
        return await self._reach().read()

    async def add(self, key: StoredKey) -> bool:
        return await self._reach().add(key)

    async def replace(self, keys: object, *, seen: int, records: object = ()) -> bool:
        return await self._reach().replace(keys, seen=seen, records=records)  # type: ignore[arg-type]

    async def secrets(self) -> list:  # type: ignore[type-arg]
        return await self._reach().secrets()

    async def add_secret(self, secret: object) -> bool:
        return await self._reach().add_secret(secret)  # type: ignore[arg-type]


class Node:
    """A serving process, as far as its keys go."""

    def __init__(self, ring: LocalKeyRing, rotation: Rotation, store: Cut) -> None:
        self.ring, self.rotation, self.store = ring, rotation, store

    @classmethod
    async def start(cls, shared: KeyStore, clock: Time, *more: Slot) -> Node:
        """Start one.

        Args:
            more: what there are keys for besides tokens.
        """
        store, used = Cut(shared), {("token", "ES256"), *more}
        ring = await LocalKeyRing.open(store, sealer=sealer(), clock=clock, algorithm="ES256", used=used)
        rotation = Rotation(store, sealer=sealer(), clock=clock, timetable=TABLE, used=used, record=recorded)
        return cls(ring, rotation, store)

    async def look(self) -> tuple[Change, ...]:
        """Follow, and make what is due."""
        await self.ring.refresh()
        changes = await self.rotation.turn() if self.rotation.is_due(self.ring.keys()) else ()
        await self.ring.refresh()
        return changes

    async def token(self, clock: Time) -> str:
        claims: JsonObject = {
            "iss": ISSUER,
            "sub": "alice",
            "iat": int(clock.at),
            "exp": int(clock.at) + LIFE,
        }
        return (await self.ring.sign(claims, typ="at+jwt", purpose="token")).reveal()


class Verifier:
    """An API that keeps a key set for as long as it is told to, and never asks again before."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.keys: dict[str, jose.PublicKey] = {}
        self.until = 0.0

    def check(self, token: str, clock: Time) -> None:
        if clock.at >= self.until:
            published = self.node.ring.published()["keys"]
            assert isinstance(published, list)
            found = [
                jose.PublicKey.from_jwk(one, algorithms=None) for one in published if isinstance(one, dict)
            ]
            self.keys = {one.kid: one for one in found}
            self.until = clock.at + CACHE_TIME
        jws = jose.parse(token)
        key = self.keys[str(jws.unverified_kid)]
        jose.verify(jws, key=key, types=frozenset({"at+jwt"}), issuer=ISSUER, now=clock.at)


def kid_of(token: str) -> str:
    return str(jose.parse(token).unverified_kid)


def audit_key(node: Node) -> KeyInfo:
    infos = node.ring.keys()
    return next(one for one in infos if one.purpose == "audit")


async def pass_on(nodes: list[Node], clock: Time, seconds: float) -> list[Change]:
    """Let time pass, both nodes looking again and again."""
    end, changes = clock.at + seconds, list[Change]()
    while clock.at < end:
        clock.at = min(end, clock.at + 5)
        for node in nodes:
            if not node.store.cut:
                changes += await node.look()
    return changes


def kinds(changes: list[Change] | tuple[Change, ...]) -> list[str]:
    return [one.event.removeprefix("keys:") for one in changes]
