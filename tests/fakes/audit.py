"""The audit log's world: chance that can be foreseen, an audit key, a writer in memory, a disk that fails."""

from __future__ import annotations

import base64
import itertools
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from actas.audit.chain import EMPTY, check_body, extend
from actas.audit.stream import Receipt, instant
from actas.core.errors import AuditUnavailable
from actas.core.ports import Json, JsonObject
from actas.core.secret import Secret
from actas.core.wire import SigningAlgorithm
from actas.crypto.jose import PrivateKey, PublicKey, sign
from actas.keys.ring import KeyInfo, Purpose
from tests.fakes.clock import NOON

_serial: Final = itertools.count(1)


class CountingChance:
    """Implements ``core.ports.Chance``: different each time, the same in each run."""

    def __init__(self) -> None:
        self._next = 0

    def token(self, size: int) -> str:
        self._next += 1
        return base64.urlsafe_b64encode(self._next.to_bytes(size, "big")).rstrip(b"=").decode("ascii")


class AuditRing:
    """Implements ``keys.ring.KeyRing`` for one audit key and one token key."""

    def __init__(self) -> None:
        self._keys: dict[Purpose, PrivateKey] = {
            "audit": PrivateKey.generate("ES256"),
            "token": PrivateKey.generate("ES256"),
        }

    async def sign(
        self,
        claims: Mapping[str, Json],
        *,
        typ: str,
        purpose: Purpose,
        algorithm: SigningAlgorithm | None = None,
    ) -> Secret:
        return Secret(sign(claims, key=self._keys[purpose], typ=typ))

    def public_key(self, kid: str, *, purpose: Purpose) -> PublicKey | None:
        key = self._keys[purpose]
        return key.public if key.kid == kid else None

    def published(self) -> JsonObject:
        return {"keys": [self._keys["token"].public.jwk()]}

    def keys(self) -> tuple[KeyInfo, ...]:
        return tuple(
            KeyInfo(kid=key.kid, purpose=purpose, algorithm="ES256", state="active", created_at=int(NOON))
            for purpose, key in self._keys.items()
        )

    def digest(self, token: str) -> str:
        return token[:43].ljust(43, "_")

    def mark(self, kind: str, *names: str) -> str:
        return f"{kind}{''.join(names)}"[:12].ljust(12, "_")


class MemoryWriter:
    """Implements ``audit.stream.AuditWriter`` in memory, for tests of what stands above it.

    Attributes:
        lines: what was written.
        left: the numbers of the entries whose answers left.
        broken: refuse everything while true.
    """

    def __init__(self, stream: str = "s1") -> None:
        self.lines: list[bytes] = []
        self.left: list[int] = []
        self.broken = False
        self._stream = stream
        self._head = EMPTY

    async def append(self, body: bytes) -> Receipt:
        check_body(body)
        if self.broken:
            raise AuditUnavailable("broken on purpose")
        lines, self._head = extend([body], stream=self._stream, head=self._head)
        self.lines += lines
        return Receipt(self._stream, self._head.seq)

    def delivered(self, receipt: Receipt) -> None:
        self.left.append(receipt.seq)


def body(name: str, **members: Any) -> bytes:
    """Return the body of an entry with the id ``name``."""
    return msgspec.json.encode({"id": name, "at": instant(NOON), **members})


def bodies(count: int, *, begin: int = 1) -> list[bytes]:
    """Return ``count`` bodies of granted entries."""
    return [body(f"x_{n}", event="exchange:granted", outcome="granted") for n in range(begin, begin + count)]


def event(line: bytes) -> dict[str, Any]:
    """Return a line read."""
    found: dict[str, Any] = msgspec.json.decode(line)
    return found


class FaultyDisk(apsw.VFS):
    """A file system of SQLite that can fail and hang.

    Attributes:
        fault: makes the exception that ``faulty`` operations end with; None for none.
        faulty: which operations fail, of ``write`` and ``sync``.
        free: cleared while writes and syncs hang.
        hanging: set once one hangs.
    """

    def __init__(self) -> None:
        self.vfs = f"faulty-{next(_serial)}"
        self.fault: Callable[[], Exception] | None = None
        self.faulty = {"write", "sync"}
        self.free = threading.Event()
        self.free.set()
        self.hanging = threading.Event()
        super().__init__(self.vfs, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _FaultyFile(self, name, flags)

    def touch(self, operation: str) -> None:
        """What every write and sync goes through."""
        if not self.free.is_set():
            self.hanging.set()
            self.free.wait(60)
        if self.fault is not None and operation in self.faulty:
            raise self.fault()


class _FaultyFile(apsw.VFSFile):
    def __init__(self, disk: FaultyDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        super().__init__("", name, flags)

    def xWrite(self, data: Any, offset: int) -> None:
        self._disk.touch("write")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._disk.touch("sync")
        super().xSync(flags)


def rewrite(path: Path, change: Callable[[apsw.Connection], object]) -> None:
    """Do to a stream's file whatever its owner can do."""
    database = apsw.Connection(str(path))
    try:
        change(database)
    finally:
        database.close()
