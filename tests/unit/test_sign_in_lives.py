"""How long what an app got at a sign-in is good for, under the settings of today.

Whoever makes sessions or refresh tokens shorter does so for a reason: it must hold for those that are out
there, and not for the next ones alone.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.company import client, signing_in
from tests.fakes.house import CLIENTS, ISSUER, NOW, PEOPLE, House
from tests.fakes.visits import VERIFIER

from actas.core.client import LONGEST_ID_TOKEN, SignInLives
from actas.core.errors import OAuthError
from actas.core.lineage import Revoked
from actas.core.party import Identity
from actas.crypto import jose
from actas.exchange import Answer
from actas.subjects.revoked import mark_of_party

DAY = 24 * 3600


def house(**lives: Any) -> House:
    web = signing_in(client("web", kind="app"), lives=SignInLives(**lives))
    return House(clients=[*CLIENTS[:3], web], people=PEOPLE)


async def signed_in(sts: House, *, offline: bool, ends_at: int = NOW + 90 * DAY, **changes: Any) -> Answer:
    scope = frozenset({"openid", "orders:read", *(["offline_access"] if offline else [])})
    return await sts.post(await sts.code_form(scope=scope, ends_at=ends_at, **changes))


async def refresh(sts: House, answer: Answer) -> Answer:
    form = await sts.code_form(id="unused")
    form |= {"grant_type": "refresh_token", "refresh_token": answer.body["refresh_token"]}
    for name in ("code", "redirect_uri", "code_verifier"):
        del form[name]
    return await sts.post(form)


async def why_not(sts: House, answer: Answer) -> str:
    with pytest.raises(OAuthError) as caught:
        await refresh(sts, answer)
    return caught.value.reason


def change(sts: House, **lives: Any) -> None:
    """Have another configuration in force, over what there is."""
    sts.now = house(**lives).catalog


@pytest.mark.requirement("OP-74")
async def test_a_family_ends_by_its_age_and_use_puts_off_only_the_end_of_idleness() -> None:
    sts = house(refresh=1000, refresh_idle=300)
    answer = await signed_in(sts, offline=True)
    for _ in range(3):
        sts.clock.advance(299)
        answer = await refresh(sts, answer)
    sts.clock.advance(103)
    assert await why_not(sts, answer) == "expired"
    idle = house(refresh=1000, refresh_idle=300)
    answer = await signed_in(idle, offline=True)
    idle.clock.advance(300)
    assert await why_not(idle, answer) == "expired"


@pytest.mark.requirement("OP-74")
@pytest.mark.parametrize("shorter", [{"refresh": 1000}, {"refresh_idle": 1000}])
async def test_what_is_made_shorter_holds_for_families_that_began_before(shorter: dict[str, int]) -> None:
    sts = house()
    answer = await signed_in(sts, offline=True)
    sts.clock.advance(999)
    change(sts, **shorter)
    answer = await refresh(sts, answer)
    sts.clock.advance(1000)
    assert await why_not(sts, answer) == "expired"
    change(sts)
    await refresh(sts, answer)  # it was not used up


@pytest.mark.requirement("OP-74", "OP-77")
@pytest.mark.parametrize(("offline", "outcome"), [(False, "expired"), (True, None)])
async def test_shorter_sessions_end_what_is_bound_to_them(offline: bool, outcome: str | None) -> None:
    sts = house()
    answer = await signed_in(sts, offline=offline)
    sts.clock.advance(3600)
    answer = await refresh(sts, answer)
    change(sts, session=3600)
    if outcome is None:
        await refresh(sts, answer)
    else:
        assert await why_not(sts, answer) == outcome


@pytest.mark.requirement("OP-74")
async def test_what_is_bound_to_a_session_does_not_outlive_it() -> None:
    sts = house()
    answer = await signed_in(sts, offline=False, ends_at=NOW + 3600)
    sts.clock.advance(3599)
    answer = await refresh(sts, answer)
    sts.clock.advance(1)
    assert await why_not(sts, answer) == "expired"


@pytest.mark.requirement("OP-77")
@pytest.mark.parametrize("offline", [False, True])
async def test_what_an_administrator_ends_of_a_person_ends_offline_too(offline: bool) -> None:
    sts = house()
    answer = await signed_in(sts, offline=offline)
    sts.clock.advance(10)
    mark = mark_of_party(sts.ring, Identity(ISSUER, "actas:alice"))
    await sts.revoked.add([Revoked(mark=mark, up_to=NOW + 10, until=NOW + 90 * DAY, entry="e")])
    assert await why_not(sts, answer) == "revoked"
    sts.clock.advance(1)
    await refresh(sts, await signed_in(sts, offline=offline, id="2", sid="s-2", began=NOW + 11))


@pytest.mark.requirement("OP-58")
@pytest.mark.parametrize(("asked", "life"), [(30, 30), (300, 300), (86_400, LONGEST_ID_TOKEN)])
async def test_an_id_token_lives_as_long_as_its_client_says_and_never_longer_than_five_minutes(
    asked: int, life: int
) -> None:
    sts = house(id_token=asked)
    answer = await signed_in(sts, offline=False)
    claims = jose.parse(str(answer.body["id_token"])).unverified_claims
    assert claims["exp"] == NOW + life


@pytest.mark.requirement("OP-8")
async def test_no_setting_makes_a_code_live_longer() -> None:
    sts = house(session=90 * DAY, refresh=90 * DAY)
    form = await sts.code_form()
    assert form["code_verifier"] == VERIFIER
    sts.clock.advance(60)
    with pytest.raises(OAuthError) as caught:
        await sts.post(form)
    assert caught.value.reason == "bad_code"
