"""draft-ietf-oauth-identity-chaining-17: who acts by a plain grant, by which key, and what the log has of it."""

from __future__ import annotations

import pytest
from tests.fakes.bound import ME
from tests.fakes.chaining import (
    asking,
    chaining,
    given,
    held,
    plain,
    read,
    told,
)
from tests.fakes.company import TICKETS
from tests.fakes.house import ISSUER, ORDERS

from actas.core.wire import ACCESS_TOKEN

_EARLIER = {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"}


@pytest.mark.requirement("IDC-56", "SEC-49", "SEC-53")
async def test_the_whole_chain_crosses_where_the_connection_keeps_it() -> None:
    it = chaining(plain(client="orders", chain="keep"))
    before = {"iss": "https://idp.acme.example", "sub": "bot"}
    token = held(it, "assistant", act={**_EARLIER, "act": before})
    act = (await told(it, token, "orders"))["act"]
    assert act == {
        "iss": ISSUER,
        "sub": "orders",
        "sub_profile": "service",
        "act": {**_EARLIER, "act": before},
    }


@pytest.mark.requirement("IDC-51", "IDC-56")
async def test_by_default_only_who_acts_now_is_told_and_the_log_has_everybody() -> None:
    it = chaining(plain(client="orders"))
    act = (await told(it, held(it, "assistant", act=_EARLIER), "orders"))["act"]
    assert act == {"iss": ISSUER, "sub": "orders", "sub_profile": "service"}
    event = it.writer.events[-1]
    assert [one["sub"] for one in event["chain"]] == ["actas:alice", "assistant", "orders"]
    assert event["abroad"]["chain"] == "prune"


@pytest.mark.requirement("IDC-51", "IDC-56")
async def test_actors_can_be_called_by_names_that_no_other_server_knows() -> None:
    wiki = "https://auth.wiki.example"
    it = chaining(
        plain(client="orders", chain="pairwise"),
        plain("orders-to-wiki", client="orders", chain="pairwise", issuer=wiki),
    )
    before = {"iss": "https://idp.acme.example", "sub": "bot"}
    token = held(it, "assistant", act={**_EARLIER, "act": before})
    here, again = [(await told(it, token, "orders"))["act"] for _ in range(2)]
    there = (await told(it, token, "orders", audience=wiki))["act"]
    assert here == again
    names = [here["sub"], here["act"]["sub"], here["act"]["act"]["sub"]]
    others = [there["sub"], there["act"]["sub"], there["act"]["act"]["sub"]]
    assert len({*names, *others}) == 6
    assert all(len(one) == 43 for one in (*names, *others))
    assert {here["iss"], here["act"]["iss"], here["act"]["act"]["iss"]} == {ISSUER}
    assert "idp.acme.example" not in repr(here)
    assert [one["sub"] for one in it.writer.events[-1]["chain"]][1:] == ["bot", "assistant", "orders"]


@pytest.mark.requirement("SEC-53", "IDC-56")
async def test_who_acts_already_is_named_once() -> None:
    it = chaining(plain(client="assistant", chain="keep"))
    act = (await told(it, held(it, "assistant", act=_EARLIER), "assistant"))["act"]
    assert act == _EARLIER
    twice = {**_EARLIER, "sub": "orders", "sub_profile": "service", "act": _EARLIER}
    error = await it.turned_away(
        asking(it, held(it, "orders", act=twice, aud=[ORDERS, "assistant"]), "assistant")
    )
    assert error.code == "invalid_request"


@pytest.mark.requirement("IDC-10")
async def test_an_actor_token_is_refused_and_never_dropped() -> None:
    it = chaining()
    more = {"actor_token": held(it), "actor_token_type": str(ACCESS_TOKEN)}
    assert (await it.turned_away(asking(it, **more))).code == "invalid_request"
    assert (await it.turned_away(asking(it, requested_token_type=None, **more))).code == "invalid_target"
    error = await it.turned_away(asking(it, authorization_details="[]"))
    assert error.code == "invalid_request"


@pytest.mark.requirement("IDC-40", "IDC-63")
async def test_a_proven_key_is_in_the_grant_and_a_bound_token_wants_its_key() -> None:
    it = chaining()
    assert "cnf" not in await told(it)
    assert (await told(it, proofs=[ME.proof()]))["cnf"] == {"jkt": ME.jkt}
    bound = held(it, cnf={"jkt": ME.jkt})
    assert (await it.turned_away(asking(it, bound))).reason == "key_not_proven"
    assert (await told(it, bound, proofs=[ME.proof()]))["cnf"] == {"jkt": ME.jkt}


@pytest.mark.requirement("IDC-58")
async def test_the_log_has_the_id_of_the_grant_and_not_the_grant() -> None:
    it = chaining()
    text = str((await given(it)).body["access_token"])
    event = it.writer.events[-1]
    assert event["given"]["jti"] == read(it, text)["jti"]
    assert (event["kind"], event["abroad"]["grant"], event["abroad"]["issuer"]) == (
        "chaining",
        "jwt",
        TICKETS,
    )
    assert text.rsplit(".", 1)[1] not in repr(it.writer.events)
