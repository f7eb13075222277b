"""Taking a dry run for the real thing.

A dry run of a connection has tokens of its own, signed by a key that was made for it, so that they go through the
validators of real ones. Whoever got hold of such a token, or of such a key, must be able to do nothing with it;
and what reads these keys must be out of reach of everything that answers requests. An administrator who may only
read may try connections: that must neither issue, nor use up, nor make anybody known, nor send a question
anywhere but to addresses on record.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import GRANTING, IDP, NOW, REDEEMERS, TICKETS, acceptance, connection
from tests.fakes.crossing import crossing, grant_form
from tests.fakes.house import ISSUER, PEOPLE, House
from tests.fakes.trying import imagined, legs, trial_of
from tests.unit.admin.test_health import Others, counterpart, view

import actas
from actas.admin.imagined import ThrowawayKey
from actas.admin.imagining import Asked
from actas.core.errors import BadToken
from actas.core.wire import ID_JAG, ID_TOKEN, JWT_GRANT

SOURCE = Path(actas.__file__).parent
WELL = Others(counterpart(), view())
MAY_IMAGINE = {
    "admin/imagined.py",
    "admin/imagining.py",
    "admin/trying.py",
    "app/connections.py",
}
"""Who may know of keys that stand in for everybody's."""


def taking() -> House:
    return House(
        issuers=(GRANTING,),
        clients=REDEEMERS,
        people=PEOPLE,
        accepted=(acceptance(match="subject", unknown="create"),),
        clock=FixedClock(NOW),
    )


def token_of_ours(it: House) -> dict[str, Any]:
    claims = {
        "iss": ISSUER, "aud": "web", "sub": "actas:alice", "iat": int(NOW), "exp": int(NOW) + 300,
        "jti": "x", "txn": "x", "auth_time": int(NOW), "acr": "pwd",
    }  # fmt: skip
    return {**claims, "lineage": it.lineage(claims)}


@pytest.mark.requirement("SEC-57", "SEC-91", "SEC-03")
async def test_a_token_of_a_dry_run_is_good_for_nothing_anywhere_else() -> None:
    it, key = crossing(), ThrowawayKey()
    ours = key.sign(token_of_ours(it), ID_TOKEN)
    assert (await imagined(it, key).prove(ours)).identity.subject == "actas:alice"
    refused = await it.turned_away(grant_form(it, ours.value.reveal()))
    assert refused.reason == "bad_subject"
    with pytest.raises(BadToken, match="no key of ours"):
        await imagined(it, ThrowawayKey()).prove(ours)  # nor in another dry run

    here, key = taking(), ThrowawayKey()
    claims: dict[str, Any] = {
        "iss": IDP, "sub": "id-alice", "aud": ISSUER, "client_id": "web", "jti": "g-1", "iat": int(NOW),
        "exp": int(NOW) + 300, "scope": "orders:read", "email": "alice@acme.example", "email_verified": True,
        "groups": ["support"],
    }  # fmt: skip
    theirs = key.sign(claims, ID_JAG)
    assert (await imagined(here, key).prove(theirs)).issuer_name == "corp-idp"
    refused = await here.turned_away(here.redeeming(theirs.value.reveal()))
    assert refused.reason == "bad_subject"
    with pytest.raises(BadToken, match="no such key in a dry run"):
        await imagined(here, ThrowawayKey()).prove(theirs)


@pytest.mark.requirement("SEC-91")
async def test_a_key_of_a_dry_run_stands_in_for_id_tokens_and_grants_alone() -> None:
    key = ThrowawayKey()
    kid = key.sign({}, ID_TOKEN)
    assert kid.type == ID_TOKEN
    found = [
        purpose for purpose in ("token", "grant", "client", "audit") if key.public_key("x", purpose=purpose)
    ]
    assert found == []
    it = crossing()
    assert imagined(it, key).token_types == {ID_TOKEN, ID_JAG, JWT_GRANT}


@pytest.mark.requirement("SEC-60", "JAG-72")
async def test_trying_uses_nothing_up_and_makes_nobody_known() -> None:
    it = taking()
    (accepted,) = it.accepted
    claims: dict[str, Any] = {
        "jti": "grant-alice", "email": "alice@acme.example", "email_verified": True, "groups": ["support"],
    }  # fmt: skip
    for _ in range(3):
        _, ours = await legs(it, WELL, accepted, "id-alice", claims=claims)
        assert (ours.says, ours.decision is not None and ours.decision.proposal is not None) == ("yes", True)
    assert await it.known.find("corp-idp:id-alice") is None
    assert not it.writer.events
    await it.post(it.redeeming(it.grant()))  # of that very name, which is good once
    assert [one["outcome"] for one in it.writer.events] == ["granted"]


@pytest.mark.requirement("SEC-36", "SEC-37")
async def test_a_question_goes_to_the_address_on_record_whatever_is_tried() -> None:
    there = connection()
    others = Others(counterpart(), view())
    for who in ("alice", "https://evil.example", "corp-idp:https://evil.example", "x@evil.example"):
        await trial_of(crossing(connections=[there]), others).of(there, Asked(who=who))
    here = taking()
    evil = {"iss": "https://evil.example", "aud": "https://evil.example", "jku": "https://evil.example"}
    (accepted,) = here.accepted
    await trial_of(here, others).of(accepted, Asked(who="id-alice", claims=evil))
    await trial_of(here, others).of_grant({"client_id": "web", **evil})
    assert set(others.asked) == {TICKETS, IDP}


@pytest.mark.requirement("SEC-03")
def test_nothing_that_answers_requests_knows_keys_that_stand_in_for_everybodys() -> None:
    knowing = set[str]()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = node.module if isinstance(node, ast.ImportFrom) else None
            if named in ("actas.admin.imagined", "actas.app.connections") and any(
                one.name not in ("health", "trial") for one in getattr(node, "names", ())
            ):
                knowing.add(path.relative_to(SOURCE).as_posix())
    assert knowing <= MAY_IMAGINE
