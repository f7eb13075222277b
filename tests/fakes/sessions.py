"""Sessions over a house, as one node or another knows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from actas.audit.log import draw_up
from actas.core.lineage import Lineage
from actas.core.party import Identity
from actas.core.person import Person
from actas.core.ports import SystemChance
from actas.core.records import Record
from actas.core.sign_in import SignIn
from actas.signin.sessions import Session, Sessions
from actas.store.memory_sign_in import MemorySessions
from actas.subjects.authorization_code import mark_of_session
from actas.subjects.live import LiveParties
from actas.trust.registry import TrustedIssuer
from tests.fakes.company import CORP_FOR_PEOPLE
from tests.fakes.house import ISSUER, NOW, PEOPLE, House

ALICE = Identity(ISSUER, "actas:alice")
DORA = Identity(ISSUER, "actas:dora")
PEOPLE_HERE = (PEOPLE[0], Person(name="dora", display="Dora"))


def sessions_of(house: House, **changes: Any) -> Sessions:
    """The sessions of one node over a house; with nothing else, nobody is signed in.

    Args:
        changes: what it has otherwise; ``catalog`` is what it knows of who is live.
    """
    catalog = changes.pop("catalog", house.catalog)
    known: dict[str, Any] = {
        "issuer": ISSUER,
        "store": MemorySessions(clock=house.clock),
        "texts": house.texts,
        "live": LiveParties(issuer=ISSUER, clients=catalog, trust=catalog, people=catalog),
        "revocations": house.revoked,
        "marking": house.ring,
        "clock": house.clock,
    }
    return Sessions(**{**known, **changes})


def entry(house: House) -> Record:
    """An entry that says that a session ended."""
    return draw_up("session:ended", now=house.clock.now(), chance=SystemChance(), reason="test")


@dataclass
class Here:
    """Several nodes over one house and one store."""

    people: tuple[Person, ...] = PEOPLE_HERE
    issuers: tuple[TrustedIssuer, ...] = (CORP_FOR_PEOPLE,)
    house: House = field(init=False)
    store: MemorySessions = field(init=False)

    def __post_init__(self) -> None:
        self.house = House(people=self.people, issuers=self.issuers)
        self.store = MemorySessions(clock=self.house.clock)

    def node(self, **changes: Any) -> Sessions:
        """The sessions as one of them knows them."""
        return sessions_of(self.house, **{"store": self.store, **changes})

    async def signed_in(
        self,
        person: Identity = ALICE,
        *,
        origin: Identity | None = None,
        replaces: str | None = None,
        browser: str = "Firefox",
        **changes: Any,
    ) -> tuple[str, Session]:
        """Sign somebody in at a node, and return the text of the session with it."""

        def sign_in(sid: str, ends_at: int) -> SignIn:
            return SignIn(
                person=person,
                origin=origin or person,
                origin_name="actas",
                groups=("support",),
                claims={"name": "Somebody"},
                at=int(self.house.clock.now()),
                acr="pwd",
                amr=("pwd",),
                sid=sid,
                ends_at=ends_at,
            )

        text, session = await self.node(**changes).begin(
            sign_in, source="192.0.2.7", browser=browser, replaces=replaces, ended=lambda _: entry(self.house)
        )
        return text.reveal(), session

    def is_revoked(self, sid: str) -> bool:
        """Whether what is bound to a session is dead."""
        mark = mark_of_session(self.house.ring, ISSUER, sid)
        return self.house.revoked.against(Lineage((mark,), NOW)) is not None
