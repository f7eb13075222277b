"""A connection that is tried imagines a grant, or a request, of the form that the connection is written for.

Tenants, names of others, one MCP server, one API of several: without them the dry run would refuse everybody, by a
connection that works.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.chaining import chained
from tests.fakes.chaining import redeeming as plainly
from tests.fakes.company import GRANTING, REDEEMERS, TICKETS_API, acceptance, connection
from tests.fakes.crossing import crossing
from tests.fakes.trying import legs, trial_of
from tests.spec.test_id_jag_subject_ids import OF_ALICE, OF_CAROL, house
from tests.unit.admin.test_health import Others, counterpart, view

from actas.admin.imagining import Asked
from actas.core.abroad import Acceptance

WELL = Others(counterpart(), view())
SAID: dict[str, Any] = {"groups": ["support"], "email": "a@acme.example", "email_verified": True}
TENANTS: dict[str, Any] = {"tenant": "acme-eu", "aud_tenant": "ours"}


def _matched(it: Any) -> Acceptance:
    (accepted,) = it.accepted
    assert isinstance(accepted, Acceptance)
    return accepted


@pytest.mark.parametrize(("who", "sub_id"), [("_a1", OF_ALICE), ("_c1", OF_CAROL)])
async def test_people_are_tried_by_what_others_call_them(who: str, sub_id: dict[str, Any]) -> None:
    it = house()
    trial = trial_of(it, WELL)
    grant = trial.imagining.grant(_matched(it), GRANTING, Asked(who=who))
    assert grant["sub_id"] == sub_id
    _, here = await legs(it, WELL, _matched(it), who, claims=SAID)
    assert here.says == "yes", here
    _, nobody = await legs(it, WELL, _matched(it), "_z9", claims=SAID)
    assert nobody.decision is not None
    assert (nobody.says, nobody.decision.reason) == ("no", "unknown_person")


async def test_a_grant_is_of_the_tenants_that_the_connection_names_unless_somebody_says_another() -> None:
    it = house(accepted=(acceptance(match="subject", unknown="create", **TENANTS),))
    _, here = await legs(it, WELL, _matched(it), "id-alice", claims=SAID)
    assert here.says == "yes", here
    _, other = await legs(it, WELL, _matched(it), "id-alice", claims={**SAID, "tenant": "another"})
    assert other.decision is not None
    assert (other.says, other.decision.reason) == ("no", "wrong_tenant")


@pytest.mark.requirement("JAG-120")
async def test_of_several_mcp_servers_a_grant_for_one_is_tried() -> None:
    way = connection(mcp=True, resources=(TICKETS_API, f"{TICKETS_API}/another"))
    tried = await trial_of(crossing(connections=[way]), WELL).of(way, Asked(who="alice"))
    assert tried.legs[0].says == "yes", tried.legs[0]
    assert tried.grant is not None
    assert tried.grant["resource"] == TICKETS_API


async def test_of_several_connections_for_plain_grants_the_one_is_tried_that_is_named() -> None:
    second = chained("web-to-stock", api="inventory", scopes=frozenset({"stock:read"}))
    clients = [replace(one, apis=one.apis | {"inventory"}) for one in REDEEMERS]
    it = plainly(chained(), second, clients=clients)
    asked: dict[str, Any] = {"claims": {"groups": ["support"]}}
    found = [await legs(it, WELL, one, "alice@acme.example", **asked) for one in it.accepted]
    assert [here.says for _, here in found] == ["yes", "yes"]
