"""Who sees impersonations, who approves one, and who ends one."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from tests.fakes.company import client, secret_of, signing_in
from tests.fakes.door import FORM, Response, call
from tests.fakes.forge import b64
from tests.fakes.house import CLIENTS, ISSUER, NOW, House, claims_of
from tests.fakes.impersonating import (
    BY_IDENTIFIER,
    CAROL,
    DANA,
    administrator,
    by_identifier,
    house_of,
    own_token,
)
from tests.fakes.prover import Prover

from actas.clients.throttle import Limits, Step
from actas.core.errors import OAuthError
from actas.core.party import Actor, Caller, Identity
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, REFRESH_TOKEN
from actas.policy.impersonation import Approval, Impersonating, Terms
from actas.policy.rule import RuleSpec
from actas.web.admission import Admission
from actas.web.desk import DeskEndpoint
from actas.web.errors import ErrorWriter

FOUR_EYES = Impersonating(terms=Terms(approvals=(Approval(by="support-leads"),), max_age=600, at_once=9))


def guarded(*rules: RuleSpec, **more: Any) -> House:
    return house_of(*rules, **{"impersonating": FOUR_EYES, **more})


async def ask(
    house: House, action: str, who: str | None, *, kind: str = str(ID_TOKEN), **more: Any
) -> dict[str, Any]:
    form = {"client_id": "helpdesk", "client_secret": secret_of("helpdesk"), "action": action}
    if who is not None:
        form |= {"subject_token": who, "subject_token_type": kind}
    caller = more.pop("caller", Caller(address="127.0.0.1"))
    return dict(await house.supervision()(urlencode({**form, **more}).encode(), caller))


async def refused(house: House, action: str, who: str | None, **more: Any) -> OAuthError:
    with pytest.raises(OAuthError) as no:
        await ask(house, action, who, **more)
    assert house.writer.events[-1]["event"] == "impersonation:refused"
    return no.value


async def waiting(house: House, **more: Any) -> str:
    with pytest.raises(OAuthError) as no:
        await house.post(own_token(house, **more))
    return str(no.value.members["impersonation"])


async def test_a_second_person_approves_and_it_begins_with_the_same_request() -> None:
    house = guarded()
    name = await waiting(house)
    lee = administrator(house, "lee")
    told = await ask(house, "approve", lee, impersonation=name)
    assert (told["state"], told["reason"]) == ("approved", "the order does not load")
    assert told["decided_by"].endswith(" lee@acme.example")
    assert claims_of(await house.post(own_token(house)))["txn"] == name
    story = [event["event"] for event in house.writer.events if event.get("impersonation") == name]
    assert story == [
        "impersonation:requested",
        "exchange:refused",
        "impersonation:approved",
        "impersonation:started",
        "exchange:granted",
    ]


@pytest.mark.requirement("SEC-48")
@pytest.mark.parametrize("action", ["approve", "refuse"])
async def test_nobody_decides_on_his_own_nor_without_the_group_nor_stale_nor_twice(action: str) -> None:
    house = guarded()
    name = await waiting(house)
    own = administrator(house)
    assert (await refused(house, action, own, impersonation=name)).reason == "not_yours"
    stranger = administrator(house, "sam", groups=["support"])
    assert (await refused(house, action, stranger, impersonation=name)).reason == "not_yours"
    stale = administrator(house, "lee", auth_time=NOW - 700)
    assert (await refused(house, action, stale, impersonation=name)).reason == "sign_in_again"
    lee = administrator(house, "lee")
    assert (await refused(house, action, lee, impersonation="x" * 22)).reason == "not_yours"
    await ask(house, action, lee, impersonation=name)
    twice = await refused(house, action, lee, impersonation=name)
    assert twice.reason == "already_decided"
    assert twice.members == {"state": "approved" if action == "approve" else "refused"}


async def test_whoever_refuses_says_why_and_whoever_asked_reads_it() -> None:
    house = guarded()
    name = await waiting(house)
    told = await ask(house, "refuse", administrator(house, "lee"), impersonation=name, reason="ask her first")
    assert (told["state"], told["ended_why"]) == ("refused", "ask her first")
    (seen,) = (await ask(house, "list", administrator(house)))["impersonations"]
    assert (seen["id"], seen["ended_why"]) == (name, "ask her first")
    assert seen["decided_by"] == f"{ISSUER} lee@acme.example"
    (entry,) = [one for one in house.writer.events if one["event"] == "impersonation:rejected"]
    assert entry["refused_why"] == "ask her first"


async def test_what_has_lapsed_or_ended_is_not_decided_on_and_is_called_so() -> None:
    house = guarded()
    name = await waiting(house)
    house.clock.advance(3600)
    lee = administrator(house, "lee", auth_time=NOW + 3600, iat=NOW + 3600, exp=NOW + 4000)
    assert (await refused(house, "approve", lee, impersonation=name)).reason == "impersonation_ended"
    other = await waiting(house, subject_token=administrator(house, auth_time=NOW + 3600))
    await ask(house, "end", lee, impersonation=other)
    late = await refused(house, "approve", lee, impersonation=other)
    assert (late.reason, late.members) == ("impersonation_ended", {"state": "ended"})


@pytest.mark.requirement("SEC-24")
async def test_a_group_of_the_same_name_elsewhere_approves_nothing() -> None:
    house = guarded()
    name = await waiting(house)
    theirs = house.our_token(sub="partner:lee", client_id="helpdesk", act=None, groups=["support-leads"],
                             sub_id={"format": "iss_sub", "iss": "https://partner.example", "sub": "lee"})  # fmt: skip
    error = await refused(house, "approve", theirs, kind=str(ACCESS_TOKEN), impersonation=name)
    assert error.reason in ("not_yours", "bad_subject")


async def test_what_was_refused_gives_nothing() -> None:
    house = guarded()
    name = await waiting(house)
    told = await ask(house, "refuse", administrator(house, "lee"), impersonation=name)
    assert told["state"] == "refused"
    assert await waiting(house) != name
    assert "impersonation:rejected" in [event["event"] for event in house.writer.events]


async def test_everybody_sees_what_concerns_them_and_nothing_else() -> None:
    house = guarded()
    name = await waiting(house)
    for who, sees in ((administrator(house), True), (administrator(house, "lee"), True),
                      (administrator(house, "sam", groups=["support"]), False), (None, False)):  # fmt: skip
        listed = (await ask(house, "list", who))["impersonations"]
        assert [one["id"] for one in listed] == ([name] if sees else [])
    carol = house.our_token(sub=CAROL, client_id="helpdesk", act=None)
    (mine,) = (await ask(house, "list", carol, kind=str(ACCESS_TOKEN)))["impersonations"]
    assert mine["administrator"]["sub"] == DANA


def many(house: House, number: int, **changes: Any) -> list[str]:
    """Impersonations of one second that run."""
    (one,) = house.impersonations.kept.values()
    names = [f"{place:022d}" for place in range(number)]
    for name in names:
        house.impersonations.put(msgspec.structs.replace(one, id=name, mark=name, **changes))
    return names


async def test_the_list_has_ones_own_however_many_others_there_are() -> None:
    house = house_of()
    name = claims_of(await house.post(own_token(house)))["txn"]
    others = Actor(Identity(ISSUER, "omar@acme.example"), "person")
    many(house, 300, administrator=others, subject=Identity(ISSUER, "actas:olga"), requested_at=NOW + 5)
    (mine,) = (await ask(house, "list", administrator(house)))["impersonations"]
    assert mine["id"] == name


@pytest.mark.requirement("SEC-96")
async def test_pages_lose_nobody_within_a_second_and_a_cursor_is_good_for_one_person_only() -> None:
    house = house_of()
    name = claims_of(await house.post(own_token(house)))["txn"]
    names = many(house, 450)
    dana = administrator(house)
    seen: list[str] = []
    told = await ask(house, "list", dana)
    while True:
        seen += [one["id"] for one in told["impersonations"]]
        if told["next"] is None:
            break
        assert len(told["impersonations"]) == 200
        cursor = told["next"]
        told = await ask(house, "list", dana, cursor=cursor)
    assert sorted(seen) == sorted([name, *names])
    for who, shown in ((administrator(house, "lee"), cursor), (dana, cursor[:-2]), (dana, "x")):
        assert (await refused(house, "list", who, cursor=shown)).reason == "malformed_request"


@pytest.mark.requirement("SEC-48")
@pytest.mark.parametrize("who", ["administrator", "person"])
async def test_whoever_it_concerns_ends_it_and_every_token_is_dead(who: str) -> None:
    house = house_of()
    token = str((await house.post(own_token(house))).body["access_token"])
    (one,) = await house.impersonations.newest(most=2)
    carol = house.our_token(sub=CAROL, client_id="helpdesk", act=None)
    shown, kind = (carol, ACCESS_TOKEN) if who == "person" else (administrator(house), ID_TOKEN)
    told = await ask(house, "end", shown, kind=str(kind), impersonation=one.id, reason="enough")
    assert (told["state"], told["ended_why"]) == ("ended", "enough")
    form = house.form("orders", token, audience="inventory")
    assert (await house.turned_away(form)).reason == "revoked"
    assert (
        await refused(house, "end", shown, kind=str(kind), impersonation=one.id)
    ).reason == "impersonation_ended"


async def test_a_client_that_acts_by_itself_ends_its_own() -> None:
    house = house_of(BY_IDENTIFIER)
    name = claims_of(await house.post(by_identifier(house)))["txn"]
    assert (await ask(house, "end", None, impersonation=name))["state"] == "ended"


@pytest.mark.requirement("SEC-48", "SEC-50")
async def test_an_impersonated_token_shows_nobody_and_anothers_token_neither() -> None:
    house = house_of()
    token = str((await house.post(own_token(house))).body["access_token"])
    name = claims_of(await house.post(own_token(house)))["txn"]
    error = await refused(house, "end", token, kind=str(ACCESS_TOKEN), impersonation=name)
    assert error.reason == "impersonated"
    elsewhere = house.our_token(sub=CAROL, client_id="web", act=None)
    error = await refused(house, "end", elsewhere, kind=str(ACCESS_TOKEN), impersonation=name)
    assert error.reason == "bad_actor"
    acted = house.our_token(sub=CAROL, client_id="helpdesk")
    error = await refused(house, "end", acted, kind=str(ACCESS_TOKEN), impersonation=name)
    assert error.reason == "bad_subject"


@pytest.mark.requirement("SEC-48", "SEC-50")
async def test_a_refresh_token_shows_nobody() -> None:
    others = [one for one in CLIENTS if one.name != "helpdesk"]
    house = house_of(clients=[*others, signing_in(client("helpdesk", kind="app"))])
    answer = await house.post(await house.code_form("helpdesk"))
    kept = str(answer.body["refresh_token"])
    error = await refused(house, "list", kept, kind=str(REFRESH_TOKEN))
    assert error.reason == "bad_subject"


@pytest.mark.requirement("SEC-48", "TX-154")
async def test_a_token_that_is_bound_to_a_key_is_taken_with_its_key_only() -> None:
    house = house_of()
    me, thief = Prover(), Prover()
    carol = house.our_token(sub=CAROL, client_id="helpdesk", act=None, cnf={"jkt": me.jkt})
    ath = b64(hashlib.sha256(carol.encode()).digest())
    here: dict[str, Any] = {"htu": f"{ISSUER}/impersonations", "ath": ath}

    async def shown(*proofs: str) -> dict[str, Any]:
        caller = Caller(address="127.0.0.1", proofs=tuple(map(Secret, proofs)))
        return await ask(house, "list", carol, kind=str(ACCESS_TOKEN), caller=caller)

    async def error(*proofs: str) -> str:
        with pytest.raises(OAuthError) as no:
            await shown(*proofs)
        return no.value.reason

    assert await error() == "key_not_proven"
    assert await error(thief.proof(**here)) == "key_not_proven"
    assert await error(me.proof()) == "bad_proof"  # of a token request
    assert await error(me.proof(**{**here, "htu": f"{ISSUER}/userinfo"})) == "bad_proof"
    assert await error(me.proof(**{**here, "ath": b64(bytes(32))})) == "bad_proof"
    proof = me.proof(**here)
    assert await shown(proof) == {"impersonations": [], "next": None}
    assert await error(proof) == "bad_proof"


async def test_a_proof_is_asked_for_with_a_nonce_where_one_is_needed() -> None:
    house = house_of(nonce_required=True)
    me = Prover()
    carol = house.our_token(sub=CAROL, client_id="helpdesk", act=None, cnf={"jkt": me.jkt})
    here: dict[str, Any] = {
        "htu": f"{ISSUER}/impersonations",
        "ath": b64(hashlib.sha256(carol.encode()).digest()),
    }
    endpoint = DeskEndpoint(
        house.supervision(),
        nonces=house.nonces,
        errors=ErrorWriter(docs="https://docs.acme.example/errors", issuer=ISSUER, dev=False),
        admission=Admission(most=8),
    )
    form = {
        "client_id": "helpdesk", "client_secret": secret_of("helpdesk"), "action": "list",
        "subject_token": carol, "subject_token_type": str(ACCESS_TOKEN),
    }  # fmt: skip

    async def sent(proof: str) -> Response:
        headers = [FORM, (b"dpop", proof.encode())]
        return await call(endpoint, path="/impersonations", headers=headers, body=urlencode(form).encode())

    first = await sent(me.proof(**here))
    assert (first.status, first.json["error"]) == (400, "use_dpop_nonce")
    second = await sent(me.proof(nonce=first.headers["dpop-nonce"], **here))
    assert (second.status, second.json) == (200, {"impersonations": [], "next": None})
    assert "dpop-nonce" in second.headers


@pytest.mark.requirement("SEC-14")
async def test_whoever_shows_forged_tokens_has_to_wait() -> None:
    house = house_of(limits=Limits(failed_tokens=(Step(3, 60),)))
    forged = house.our_token(sub=CAROL, client_id="helpdesk", act=None)[:-4] + "AAAA"
    for _ in range(3):
        assert (await refused(house, "list", forged, kind=str(ACCESS_TOKEN))).reason == "bad_subject"
    right = administrator(house)
    assert (await refused(house, "list", right)).reason == "too_many_failures"
    assert await ask(house, "list", right, caller=Caller(address="192.0.2.9")) == {
        "impersonations": [],
        "next": None,
    }
    house.clock.advance(61)
    assert await ask(house, "list", right) == {"impersonations": [], "next": None}


@pytest.mark.parametrize(
    "more",
    [{"action": "steal"}, {"subject_token": ""}, {"reason": "x" * 501}],
    ids=["action", "half", "long"],
)
async def test_what_cannot_be_read_is_refused(more: dict[str, str]) -> None:
    house = house_of()
    name = claims_of(await house.post(own_token(house)))["txn"]
    action = more.pop("action", "end")
    error = await refused(house, action, administrator(house), impersonation=name, **more)
    assert error.reason == "malformed_request"
