"""Answers of browsers that were not made for us, or by nobody's passkey.

A page of another site relays our challenge; a frame embeds us; a device says that nobody touched it, or did not
ask who they are; a key that is not the one that was kept signs; somebody puts another person's handle beside
their own signature; the answer is cut, swollen or not an answer at all. None of them proves anything, whatever
the request claims to be about: origin and host come from the configured issuer. And nothing crashes.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes.authenticator import PRESENT, VERIFIED, Device, text
from tests.fakes.clock import FixedClock
from tests.fakes.sealer import sealer

from actas.core.ports import Json, JsonObject, SystemChance
from actas.crypto.passkey import BadPasskey, PasskeyRules
from actas.signin.passkeys import Passkeys
from actas.signin.records import CredentialRecords
from actas.store.epochs import Epoch, MarksOfEpoch
from actas.store.memory import MemoryCredentials, MemoryMarks

ISSUER = "https://sts.acme.example/tenant"
ORIGIN = "https://sts.acme.example"
ALICE, MALLORY = "actas:alice", "actas:mallory"


class NeverRestored:
    epoch = Epoch()


@pytest.fixture
def passkeys() -> Passkeys:
    clock = FixedClock()
    return Passkeys(
        CredentialRecords(MemoryCredentials(), sealer=sealer(), chance=SystemChance()),
        rules=PasskeyRules(issuer=ISSUER, name="Acme"),
        marks=MarksOfEpoch(MemoryMarks(clock=clock), NeverRestored()),
        pepper=bytes(32),
        issuer=ISSUER,
        clock=clock,
        chance=SystemChance(),
    )


async def enrolled(passkeys: Passkeys, subject: str = ALICE, **how: Any) -> Device:
    device = Device(ORIGIN, **how)
    asked = await passkeys.begin(subject, session="s", account="a", display="A")
    assert await passkeys.finish(subject, device.make(asked), session="s", name="laptop")
    return device


FORGED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("origin", {"origin": "https://sts.acme.example.evil.example", "host": "sts.acme.example"}),
    ("a subdomain", {"origin": "https://x.sts.acme.example", "host": "sts.acme.example"}),
    ("the domain above", {"origin": "https://acme.example", "host": "sts.acme.example"}),
    ("no tls", {"origin": "http://sts.acme.example"}),
    ("another port", {"origin": "https://sts.acme.example:8443"}),
    ("the issuer with its path", {"origin": ISSUER}),
    ("another host in what is signed", {"host": "acme.example"}),
    ("nobody was there", {"flags": VERIFIED}),
    ("nobody was asked", {"flags": PRESENT}),
    ("another type", {"changes": {"type": "payment.get"}}),
    ("a frame", {"changes": {"crossOrigin": True}}),
    ("no origin", {"changes": {"origin": None}}),
    ("a list of origins", {"changes": {"origin": [ORIGIN]}}),
    ("no challenge", {"changes": {"challenge": None}}),
)


@pytest.mark.requirement("SEC-84")
@pytest.mark.parametrize("lie", [lie for _, lie in FORGED], ids=[name for name, _ in FORGED])
async def test_what_was_not_made_for_us_proves_nothing(passkeys: Passkeys, lie: dict[str, Any]) -> None:
    device = await enrolled(passkeys)
    await passkeys.check(device.use(passkeys.challenge(session="s")), session="s")
    for name, value in lie.items():
        setattr(device, name, value)
    with pytest.raises(BadPasskey):
        await passkeys.check(device.use(passkeys.challenge(session="s")), session="s")
    another = Device(**{"origin": ORIGIN, **lie})
    asked = await passkeys.begin(ALICE, session="s", account="a", display="A")
    with pytest.raises(BadPasskey):
        await passkeys.finish(ALICE, another.make(asked), session="s", name="x")


async def test_only_the_key_that_was_kept_signs_for_its_person(passkeys: Passkeys) -> None:
    hers, theirs = await enrolled(passkeys), await enrolled(passkeys, MALLORY)
    # Their own signature under her handle; her passkey's id over their own key; no handle at all; a stranger's.
    for changes in (
        {"handle": hers.handle},
        {"handle": hers.handle, "id": hers.id},
        {"handle": None},
        {"handle": b"\xff"},
        {"handle": b"\x00"},
        {"handle": b"A" * 43},
    ):
        for name, value in changes.items():
            setattr(theirs, name, value)
        with pytest.raises(BadPasskey):
            await passkeys.check(theirs.use(passkeys.challenge(session="s")), session="s")
    assert (await passkeys.check(hers.use(passkeys.challenge(session="s")), session="s")).subject == ALICE


async def test_a_signature_over_something_else_proves_nothing(passkeys: Passkeys) -> None:
    device = await enrolled(passkeys)
    for member, other in (("signature", text(b"\x30\x00")), ("authenticatorData", text(bytes(37)))):
        answer = device.use(passkeys.challenge(session="s"))
        inner = answer["response"]
        assert isinstance(inner, dict)
        inner[member] = other
        with pytest.raises(BadPasskey):
            await passkeys.check(answer, session="s")


@pytest.mark.parametrize("algorithm", [-65535, -47, -36, 0, -999])
async def test_an_algorithm_that_was_not_offered_is_refused(passkeys: Passkeys, algorithm: int) -> None:
    device = Device(ORIGIN, algorithm=algorithm)
    asked = await passkeys.begin(ALICE, session="s", account="a", display="A")
    with pytest.raises(BadPasskey):
        await passkeys.finish(ALICE, device.make(asked), session="s", name="x")


NESTED = b"\x81" * 3000 + b"\x00"
ODD: tuple[Json, ...] = (None, 7, "", "!", "AA", "A" * 1_000_000, [], {}, text(NESTED))


def broken(answer: JsonObject) -> list[Any]:
    inner: Any = answer["response"]
    long = "A" * 1_000_000
    return [
        {},
        {**answer, "response": None},
        {**answer, "response": []},
        {**answer, "response": {}},
        {**answer, "rawId": 7},
        {**answer, "rawId": "!"},
        {**answer, "id": "AAAA"},
        {**answer, "rawId": long, "id": long},
        {**answer, "type": "password"},
        *({**answer, "response": {**inner, name: value}} for name in inner for value in ODD),
        *(
            {**answer, "response": {**inner, "clientDataJSON": text(data)}}
            for data in (
                b"",
                b"[]",
                b"7",
                b"{}",
                b"\xff",
                b'{"challenge":7}',
                json.dumps({"challenge": "é"}).encode(),
            )
        ),
    ]


@pytest.mark.requirement("SEC-04", "SEC-26")
async def test_what_is_no_answer_is_refused_and_crashes_nothing(passkeys: Passkeys) -> None:
    device = await enrolled(passkeys)
    for position in range(len(broken(device.use(passkeys.challenge(session="s"))))):
        answer = broken(device.use(passkeys.challenge(session="s")))[position]
        with pytest.raises(BadPasskey):
            await passkeys.check(answer, session="s")
    asked = await passkeys.begin(ALICE, session="s", account="a", display="A")
    for position in range(len(broken(Device(ORIGIN).make(asked)))):
        asked = await passkeys.begin(ALICE, session="s", account="a", display="A")
        with pytest.raises(BadPasskey):
            await passkeys.finish(ALICE, broken(Device(ORIGIN).make(asked))[position], session="s", name="x")
