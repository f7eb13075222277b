"""Redeeming grants of another domain's server (ID-JAG sections 4.4 and 9.8, RFC 7521 section 4.1.1)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import GRANTING, PEOPLE, REDEEMERS, acceptance
from tests.fakes.house import APIS, IDP, IDP_KEY, INVENTORY, ISSUER, NOW, ORDERS, House, claims_of
from tests.fakes.prover import Prover

from actas.core.errors import InvalidGrant, InvalidScope, OAuthError, StoreUnavailable
from actas.core.wire import ID_JAG, JWT_BEARER, JWT_DPOP
from actas.crypto import jose


def house(*accepted: Any, **changes: Any) -> House:
    """The house, in which web redeems grants of the company's identity provider."""
    terms: dict[str, Any] = {
        "issuers": (GRANTING,),
        "clients": REDEEMERS,
        "people": PEOPLE,
        "accepted": accepted or (acceptance(),),
        "clock": FixedClock(NOW),
    }
    return House(**{**terms, **changes})


async def refused(here: House, assertion: str, **parameters: Any) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        await here.post(here.redeeming(assertion, **parameters))
    return caught.value


@pytest.mark.requirement("JAG-60", "JAG-70", "JAG-71", "IDC-36")
async def test_a_grant_is_redeemed_for_a_token_of_ours() -> None:
    here = house()
    answer = await here.post(here.redeeming(here.grant(scope="orders:read"), resource=ORDERS))
    assert answer.body == {
        "access_token": answer.body["access_token"],
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "orders:read",
    }
    claims = claims_of(answer)
    assert (claims["iss"], claims["aud"], claims["client_id"]) == (ISSUER, ORDERS, "web")
    assert (claims["sub"], claims["scope"]) == ("actas:alice", "orders:read")
    assert claims["sub_id"] == {"format": "iss_sub", "iss": GRANTING.issuer, "sub": "id-alice"}
    (event,) = here.writer.events
    assert (event["kind"], event["rules"]) == ("redemption", ["connection:web-from-corp"])
    assert event["subject"]["token"]["jti"] == "grant-alice"


@pytest.mark.requirement("JAG-62", "JAG-63", "JAG-64", "JAG-76", "SEC-59", "IDC-33", "IDC-70")
@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "https://as.other.example"}, "wrong_audience"),
        ({"aud": [ISSUER, "https://as.other.example"]}, "wrong_audience"),
        ({"aud": f"{ISSUER}/"}, "wrong_audience"),
        ({"aud": f"{ISSUER}/token"}, "wrong_audience"),
        ({"aud": None}, "bad_subject"),
        ({"client_id": "helpdesk"}, "unknown_person"),
        ({"client_id": None}, "bad_subject"),
        ({"client_id": ["web"]}, "bad_subject"),
        ({"jti": None}, "bad_subject"),
        ({"sub": None}, "bad_subject"),
        ({"iat": None}, "bad_subject"),
        ({"exp": None}, "bad_subject"),
        ({"exp": NOW - 60, "iat": NOW - 90}, "expired"),
        ({"iss": "https://idp.other.example"}, "bad_subject"),
        ({"nonce": "n"}, "bad_subject"),
    ],
    ids=repr,
)
async def test_what_is_no_grant_for_us_is_an_invalid_grant(claims: dict[str, Any], reason: str) -> None:
    here = house()
    error = await refused(here, here.grant(**claims), resource=ORDERS)
    assert isinstance(error, InvalidGrant)
    if reason != "unknown_person":
        assert error.reason == reason
    assert (await here.post(here.redeeming(here.grant()))).body["access_token"]


@pytest.mark.requirement("JAG-1", "JAG-61", "SEC-59", "SEC-61", "IDC-71")
@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "logout+jwt", "oauth-id-jag", "client-authentication+jwt"])
async def test_only_what_says_that_it_is_a_grant_is_one(typ: str) -> None:
    here = house()
    assert isinstance(await refused(here, here.grant(typ=typ)), InvalidGrant)
    assert isinstance(await refused(here, here.id_token()), InvalidGrant)


@pytest.mark.requirement("JAG-61", "JAG-2", "SEC-58")
async def test_the_keys_are_those_of_the_issuer_that_it_names() -> None:
    other = jose.PrivateKey.generate("ES256")
    here = house(issuers=(GRANTING, replace(GRANTING, name="other", issuer="https://other.example",
        keys=(other.public.jwk(),), email_domains=frozenset({"other.example"}))))  # fmt: skip
    assert isinstance(await refused(here, here.grant(key=other)), InvalidGrant)
    assert isinstance(await refused(here, here.grant(iss="https://other.example", key=IDP_KEY)), InvalidGrant)


@pytest.mark.requirement("SEC-58")
@pytest.mark.parametrize(
    "changes",
    [
        {"issuers": (replace(GRANTING, accepts=GRANTING.accepts - {ID_JAG}),)},
        {"issuers": (replace(GRANTING, disabled=True),)},
        {"accepted": (acceptance(paused=True),)},
        {"accepted": (acceptance(client="helpdesk"),)},
        {"clients": [replace(one, disabled=one.name == "web") for one in REDEEMERS]},
    ],
    ids=["not for grants", "issuer off", "connection paused", "connection of another", "client off"],
)
async def test_whatever_is_switched_off_redeems_no_grant_that_was_given_before(
    changes: dict[str, Any],
) -> None:
    here = house(**changes)
    with pytest.raises(OAuthError):
        await here.post(here.redeeming(here.grant()))
    assert here.writer.events[-1]["outcome"] == "refused"


@pytest.mark.requirement("JAG-72", "JAG-124", "IDC-38", "IDC-72", "SEC-60")
async def test_a_grant_is_good_once_also_for_many_at_once() -> None:
    here = house()
    form = here.redeeming(here.grant())
    came = await asyncio.gather(*[here.post(form) for _ in range(20)], return_exceptions=True)
    given = [one for one in came if not isinstance(one, BaseException)]
    assert len(given) == 1
    assert {one.reason for one in came if isinstance(one, OAuthError)} == {"grant_reused"}
    assert isinstance(await refused(here, here.grant()), InvalidGrant)
    # The same name from another issuer, or another name, is another grant.
    assert (await here.post(here.redeeming(here.grant(jti="grant-2")))).body["access_token"]


@pytest.mark.requirement("SEC-60", "JAG-64")
async def test_who_may_not_redeem_a_grant_uses_up_nothing() -> None:
    here = house()
    grant = here.grant()
    assert isinstance(await refused(here, grant, who="helpdesk"), InvalidGrant)
    assert isinstance(await refused(here, grant, scope="orders:burn"), InvalidScope)
    assert isinstance(await refused(here, grant, resource=INVENTORY), InvalidGrant)
    assert (await here.post(here.redeeming(grant))).body["access_token"]


@pytest.mark.requirement("SEC-60", "REL-19")
async def test_a_grant_is_redeemed_by_nobody_while_nobody_knows_what_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fails(**_claim: Any) -> bool:
        raise StoreUnavailable("the marks cannot be read")

    here = house()
    monkeypatch.setattr(here.marks, "claim", fails)
    error = await refused(here, here.grant())
    assert (error.status, error.reason) == (503, "storage_unavailable")
    assert not [one for one in here.writer.events if one["outcome"] == "granted"]


@pytest.mark.requirement("JAG-72")
async def test_a_connection_may_let_a_grant_be_redeemed_until_it_ends() -> None:
    here = house(acceptance(repeatable=True))
    form = here.redeeming(here.grant())
    for _ in range(3):
        assert (await here.post(form)).body["access_token"]
    here.clock.advance(400)
    assert (await refused(here, form["assertion"])).reason == "expired"


@pytest.mark.requirement("JAG-69", "JAG-74", "JAG-125", "IDC-39")
@pytest.mark.parametrize(
    ("said", "asked", "given"),
    [
        ("orders:read orders:write", None, "orders:read orders:write"),
        ("orders:read", None, "orders:read"),
        ("orders:read pages:search", None, "orders:read"),
        ("orders:read orders:write", "orders:read", "orders:read"),
        ("orders:read", "orders:read orders:write", None),
        ("pages:search", None, None),
        (None, None, None),
    ],
    ids=repr,
)
async def test_what_comes_of_it_is_what_both_sides_say(
    said: str | None, asked: str | None, given: str | None
) -> None:
    here = house()
    grant = here.grant(scope=said)
    if given is None:
        assert isinstance(await refused(here, grant, scope=asked), InvalidScope)
    else:
        answer = await here.post(here.redeeming(grant, scope=asked))
        assert answer.body["scope"] == given
    capped = house(acceptance(scopes=frozenset({"orders:read"})))
    if given is not None and "orders:read" in given and asked is None:
        assert (await capped.post(capped.redeeming(grant))).body["scope"] == "orders:read"


@pytest.mark.requirement("JAG-74", "JAG-121", "JAG-123", "IDC-31")
@pytest.mark.parametrize(
    ("claimed", "asked", "audience"),
    [
        (None, None, ORDERS),
        (None, ORDERS, ORDERS),
        (ORDERS, None, ORDERS),
        ([ORDERS], ORDERS, ORDERS),
        ([ORDERS, INVENTORY], INVENTORY, INVENTORY),
        (INVENTORY, ORDERS, INVENTORY),
    ],
    ids=repr,
)
async def test_the_api_is_the_one_that_the_grant_names(
    claimed: Any, asked: str | None, audience: str
) -> None:
    more = acceptance("web-to-stock", api="inventory", scopes=frozenset({"stock:read"}))
    here = house(acceptance(), more) if claimed else house()
    grant = here.grant(resource=claimed, scope="orders:read stock:read")
    assert claims_of(await here.post(here.redeeming(grant, resource=asked)))["aud"] == audience


@pytest.mark.requirement("JAG-123", "IDC-34")
@pytest.mark.parametrize(
    "claimed", ["https://evil.example", [ORDERS, "https://evil.example"], 7, [7], {}, "", []]
)
async def test_a_grant_for_what_is_not_ours_is_no_grant(claimed: Any) -> None:
    here = house()
    assert isinstance(await refused(here, here.grant(resource=claimed)), InvalidGrant)


@pytest.mark.requirement("JAG-102", "JAG-103", "JAG-104", "JAG-105", "JAG-106")
async def test_a_key_in_the_grant_is_the_key_of_the_request() -> None:
    here, owner, thief = house(), Prover(), Prover()
    bound = here.grant(cnf={"jkt": owner.jkt})
    assert (await refused(here, bound)).reason == "key_not_proven"
    with pytest.raises(InvalidGrant):
        await here.post(here.redeeming(bound), proofs=[thief.proof()])
    form = {**here.redeeming(bound), "grant_type": str(JWT_DPOP)}
    answer = await here.post(form, proofs=[owner.proof()])
    assert answer.body["token_type"] == "DPoP"
    assert claims_of(answer)["cnf"] == {"jkt": owner.jkt}
    free = await here.post(here.redeeming(here.grant(jti="grant-2")), proofs=[owner.proof()])
    assert claims_of(free)["cnf"] == {"jkt": owner.jkt}
    strict = house(apis=[replace(one, binding="dpop") for one in APIS])
    assert isinstance(await refused(strict, strict.grant()), InvalidGrant)
    assert (await strict.post(strict.redeeming(strict.grant()), proofs=[owner.proof()])).body["access_token"]


@pytest.mark.requirement("JAG-65", "JAG-66", "SEC-62", "IDC-75", "IDC-34")
async def test_people_are_who_the_connection_says_and_nobody_else() -> None:
    here = house(acceptance(match="subject"))
    error = await refused(here, here.grant())
    assert isinstance(error, InvalidGrant)  # never here before, though an address here is the same
    assert await here.known_store.find("corp-idp:id-alice") is None
    lets = house(acceptance(match="subject", unknown="create"))
    claims = claims_of(await lets.post(lets.redeeming(lets.grant())))
    assert claims["sub"] == "corp-idp:id-alice"
    assert lets.writer.events[-1]["created"] == "corp-idp:id-alice"
    assert await lets.known.was_here("corp-idp:id-alice", IDP)
    await lets.post(lets.redeeming(lets.grant(jti="grant-2")))
    assert "created" not in lets.writer.events[-1]
    named = house(acceptance(match="aud_sub"))
    assert (
        claims_of(await named.post(named.redeeming(named.grant(aud_sub="actas:carol"))))["sub"]
        == "actas:carol"
    )
    assert (await refused(named, named.grant(aud_sub="actas:nobody"))).reason == "unknown_person"
    assert (await refused(named, named.grant(aud_sub="orders"))).reason == "unknown_person"
    assert (await refused(named, named.grant())).reason == "unknown_person"
    assert isinstance(await refused(named, named.grant(aud_sub="actas:bob")), InvalidGrant)  # disabled


@pytest.mark.requirement("JAG-66", "SEC-62")
@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email": "carol@example.com"},
        {"email": None},
    ],
    ids=repr,
)
async def test_an_address_links_only_where_its_issuer_vouches_for_it(claims: dict[str, Any]) -> None:
    here = house()
    assert isinstance(await refused(here, here.grant(**claims)), InvalidGrant)


@pytest.mark.requirement("SEC-62", "SEC-24")
async def test_an_address_of_two_people_is_nobodys() -> None:
    twin = msgspec.structs.replace(PEOPLE[3], email="alice@acme.example")
    here = house(people=(*PEOPLE[:3], twin))
    assert (await refused(here, here.grant())).reason == "unknown_person"


@pytest.mark.requirement("JAG-134", "IDC-56", "SEC-49")
async def test_who_acted_there_stays_in_the_chain_and_what_is_unknown_is_ignored() -> None:
    here = house(acceptance(tenant="t-1", aud_tenant="t-2"))
    grant = here.grant(
        act={"sub": "wlp-1", "sub_profile": "ai_agent"}, sub_profile="user", tenant="t-1", aud_tenant="t-2",
        sub_id={"format": "opaque", "id": "x"}, amr=["mfa"], acr="mfa", auth_time=NOW - 10,
    )  # fmt: skip
    claims = claims_of(await here.post(here.redeeming(grant)))
    there = {"iss": GRANTING.issuer, "sub": "wlp-1", "sub_profile": "ai_agent"}
    assert claims["act"] == {"iss": ISSUER, "sub": "web", "sub_profile": "web_app", "act": there}
    assert "tenant" not in claims


@pytest.mark.requirement("JAG-73", "SEC-57", "JAG-3", "IDC-41")
async def test_a_grant_is_nothing_but_a_grant() -> None:
    here = house()
    for declared in ("id-jag", "jwt", "id_token", "access_token"):
        kind = f"urn:ietf:params:oauth:token-type:{declared}"
        with pytest.raises(OAuthError):
            await here.ask("web", here.grant(), subject_token_type=kind, audience="orders")
    own = here.grant(iss=ISSUER, key=here.ring.private("grant"))
    assert (await refused(here, own)).reason == "bad_subject"


@pytest.mark.requirement("JAG-75", "JAG-60")
async def test_a_client_that_proves_nothing_redeems_nothing() -> None:
    here = house(clients=[replace(one, grants=one.grants | {JWT_BEARER}) for one in REDEEMERS])
    with pytest.raises(OAuthError) as caught:
        await here.post(here.redeeming(here.grant(client_id="phone"), who="phone", client_secret=None))
    assert caught.value.reason == "client_may_not_exchange"
    wrong = here.redeeming(here.grant(), client_secret="wrong")
    with pytest.raises(OAuthError) as caught:
        await here.post(wrong)
    assert caught.value.status == 401


@pytest.mark.requirement("JAG-60", "JAG-76")
@pytest.mark.parametrize(
    "changes",
    [{"assertion": None}, {"assertion": ""}, {"subject_token": "x"}, {"code": "x"}, {"refresh_token": "x"}],
    ids=repr,
)
async def test_what_has_no_meaning_there_is_refused(changes: dict[str, Any]) -> None:
    here = house()
    form = {**here.redeeming(here.grant()), **changes}
    with pytest.raises(OAuthError) as caught:
        await here.post({name: value for name, value in form.items() if value is not None})
    assert caught.value.code == "invalid_request"


@pytest.mark.requirement("JAG-127")
async def test_a_grant_stands_nowhere_in_the_log() -> None:
    here = house()
    grant = here.grant()
    await here.post(here.redeeming(grant))
    await refused(here, grant)
    assert grant.rsplit(".", 1)[0] not in repr(here.writer.events)


@pytest.mark.requirement("SEC-58")
async def test_a_token_that_comes_of_a_grant_lives_ten_minutes_at_most() -> None:
    here = house(
        acceptance(lifetime=3600),
        issuers=(replace(GRANTING, max_life=7200, longest_id_jag=7200),),
        apis=[replace(one, lifetime=3600) for one in APIS],
    )
    answer = await here.post(here.redeeming(here.grant(exp=NOW + 7000)))
    assert answer.body["expires_in"] == 600
