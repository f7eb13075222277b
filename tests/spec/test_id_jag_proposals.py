"""Proposals to ID-JAG that are not in it (-04): off, unless a connection names one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import GRANTING, PEOPLE, REDEEMERS, TICKETS_API, acceptance, connection
from tests.fakes.crossing import crossing, grant_form, granted, read, refused
from tests.fakes.house import INVENTORY, NOW, ORDERS, House, allow, claims_of
from tests.fakes.prover import Prover, x5t

from actas.core.abroad import Proposed
from actas.core.errors import InvalidGrant, OAuthError
from actas.policy.rule import RuleSpec

MINE, THEIRS = b"the DER of a certificate", b"the DER of another one"
OFF: frozenset[Proposed] = frozenset()
DENY = RuleSpec(name="nobody", effect="deny", kind="any", reason="Nobody does.")


def trying(*names: Proposed) -> frozenset[Proposed]:
    return frozenset(names)


def vouching(*names: Proposed, **changes: Any) -> House:
    """The house as the identity provider, with one connection that tries what is named."""
    rest = {one: changes.pop(one) for one in ("rules", "people") if one in changes}
    return crossing(connections=[connection(proposals=trying(*names), **changes)], **rest)


def redeeming(*names: Proposed, accepted: Any = None, **changes: Any) -> House:
    """The house as the resource's server, with one connection that tries what is named."""
    terms: dict[str, Any] = {
        "issuers": (GRANTING,),
        "clients": REDEEMERS,
        "people": PEOPLE,
        "accepted": accepted or (acceptance(proposals=trying(*names)),),
        "clock": FixedClock(NOW),
    }
    return House(**{**terms, **changes})


async def turned_away(here: House, assertion: str, **parameters: Any) -> OAuthError:
    return await here.turned_away(here.redeeming(assertion, **parameters))


# ── access_denied ─────────────────────────────────────────────────────────────────────────


@pytest.mark.requirement("JAG-150", "JAG-55")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"paused": True}, "connection_paused"),
        ({"rules": [DENY]}, "denied_by_rule"),
        ({"scopes": {"tickets:read": "Read"}, "when": ("false",)}, "no_rule"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
async def test_what_policy_does_not_give_is_denied_where_both_sides_know_the_word(
    changes: dict[str, Any], reason: str
) -> None:
    told = await refused(vouching("access_denied", **changes))
    assert (told.code, told.reason, told.status) == ("access_denied", reason, 400)
    usual = await refused(vouching(**changes))
    assert (usual.code, usual.reason) == ("invalid_target", reason)


@pytest.mark.requirement("JAG-150")
async def test_what_is_wrong_with_the_request_or_its_token_keeps_its_word() -> None:
    here = vouching("access_denied", max_age=600)
    stale = here.our_id_token(aud="web", auth_time=NOW - 3600)
    assert (await refused(here, stale)).code == "insufficient_user_authentication"
    assert (await refused(here, here.our_id_token(aud="web", exp=NOW - 1))).code == "invalid_grant"
    assert (await refused(here, scope="tickets:burn")).code == "invalid_scope"
    assert (await refused(here, resource="https://evil.example")).code == "invalid_target"
    assert (await refused(here, audience="https://evil.example")).code == "invalid_target"
    here = redeeming("access_denied")
    for claims in ({"aud": "https://evil.example"}, {"exp": NOW - 60}, {"client_id": "helpdesk"}):
        assert isinstance(await turned_away(here, here.grant(**claims)), InvalidGrant)
    assert (await turned_away(here, here.grant(resource=INVENTORY))).code == "invalid_grant"  # no connection
    assert (await here.post(here.redeeming(here.grant()))).body["access_token"]
    assert (await turned_away(here, here.grant())).reason == "grant_reused"
    assert (await turned_away(here, here.grant())).code == "invalid_grant"


@pytest.mark.requirement("JAG-150")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"paused": True}, "connection_paused"),
        ({"groups": frozenset({"sales"})}, "no_rule"),
        ({"when": ("false",)}, "no_rule"),
    ],
    ids=repr,
)
async def test_the_other_side_denies_by_policy_likewise(changes: dict[str, Any], reason: str) -> None:
    for names, code in ((trying("access_denied"), "access_denied"), (OFF, "invalid_grant")):
        here = redeeming(accepted=(acceptance(proposals=names, **changes),))
        error = await turned_away(here, here.grant())
        assert (error.code, error.reason) == (code, reason)
    denied = redeeming("access_denied", rules=[DENY])
    assert (await turned_away(denied, denied.grant())).code == "access_denied"


@pytest.mark.requirement("JAG-150")
async def test_the_word_of_one_connection_is_not_that_of_another() -> None:
    other = acceptance("helpdesk", client="helpdesk", proposals=trying("access_denied"))
    here = redeeming(accepted=(acceptance(groups=frozenset({"sales"})), other))
    assert (await turned_away(here, here.grant())).code == "invalid_grant"
    both = redeeming(
        accepted=(
            acceptance(paused=True, proposals=trying("access_denied")),
            acceptance("stock", api="inventory", scopes=frozenset({"stock:read"}), paused=True),
        )
    )
    assert (await turned_away(both, both.grant())).code == "invalid_grant"
    exchange = House(rules=[allow("x", "own", "orders", "inventory"), DENY])
    assert (
        await exchange.turned_away(exchange.own_form("orders", audience="inventory"))
    ).code != "access_denied"


# ── resource_in_answers ───────────────────────────────────────────────────────────────────


@pytest.mark.requirement("JAG-152")
async def test_both_answers_say_the_resource_where_both_sides_know_it() -> None:
    here = vouching("resource_in_answers")
    assert (await granted(here)).body["resource"] == TICKETS_API
    both = (TICKETS_API, "https://files.tickets.example")
    several = vouching("resource_in_answers", resources=both)
    assert (await granted(several)).body["resource"] == [*both]
    assert (await granted(several, resource=both[1])).body["resource"] == both[1]
    none = vouching("resource_in_answers", resources=())
    assert "resource" not in (await granted(none)).body
    assert "resource" not in (await granted(vouching())).body
    there = redeeming("resource_in_answers")
    answer = await there.post(there.redeeming(there.grant(resource=ORDERS)))
    assert answer.body["resource"] == ORDERS == claims_of(answer)["aud"]
    usual = redeeming()
    assert "resource" not in (await usual.post(usual.redeeming(usual.grant(resource=ORDERS)))).body


@pytest.mark.requirement("JAG-152")
async def test_a_resource_that_is_not_of_the_audience_is_an_invalid_target_on_both_legs() -> None:
    here = vouching("resource_in_answers")
    assert (await refused(here, resource="https://evil.example")).code == "invalid_target"
    there, usual = redeeming("resource_in_answers"), redeeming()
    assert (await turned_away(there, there.grant(resource="https://evil.example"))).code == "invalid_target"
    assert (await turned_away(usual, usual.grant(resource="https://evil.example"))).code == "invalid_grant"
    assert (await turned_away(there, there.grant(aud="https://evil.example"))).code == "invalid_grant"


# ── certificate_binding ───────────────────────────────────────────────────────────────────


@pytest.mark.requirement("JAG-151", "JAG-100")
async def test_a_grant_is_bound_to_the_certificate_that_is_shown_and_never_to_two_keys() -> None:
    here, prover = vouching("certificate_binding"), Prover()

    async def bound(it: House, **how: Any) -> Any:
        answer = await it.post(grant_form(it), **how)
        return read(it, str(answer.body["access_token"])).get("cnf")

    assert await bound(here, certificate=MINE) == {"x5t#S256": x5t(MINE)}
    assert await bound(here, certificate=MINE, proofs=[prover.proof()]) == {"jkt": prover.jkt}
    assert await bound(here) is None
    assert await bound(vouching(), certificate=MINE) is None


@pytest.mark.requirement("JAG-151")
async def test_a_grant_that_is_bound_to_a_certificate_is_redeemed_over_a_connection_of_it_alone() -> None:
    here = redeeming()
    grant = here.grant(cnf={"x5t#S256": x5t(MINE)})
    for how in ({}, {"certificate": THEIRS}, {"proofs": [Prover().proof()]}):
        with pytest.raises(InvalidGrant) as caught:
            await here.post(here.redeeming(grant), **how)
        assert caught.value.reason == "key_not_proven"
    answer = await here.post(here.redeeming(grant), certificate=MINE)
    assert claims_of(answer)["cnf"] == {"x5t#S256": x5t(MINE)}
    free = await here.post(here.redeeming(here.grant(jti="free")), certificate=MINE)
    assert "cnf" not in claims_of(free)
    strict = redeeming(apis=[replace(one, binding="mtls") for one in here.apis])
    assert isinstance(await turned_away(strict, strict.grant()), InvalidGrant)
    answer = await strict.post(strict.redeeming(strict.grant()), certificate=MINE)
    assert claims_of(answer)["cnf"] == {"x5t#S256": x5t(MINE)}


@pytest.mark.requirement("JAG-151")
async def test_a_grant_that_is_bound_to_two_keys_is_none() -> None:
    here, prover = redeeming(), Prover()
    grant = here.grant(cnf={"jkt": prover.jkt, "x5t#S256": x5t(MINE)})
    with pytest.raises(InvalidGrant):
        await here.post(here.redeeming(grant), certificate=MINE, proofs=[prover.proof()])
