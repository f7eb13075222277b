"""Signing somebody in through another issuer who did not sign in there, or somebody else (SEC-76).

The answer of an issuer comes through a browser, so anybody can send it: an attacker has a victim follow a link
with the attacker's own code (login CSRF), puts a stolen code into an attempt of his own (code injection), plays an
answer twice, or runs an issuer himself and has another's answers sent there, or passes his own off as another's
(mix-up). The issuer's ID token may be another app's, another attempt's, another issuer's or signed by nobody; its
discovery document may send people, codes and our secret elsewhere. None of it begins a session, and no code is
redeemed before all that can be known beforehand is right.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.elsewhere import VISITOR, Desk, publish, registered
from tests.fakes.forge import SigningKey
from tests.fakes.hostile_issuer import HostileIssuer, document, redirect
from tests.fakes.house import NOW

from actas.core.errors import OAuthError
from actas.net.fetch import GuardedFetch
from actas.signin.steps import AskWho, GoOn

OTHER_BROWSER = msgspec.structs.replace(VISITOR, browser="browser-2")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
async def idp(clock: FixedClock) -> AsyncIterator[HostileIssuer]:
    async with HostileIssuer(now=clock.now) as served:
        yield served


@pytest.fixture
async def evil(clock: FixedClock) -> AsyncIterator[HostileIssuer]:
    """Another issuer through which people sign in, in the hands of the attacker."""
    async with HostileIssuer(now=clock.now) as served:
        publish(served)
        yield served


@pytest.fixture
async def desk(clock: FixedClock, idp: HostileIssuer, evil: HostileIssuer) -> AsyncIterator[Desk]:
    fetch = GuardedFetch(dev=True)
    made = Desk(idp, replace(registered(evil, display="Evil"), name="evil"), fetch=fetch, clock=clock)
    yield made
    await made.aclose()
    fetch.close()


def in_vain(desk: Desk, step: object, detail: str) -> None:
    """Nobody was signed in, and the minutes say why."""
    assert isinstance(step, AskWho)
    assert (desk.last["event"], desk.last["reason"]) == ("sign_in:refused", "bad_provider_answer")
    assert detail in desk.last["detail"]


async def turned_away(desk: Desk, sent: dict[str, str], **changes: Any) -> str:
    """Return why an answer belongs to no attempt of this browser; no code was redeemed for it."""
    before = desk.redeemed
    with pytest.raises(OAuthError) as refused:
        await desk.back(sent, **changes)
    assert refused.value.reason == "bad_provider_answer"
    assert desk.redeemed == before
    assert desk.last["reason"] == "bad_provider_answer"
    return str(desk.last["detail"])


@pytest.mark.requirement("SEC-76")
async def test_an_answer_is_good_for_the_browser_that_began_alone(desk: Desk) -> None:
    sent = await desk.go()
    assert "another browser" in await turned_away(desk, sent, visitor=OTHER_BROWSER)
    assert isinstance(await desk.back(sent), GoOn)


@pytest.mark.requirement("SEC-76")
@pytest.mark.parametrize("state", [None, "", "x", "actas_flw_x.y"])
async def test_a_state_that_was_not_made_here_is_none(desk: Desk, state: str | None) -> None:
    await turned_away(desk, await desk.go(), state=state)


@pytest.mark.requirement("SEC-76")
async def test_what_was_sealed_for_a_page_is_no_state(desk: Desk) -> None:
    sent = await desk.go()
    await turned_away(desk, sent, state=desk.flow())
    with pytest.raises(OAuthError):
        await desk.elsewhere.begin(sent["state"], "okta", VISITOR)


@pytest.mark.requirement("SEC-76")
async def test_an_answer_is_good_once_however_it_is_written(desk: Desk) -> None:
    sent = await desk.go()
    assert isinstance(await desk.back(sent), GoOn)
    in_vain(desk, await desk.back(sent), "came before")
    assert desk.redeemed == 1


@pytest.mark.requirement("SEC-76")
async def test_an_answer_that_comes_too_late_is_none(desk: Desk) -> None:
    sent = await desk.go()
    desk.clock.advance(901)
    assert "too long" in await turned_away(desk, sent)


@pytest.mark.requirement("SEC-73", "SEC-76")
async def test_an_answer_of_one_issuer_is_not_taken_for_anothers(desk: Desk, evil: HostileIssuer) -> None:
    sent = await desk.go()
    assert "evil" in await turned_away(desk, sent, provider="evil", iss=evil.issuer)
    in_vain(desk, await desk.back(sent, iss=evil.issuer), "(iss)")
    theirs = await desk.go(provider="evil")
    assert theirs["redirect_uri"] != sent["redirect_uri"]
    assert desk.redeemed == evil.count("/token") == 0


@pytest.mark.requirement("SEC-76")
async def test_an_issuer_that_names_itself_does_so_every_time(desk: Desk) -> None:
    sent = await desk.go()
    in_vain(desk, await desk.back(sent, iss=None), "nobody says to answer")
    sent = await desk.go()
    in_vain(desk, await desk.back(sent, iss=None, code=None, error="access_denied"), "nobody says to answer")
    assert not desk.redeemed


@pytest.mark.requirement("SEC-76")
async def test_a_stolen_code_brings_a_token_of_another_attempt(desk: Desk) -> None:
    victims, mine = await desk.go(), await desk.go()
    in_vain(desk, await desk.back(mine, answer=desk.tokens(victims)), "nonce")


@pytest.mark.requirement("SEC-76", "SEC-21", "SEC-19")
@pytest.mark.parametrize(
    ("claims", "detail"),
    [
        ({"nonce": ...}, "nonce"),
        ({"nonce": 1}, "nonce"),
        ({"aud": "another app"}, "audience"),
        ({"aud": ["acme at okta", "another app"], "azp": "acme at okta"}, "for others"),
        ({"aud": ["acme at okta", "another app"]}, "azp"),
        ({"azp": "another app"}, "audience"),
        ({"aud": ...}, "aud"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "at_hash"),
        ({"at_hash": None}, "at_hash"),
        ({"iat": NOW - 3600, "exp": NOW + 300}, "old"),
        ({"exp": NOW - 60}, "expired"),
        ({"auth_time": ...}, "auth_time"),
        ({"auth_time": NOW + 3600}, "auth_time"),
        ({"auth_time": NOW - 90_000}, "auth_time"),
        ({"auth_time": "yesterday"}, "auth_time"),
        ({"sub": ...}, "sub"),
        ({"sub": " "}, "sub"),
        ({"events": {}}, "events"),
        ({"scope": "openid"}, "scope"),
        ({"groups": [{"admin": True}]}, "groups"),
    ],
)
async def test_an_id_token_that_is_not_of_this_attempt_signs_nobody_in(
    desk: Desk, claims: dict[str, Any], detail: str
) -> None:
    sent = await desk.go()
    omit = [name for name, value in claims.items() if value is ...]
    if "sub" in omit:
        claims = {}
    step = await desk.back(
        sent, answer=desk.tokens(sent, claims=claims) if claims else without_sub(desk, sent)
    )
    if detail in ("old", "expired"):
        assert isinstance(step, AskWho)
        assert desk.last["reason"] == "bad_provider_answer"
    elif (
        detail == "auth_time" and claims["auth_time"] is not ... and not isinstance(claims["auth_time"], str)
    ):
        in_vain(desk, step, "proved who they are")
    else:
        in_vain(desk, step, detail)


def without_sub(desk: Desk, sent: dict[str, str]) -> Any:
    said = {"aud": sent["client_id"], "nonce": sent["nonce"], "auth_time": NOW}
    id_token = desk.idp.token(said, omit=["sub"])
    return document({"access_token": "a", "token_type": "Bearer", "id_token": id_token})


@pytest.mark.requirement("SEC-16", "SEC-37", "SEC-39")
@pytest.mark.parametrize(
    "how",
    [
        {"key": b"", "alg": "none"},
        {"key": b"a shared secret of thirty-two byte", "alg": "HS256"},
        {"key": b"\x00" * 64, "alg": "ES256"},
        {"key": SigningKey.generate("ES256")},
        {"headers": {"typ": "at+jwt"}},
        {"headers": {"typ": "logout+jwt"}},
    ],
)
async def test_a_token_that_the_issuer_did_not_sign_signs_nobody_in(desk: Desk, how: dict[str, Any]) -> None:
    sent = await desk.go()
    in_vain(desk, await desk.back(sent, answer=desk.tokens(sent, **how)), "")


@pytest.mark.requirement("SEC-16", "SEC-37", "SEC-39")
async def test_a_token_of_another_issuer_signs_nobody_in(desk: Desk, evil: HostileIssuer) -> None:
    sent = await desk.go()
    theirs = evil.token({"aud": sent["client_id"], "nonce": sent["nonce"], "auth_time": NOW})
    answer = document({"access_token": "a", "token_type": "Bearer", "id_token": theirs})
    in_vain(desk, await desk.back(sent, answer=answer), "no trusted issuer")


@pytest.mark.requirement("SEC-73", "SEC-76")
async def test_an_answer_that_is_no_answer_signs_nobody_in(desk: Desk) -> None:
    sent = await desk.go()
    whole = msgspec.json.decode(desk.tokens(sent).body)
    answers = [
        document({**whole, "token_type": "mac"}),
        document({**whole, "id_token": None}),
        document({"error": "<script>invalid_grant"}),
        replace(document({"error": "invalid_client", "error_description": "secret"}), status=401),
        replace(document(whole), body=b"<html>" * 100),
        replace(document(whole), body=b"{" + b" " * (300 * 1024) + b"}"),
    ]
    for answer in answers:
        step = await desk.back(await desk.go(), answer=answer, code="marked-code")
        assert isinstance(step, AskWho)
        assert desk.last["event"] == "sign_in:refused"
        assert not {"script", "marked-code", "secret"} & set(desk.last["detail"].replace("<", " ").split())
        desk.clock.advance(601)


@pytest.mark.requirement("SEC-35", "SEC-36", "SEC-73")
async def test_neither_people_nor_codes_nor_our_secret_are_led_elsewhere(
    desk: Desk, evil: HostileIssuer
) -> None:
    sent = await desk.go()
    assert isinstance(await desk.back(sent, answer=redirect(307, f"{evil.origin}/token")), AskWho)
    assert evil.count() == 0
    desk.clock.advance(3601)
    for member in ("authorization_endpoint", "token_endpoint"):
        for place in (
            f"{evil.origin}/x",
            "http://10.0.0.1/x",
            "http://169.254.169.254/x",
            "javascript:x",
            None,
        ):
            publish(desk.idp, **{member: place})
            desk.providers.keep_only(())  # or what was known before would be good for a day
            step = await desk.elsewhere.begin(None, "okta", VISITOR)
            assert isinstance(step, AskWho), place
            assert desk.last["reason"] == "upstream_down"
            desk.clock.advance(61)
        publish(desk.idp)
    assert evil.count() == 0


@pytest.mark.requirement("SEC-37")
async def test_a_discovery_document_of_another_issuer_leads_nobody_anywhere(
    desk: Desk, evil: HostileIssuer
) -> None:
    desk.idp.discovery["issuer"] = evil.issuer
    assert isinstance(await desk.elsewhere.begin(None, "okta", VISITOR), AskWho)
    assert "another issuer" in desk.last["detail"]


@pytest.mark.requirement("SEC-34", "SEC-36")
async def test_a_provider_at_a_private_address_is_not_asked(idp: HostileIssuer, clock: FixedClock) -> None:
    fetch = GuardedFetch()  # as in production: nothing on this computer, and no http
    desk = Desk(idp, fetch=fetch, clock=clock)
    assert isinstance(await desk.elsewhere.begin(None, "okta", VISITOR), AskWho)
    assert idp.count() == 0
    fetch.close()


@pytest.mark.requirement("SEC-24", "OP-51")
async def test_two_people_with_one_address_stay_two(desk: Desk, evil: HostileIssuer) -> None:
    found: set[str] = set()
    for sub in ("a-17", "a-18"):
        sent = await desk.go()
        claims = {"sub": sub, "email": "alice@acme.example", "email_verified": True}
        step = await desk.back(sent, answer=desk.tokens(sent, claims=claims))
        assert isinstance(step, GoOn)
        session = await desk.sessions.find(step.session)
        assert session is not None
        found.add(session.sign_in.person.subject)
    assert found == {"okta:a-17", "okta:a-18"}
    sent = await desk.go(provider="evil")
    said = {"sub": "a-17", "aud": sent["client_id"], "nonce": sent["nonce"], "auth_time": NOW}
    evil.answers["/token"] = document(
        {"access_token": "a", "token_type": "Bearer", "id_token": evil.token(said)}
    )
    step = await desk.back(sent, provider="evil", iss=evil.issuer)
    assert isinstance(step, GoOn)
    session = await desk.sessions.find(step.session)
    assert session is not None
    assert session.sign_in.person.subject == "evil:a-17"


@pytest.mark.requirement("SEC-14")
async def test_bad_codes_are_soon_not_even_tried(desk: Desk) -> None:
    for _ in range(3):
        sent = await desk.go()
        await desk.back(sent, answer=replace(document({"error": "invalid_grant"}), status=400))
    with pytest.raises(OAuthError) as refused:
        await desk.back(await desk.go())
    assert refused.value.reason == "too_many_failures"
    assert desk.redeemed == 3


@pytest.mark.requirement("SEC-90", "SEC-76")
async def test_answers_that_anybody_can_make_up_fill_no_table(desk: Desk) -> None:
    """Anybody can begin, and come back with an error, or with a code that is none, as often as they like."""
    for error in ("access_denied", "server_error", "x" * 65):
        sent = await desk.go()
        for _ in range(3):
            assert isinstance(await desk.back(sent, code=None, error=error), AskWho)
    assert not desk.house.marks.seen
    for _ in range(3):
        await desk.back(await desk.go(), answer=replace(document({"error": "invalid_grant"}), status=400))
    kept = len(desk.house.marks.seen)
    for _ in range(3):
        with pytest.raises(OAuthError):
            await desk.back(await desk.go())
    assert len(desk.house.marks.seen) == kept
