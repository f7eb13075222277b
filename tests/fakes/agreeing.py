"""Consents of a house: what its people let apps do, for those who redeem grants about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actas.audit.log import draw_up
from actas.signin.agreed import Agreed
from actas.signin.consents import Consents
from actas.store.memory_sign_in import MemoryConsents
from tests.fakes.company import ISSUER

if TYPE_CHECKING:
    from tests.fakes.house import House


async def let(house: House, app: str, *scope: str, subject: str, apis: tuple[str, ...]) -> None:
    """Have somebody let an app do something."""
    said = draw_up("revocation:granted", now=house.clock.now(), chance=house.chance, reason="test")
    agreeing: Any = house.exchange._fulfilment
    await agreeing._agrees._consents.give(subject, app, scope=frozenset(scope), apis=apis, record=said)


async def take_back(house: House, app: str, *, subject: str) -> None:
    """Have somebody take back what they let an app do."""
    said = draw_up("consent:withdrawn", now=house.clock.now(), chance=house.chance, reason="test")
    agreeing: Any = house.exchange._fulfilment
    await agreeing._agrees._consents.withdraw(subject, app, record=said)


def agreed(house: House) -> Agreed:
    """What asks for them."""
    return Agreed(
        Consents(
            issuer=ISSUER,
            store=MemoryConsents(),
            revocations=house.revoked,
            marking=house.ring,
            clock=house.clock,
        )
    )
