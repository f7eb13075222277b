"""OpenID Connect Core section 3.1.2.1: what an app may wish for when it sends somebody, and what comes of it.

A wish is heard where it can be and is never a must; a parameter that means nothing here is no error. Nobody is
signed in as somebody whom the app did not mean.
"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.fakes.company import CALLBACK, INVENTORY, ISSUER, ORDERS, client, secret_of, signing_in
from tests.fakes.front_door import STRANGER, FrontDoor, asked
from tests.fakes.house import CLIENTS, PEOPLE, House, claims_of
from tests.fakes.visits import VERIFIER

from actas.policy.rule import PolicyDefaults
from actas.signin.steps import Answered, AskConsent, AskWho, Later, Step

WEB = signing_in(client("web", kind="app"), consent="never")
ASKING = signing_in(client("web", kind="app"))


def door(app: Any = WEB, **how: Any) -> FrontDoor:
    return FrontDoor(House(clients=[*CLIENTS[:3], app], people=PEOPLE, **how))


def told(step: Step) -> dict[str, str]:
    assert isinstance(step, Answered), step
    return dict(step.members)


def error_of(step: Step) -> str:
    members = told(step)
    assert members["iss"] == ISSUER
    assert members["state"] == "s-1 &x="
    assert "code" not in members
    return members["error"]


# OP-14: how strongly somebody signed in.


@pytest.mark.requirement("OP-14")
async def test_who_has_a_second_factor_is_asked_for_it_when_the_app_wishes() -> None:
    here = door()
    here.holdings["actas:alice"] = frozenset({"code"})
    alice = await here.visitor()
    step = await here.bring(alice, asked(acr_values="mfa"))
    assert isinstance(step, AskWho)
    assert "code" in told(await here.bring(alice))
    strong = await here.visitor(acr="mfa", amr=("pwd", "otp", "mfa"))
    assert "code" in told(await here.authorizing.go_on(step.flow, strong))
    assert "code" in told(await here.bring(strong, asked(acr_values="mfa")))


@pytest.mark.requirement("OP-14")
@pytest.mark.parametrize(
    ("wish", "has"),
    [
        ({"acr_values": "mfa"}, {"password", "recovery"}),
        ({"acr_values": "mfa pwd"}, {"code"}),
        ({"acr_values": "urn:example:gold"}, {"code"}),
        ({"acr_values": "mfa", "prompt": "none"}, {"code"}),
    ],
    ids=["nothing more", "either", "unknown", "not asked"],
)
async def test_a_wish_for_more_is_no_must(wish: dict[str, Any], has: set[Any]) -> None:
    here = door()
    here.holdings["actas:alice"] = frozenset(has)
    assert "code" in told(await here.bring(await here.visitor(), asked(**wish)))


@pytest.mark.requirement("OP-14")
async def test_nobody_is_asked_for_more_again_and_again() -> None:
    """Somebody who signed in for this very request, and did not do more, goes on."""
    here = door()
    here.holdings["actas:alice"] = frozenset({"passkey"})
    step = await here.bring(await here.visitor(), asked(acr_values="mfa"))
    assert isinstance(step, AskWho)
    begun = here.authorizing._begun
    proved = replace(begun.open(step.flow), proved=True)
    assert "code" in told(await here.authorizing.go_on(begun.seal(proved), await here.visitor()))


# OP-14: whom the app means.


@pytest.mark.requirement("OP-14")
@pytest.mark.parametrize("age", [0, 400, 40 * 24 * 3600])
async def test_whom_the_app_means_goes_on_however_old_its_token_is(age: int) -> None:
    here = door()
    now = int(here.house.clock.now())
    hint = here.house.our_id_token(iat=now - age, exp=now - age + 300)
    assert "code" in told(await here.bring(await here.visitor(), asked(id_token_hint=hint)))
    other = here.house.our_id_token(aud="helpdesk")  # a hint of who it is, whichever app it was made for
    assert "code" in told(await here.bring(await here.visitor(), asked(id_token_hint=other, prompt="none")))


@pytest.mark.requirement("OP-14", "OP-12")
async def test_somebody_else_is_asked_to_sign_in_or_the_app_is_told() -> None:
    here = door()
    hint = here.house.our_id_token()
    carol = await here.visitor("carol")
    quiet = await here.bring(carol, asked(id_token_hint=hint, prompt="none"))
    assert error_of(quiet) == "login_required"
    step = await here.bring(carol, asked(id_token_hint=hint))
    assert isinstance(step, AskWho)
    assert step.name == "alice"
    assert "code" in told(await here.authorizing.go_on(step.flow, await here.visitor()))


@pytest.mark.requirement("OP-14")
async def test_whoever_signs_in_as_somebody_else_is_not_handed_to_the_app() -> None:
    here = door()
    step = await here.bring(STRANGER, asked(id_token_hint=here.house.our_id_token()))
    assert isinstance(step, AskWho)
    begun = here.authorizing._begun
    proved = replace(begun.open(step.flow), proved=True, shown="actas:carol")
    carol = await here.visitor("carol")
    assert error_of(await here.authorizing.go_on(begun.seal(proved), carol)) == "login_required"
    decided = await here.authorizing.decide(begun.seal(proved), allowed=True, visitor=carol)
    assert error_of(decided) == "login_required"
    assert "authorization:granted" not in [one["event"] for one in here.house.writer.events]


@pytest.mark.requirement("OP-14", "SEC-91")
async def test_only_an_id_token_of_ours_is_a_hint() -> None:
    here = door()
    house = here.house
    signed_by_the_wrong_key = house.our_id_token(key=house.ring.private("token"))
    for forged in (
        "x",
        house.id_token(),
        house.our_token(),
        signed_by_the_wrong_key,
        house.our_id_token()[:-4],
    ):
        step = await here.bring(await here.visitor(), asked(id_token_hint=forged))
        assert error_of(step) == "invalid_request"
    answer = await here.push(id_token_hint=house.our_token())
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.requirement("OP-14")
async def test_a_name_that_the_app_knows_is_filled_in() -> None:
    here = door()
    step = await here.bring(STRANGER, asked(login_hint="alice@acme.example"))
    assert isinstance(step, AskWho)
    assert step.name == "alice@acme.example"
    both = asked(login_hint="typed", id_token_hint=here.house.our_id_token())
    step = await here.bring(STRANGER, both)
    assert isinstance(step, AskWho)
    assert step.name == "typed"
    assert error_of(await here.bring(STRANGER, asked(login_hint="x" * 256))) == "invalid_request"


@pytest.mark.requirement("OP-14")
@pytest.mark.parametrize(
    "more",
    [
        {"ui_locales": "de fr-CA en"},
        {"claims": '{"id_token":{"acr":{"essential":true,"values":["phr"]}}}'},
        {"display": "popup", "claims_locales": "de", "audience_hint": "x"},
        {"state": None},
    ],
    ids=["ui_locales", "claims", "unknown", "no state"],
)
async def test_what_means_nothing_here_is_no_error(more: dict[str, Any]) -> None:
    here = door()
    members = told(await here.bring(await here.visitor(), asked(**more)))
    assert set(members) == {"code", "iss", *(["state"] if "state" not in more else [])}


# OP-12, OP-13: what people are asked.


@pytest.mark.requirement("OP-12", "OP-13")
@pytest.mark.parametrize(
    ("prompt", "stranger", "known"),
    [
        (None, AskWho, AskConsent),
        ("consent", AskWho, AskConsent),
        ("login", AskWho, AskWho),
        ("select_account", AskWho, AskWho),
        ("login consent", AskWho, AskWho),
        ("none", "login_required", "consent_required"),
        ("none consent", "invalid_request", "invalid_request"),
        ("consent none", "invalid_request", "invalid_request"),
        ("create", "invalid_request", "invalid_request"),
    ],
)
async def test_what_somebody_is_asked(prompt: str | None, stranger: Any, known: Any) -> None:
    here = door(ASKING)
    for visitor, expected in ((STRANGER, stranger), (await here.visitor(), known)):
        step = await here.bring(visitor, asked(prompt=prompt))
        if isinstance(expected, str):
            assert error_of(step) == expected
        else:
            assert isinstance(step, expected)


@pytest.mark.requirement("OP-13")
async def test_login_and_max_age_are_served_by_a_sign_in_after_they_were_asked() -> None:
    here = door()
    early = await here.visitor()
    here.house.clock.advance(100)
    for wish in ({"prompt": "login"}, {"max_age": "0"}, {"max_age": "99"}, {"max_age": "100"}):
        step = await here.bring(early, asked(**wish))
        assert isinstance(step, AskWho), wish
        assert isinstance(await here.authorizing.go_on(step.flow, early), AskWho)
        begun = here.authorizing._begun
        proved = begun.seal(replace(begun.open(step.flow), proved=True))
        # Not by a session from before, whatever the browser carries.
        assert isinstance(await here.authorizing.go_on(proved, early), AskWho)
        assert "code" in told(await here.authorizing.go_on(proved, await here.visitor()))
    assert "code" in told(await here.bring(early, asked(max_age="101")))


# OP-16, OP-17, OP-141: what for.


@pytest.mark.requirement("OP-16", "OP-17", "OP-140", "OP-141")
async def test_several_resources_are_kept_with_the_grant_and_bound_what_is_asked_later() -> None:
    here = door()
    wish = asked(scope="openid orders:read stock:read", resource=[ORDERS.upper(), INVENTORY])
    code = told(await here.bring(await here.visitor(), wish))["code"]
    assert here.house.writer.events[-1]["apis"] == ["orders", "inventory"]
    form = {"grant_type": "authorization_code", "client_id": "web", "client_secret": secret_of("web")}
    form |= {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER, "resource": ORDERS}
    answer = await here.house.post(form)
    assert claims_of(answer)["aud"] == ORDERS
    assert answer.body["scope"] == "orders:read"


@pytest.mark.requirement("OP-17")
@pytest.mark.parametrize(
    ("scope", "resource", "which"),
    [
        ("openid orders:raed", None, "orders:raed"),
        ("openid orders:read stock:read b a", ORDERS, "a, b, stock:read"),
        ("openid phone OpenID", None, "OpenID"),
    ],
    ids=["misspelt", "another API's", "in other letters"],
)
async def test_a_scope_that_no_api_has_there_is_refused_beside_those_that_there_are(
    scope: str, resource: str | None, which: str
) -> None:
    here = door()
    more: dict[str, Any] = {} if resource is None else {"resource": resource}
    step = await here.bring(await here.visitor(), asked(scope=scope, **more))
    assert error_of(step) == "invalid_scope"
    assert (await here.push(scope=scope, **more)).json["error"] == "invalid_scope"
    refused, pushed = (one for one in here.house.writer.events if "refused" in one["event"])
    for event in (refused, pushed):
        assert event["reason"] == "excess"
        assert event["detail"] == f"no API that web may ask for there has the scope {which}"


@pytest.mark.requirement("OP-17")
async def test_where_more_is_trimmed_the_answer_says_what_was_granted_and_the_log_what_was_not() -> None:
    here = door(defaults=PolicyDefaults(on_excess_scope="trim"))
    wish = asked(scope="openid orders:read orders:raed", resource=[ORDERS])
    code = told(await here.bring(await here.visitor(), wish))["code"]
    granted = here.house.writer.events[-1]
    assert (granted["event"], granted["scope"]) == ("authorization:granted", "openid orders:read")
    assert granted["dropped"] == "orders:raed"
    form = {"grant_type": "authorization_code", "client_id": "web", "client_secret": secret_of("web")}
    form |= {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    assert (await here.house.post(form)).body["scope"] == "orders:read"
    nothing = await here.bring(await here.visitor(), asked(scope="orders:raed"))
    assert error_of(nothing) == "invalid_scope"


@pytest.mark.requirement("OP-17")
async def test_what_openid_connect_defines_and_nobody_here_knows_is_ignored_and_written_down() -> None:
    here = door()
    wish = asked(scope="openid address orders:read phone")
    assert "code" in told(await here.bring(await here.visitor(), wish))
    assert here.house.writer.events[-1]["dropped"] == "address phone"
    assert "code" in told(await here.bring(await here.visitor(), asked(scope="openid orders:read")))
    assert "dropped" not in here.house.writer.events[-1]


@pytest.mark.requirement("OP-16", "OP-141")
@pytest.mark.parametrize(
    "resource",
    [
        ORDERS + "#top",
        ORDERS + "#",
        ORDERS + "/",
        [ORDERS, INVENTORY + "/"],
        "orders",
        "/orders",
        "https://elsewhere.example",
        [f"https://{number}.example" for number in range(9)],
        ISSUER,
        f"{ISSUER}/userinfo",
    ],
    ids=lambda one: str(one)[:40],
)
async def test_a_resource_that_is_none_is_refused_before_anybody_is_asked(resource: Any) -> None:
    here = door()
    step = await here.bring(await here.visitor(), asked(resource=resource))
    assert error_of(step) == "invalid_target"
    assert (await here.push(resource=resource)).json["error"] == "invalid_target"


@pytest.mark.requirement("OP-14", "OP-32")
async def test_a_name_that_was_pushed_is_filled_in_on_a_page_that_may_be_loaded_again() -> None:
    here = door()
    pushed = {"client_id": "web", "request_uri": await here.uri(login_hint="alice")}
    step = await here.bring(STRANGER, pushed)
    assert isinstance(step, Later)
    request = here.authorizing._begun.open(step.flow).request
    assert request is not None
    assert request.login_hint == "alice"
