"""What people see at my access of who acts as them: by the names that they know each other by."""

from __future__ import annotations

from typing import Any

from tests.contracts.impersonation_store import telling, wanted
from tests.fakes.company import PEOPLE
from tests.fakes.connecting import Connecting
from tests.fakes.desks import OPAQUE_KEY
from tests.fakes.house import ISSUER, NOW, House

from actas.core.party import Actor, Identity
from actas.core.person import Person
from actas.kinds.impersonation_pages import Paging
from actas.signin.account import Account, Mine
from actas.signin.acting import ActingAsMe
from actas.signin.ending import Endings
from actas.signin.proving import Visitor
from actas.web.acted_as import rows_of
from actas.web.pages.account import ImpersonationRow

DANA = Person(name="dana", display="Dana Diaz")
LEE = Person(name="lee", display="Lee")
SAM = Person(name="sam", display="sam")


class NoCredentials:
    """Nobody has anything else to sign in with."""

    async def has(self, *_: Any, **__: Any) -> frozenset[str]:
        return frozenset()

    async def list(self, *_: Any) -> list[Any]:
        return []


async def seen(who: str, *, vouched_by: str = ISSUER) -> ImpersonationRow:
    """What carol sees of one that somebody began, lee approved and dana ended."""
    here = Connecting(people=(*PEOPLE, DANA, LEE, SAM))
    house: House = here.house
    kept = house.impersonations
    administrator = Actor(Identity(ISSUER, who), "person")
    asked = wanted(administrator=administrator, vouched_by=vouched_by, approval=("leads",))
    await kept.begin(asked, "i", "m", at=int(NOW), telling=telling)
    lee = f"{ISSUER} actas:lee"
    await kept.decide("i", approved=True, by=lee, at=int(NOW), telling=telling)
    await kept.begin(asked, "j", "m-2", at=int(NOW), telling=telling)
    await kept.end("i", by=f"{ISSUER} actas:dana", why="done", at=int(NOW) + 5, telling=telling)
    credentials: Any = NoCredentials()
    account = Account(
        issuer=ISSUER,
        directory=house.catalog,
        sessions=here.sessions,
        endings=Endings(issuer=ISSUER, sessions=here.sessions, audit=house.minutes),
        consents=here.consents,
        acting=ActingAsMe(
            kept=kept, impersonations=house.acting, paging=Paging(OPAQUE_KEY), clock=house.clock
        ),
        credentials=credentials,
        audit=house.minutes,
        chance=house.chance,
        clock=house.clock,
        fresh=house.follower.require_fresh,
    )
    carol: Visitor = await here.visitor("carol")
    mine = await account.mine(carol)
    assert isinstance(mine, Mine)
    (row,) = rows_of(mine, house.catalog)
    return row


async def test_a_colleague_is_called_by_name_with_the_identifier_beside_it() -> None:
    row = await seen("actas:dana")
    assert (row.who, row.identifier, row.known_by) == ("Dana Diaz", "actas:dana", None)
    assert (row.approved_by, row.ended) == ("Lee (actas:lee)", "by Dana Diaz (actas:dana)")


async def test_who_has_no_other_name_is_called_by_the_identifier_alone() -> None:
    row = await seen("actas:sam")
    assert (row.who, row.identifier) == ("actas:sam", None)


async def test_nobody_of_elsewhere_goes_by_a_name_of_ours() -> None:
    row = await seen("actas:dana", vouched_by="https://idp.acme.example")
    assert (row.who, row.identifier, row.known_by) == ("actas:dana", None, "https://idp.acme.example")
