"""Codes through the pipeline: a person's sign-in becomes an app's tokens, once, and ends with what it came from."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.fakes.company import CALLBACK, INVENTORY, ORDERS, client, signing_in
from tests.fakes.house import CLIENTS, ISSUER, NOW, PEOPLE, House, claims_of
from tests.fakes.visits import VERIFIER

from actas.core.client import ClientAuth
from actas.core.errors import OAuthError
from actas.core.lineage import Revoked
from actas.core.wire import ID_TOKEN
from actas.crypto import jose
from actas.crypto.digests import half_hash
from actas.exchange import Answer
from actas.policy.rule import RuleSpec

USERINFO = f"{ISSUER}/userinfo"
WEB = signing_in(client("web", kind="app"))
PHONE = signing_in(client("phone", kind="app", auth=ClientAuth(method="none"), grants=frozenset()))


def house(*clients: Any, **changes: Any) -> House:
    return House(clients=[*CLIENTS[:3], *(clients or (WEB,))], people=PEOPLE, **changes)


def told(answer: Answer, house: House) -> dict[str, Any]:
    """The claims of the ID token, by the key that is published for it."""
    jws = jose.parse(str(answer.body["id_token"]))
    assert jws.unverified_kid is not None
    key = house.ring.public_key(jws.unverified_kid, purpose="id_token")
    assert key is not None
    assert house.ring.public_key(jws.unverified_kid, purpose="token") is None
    return dict(jose.verify(jws, key=key, types=frozenset({"JWT"}), issuer=ISSUER, now=house.clock.now()))


async def refused(house: House, form: dict[str, Any]) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        await house.post(form)
    return caught.value


@pytest.mark.requirement("OP-40", "OP-41", "OP-17")
async def test_a_code_becomes_an_access_token_an_id_token_and_a_refresh_token() -> None:
    sts = house()
    answer = await sts.post(await sts.code_form())
    access = claims_of(answer)
    assert access["aud"] == [USERINFO, ORDERS]
    assert access["scope"] == answer.body["scope"] == "openid orders:read profile"
    assert (access["sub"], access["client_id"], access["sub_profile"]) == ("actas:alice", "web", "user")
    assert "act" not in access
    assert (access["acr"], access["auth_time"]) == ("pwd", NOW)
    assert {"access_token", "id_token", "refresh_token", "expires_in", "token_type"} <= set(answer.body)


@pytest.mark.requirement("OP-50", "OP-51", "OP-52", "OP-53", "OP-54", "OP-55", "OP-56", "OP-57", "OP-58")
async def test_the_id_token_says_who_signed_in_when_and_how() -> None:
    sts = house()
    answer = await sts.post(await sts.code_form())
    claims = told(answer, sts)
    assert claims["aud"] == "web"
    assert "azp" not in claims
    assert (claims["sub"], claims["nonce"], claims["auth_time"]) == ("actas:alice", "n-1", NOW)
    assert (claims["acr"], claims["amr"], claims["sid"]) == ("pwd", ["pwd"], "session-1")
    assert claims["exp"] - claims["iat"] == 300
    assert claims["at_hash"] == half_hash(str(answer.body["access_token"]), "RS256")
    assert jose.parse(str(answer.body["id_token"])).unverified_algorithm == "RS256"


@pytest.mark.requirement("OP-57")
async def test_a_client_may_have_its_id_tokens_signed_by_another_algorithm() -> None:
    sts = house(signing_in(client("web", kind="app"), algorithm="ES256"))
    answer = await sts.post(await sts.code_form())
    assert jose.parse(str(answer.body["id_token"])).unverified_algorithm == "ES256"
    assert told(answer, sts)["at_hash"] == half_hash(str(answer.body["access_token"]), "ES256")


async def test_without_openid_nobody_is_told_who_signed_in() -> None:
    sts = house()
    answer = await sts.post(await sts.code_form(scope=frozenset({"orders:read"}), apis=("orders",)))
    assert "id_token" not in answer.body
    assert claims_of(answer)["aud"] == ORDERS


@pytest.mark.requirement("OP-8", "OP-9", "SEC-76", "SEC-11")
async def test_a_code_that_is_used_twice_ends_what_it_began() -> None:
    sts = house()
    form = await sts.code_form()
    answer = await sts.post(form)
    error = await refused(sts, form)
    assert (error.code, error.reason) == ("invalid_grant", "code_reused")
    with pytest.raises(OAuthError) as caught:
        await sts.ask("orders", str(answer.body["access_token"]), audience="inventory")
    assert caught.value.reason == "revoked"
    again = {**form, "grant_type": "refresh_token", "refresh_token": answer.body["refresh_token"]}
    for name in ("code", "redirect_uri", "code_verifier"):
        del again[name]
    assert (await refused(sts, again)).reason == "revoked"


@pytest.mark.requirement("OP-8", "SEC-11")
async def test_of_many_at_once_one_redeems_a_code() -> None:
    sts = house()
    form = await sts.code_form()
    answers = await asyncio.gather(*(sts.post(form) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(one, Answer) for one in answers) == 1
    assert {one.reason for one in answers if isinstance(one, OAuthError)} == {"code_reused"}


@pytest.mark.requirement("OP-8")
async def test_a_code_is_good_for_a_minute() -> None:
    sts = house()
    form = await sts.code_form()
    sts.clock.advance(60)
    assert (await refused(sts, form)).reason == "bad_code"


@pytest.mark.requirement("OP-22", "OP-23", "OP-40", "SEC-76")
@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "x" * 42},
        {"code_verifier": "x" * 129},
        {"code_verifier": VERIFIER + "é"},
        {"code_verifier": None},
        {"code_verifier": VERIFIER.upper()},
        {"redirect_uri": None},
        {"redirect_uri": CALLBACK + "/"},
        {"code": "actas_cod_" + "A" * 49},
        {"code": "no code at all"},
    ],
    ids=["short", "long", "foreign", "none", "wrong", "nowhere", "slash", "checksum", "text"],
)
async def test_what_does_not_belong_to_the_code_is_an_invalid_grant(changes: dict[str, Any]) -> None:
    sts = house()
    form = await sts.code_form()
    whole = {name: value for name, value in {**form, **changes}.items() if value is not None}
    error = await refused(sts, whole)
    assert (error.code, error.reason) == ("invalid_grant", "bad_code") or error.reason == "bad_subject"
    # Nothing was burnt by whoever tried: the one it was made for still redeems it.
    if "code" not in changes:
        assert (await sts.post(form)).body["access_token"]


@pytest.mark.requirement("SEC-76", "OP-40")
async def test_a_client_does_not_redeem_the_code_of_another() -> None:
    sts = house(WEB, signing_in(client("helpdesk", kind="app")))
    form = await sts.code_form("helpdesk", client="web")
    assert (await refused(sts, form)).reason == "bad_code"


async def test_a_code_that_is_bound_to_a_key_is_good_for_nobody_else() -> None:
    sts = house()
    form = await sts.code_form(jkt="0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
    assert (await refused(sts, form)).reason == "bad_code"


@pytest.mark.requirement("OP-20", "OP-71", "OP-142", "SEC-08")
async def test_a_public_client_redeems_its_codes_and_does_nothing_else() -> None:
    sts = house(PHONE)
    form = await sts.code_form("phone")
    del form["client_secret"]
    answer = await sts.post(form)
    assert claims_of(answer)["client_id"] == "phone"
    refresh = {
        "grant_type": "refresh_token",
        "client_id": "phone",
        "refresh_token": answer.body["refresh_token"],
    }
    following = await sts.post(refresh)
    assert following.body["refresh_token"] != answer.body["refresh_token"]
    for grant in ("client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"):
        subject = {
            "subject_token": answer.body["access_token"],
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        }
        asked = {} if grant == "client_credentials" else subject
        error = await refused(sts, {"grant_type": grant, "client_id": "phone", "audience": "orders", **asked})
        assert error.reason == "client_may_not_exchange"


@pytest.mark.requirement("OP-16", "OP-140")
async def test_a_token_request_stays_within_what_was_authorized() -> None:
    sts = house()
    form = {**await sts.code_form(), "resource": INVENTORY}
    assert (await refused(sts, form)).reason == "unknown_target"
    form = {**await sts.code_form(id="authorization-2"), "resource": ORDERS}
    assert claims_of(await sts.post(form))["aud"] == ORDERS


@pytest.mark.requirement("OP-70", "OP-76", "OP-71")
async def test_a_refresh_tells_again_who_signed_in_and_when() -> None:
    sts = house()
    first = await sts.post(await sts.code_form())
    sts.clock.advance(100)
    form = await sts.code_form(id="unused")
    form |= {"grant_type": "refresh_token", "refresh_token": first.body["refresh_token"]}
    for name in ("code", "redirect_uri", "code_verifier"):
        del form[name]
    second = await sts.post(form)
    claims = told(second, sts)
    assert (claims["auth_time"], claims["iat"]) == (NOW, NOW + 100)
    assert "nonce" not in claims
    assert claims_of(second)["aud"] == [USERINFO, ORDERS]
    wider = {**form, "refresh_token": second.body["refresh_token"], "scope": "orders:write"}
    assert (await refused(sts, wider)).reason == "excess"


@pytest.mark.requirement("OP-77", "SEC-23", "REL-21")
@pytest.mark.parametrize(("offline", "outcome"), [(False, "revoked"), (True, None)])
async def test_what_goes_on_offline_outlives_the_session(offline: bool, outcome: str | None) -> None:
    sts = house()
    scope = frozenset({"openid", "orders:read", *(["offline_access"] if offline else [])})
    answer = await sts.post(await sts.code_form(scope=scope))
    mark = sts.ring.mark("session", ISSUER, "session-1")
    await sts.revoked.add([Revoked(mark=mark, up_to=NOW + 1, until=NOW + 9999, entry="e")])
    form = {"grant_type": "refresh_token", "refresh_token": answer.body["refresh_token"]}
    form = {**await sts.code_form(id="unused"), **form}
    for name in ("code", "redirect_uri", "code_verifier"):
        del form[name]
    if outcome is None:
        assert (await sts.post(form)).body["access_token"]
    else:
        assert (await refused(sts, form)).reason == outcome


@pytest.mark.requirement("SEC-42", "SEC-43")
async def test_a_deny_cuts_what_a_sign_in_gives() -> None:
    deny = RuleSpec(
        name="nobody-reads", effect="deny", kind="any", apis=frozenset({"orders"}),
        denied_scopes=frozenset({"orders:read"}), reason="Not today.",
    )  # fmt: skip
    sts = house(rules=[deny])
    assert claims_of(await sts.post(await sts.code_form()))["scope"] == "openid profile"


@pytest.mark.requirement("SEC-91", "SEC-22")
async def test_an_id_token_of_ours_is_no_access_token() -> None:
    sts = house()
    answer = await sts.post(await sts.code_form())
    with pytest.raises(OAuthError) as caught:
        await sts.ask("orders", str(answer.body["id_token"]), audience="inventory")
    assert caught.value.reason == "bad_subject"
    with pytest.raises(OAuthError) as caught:
        await sts.ask(
            "orders", str(answer.body["access_token"]), audience="inventory", subject_token_type=str(ID_TOKEN)
        )
    assert caught.value.reason == "bad_subject"
