"""Looking connections over: what is wrong is named with what to do, and a stranger's server costs its own line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import CORP, GRANTING, NOW, TICKETS, acceptance, connection
from tests.fakes.encrypting import OneRecipient
from tests.fakes.two_domains import states

from actas.admin import health as looked
from actas.admin.finding import Check
from actas.admin.health import Health
from actas.core.ports import MOST_DRIFT, FetchFailed
from actas.core.wire import ID_JAG, ID_JAG_PROFILE, JWT_BEARER
from actas.keys.ring import KeyInfo
from actas.policy.connections import Connections
from actas.trust.counterpart import Counterpart, NotTheirs
from actas.trust.registry import TrustedIssuer
from actas.trust.shelf import STALE
from actas.trust.view import IssuerKeysView

OUR_KEY = KeyInfo(kid="k-1", purpose="grant", algorithm="ES256", state="active", created_at=int(NOW))


def counterpart(**changes: Any) -> Counterpart:
    said: dict[str, Any] = {
        "address": f"{TICKETS}/.well-known/oauth-authorization-server",
        "token_endpoint": f"{TICKETS}/token",
        "grants": frozenset({str(JWT_BEARER)}),
        "profiles": frozenset({ID_JAG_PROFILE}),
        "requested": frozenset({str(ID_JAG)}),
        "ahead": 0.0,
    }
    return Counterpart(**{**said, **changes})


def view(**changes: Any) -> IssuerKeysView:
    said: dict[str, Any] = {
        "issuer": "corp-idp",
        "inline": False,
        "age": 1.0,
        "kids": ("a", "b"),
        "problems": (),
        "error": "",
        "since": None,
        "usable_until": None,
        "is_open": False,
        "succeeded": 1,
        "failed": 0,
    }
    return IssuerKeysView(**{**said, **changes})


class Others:
    """Other domains, of which a test says what they answer; None never answers."""

    def __init__(self, says: Any, keys: IssuerKeysView | None) -> None:
        self.says = says
        self.keys = keys
        self.asked: list[str] = []
        self.at_once = self.most = 0

    async def describe(self, issuer: str) -> Counterpart:
        self.asked.append(issuer)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            found = self.says.get(issuer) if isinstance(self.says, Mapping) else self.says
            if found is None:
                await asyncio.Event().wait()
            await asyncio.sleep(0)
            if isinstance(found, Exception):
                raise found
            assert isinstance(found, Counterpart)
            return found
        finally:
            self.at_once -= 1

    async def look(self, issuer: TrustedIssuer) -> IssuerKeysView:
        if self.keys is None:
            await asyncio.Event().wait()
        assert self.keys is not None
        return replace(self.keys, issuer=issuer.name)


def health(
    says: Any = None,
    keys: IssuerKeysView | None = None,
    *,
    issuer: TrustedIssuer = GRANTING,
    every: Any = (),
    own: tuple[KeyInfo, ...] = (OUR_KEY,),
    published: Any = ("k-1",),
    recipient: Any = None,
    missing: tuple[str, ...] = (),
) -> Health:
    others = Others(says, keys)
    return Health(
        connections=Connections(tuple(every)),
        issuers={issuer.name: issuer},
        counterparts=others,
        recipients=OneRecipient(recipient),
        keys=others,
        own=lambda: own,
        published=lambda: {"keys": [{"kid": one} for one in published]},
        algorithm="ES256",
        missing=lambda _: missing,
    )


def the(checks: tuple[Check, ...], name: str) -> Check:
    (found,) = [one for one in checks if one.name == name]
    return found


async def test_all_is_well_where_all_is_well() -> None:
    checks = await health(counterpart()).of(connection())
    assert states([one.document() for one in checks]) == dict.fromkeys(
        ("our key", "issuer", "grant", "token endpoint", "clock"), "good"
    )
    assert not any(one.remedy for one in checks)
    theirs = await health(counterpart(), view()).of(acceptance())
    assert states([one.document() for one in theirs]) == dict.fromkeys(
        ("keys", "issuer", "grant", "clock"), "good"
    )


@pytest.mark.parametrize(
    ("own", "published", "said"),
    [
        ((), (), "there is no ES256 key that signs grants yet"),
        ((replace(OUR_KEY, purpose="token"),), ("k-1",), "there is no ES256 key"),
        ((replace(OUR_KEY, algorithm="RS256"),), ("k-1",), "there is no ES256 key"),
        ((replace(OUR_KEY, state="retired"),), ("k-1",), "there is no ES256 key"),
        ((OUR_KEY,), ("k-2",), "k-1 signs grants and is not in our key set"),
    ],
)
async def test_a_key_of_ours_that_they_cannot_find_is_said(own: Any, published: Any, said: str) -> None:
    checks = await health(counterpart(), own=own, published=published).of(connection())
    found = the(checks, "our key")
    assert (found.state, said in found.says, bool(found.remedy)) == ("bad", True, True)


async def test_the_key_of_the_algorithm_that_the_connection_wants_is_looked_for() -> None:
    checks = await health(counterpart()).of(connection(algorithm="EdDSA"))
    assert "there is no EdDSA key" in the(checks, "our key").says


async def test_a_second_connection_to_one_server_makes_requests_name_a_resource() -> None:
    other = "https://api.tickets.example/other"
    first, second = connection(), connection("second", resources=(other,))
    there = health(counterpart(), every=(first, second))
    said = the(await there.of(second), "resource")
    assert (said.state, "by web-to-tickets too" in said.says, other in said.remedy) == ("warn", True, True)
    assert the((await there.every())["web-to-tickets"], "resource").state == "warn"
    for alone in (
        (first, replace(second, paused=True)),
        (first, replace(second, client="desk")),
        (first, connection("second", resources=(other,), issuer="https://auth.other.example")),
        (first, connection("second", resources=(), grant="jwt")),
    ):
        for one in alone:
            checks = await health(counterpart(), every=alone).of(one)
            assert "resource" not in states([check.document() for check in checks])


@pytest.mark.requirement("JAG-111", "JAG-114")
@pytest.mark.parametrize(
    ("changes", "name", "state", "said"),
    [
        ({"grants": frozenset({"authorization_code"})}, "grant", "bad", "it redeems no grants"),
        ({"profiles": frozenset()}, "grant", "warn", "among them: it may refuse one"),
        ({"token_endpoint": None}, "token endpoint", "bad", "names no token endpoint"),
        ({"ahead": -41.0}, "clock", "warn", "its clock is 41 s behind ours"),
        ({"ahead": 3600.0}, "clock", "warn", "its clock is 3600 s ahead of ours"),
        ({"ahead": MOST_DRIFT}, "clock", "good", "within seconds"),
    ],
)
async def test_what_the_other_server_lacks_is_said(changes: Any, name: str, state: str, said: str) -> None:
    found = the(await health(counterpart(**changes)).of(connection()), name)
    assert (found.state, said in found.says, bool(found.remedy)) == (state, True, state != "good")


async def test_a_clock_that_is_not_shown_is_no_trouble() -> None:
    checks = await health(counterpart(ahead=None)).of(connection())
    assert "clock" not in {one.name for one in checks}


async def test_another_server_and_none_are_told_apart() -> None:
    checks = await health(NotTheirs("it is another issuer's")).of(connection())
    assert (the(checks, "issuer").state, the(checks, "issuer").silent) == ("bad", False)
    assert "character for character" in the(checks, "issuer").remedy
    checks = await health(FetchFailed("the connection broke")).of(connection())
    assert (the(checks, "server").state, the(checks, "server").silent) == ("bad", True)
    assert TICKETS in the(checks, "server").says


@pytest.mark.requirement("JAG-65", "REL-09")
@pytest.mark.parametrize(
    ("changes", "state", "said"),
    [
        ({"kids": (), "error": "the connection broke", "age": None}, "bad", "the connection broke"),
        ({"kids": ()}, "bad", "none that verifies was found"),
        ({"kids": (), "inline": True, "problems": ("key 1 is weak",)}, "bad", "key 1 is weak"),
        ({"error": "status 500"}, "warn", "status 500"),
        ({"age": STALE + 1.0}, "warn", "fetched 10 m 1 s ago"),
        ({"problems": ("key 3 is ignored",)}, "warn", "key 3 is ignored"),
        ({"inline": True, "age": None}, "good", "2 keys in the configuration"),
        ({"kids": ("a",)}, "good", "1 key fetched and fresh"),
    ],
)
async def test_keys_of_theirs_that_do_not_verify_are_said(changes: Any, state: str, said: str) -> None:
    checks = await health(counterpart(), view(**changes)).of(acceptance())
    found = the(checks, "keys")
    assert (found.state, said in found.says, bool(found.remedy)) == (state, True, state != "good")


async def test_that_they_give_grants_is_theirs_to_advertise() -> None:
    checks = await health(counterpart(requested=frozenset()), view()).of(acceptance())
    assert (the(checks, "grant").state, bool(the(checks, "grant").remedy)) == ("warn", True)


async def test_metadata_that_is_not_needed_is_missed_by_nobody() -> None:
    written = replace(CORP, kind="jwks", keys=({"kty": "EC"},))
    checks = await health(FetchFailed("nobody"), view(inline=True), issuer=written).of(acceptance())
    assert the(checks, "server").state == "warn"
    asked = replace(CORP, kind="oidc", keys=())
    checks = await health(FetchFailed("nobody"), view(), issuer=asked).of(acceptance())
    assert the(checks, "server").state == "bad"


@pytest.mark.requirement("REL-10")
async def test_one_that_hangs_costs_its_own_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looked, "WITHIN", 0.1)
    hanging = connection("a", issuer="https://hangs.example")
    it = health({TICKETS: counterpart()}, every=(hanging, connection("b")))
    began = time.monotonic()
    found = await it.every()
    assert time.monotonic() - began < 30
    assert (
        the(found["a"], "server").says == "https://hangs.example cannot be asked: nothing within 0.1 seconds"
    )
    assert {one.state for one in found["b"]} == {"good"}
    late = the(await health(counterpart(), None).of(acceptance()), "keys")
    assert (late.state, late.says) == ("bad", "the keys of corp-idp did not come within 0.1 seconds")


@pytest.mark.requirement("REL-10")
async def test_many_that_hang_do_not_hold_up_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looked, "ALTOGETHER", 0.2)
    many = [connection(f"c{n}", issuer=f"https://h{n}.example") for n in range(200)]
    it = health({}, every=many)
    began = time.monotonic()
    found = await it.every()
    assert time.monotonic() - began < 30
    assert len(found) == 200
    assert {one.state for checks in found.values() for one in checks} == {"skipped"}
    others: Any = it.counterparts
    assert others.most == looked.AT_ONCE
    assert others.at_once == 0  # and nobody asks on


async def test_without_connections_there_is_nothing_to_look_at() -> None:
    assert await health().every() == {}


async def test_people_who_are_not_there_are_a_warning() -> None:
    says = 'no user is in the group "suport"; did you mean "support"?'
    found = the(await health(counterpart(), missing=(says,)).of(connection()), "people")
    assert (found.state, found.says, "people.groups" in found.remedy) == ("warn", says, True)
