"""Apps are told that a session ended: whatever ended it, however often they fail, whoever is not there.

Somebody leaves, and an app that never hears of it goes on serving whoever sits down at the computer next. So
an app that fails is tried again, one that hangs keeps no other waiting, and a code that was given in a session
is worth nothing once that has ended.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.fakes.company import CORP_FOR_PEOPLE, client, signing_in
from tests.fakes.house import CLIENTS, ISSUER, NOW, PEOPLE, House
from tests.fakes.told_app import TOLD_AT, ScriptedPost, claims_of_logout, look, telling

from actas.core.errors import OAuthError
from actas.core.lineage import LATER, Revoked
from actas.core.party import Identity
from actas.crypto import jose
from actas.signin.telling import MOST_TRIES, SLOWEST, TAKEN_FOR
from actas.store.catalog import Catalog
from actas.subjects.authorization_code import mark_of_session
from actas.subjects.live import LiveParties
from actas.subjects.revoked import mark_of_party
from actas.web.tally import Tally

DESK_TOLD_AT = "https://desk.acme.example/left"
WEB = signing_in(client("web", kind="app"), told_at=TOLD_AT)
DESK = signing_in(client("desk", kind="app"), told_at=DESK_TOLD_AT, algorithm="ES256")
QUIET = signing_in(client("quiet", kind="app"))


def house(**changes: Any) -> House:
    clients = [*CLIENTS[:3], WEB, DESK, QUIET]
    return House(clients=clients, people=PEOPLE, issuers=(CORP_FOR_PEOPLE,), **changes)


async def serve(sts: House, *names: str, **changes: Any) -> None:
    """Have apps sign somebody in."""
    for name in names or ("web",):
        await sts.post(await sts.code_form(name, id=f"authorization-{name}", **changes))


async def end(sts: House, sid: str = "session-1") -> None:
    """What ends a session, as ``Sessions.end`` does."""
    mark = mark_of_session(sts.ring, ISSUER, sid)
    await sts.revoked.add([Revoked(mark=mark, up_to=LATER, until=NOW + 9000, entry="e-of-the-end")])


def logged(sts: House, event: str) -> list[dict[str, Any]]:
    return [one for one in sts.writer.events if one["event"] == event]


@pytest.mark.requirement("OP-84", "OP-57")
async def test_every_app_that_got_tokens_in_a_session_gets_a_logout_token() -> None:
    sts, post = house(), ScriptedPost()
    await serve(sts, "web", "desk", "quiet")
    await end(sts)
    await look(telling(sts, post))
    assert sorted(url for url, _, _ in post.sent) == [DESK_TOLD_AT, TOLD_AT]
    said: set[str] = set()
    for url, body, headers in post.sent:
        assert headers == {"Content-Type": "application/x-www-form-urlencoded"}
        name = "web" if url == TOLD_AT else "desk"
        claims = claims_of_logout(body, sts.ring.published(), issuer=ISSUER, client=name, now=NOW)
        assert set(claims) == {"iss", "aud", "iat", "exp", "jti", "sub", "sid", "events"}
        assert (claims["sub"], claims["sid"], claims["iat"]) == ("actas:alice", "session-1", NOW)
        said.add(claims["jti"])
    assert len(said) == 2
    written = logged(sts, "logout:delivered")
    assert sorted(one["client"] for one in written) == ["desk", "web"]
    assert {(one["sid"], one["because"], one["tries"]) for one in written} == {
        ("session-1", "e-of-the-end", 1)
    }
    await look(telling(sts, post))
    assert len(post.sent) == 2


@pytest.mark.requirement("OP-57")
@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_it_is_signed_as_the_apps_id_tokens_are(algorithm: Any) -> None:
    one = signing_in(client("web", kind="app"), told_at=TOLD_AT, algorithm=algorithm)
    sts, post = House(clients=[*CLIENTS[:3], one], people=PEOPLE), ScriptedPost()
    await serve(sts)
    await end(sts)
    await look(telling(sts, post))
    token = post.sent[0][1].decode().removeprefix("logout_token=")
    assert jose.parse(token).unverified_algorithm == algorithm


@pytest.mark.requirement("OP-84", "OP-77")
@pytest.mark.parametrize("whose", ["person", "origin"])
async def test_what_ends_a_person_ends_their_sessions_at_every_app(whose: str) -> None:
    sts, post = house(), ScriptedPost()
    origin = Identity(CORP_FOR_PEOPLE.issuer, "a-17")
    await serve(sts, "web", origin=origin, origin_name="corp-idp", sid="s-1")
    await serve(sts, "desk", origin=origin, origin_name="corp-idp", sid="s-2")
    ended = Identity(ISSUER, "actas:alice") if whose == "person" else origin
    mark = mark_of_party(sts.ring, ended)
    await sts.revoked.add([Revoked(mark=mark, up_to=NOW, until=NOW + 9000, entry="e")])
    await look(telling(sts, post))
    assert len(post.sent) == 2


@pytest.mark.requirement("OP-84")
@pytest.mark.parametrize("way", ["disabled", "deleted", "issuer"])
async def test_whom_the_configuration_locks_out_is_signed_out_everywhere(way: str) -> None:
    sts, post = house(), ScriptedPost()
    origin = (
        {"origin": Identity(CORP_FOR_PEOPLE.issuer, "a-17"), "origin_name": "corp-idp"}
        if way == "issuer"
        else {}
    )
    await serve(sts, **origin)
    told = telling(sts, post)
    await look(told)
    assert post.sent == []
    alice = msgspec.structs.replace(PEOPLE[0], disabled=way == "disabled")
    people = PEOPLE[1:] if way == "deleted" else (alice, *PEOPLE[1:])
    sts.catalog = Catalog(
        clients=[WEB], apis=sts.apis, issuers=[replace(CORP_FOR_PEOPLE, disabled=way == "issuer")], rules=(), people=people,
        defaults=sts.defaults, impersonating=sts.impersonating, digest="after",
    )  # fmt: skip
    await look(told)  # ends it
    await look(told)
    assert len(post.sent) == 1
    assert logged(sts, "logout:delivered")[0]["because"] is None


@pytest.mark.requirement("OP-84")
@pytest.mark.parametrize("scope", ["openid", "openid offline_access"])
async def test_a_code_is_worth_nothing_once_its_session_ended(scope: str) -> None:
    sts = house()
    form = await sts.code_form(scope=frozenset(scope.split()))
    await end(sts)
    with pytest.raises(OAuthError) as caught:
        await sts.post(form)
    assert (caught.value.code, caught.value.reason) == ("invalid_grant", "revoked")


@pytest.mark.requirement("OP-85")
@pytest.mark.parametrize("failure", [500, 400, 404, 429, 201, 302, "no complete answer within 5 seconds"])
async def test_an_app_that_fails_is_tried_again_later_and_later(failure: int | str) -> None:
    tally = Tally()
    sts, post = house(meter=tally), ScriptedPost()
    post.fail(TOLD_AT, failure, failure, 204)
    await serve(sts)
    await end(sts)
    told = telling(sts, post)
    await look(told)
    assert len(post.sent) == 1
    (trouble,) = await sts.apps.troubles()
    assert (trouble.client, trouble.waiting, trouble.tries) == ("web", 1, 1)
    assert str(failure) in trouble.detail
    await look(told)
    assert len(post.sent) == 1  # not yet
    sts.clock.advance(1)
    await look(told)
    sts.clock.advance(2)
    await look(told)
    assert len(post.sent) == 3
    read = [
        claims_of_logout(body, sts.ring.published(), issuer=ISSUER, client="web", now=sts.clock.now())
        for _, body, _ in post.sent
    ]
    assert len({one["jti"] for one in read}) == 3  # each is a token of its own, dated when it was sent
    assert [one["iat"] - NOW for one in read] == [0, 1, 3]
    (written,) = logged(sts, "logout:delivered")
    assert written["tries"] == 3
    assert await sts.apps.troubles() == []
    counted = {labels: int(value) for labels, value in told_counts(tally).items()}
    assert counted == {("failed",): 2, ("delivered",): 1}


def told_counts(tally: Tally) -> dict[tuple[str, ...], float]:
    return dict(tally.snapshot(at=0.0).counters["logout_notices_total"])


@pytest.mark.requirement("OP-85")
async def test_nobody_is_tried_for_ever() -> None:
    sts, post = house(), ScriptedPost()
    post.fail(TOLD_AT, 503)
    await serve(sts)
    await end(sts)
    told = telling(sts, post)
    for _ in range(MOST_TRIES + 5):
        await look(told)
        sts.clock.advance(SLOWEST)
    assert len(post.sent) == MOST_TRIES
    (failed,) = logged(sts, "logout:failed")
    assert (failed["client"], failed["tries"]) == ("web", MOST_TRIES)
    assert "503" in failed["detail"]
    assert logged(sts, "logout:delivered") == []
    assert await sts.apps.troubles() == []


@pytest.mark.requirement("OP-85")
async def test_an_app_that_hangs_keeps_no_other_waiting() -> None:
    sts, post = house(), ScriptedPost()
    post.gates[TOLD_AT] = asyncio.Event()
    await serve(sts, "web", "desk")
    await end(sts)
    told = telling(sts, post)
    await told.look()
    async with asyncio.timeout(60):
        while not logged(sts, "logout:delivered"):
            await asyncio.sleep(0)
    assert logged(sts, "logout:delivered")[0]["client"] == "desk"
    await told.close()
    sts.clock.advance(TAKEN_FOR)
    post.gates.clear()
    await look(telling(sts, post))  # another process
    assert [one["client"] for one in logged(sts, "logout:delivered")] == ["desk", "web"]


@pytest.mark.requirement("OP-85", "REL-22")
async def test_what_a_process_has_no_place_for_is_left_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actas.signin.telling.APPS_AT_ONCE", 1)
    sts, post = house(), ScriptedPost()
    desk = DESK_TOLD_AT
    post.gates[desk] = asyncio.Event()
    await serve(sts, "web", "desk")
    await end(sts)
    busy = telling(sts, post)
    await busy.look()
    async with asyncio.timeout(60):
        while not post.sent:
            await asyncio.sleep(0)
    await look(telling(sts, post))  # another process
    (written,) = logged(sts, "logout:delivered")
    assert (written["client"], written["tries"]) == ("web", 1)
    post.gates[desk].set()
    await busy.settled()
    assert [url for url, _, _ in post.sent] == [desk, TOLD_AT]
    assert [one["client"] for one in logged(sts, "logout:delivered")] == ["web", "desk"]


@pytest.mark.requirement("OP-85", "REL-01")
async def test_what_cannot_be_written_down_is_delivered_again() -> None:
    sts, post = house(), ScriptedPost()
    await serve(sts)
    await end(sts)
    told = telling(sts, post)
    sts.writer.broken = True
    await look(told)
    assert len(post.sent) == 1
    sts.writer.broken = False
    sts.clock.advance(TAKEN_FOR)
    await look(told)
    assert len(post.sent) == 2
    assert logged(sts, "logout:delivered")[0]["tries"] == 2


async def test_a_database_that_is_away_ends_nothing_and_loses_nothing() -> None:
    sts, post = house(), ScriptedPost()
    await serve(sts)
    await end(sts)
    told = telling(sts, post)
    sts.apps.broken = True
    await look(told)
    assert post.sent == []
    sts.apps.broken = False
    await look(told)
    assert len(post.sent) == 1


@pytest.mark.parametrize("how", ["gone", "disabled", "no address"])
async def test_an_app_that_is_not_to_be_told_any_more_is_not(how: str) -> None:
    sts, post = house(), ScriptedPost()
    await serve(sts)
    await end(sts)
    changed = {
        "gone": (),
        "disabled": (replace(WEB, disabled=True),),
        "no address": (replace(QUIET, name="web"),),
    }
    sts.catalog = Catalog(
        clients=changed[how], apis=sts.apis, issuers=(CORP_FOR_PEOPLE,), rules=(), people=PEOPLE,
        defaults=sts.defaults, impersonating=sts.impersonating, digest="after",
    )  # fmt: skip
    told = telling(sts, post)
    await look(told)
    assert post.sent == []
    assert await sts.apps.waiting(at=NOW + 10**6) == []


async def test_an_app_that_is_never_told_waits_for_nobody_who_revokes() -> None:
    sts = house()
    sts.apps.broken = True
    await serve(sts, "quiet")
    with pytest.raises(OAuthError):
        await serve(sts, "web")
    sts.apps.broken = False
    assert await sts.apps.signed_in(at=NOW) == set()


async def test_who_may_be_signed_in_is_looked_up_once_for_each_configuration() -> None:
    sts, made = house(), 0
    one = telling(sts, ScriptedPost())
    live = one._live

    def counted() -> LiveParties:
        nonlocal made
        made += 1
        return live()

    one._live = counted
    for _ in range(3):
        await one.look()
    assert made == 1
