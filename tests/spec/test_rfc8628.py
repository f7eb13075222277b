"""RFC 8628: a device shows a code, a person types it elsewhere and decides, and the device hears of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.fakes.company import INVENTORY, ORDERS, client, on_devices, signing_in
from tests.fakes.connecting import Connecting
from tests.fakes.house import ISSUER, claims_of

from actas.core.client import ClientAuth
from actas.core.errors import OAuthError
from actas.core.ports import SystemChance
from actas.policy.rule import PolicyDefaults, RuleSpec
from actas.signin.steps import AskDevice, AskDeviceConsent, AskWho, DeviceDone
from actas.subjects.device_code import LIFE
from actas.subjects.device_records import Decision
from actas.subjects.user_code import ALPHABET, new_user_code, read_user_code, shown_user_code

PHONE = on_devices(client("phone", kind="app", auth=ClientAuth(method="none"), grants=frozenset()))


@pytest.fixture
def here() -> Connecting:
    return Connecting()


@pytest.mark.requirement("DG-1", "DG-9")
async def test_a_device_is_told_everything_it_needs(here: Connecting) -> None:
    told = await here.ask()
    assert set(told) == {
        "device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval"
    }  # fmt: skip
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", told["user_code"])
    assert told["verification_uri"] == f"{ISSUER}/device"
    assert told["verification_uri_complete"] == f"{ISSUER}/device?user_code={told['user_code']}"
    assert (told["expires_in"], told["interval"]) == (600, 5)
    assert (await here.ask())["user_code"] != told["user_code"]
    assert not here.house.writer.events  # nobody has let it do anything


@pytest.mark.requirement("DG-9")
def test_a_code_is_the_same_however_it_is_written() -> None:
    for typed in ("WDJB-MJHT", "wdjbmjht", " wdjb mjht ", "W.D.J.B/MJHT", "w d j b m j h t"):
        assert read_user_code(typed) == "WDJBMJHT"
    for typed in ("", "WDJB-MJH", "WDJB-MJHTX", "AEIO-UAEI", "W" * 4000, "wdjb\u0130mjh"):
        assert read_user_code(typed) is None
    assert shown_user_code("WDJBMJHT") == "WDJB-MJHT"


@pytest.mark.requirement("DG-9")
def test_every_letter_is_as_likely_as_any_other() -> None:
    drawn = "".join(new_user_code(SystemChance()) for _ in range(3000))
    assert len(ALPHABET) == len(set(ALPHABET)) == 20
    assert set(drawn) == set(ALPHABET)
    assert all(1000 < drawn.count(letter) < 1400 for letter in ALPHABET)  # 1200, and six deviations


@pytest.mark.requirement("DG-2")
@pytest.mark.parametrize(
    ("credentials", "error"),
    [
        ("&client_id=web&client_secret=wrong", "invalid_client"),
        ("&client_id=web", "invalid_client"),
        ("&client_id=nobody&client_secret=x", "invalid_client"),
        ("", "invalid_client"),
    ],
)
async def test_a_client_must_prove_who_it_is(here: Connecting, credentials: str, error: str) -> None:
    with pytest.raises(OAuthError) as caught:
        await here.ask(credentials=credentials)
    assert caught.value.code == error
    assert here.house.writer.events[-1]["event"] == "device:refused"
    assert not here.house.waiting.kept


@pytest.mark.requirement("DG-2")
async def test_a_public_client_says_its_name() -> None:
    here = Connecting(PHONE)
    told = await here.ask(credentials="&client_id=phone")
    await here.decide(told, await here.visitor())
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": "phone"}
    answer = await here.house.post({**form, "device_code": told["device_code"]})
    assert claims_of(answer)["client_id"] == "phone"
    assert "refresh_token" in answer.body


@pytest.mark.requirement("DG-12")
@pytest.mark.parametrize(
    ("form", "error"),
    [
        ("scope=burn:everything", "invalid_scope"),
        ("", "invalid_scope"),
        ("scope=stock:read&resource=https://elsewhere.example", "invalid_target"),
        ("scope=stock:read&resource=https://inventory.acme.example%23top", "invalid_target"),
        ("scope=orders:read&audience=orders", "invalid_target"),
        ("scope=openid&scope=profile", "invalid_request"),
    ],
)
async def test_it_may_ask_for_what_the_app_may_at_the_authorization_endpoint(
    here: Connecting, form: str, error: str
) -> None:
    with pytest.raises(OAuthError) as caught:
        await here.ask(form)
    assert caught.value.code == error
    assert not here.house.waiting.kept


@pytest.mark.requirement("DG-12")
async def test_a_client_without_the_grant_gets_no_codes() -> None:
    here = Connecting(signing_in(client("web", kind="app")))
    with pytest.raises(OAuthError) as caught:
        await here.ask()
    assert (caught.value.code, caught.value.reason) == ("unauthorized_client", "client_may_not_exchange")


@pytest.mark.requirement("DG-3", "DG-4", "DG-8")
async def test_a_person_types_the_code_says_yes_and_the_device_has_its_tokens(here: Connecting) -> None:
    told = await here.ask("scope=openid+profile+orders:read")
    assert (await here.refused(told)).code == "authorization_pending"
    alice = await here.visitor()
    asked = await here.shown(told, alice)
    assert (asked.asked.source, asked.asked.user_code) == ("192.0.2.7", told["user_code"].replace("-", ""))
    assert (await here.refused(told)).code == "slow_down"  # whoever has only typed it has allowed nothing
    assert await here.pages.decide(asked.flow, allowed=True, visitor=alice) == DeviceDone(
        allowed=True, client=here.house.catalog.clients["web"]
    )
    answer = await here.poll(told)
    claims = claims_of(answer)
    assert (claims["sub"], claims["client_id"], claims["aud"]) == (
        "actas:alice", "web", [f"{ISSUER}/userinfo", ORDERS],
    )  # fmt: skip
    assert answer.body["scope"] == "openid orders:read profile"
    assert {"id_token", "refresh_token"} <= set(answer.body)
    events = [one["event"] for one in here.house.writer.events]
    assert events[-3:] == ["consent:given", "authorization:granted", "exchange:granted"]
    granted, issued = here.house.writer.events[-2:]
    assert granted["asked_from"] == "192.0.2.7"
    assert granted["authorization"] == issued["txn"]


async def test_the_device_may_ask_for_less_and_never_for_more(here: Connecting) -> None:
    told = await here.ask("scope=openid+orders:read+stock:read")
    await here.decide(told, await here.visitor())
    answer = await here.poll(told, resource=INVENTORY)
    assert (claims_of(answer)["aud"], answer.body["scope"]) == (INVENTORY, "stock:read")
    narrow = await here.ask("scope=orders:read&resource=" + ORDERS)
    await here.decide(narrow, await here.visitor())
    assert (await here.refused(narrow, resource=INVENTORY)).code == "invalid_target"


@pytest.mark.requirement("DG-4", "DG-5")
async def test_who_asks_too_soon_waits_longer_each_time(here: Connecting) -> None:
    told = await here.ask()
    seen: list[Any] = []
    for seconds in (0, 2, 9, 8, 15, 15):
        here.clock.advance(seconds)
        error = await here.refused(told)
        seen.append((error.code, error.members.get("interval")))
    assert seen == [
        ("authorization_pending", None),
        ("slow_down", 10),
        ("authorization_pending", None),
        ("slow_down", 15),
        ("authorization_pending", None),
        ("authorization_pending", None),
    ]


@pytest.mark.requirement("DG-6")
async def test_a_no_is_a_no(here: Connecting) -> None:
    told = await here.ask()
    step = await here.decide(told, await here.visitor(), allowed=False)
    assert isinstance(step, DeviceDone)
    assert not step.allowed
    event = here.house.writer.events[-1]
    assert (event["event"], event["reason"]) == ("authorization:refused", "denied_by_person")
    for _ in range(2):
        assert (await here.refused(told)).code == "access_denied"
    assert await here.pages.typed(told["user_code"], await here.visitor()) == AskDevice(
        code=told["user_code"], wrong=True
    )


@pytest.mark.requirement("DG-6")
async def test_what_nobody_decided_in_time_has_ended(here: Connecting) -> None:
    told, allowed = await here.ask(), await here.ask()
    alice = await here.visitor()
    asked = await here.shown(told, alice)
    await here.decide(allowed, alice)
    here.clock.advance(LIFE)
    for one in (told, allowed):
        assert (await here.refused(one)).code == "expired_token"
    for step in (
        await here.pages.decide(asked.flow, allowed=True, visitor=alice),
        await here.pages.typed(told["user_code"], alice),
    ):
        assert step == AskDevice(code=told["user_code"], wrong=True)


@pytest.mark.requirement("DG-3")
async def test_who_is_not_signed_in_signs_in_first_and_goes_on(here: Connecting) -> None:
    told = await here.ask()
    stranger = await here.visitor(None)
    step = await here.pages.typed(told["user_code"], stranger)
    assert isinstance(step, AskWho)
    assert (step.client, step.request) == (None, None)  # not even whose device it is
    on = await here.pages.go_on(step.flow, await here.visitor(browser=stranger.browser))
    assert isinstance(on, AskDeviceConsent)
    # The same for a code that no device shows: it takes a person to be told.
    assert isinstance(await here.pages.typed("BBBB-BBBB", stranger), AskWho)


@pytest.mark.requirement("DG-3")
async def test_a_code_in_the_address_is_only_filled_in(here: Connecting) -> None:
    told = await here.ask()
    assert here.pages.begin(told["user_code"].lower()) == AskDevice(code=told["user_code"])
    assert here.pages.begin("<script>") == AskDevice(code="")
    assert here.pages.begin(None) == AskDevice()
    assert (await here.refused(told)).code == "authorization_pending"


@pytest.mark.requirement("DG-3")
@pytest.mark.parametrize("consent", ["once", "always", "never"])
async def test_people_are_asked_about_every_device_whatever_they_said_before(consent: Any) -> None:
    here = Connecting(on_devices(client("web", kind="app"), consent=consent))
    alice = await here.visitor()
    for _ in range(2):
        told = await here.ask()
        assert isinstance(await here.pages.typed(told["user_code"], alice), AskDeviceConsent)
        await here.decide(told, alice)


@pytest.mark.requirement("DG-6", "DG-12")
async def test_only_people_of_its_groups_sign_in_to_an_app_on_a_device_and_nobody_else_has_it_wait() -> None:
    here = Connecting(on_devices(client("web", kind="app"), groups=frozenset({"platform"})))
    told = await here.ask()
    step = await here.pages.typed(told["user_code"], await here.visitor())
    assert isinstance(step, DeviceDone)
    assert (step.allowed, step.refused and step.refused.reason) == (False, "no_rule")
    error = await here.refused(told)
    assert (error.code, error.reason) == ("access_denied", "no_rule")


@pytest.mark.requirement("DG-12")
async def test_a_rule_that_denies_signing_in_denies_it_on_devices() -> None:
    deny = RuleSpec(name="no-devices", effect="deny", kind="sign_in", reason="Not now.")
    here = Connecting(rules=(deny,))
    told = await here.ask()
    await here.decide(told, await here.visitor())
    assert (await here.refused(told)).reason == "denied_by_rule"


@pytest.mark.parametrize(
    "gone", [lambda one: None, lambda one: on_devices(one, groups=frozenset()), signing_in]
)
async def test_a_device_of_an_app_that_is_gone_is_not_connected(gone: Any) -> None:
    here = Connecting()
    told = await here.ask()
    alice = await here.visitor()
    asked = await here.shown(told, alice)
    after = gone(client("web", kind="app", disabled=True))
    here.house.catalog.clients.pop("web") if after is None else here.house.catalog.clients.update(web=after)
    for call in (
        here.pages.typed(told["user_code"], alice),
        here.pages.decide(asked.flow, allowed=True, visitor=alice),
    ):
        with pytest.raises(OAuthError) as caught:
            await call
        assert caught.value.reason == "unknown_app"


async def test_a_person_who_is_locked_out_meanwhile_gets_the_device_nothing(here: Connecting) -> None:
    told = await here.ask()
    await here.decide(told, await here.visitor("alice"))
    here.house.catalog.people.pop("actas:alice")
    assert (await here.refused(told)).code == "invalid_grant"


@pytest.mark.requirement("REL-01")
async def test_when_the_minutes_take_nothing_a_device_has_nothing_that_they_will_not_have(
    here: Connecting,
) -> None:
    told, other = await here.ask(), await here.ask()
    alice = await here.visitor()
    yes, no = await here.shown(told, alice), await here.shown(other, alice)
    here.house.writer.broken = True
    for flow, allowed in ((yes.flow, True), (no.flow, False)):
        with pytest.raises(OAuthError) as caught:
            await here.pages.decide(flow, allowed=allowed, visitor=alice)
        assert caught.value.reason == "audit_unavailable"
    with pytest.raises(OAuthError, match="audit_unavailable"):
        await here.poll(told)
    # What she said yes to is kept with its entries, which are written as soon as they can be.
    kept = [*here.kept.records, *here.house.waiting.records]
    assert [one.event for one in kept] == ["consent:given", "authorization:granted"]
    here.house.writer.broken = False
    assert (await here.refused(other)).code == "authorization_pending"


async def test_a_scope_that_no_api_has_is_refused_to_a_device_too() -> None:
    strict = Connecting()
    with pytest.raises(OAuthError) as caught:
        await strict.ask("scope=openid+orders:raed")
    assert (caught.value.code, caught.value.reason) == ("invalid_scope", "excess")
    here = Connecting(defaults=PolicyDefaults(on_excess_scope="trim"))
    told = await here.ask("scope=openid+orders:read+orders:raed")
    await here.decide(told, await here.visitor())
    assert (await here.poll(told)).body["scope"] == "openid orders:read"
    (granted,) = [one for one in here.house.writer.events if one["event"] == "authorization:granted"]
    assert granted["dropped"] == "orders:raed"


@pytest.mark.parametrize("how", ["decided", "away"])
async def test_a_yes_that_comes_too_late_for_its_device_is_not_remembered(
    here: Connecting, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await here.ask()
    alice = await here.visitor()
    asked = await here.shown(told, alice)
    there = here.house.waiting
    ((digest, _),) = there.kept.items()

    async def at_that_very_moment(decision: Decision) -> bool:
        there.broken = how == "away"
        await decide(Decision(digest=digest, state="denied"))  # somebody else is faster
        return await decide(decision)

    decide = there.decide
    monkeypatch.setattr(there, "decide", at_that_very_moment)
    if how == "decided":
        assert isinstance(await here.pages.decide(asked.flow, allowed=True, visitor=alice), AskDevice)
    else:
        with pytest.raises(OAuthError):
            await here.pages.decide(asked.flow, allowed=True, visitor=alice)
    assert await here.consents.of("actas:alice") == ()
    assert "consent:given" not in [one["event"] for one in here.house.writer.events]


@pytest.mark.parametrize("step", ["ask", "typed", "decide", "poll"])
async def test_a_store_that_is_away_lets_nobody_in(here: Connecting, step: str) -> None:
    told = await here.ask()
    alice = await here.visitor()
    asked = await here.shown(told, alice)
    here.house.waiting.broken = True
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "ask": here.ask,
        "typed": lambda: here.pages.typed(told["user_code"], alice),
        "decide": lambda: here.pages.decide(asked.flow, allowed=True, visitor=alice),
        "poll": lambda: here.poll(told),
    }
    with pytest.raises(OAuthError) as caught:
        await calls[step]()
    assert caught.value.reason == "storage_unavailable"


@pytest.fixture
def forms(here: Connecting) -> dict[str, str]:
    return {**here.house.poll_form("web", "actas_dev_x")}


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"code": "x"}, "invalid_request"),
        ({"refresh_token": "x"}, "invalid_request"),
        ({"subject_token": "x"}, "invalid_request"),
        ({"device_code": ""}, "invalid_request"),
        ({"device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS"}, "invalid_grant"),
        ({"device_code": "actas_cod_" + "A" * 49}, "invalid_grant"),
    ],
)
async def test_a_malformed_question_is_refused(
    here: Connecting, forms: dict[str, str], more: dict[str, str], error: str
) -> None:
    assert (await here.house.turned_away({**forms, **more})).code == error
