"""Codes of devices: kept until somebody has decided and the device has heard of it, once (RFC 8628).

There are two codes to one request. The device holds one, opaque and found by its digest; the person types the
other, found by its mark. What was asked, and what came of it, is sealed to its row: the person's browser does
not have the device's code, and the device does not have the person's session. Every step is one step of the
store, so that it is the same on every node: how often the device asks, who decides, and who hears of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from actas.core.client import Client
from actas.core.errors import AccessDenied, BadToken, OAuthError, StoreUnavailable, TooManyRequests
from actas.core.errors_of_signing_in import DeviceExpired, NotDecided, SlowDown
from actas.core.family import Spent
from actas.core.lineage import Marking
from actas.core.opaque import DEVICE
from actas.core.ports import Chance, Clock
from actas.core.reason import Reason
from actas.core.records import Record
from actas.core.secret import Secret
from actas.core.sign_in import Authorization
from actas.core.source import networks_of, place_of
from actas.crypto.seal import SealBroken
from actas.keys.opaque import NewToken, OpaqueTexts
from actas.subjects.authorization_code import LONGEST
from actas.subjects.device_records import (
    INTERVAL,
    AskedDevice,
    Bounds,
    Decision,
    DeviceCodeStore,
    KeptDevice,
    NotLet,
    Room,
)
from actas.subjects.user_code import new_user_code

LIFE: Final = 600
"""Seconds in which somebody must decide, and the device hear of it."""

TRAVEL: Final = 1
"""Seconds by which a question may come early: one took longer to arrive than the next."""

MOST_UNPROVEN: Final = 50
"""Devices of one client at one address that may wait, when anybody may say to be that client."""

MOST_PROVEN: Final = 1_000
"""The same of a client that proves who it is, wherever it asks from."""

MOST_OF_CLIENT: Final = 5_000
"""The same of one that anybody may say to be, wherever they ask from."""

MOST_NEAR: Final = 100
"""Devices that may wait in one network of what one customer of a provider has, of all such clients."""

MOST_WIDE: Final = 400
"""The same in a network around it."""

MOST_IN: Final[Mapping[Room, int]] = {0: 20_000, 1: 12_000, 2: 4_000}
"""Devices that may wait in a room and those after it. However many networks strangers have, clients that
prove who they are find room, and registered ones find some that no app has which nobody here has chosen."""

_TRIES: Final = 20

_NO: Final[Reason] = "denied_by_person"

_SAID: Final[Mapping[Reason, str]] = {
    _NO: "whoever was asked said no",
    "no_role": "whoever signed in holds no role here that allows it",
}

_Content = TypeVar("_Content", bound=msgspec.Struct)


class DeviceCodes:
    """Keeps requests of devices, has them decided, and tells the device.

    Args:
        issuer: our own issuer identifier.
        store: where they are kept.
        texts: makes the devices' codes, and seals.
        marking: makes marks.
    """

    def __init__(
        self,
        *,
        issuer: str,
        store: DeviceCodeStore,
        texts: OpaqueTexts,
        marking: Marking,
        chance: Chance,
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._store = store
        self._texts = texts
        self._marking = marking
        self._chance = chance
        self._clock = clock

    async def begin(self, asked: AskedDevice, *, room: Room) -> tuple[Secret, AskedDevice]:
        """Keep what a device asks; return its code, and what was asked with the code for the person.

        Args:
            asked: what it asks; which code is shown, and until when, is settled here.
            room: whose room it takes.

        Raises:
            TooManyRequests: too many wait already.
            StoreUnavailable: it was not kept, or nobody knows whether it was.
        """
        now = int(self._clock.now())
        near, wide = networks_of(asked.source)
        counted = (asked.client, place_of(asked.source)) if room else (asked.client,)
        most = Bounds(
            whose=MOST_UNPROVEN if room else MOST_PROVEN,
            client=MOST_OF_CLIENT,
            near=MOST_NEAR,
            wide=MOST_WIDE,
            room=MOST_IN[room],
        )
        for _ in range(_TRIES):
            one = msgspec.structs.replace(
                asked, user_code=new_user_code(self._chance), began=now, ends_at=now + LIFE
            )
            token = self._texts.new(DEVICE)
            kept = KeptDevice(
                digest=token.digest,
                user_code=self._mark(one.user_code),
                whose=self._marking.mark("devices", self._issuer, *counted),
                client=self._marking.mark("devices of", self._issuer, asked.client) if room else "",
                near=self._marking.mark("devices near", self._issuer, near) if room else "",
                wide=self._marking.mark("devices around", self._issuer, wide) if room else "",
                room=room,
                asked=self._sealed(token, one),
                ends_at=one.ends_at,
            )
            done = await self._store.keep(kept, now=now, most=most)
            if done == "full":
                detail = f"too many devices wait: of {asked.client}, around {near}, or of all such clients"
                raise TooManyRequests("too_many_devices", detail=detail, retry_after=60)
            if done == "kept":
                return token.text, one
        raise StoreUnavailable(f"{_TRIES} codes for people were taken already")

    async def waiting(self, user_code: str) -> tuple[str, AskedDevice] | None:
        """Return the request that waits under a person's code, with its name; None when there is none.

        Raises:
            StoreUnavailable: nobody knows.
        """
        kept = await self._store.named(self._mark(user_code))
        if kept is None or kept.state != "waiting":
            return None
        try:
            asked = self._opened(kept)
        except BadToken as broken:
            raise StoreUnavailable(broken.detail) from broken
        if asked.ends_at <= self._clock.now() or asked.user_code != user_code:
            return None
        return kept.digest, asked

    def allowing(self, name: str, authorization: Authorization, *, record: Record) -> Decision:
        """Return the decision that a device may have something; it is kept with the person's consent.

        Args:
            name: of the request, as ``waiting`` gave it.
            record: the audit entry that says so.
        """
        place = _place(name, "answer", authorization.id)
        answer = self._texts.sealed_beside(place, msgspec.json.encode(authorization))
        return Decision(
            digest=name, state="allowed", authorization=authorization.id, answer=answer, record=record
        )

    async def deny(self, name: str, *, why: Reason) -> bool:
        """Let a device have nothing; False when somebody else decided, or it ended.

        Args:
            why: what the device hears.

        Raises:
            StoreUnavailable: nobody knows.
        """
        answer = self._texts.sealed_beside(_place(name, "not_let"), msgspec.json.encode(NotLet(why=why)))
        return await self._store.decide(Decision(digest=name, state="denied", answer=answer))

    async def redeem(self, text: Secret, *, client: Client) -> Authorization:
        """Return what a device was let have. Its code is good no more.

        Args:
            client: who presents the code.

        Raises:
            Spent: the device had it before.
            BadToken: the code is not good, or not this client's.
            OAuthError: nobody has decided yet, or the answer was no, or it is too late.
            StoreUnavailable: nobody knows.
        """
        kept = await self._found(text.reveal())
        asked = self._opened(kept)
        if asked.client != client.name:
            # Before anything is noted: with a code that it found, another client slows nobody down.
            raise BadToken(f"the code was given to {asked.client}, not to {client.name}", why="bad_code")
        if kept.state == "used":
            raise self._spent(kept, asked)
        if asked.ends_at <= self._clock.now():
            raise DeviceExpired(detail=f"the code of {client.name}'s device ended at {asked.ends_at}")
        if kept.state == "denied":
            raise self._denial(kept, client)
        if kept.state == "waiting":
            raise await self._waits(kept, client)
        authorization = self._answer(kept)
        if not await self._store.use(kept.digest):
            raise self._spent(kept, asked)
        return authorization

    def _denial(self, kept: KeptDevice, client: Client) -> AccessDenied:
        """Return what a device is told that has nothing: why, and not who it was."""
        # A node of an earlier version writes no more than that it was denied: then somebody said it.
        why = self._read(_place(kept.digest, "not_let"), kept.answer, NotLet).why if kept.answer else _NO
        said = _SAID.get(why, f"whoever signed in may not sign in to {client.name}")
        return AccessDenied(why, detail=said)

    async def _waits(self, kept: KeptDevice, client: Client) -> OAuthError:
        """Note that a device asked before there is an answer, and return what it is told."""
        at = int(self._clock.now())
        early, interval = await self._store.poll(kept.digest, at=at, travel=TRAVEL, longer=INTERVAL)
        if early:
            detail = f"a device of {client.name} asks more often than every {interval} s"
            return SlowDown(interval=interval, detail=detail)
        detail = f"nobody has decided yet on a device of {client.name}"
        return NotDecided(again=kept.polled_at > 0, detail=detail)

    async def _found(self, text: str) -> KeptDevice:
        try:
            kept = await self._store.find(self._texts.require_whole(text, DEVICE))
        except BadToken as bad:
            raise BadToken(bad.detail, why="bad_code") from bad
        if kept is None:
            raise BadToken("no such code is kept: it was never given, or ended long ago", why="bad_code")
        return kept

    def _spent(self, kept: KeptDevice, asked: AskedDevice) -> Spent:
        authorization = self._answer(kept)
        return Spent(
            "the code was used before",
            why="code_reused",
            family=authorization.id,
            client=asked.client,
            confirmation=None,
            ends_at=authorization.began + LONGEST,
        )

    def _sealed(self, token: NewToken, asked: AskedDevice) -> bytes:
        return self._texts.sealed_beside(_place(token.digest, "asked"), msgspec.json.encode(asked))

    def _opened(self, kept: KeptDevice) -> AskedDevice:
        return self._read(_place(kept.digest, "asked"), kept.asked, AskedDevice)

    def _answer(self, kept: KeptDevice) -> Authorization:
        return self._read(_place(kept.digest, "answer", kept.authorization), kept.answer, Authorization)

    def _read(self, place: str, sealed: bytes, content: type[_Content]) -> _Content:
        try:
            return msgspec.json.decode(self._texts.opened_beside(place, sealed), type=content)
        except (SealBroken, msgspec.DecodeError) as broken:
            raise BadToken(f"what is kept of a device does not open: {broken}", why="bad_code") from None

    def _mark(self, user_code: str) -> str:
        return self._marking.mark("user_code", self._issuer, user_code)


def _place(digest: str, *what: str) -> str:
    """Return what is sealed where."""
    return msgspec.json.encode(("device_codes", digest, *what)).decode()
