"""To which key of another server grants are encrypted: one that it publishes for that, at a place on record."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.fetch import ScriptedFetch

from actas.core.places import occupying
from actas.core.ports import FetchFailed
from actas.crypto.encryption_key import DecryptingKey
from actas.trust.counterpart import Counterpart, NotTheirs
from actas.trust.recipients import FRESH, USABLE, NoRecipient, Recipient, Recipients
from actas.web.admission import Admission

ISSUER = "https://auth.tickets.example"
JWKS = f"{ISSUER}/jwks"
EC, RSA = DecryptingKey.generate("ECDH-ES+A256KW"), DecryptingKey.generate("RSA-OAEP-256")
NOWHERE = frozenset[str]()


def counterpart(**changes: Any) -> Counterpart:
    said: dict[str, Any] = {
        "address": f"{ISSUER}/.well-known/oauth-authorization-server",
        "token_endpoint": f"{ISSUER}/token",
        "grants": frozenset[str](),
        "profiles": frozenset[str](),
        "requested": frozenset[str](),
        "ahead": None,
        "jwks_uri": JWKS,
        "encryption_algorithms": frozenset({"RSA-OAEP-256", "ECDH-ES+A256KW"}),
        "encryption_contents": frozenset({"A256GCM", "A128CBC-HS256"}),
    }
    return Counterpart(**{**said, **changes})


class World:
    """Another server, of which a test says what it answers.

    Attributes:
        says: of itself; an exception is raised.
    """

    def __init__(self, *keys: Any, says: Any = None) -> None:
        self.says = says or counterpart()
        self.fetch = ScriptedFetch({JWKS: {"keys": [*keys] or [EC.public.jwk()]}})
        self.clock = FixedClock()
        self.recipients = Recipients(self.fetch, self, self.clock)

    async def describe(self, _issuer: str) -> Counterpart:
        """What it says of itself."""
        if isinstance(self.says, Exception):
            raise self.says
        assert isinstance(self.says, Counterpart)
        return self.says

    async def find(self, hosts: frozenset[str] = NOWHERE) -> Recipient:
        """Its key."""
        return await self.recipients.find(ISSUER, hosts=hosts)

    async def none(self, hosts: frozenset[str] = NOWHERE) -> NoRecipient:
        """Why there is none."""
        with pytest.raises(NoRecipient) as caught:
            await self.find(hosts)
        return caught.value


@pytest.mark.requirement("JAG-153")
async def test_the_key_is_one_that_it_publishes_for_encryption_by_what_both_sides_know() -> None:
    signs = {**DecryptingKey.generate("ECDH-ES+A256KW").public.jwk(), "use": "sig", "alg": "ES256"}
    world = World(signs, "no key", RSA.public.jwk(), EC.public.jwk())
    found = await world.find()
    assert (found.key.kid, found.algorithm, found.content) == (EC.kid, "ECDH-ES+A256KW", "A256GCM")
    rsa = World(RSA.public.jwk(), EC.public.jwk(), says=counterpart(encryption_algorithms={"RSA-OAEP-256"}))
    assert (await rsa.find()).key.kid == RSA.kid
    cbc = World(says=counterpart(encryption_contents=frozenset({"A128CBC-HS256"})))
    assert (await cbc.find()).content == "A128CBC-HS256"
    unsaid = {name: value for name, value in EC.public.jwk().items() if name != "alg"}
    direct = World(unsaid, says=counterpart(encryption_algorithms=frozenset({"ECDH-ES"})))
    assert (await direct.find()).algorithm == "ECDH-ES"


@pytest.mark.requirement("JAG-153")
@pytest.mark.parametrize(
    ("keys", "said", "why"),
    [
        ([], {"encryption_algorithms": frozenset()}, "does not say"),
        ([], {"encryption_contents": frozenset()}, "does not say"),
        ([], {"encryption_algorithms": frozenset({"RSA1_5", "dir", "RSA-OAEP"})}, "no key of use enc"),
        ([], {"encryption_contents": frozenset({"A192GCM"})}, "no key of use enc"),
        ([RSA.public.jwk()], {"encryption_algorithms": frozenset({"ECDH-ES+A256KW"})}, "no key of use enc"),
        ([{**EC.public.jwk(), "use": "sig"}], {}, "no key of use enc"),
        ([{**EC.public.jwk(), "y": "A" * 43}], {}, "not on its curve"),
        ([EC.public.jwk(), {**RSA.public.jwk(), "kid": EC.kid}], {}, "no key of use enc"),
        ([{}] * 101, {}, "more than 100 keys"),
        ([], {"jwks_uri": None}, "names no jwks_uri"),
        ([], {"jwks_uri": "https://hostile.example/jwks"}, "hostile.example, which is neither"),
        ([], {"jwks_uri": "https://user@auth.tickets.example/jwks"}, "cannot be used"),
    ],
)
async def test_without_one_that_is_sound_there_is_none(
    keys: list[Any], said: dict[str, Any], why: str
) -> None:
    world = World(*keys, says=counterpart(**said))
    none = await world.none()
    assert why in none.detail
    assert not none.away
    assert all(one == JWKS for one in world.fetch.asked), "nothing is asked anywhere else"


@pytest.mark.requirement("JAG-153")
async def test_another_host_is_asked_where_the_operator_listed_it_and_nowhere_else() -> None:
    elsewhere = "https://keys.tickets.example/jwks"
    world = World(says=counterpart(jwks_uri=elsewhere))
    world.fetch.documents[elsewhere] = {"keys": [EC.public.jwk()]}
    assert "neither its own host nor listed in jwks_hosts" in (await world.none()).detail
    assert world.fetch.asked == []
    assert (await world.find(frozenset({"keys.tickets.example"}))).key.kid == EC.kid


@pytest.mark.requirement("JAG-153")
@pytest.mark.parametrize(
    ("says", "away"),
    [(FetchFailed("it does not answer"), True), (NotTheirs("it is another issuer's"), False)],
)
async def test_a_server_that_does_not_answer_may_have_one_later(says: Exception, away: bool) -> None:
    world = World(says=says)
    none = await world.none()
    assert none.away is away
    world.says = counterpart()
    assert (await world.none()).detail == none.detail, "it is not asked again at once"
    world.clock.advance(10)
    assert (await world.find()).key.kid == EC.kid


@pytest.mark.requirement("JAG-153", "REL-12")
async def test_a_key_that_is_known_answers_at_once_and_is_looked_for_again_beside() -> None:
    world = World()
    await asyncio.gather(*[world.find() for _ in range(20)])
    assert len(world.fetch.asked) == 1
    world.fetch.documents[JWKS] = {"keys": [RSA.public.jwk()]}
    world.clock.advance(FRESH - 1)
    assert (await world.find()).key.kid == EC.kid
    assert len(world.fetch.asked) == 1
    world.clock.advance(2)
    gate = world.fetch.gate = asyncio.Event()
    assert (await world.find()).key.kid == EC.kid, "nobody waits"
    gate.set()
    await asyncio.gather(*world.recipients._tasks)
    assert (await world.find()).key.kid == RSA.kid


@pytest.mark.requirement("JAG-153")
async def test_a_key_that_is_known_is_used_through_an_outage_and_not_for_ever() -> None:
    world = World()
    await world.find()
    world.says = FetchFailed("it does not answer")
    world.clock.advance(USABLE - 1)
    assert (await world.find()).key.kid == EC.kid
    await asyncio.gather(*world.recipients._tasks)
    world.clock.advance(120)
    assert (await world.none()).away


@pytest.mark.requirement("JAG-153")
async def test_a_key_that_its_owner_withdrew_is_used_no_more() -> None:
    world = World()
    await world.find()
    world.says = counterpart(encryption_algorithms=frozenset())
    world.clock.advance(FRESH + 1)
    await world.find()
    await asyncio.gather(*world.recipients._tasks)
    assert "does not say" in (await world.none()).detail


async def test_whoever_gives_up_ends_nobody_elses_attempt() -> None:
    world = World()
    gate = world.fetch.gate = asyncio.Event()
    first, second = asyncio.create_task(world.find()), asyncio.create_task(world.find())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert (await second).key.kid == EC.kid
    await world.recipients.aclose()


@pytest.mark.requirement("JAG-153", "REL-10")
async def test_whoever_waits_for_a_key_takes_no_place_from_others() -> None:
    world, admission = World(), Admission(most=4)
    gate = world.fetch.gate = asyncio.Event()

    async def asks() -> Recipient:
        with admission, occupying(admission):
            return await world.find()

    asking = [asyncio.create_task(asks()) for _ in range(4)]
    while not world.fetch.asked:
        await asyncio.sleep(0)
    assert admission.room == 4
    gate.set()
    assert {one.key.kid for one in await asyncio.gather(*asking)} == {EC.kid}
    assert admission.room == 4


@pytest.mark.requirement("JAG-153", "REL-10")
async def test_for_a_server_that_keeps_failing_only_the_one_who_tries_it_waits() -> None:
    world = World()
    world.fetch.documents[JWKS] = FetchFailed("it does not answer")
    for _ in range(3):
        assert (await world.none()).away
        world.clock.advance(60)
    gate = world.fetch.gate = asyncio.Event()  # from now on it hangs
    world.fetch.documents[JWKS] = {"keys": [EC.public.jwk()]}
    prober = asyncio.create_task(world.find())
    while len(world.fetch.asked) < 4:
        await asyncio.sleep(0)
    for _ in range(100):
        assert (await asyncio.wait_for(world.none(), 30)).detail == "it does not answer"
    gate.set()
    assert (await prober).key.kid == EC.kid
    assert len(world.fetch.asked) == 4
