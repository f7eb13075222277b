"""Everything that proves who alice is, in process, over a house."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from actas.clients.throttle import Limits, Step
from actas.core.person import Person
from actas.core.ports import SystemChance
from actas.core.secret import Secret
from actas.crypto.passkey import PasskeyRules
from actas.crypto.password_hash import PasswordHashes
from actas.signin.beginning import CODE_WITHIN, Beginning, Begun, Half, Opening, Visitor
from actas.signin.by_passkey import ByPasskey
from actas.signin.credentials import Credentials
from actas.signin.ending import Endings
from actas.signin.flow import Flow
from actas.signin.guessing import SignInGuessing
from actas.signin.one_time_codes import OneTimeCodes
from actas.signin.owner import Keeping, Owner
from actas.signin.passkey_care import PasskeyCare
from actas.signin.passkeys import Passkeys
from actas.signin.proving import Proving
from actas.signin.records import CredentialRecords
from actas.signin.resetting import Resetting
from actas.signin.securing import Securing
from actas.signin.steps import AskCode, GoOn
from actas.store.memory import MemoryCredentials
from tests.fakes.authenticator import Device
from tests.fakes.clock import FixedClock
from tests.fakes.codes import code_of
from tests.fakes.house import ISSUER, OPAQUE_KEY, PEOPLE, House
from tests.fakes.sealer import sealer
from tests.fakes.sessions import sessions_of

ALICE = PEOPLE[0]
RIGHT = Secret("correct horse battery")
ORIGIN: Final = "{0.scheme}://{0.netloc}".format(urlsplit(ISSUER))
VISITOR = Visitor(source="192.0.2.7", agent="Firefox", browser="browser-1", session=None)


class Desk:
    """Everything that proves who alice is, over a house."""

    def __init__(self, hashes: PasswordHashes, people: tuple[Person, ...] = PEOPLE) -> None:
        limits = Limits(failed_sign_in=(Step(3, 600),), failed_sign_in_source=(Step(20, 600),))
        self.house = House(people=people, limits=limits)
        house, chance = self.house, SystemChance()
        self.clock: FixedClock = house.clock
        self.store = MemoryCredentials()
        records = CredentialRecords(self.store, sealer=sealer(), chance=chance)
        self.credentials = Credentials(records, hashes=hashes, clock=house.clock)
        guessing = SignInGuessing(house.throttle, records, mark=house.ring.mark)
        begun = Flow("begun", Begun, key=OPAQUE_KEY, chance=chance, clock=house.clock)
        self.passkeys = Passkeys(
            records,
            rules=PasskeyRules(issuer=ISSUER, name="Acme"),
            marks=house.marks,
            pepper=bytes(range(32)),
            issuer=ISSUER,
            clock=house.clock,
            chance=chance,
        )
        self.codes = OneTimeCodes(
            records, pepper=bytes(range(32)), issuer="Acme", clock=house.clock, chance=chance
        )
        catalog = house.catalog
        self.sessions = sessions_of(house)
        endings = Endings(issuer=ISSUER, sessions=self.sessions, audit=house.minutes)
        opening = Opening(
            issuer=ISSUER, sessions=self.sessions, endings=endings, begun=begun, audit=house.minutes
        )
        beginning = Beginning(issuer=ISSUER, opening=opening, guessing=guessing, clock=house.clock)
        self.proving = Proving(
            directory=catalog,
            credentials=self.credentials,
            one_time_codes=self.codes,
            guessing=guessing,
            beginning=beginning,
            begun=begun,
            half=Flow("half", Half, key=OPAQUE_KEY, chance=chance, clock=house.clock, life=CODE_WITHIN),
            audit=house.minutes,
            clock=house.clock,
            fresh=lambda: None,
        )
        self.by_passkey = ByPasskey(
            directory=catalog,
            proving=self.proving,
            passkeys=self.passkeys,
            guessing=guessing,
            beginning=beginning,
            begun=begun,
            audit=house.minutes,
            fresh=lambda: None,
        )
        self.keeping = Keeping(
            issuer=ISSUER,
            directory=catalog,
            proving=self.proving,
            sessions=self.sessions,
            audit=house.minutes,
            chance=chance,
            clock=house.clock,
            fresh=lambda: None,
        )
        self.securing = Securing(
            self.keeping, credentials=self.credentials, codes=self.codes, guessing=guessing
        )
        self.resetting = Resetting(
            issuer=ISSUER,
            credentials=self.credentials,
            sessions=self.sessions,
            audit=house.minutes,
            chance=chance,
            clock=house.clock,
        )
        self.care = PasskeyCare(self.keeping, credentials=self.credentials, passkeys=self.passkeys)

    async def enrolled(self) -> str:
        new = await self.codes.begin(ALICE.subject, account="alice")
        secret: str = new.secret.reveal()
        assert await self.codes.confirm(ALICE.subject, code_of(secret, self.clock.now()), name="phone")
        self.clock.advance(30)
        return secret

    async def signed_in(self, name: str = "alice", *, browser: Visitor = VISITOR) -> Visitor:
        """A browser at which somebody signed in just now, by a password alone."""
        step = await self.proving.password(None, name=name, password=RIGHT, visitor=browser)
        assert isinstance(step, GoOn)
        return msgspec.structs.replace(browser, session=step.session)

    async def signed_in_twice(self, secret: str) -> Visitor:
        """A browser at which alice signed in just now, by a password and by a code of her app."""
        half = await self.half_way()
        code = Secret(code_of(secret, self.clock.now()))
        step = await self.proving.code(half.flow, code=code, visitor=VISITOR)
        assert isinstance(step, GoOn)
        return msgspec.structs.replace(VISITOR, session=step.session)

    async def owner(self, visitor: Visitor) -> Owner:
        """Who may change what they sign in with at a browser."""
        owner = await self.keeping.owner(visitor, then="password")
        assert isinstance(owner, Owner)
        return owner

    async def with_passkey(self, subject: str = ALICE.subject, **how: Any) -> Device:
        """A device that has a passkey of somebody."""
        device = Device(ORIGIN, **how)
        asked = await self.passkeys.begin(subject, session="enrolment", account="a", display="A")
        assert await self.passkeys.finish(subject, device.make(asked), session="enrolment", name="laptop")
        return device

    def answer(self, device: Device, visitor: Visitor = VISITOR) -> Secret:
        """What a browser sends when a device uses its passkey on the page that was shown to it."""
        asked = self.passkeys.challenge(session=visitor.browser)
        return Secret(json.dumps(device.use(asked)))

    async def half_way(self, name: str = "alice") -> AskCode:
        step = await self.proving.password(None, name=name, password=RIGHT, visitor=VISITOR)
        assert isinstance(step, AskCode)
        return step
