"""A connection that is tried is decided as a request would be: the same reasons, the same words, nothing left."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from tests.fakes.clock import FixedClock
from tests.fakes.company import (
    CORP,
    CORP_FOR_PEOPLE,
    GRANTING,
    IDP,
    NOW,
    REDEEMERS,
    TICKETS,
    TICKETS_API,
    acceptance,
    connection,
)
from tests.fakes.crossing import APPS, crossing, read
from tests.fakes.crossing import granted as asked_for
from tests.fakes.house import APIS, PEOPLE, House
from tests.fakes.trying import legs, trial_of
from tests.fakes.vouched import seen
from tests.unit.admin.test_health import Others, counterpart, view

from actas.admin.imagining import Asked
from actas.admin.trying import Leg
from actas.core.confirmation import Binding
from actas.core.errors import OAuthError
from actas.core.party import Identity
from actas.core.ports import FetchFailed
from actas.policy.connections import Connected
from actas.policy.rule import RuleSpec
from actas.trust.counterpart import NotTheirs

WELL = Others(counterpart(), view())
NO_TICKETS = RuleSpec(
    name="not-on-sundays", effect="deny", kind="any", reason="Nobody reads tickets on a Sunday."
)
OF_CORP = Connected(issuers=frozenset({"corp-idp"}), groups=frozenset({"support"}))
KNOWN = replace(CORP, audiences={"acme-web": frozenset({"web"})})


def of(leg: Leg) -> tuple[str, str | None, str]:
    assert leg.decision is not None
    return leg.says, leg.decision.reason, leg.decision.detail


async def really(it: House, *, sub: str, **parameters: Any) -> tuple[str | None, str, str | None]:
    """What comes of the request itself, which has a token: reason, detail and error."""
    claims = {"sub": sub, "groups": None, "acr": parameters.pop("acr", "pwd")}
    ago = parameters.pop("ago", 0)
    token = it.our_id_token(**claims, auth_time=NOW - ago)
    try:
        await asked_for(it, token, resource=TICKETS_API, **parameters)
    except OAuthError as refused:
        return refused.reason, refused.detail, refused.code
    return None, "", None


CASES: Any = [
    ("alice", {}, {}, None),
    ("actas:alice", {}, {}, None),
    ("alice@acme.example", {}, {"scope": "tickets:read"}, None),
    ("carol", {}, {}, "no_rule"),
    ("bob", {}, {}, "bad_subject"),
    ("nobody", {}, {}, "bad_subject"),
    ("alice", {"paused": True}, {}, "connection_paused"),
    ("alice", {"when": ("subject.id == 'actas:bob'",)}, {}, "no_rule"),
    ("alice", {}, {"scope": "tickets:burn"}, "excess"),
    ("alice", {"max_age": 60}, {"ago": 120}, "sign_in_again"),
    ("alice", {"max_age": 60}, {}, None),
    ("alice", {"acr": ("mfa",)}, {}, "sign_in_again"),
    ("alice", {"acr": ("mfa",)}, {"acr": "mfa"}, None),
    ("olga", {"identify_by": "pairwise"}, {}, "no_rule"),
    ("alice", {"identify_by": "pairwise"}, {}, None),
]


@pytest.mark.requirement("SEC-45", "JAG-35", "JAG-53", "JAG-54")
@pytest.mark.parametrize(("who", "changes", "how", "reason"), CASES)
async def test_a_dry_run_says_what_the_request_itself_is_told(
    who: str, changes: dict[str, Any], how: dict[str, Any], reason: str | None
) -> None:
    there = connection(**changes)
    it = crossing(connections=[there])
    scope = how.get("scope")
    said = {**how, "scope": None if scope is None else frozenset(scope.split())}
    ours, theirs = await legs(it, WELL, there, who, **said)
    assert not it.writer.events  # it is not on the record
    sub = {"alice@acme.example": "actas:alice"}.get(who, who if ":" in who else f"actas:{who}")
    found, detail, error = await really(it, sub=sub, **how)
    if who == "nobody":  # whoever tries may know who there is; whoever asks is told no such thing
        assert detail == "subject token: actas:nobody is disabled or no longer listed among the users"
        detail = 'subject token: there is no user "nobody"'
    assert of(ours) == ("no" if reason else "yes", reason, detail)
    assert ours.decision is not None
    assert ours.decision.error == error
    assert (found, theirs.says) == (reason, "yes")


@pytest.mark.parametrize("who", ["alyce", "actas:alyce"])
async def test_whom_a_slip_of_the_fingers_meant_is_said(who: str) -> None:
    there = connection()
    ours, _ = await legs(crossing(connections=[there]), WELL, there, who)
    said = f'subject token: there is no user "{who}"; did you mean "alice"?'
    assert of(ours) == ("no", "bad_subject", said)


@pytest.mark.requirement("SEC-45")
async def test_a_deny_that_holds_everywhere_holds_here_and_is_named() -> None:
    there = connection()
    it = crossing(connections=[there], rules=[NO_TICKETS])
    ours, _ = await legs(it, WELL, there, "alice")
    assert of(ours)[:2] == ("no", "denied_by_rule")
    assert ours.decision is not None
    assert ours.decision.refused_by == ("not-on-sundays",)


async def test_a_client_that_is_disabled_gets_nothing() -> None:
    there = connection()
    clients = [replace(one, disabled=True) if one.name == "web" else one for one in APPS]
    ours, _ = await legs(crossing(clients=clients, connections=[there]), WELL, there, "alice")
    assert of(ours) == ("no", "bad_client_auth", "the client 'web' is disabled")


async def test_somebody_without_an_address_cannot_be_named_to_a_server_that_wants_one() -> None:
    there = connection(identify_by="email")
    people = [structs.replace(one, email=None) for one in PEOPLE]
    it = crossing(connections=[there], people=people)
    found = await trial_of(it, WELL).of(there, Asked(who="alice"))
    assert of(found.legs[0])[:2] == ("no", "person_not_nameable")
    assert found.grant is None
    decision = found.legs[0].decision
    assert decision is not None
    assert [one.passed for one in decision.stages] == [True] * 7 + [False]


@pytest.mark.requirement("JAG-39", "JAG-40", "JAG-127")
async def test_what_the_grant_would_say_is_what_it_says() -> None:
    there = connection(identify_by="pairwise", tells_email=False)
    it = crossing(connections=[there])
    found = await trial_of(it, WELL).of(there, Asked(who="alice"))
    assert found.grant is not None
    answer = await asked_for(it, resource=TICKETS_API)
    real = read(it, str(answer.body["access_token"]))
    told = {name: value for name, value in real.items() if name not in ("jti", "amr")}
    assert {name: value for name, value in found.grant.items() if name != "sub"} == {
        name: value for name, value in told.items() if name != "sub"
    }
    assert len(str(found.grant["sub"])) == len(real["sub"]) == 43


@pytest.mark.requirement("JAG-104", "JAG-105")
async def test_proof_of_a_key_is_taken_for_granted_where_it_is_needed_and_nowhere_else() -> None:
    accepted = acceptance()
    bindings: tuple[tuple[Binding, bool], ...] = (("dpop", True), ("optional", False))
    for binding, bound in bindings:
        apis = [replace(one, binding=binding) if one.name == "orders" else one for one in APIS]
        it = replace(redeeming(), apis=apis)
        _, ours = await legs(it, WELL, accepted, "alice@acme.example", claims=GROUPS)
        assert of(ours)[0] == "yes"
        assert ours.decision is not None
        assert ("bound" in ours.decision.stages[-1].text) is bound


# Who comes from another issuer.


@pytest.mark.requirement("JAG-31", "JAG-65")
async def test_somebody_who_signed_in_through_an_issuer_is_tried_as_they_were_seen() -> None:
    there = connection(people=OF_CORP)
    it = crossing(issuers=(CORP_FOR_PEOPLE,), connections=[there])
    await it.known.remember(seen("corp-idp:id-dana", origin=Identity(IDP, "id-dana"), groups=("support",)))
    ours, _ = await legs(it, WELL, there, "corp-idp:id-dana")
    assert of(ours)[0] == "yes"
    never, _ = await legs(it, WELL, there, "corp-idp:id-else")
    assert of(never)[:2] == ("no", "bad_subject")
    assert "corp-idp:id-else was never here" in of(never)[2]
    gone = crossing(issuers=(replace(CORP_FOR_PEOPLE, disabled=True),), connections=[there])
    nobody, _ = await legs(gone, WELL, there, "corp-idp:id-dana")
    assert of(nobody)[0] == "no"


@pytest.mark.requirement("SEC-45")
async def test_of_their_groups_nothing_is_told_that_no_rule_asks_for() -> None:
    """They are in no document that an auditor could read, and what is known of them is kept sealed."""
    there = connection(people=OF_CORP)
    it = crossing(issuers=(CORP_FOR_PEOPLE,), connections=[there])
    for name, groups in (("dana", ("support", "canary")), ("erin", ("canary",))):
        person = seen(f"corp-idp:id-{name}", origin=Identity(IDP, f"id-{name}"), groups=groups)
        await it.known.remember(person)
        ours, _ = await legs(it, WELL, there, person.subject)
        assert of(ours)[0] == ("yes" if name == "dana" else "no")
        assert "canary" not in json.dumps(ours.document())


@pytest.mark.requirement("JAG-31", "SEC-54")
async def test_whom_their_own_issuer_vouches_for_is_what_it_is_said_to_say() -> None:
    there = connection(people=OF_CORP)
    it = crossing(issuers=(KNOWN,), connections=[there])
    say: dict[str, Any] = {"claims": {"groups": ["support"]}}
    ours, _ = await legs(it, WELL, there, "dana@acme.example", **say)
    assert of(ours)[0] == "yes"
    assert ours.decision is not None
    assert ours.decision.proposal is not None
    assert ours.decision.proposal.subject.identity.subject == "dana@acme.example"
    other, _ = await legs(it, WELL, there, "dana@acme.example", claims={"groups": ["sales"]})
    assert of(other)[:2] == ("no", "no_rule")
    unsaid, _ = await legs(it, WELL, there, "dana@acme.example")
    assert of(unsaid)[:2] == ("no", "bad_subject")
    for audiences, reason in (({"acme-web": None}, "wrong_audience"), ({}, "wrong_audience")):
        wide = crossing(issuers=(replace(CORP, audiences=audiences),), connections=[there])
        anybody, _ = await legs(wide, WELL, there, "dana@acme.example", **say)
        assert of(anybody)[:2] == ("no", reason)


async def test_nobody_says_of_a_person_of_ours_what_is_known_here() -> None:
    there = connection()
    with pytest.raises(ValueError, match="is known here"):
        await legs(crossing(), WELL, there, "carol", claims={"groups": ["support"]})


# What the other side says of itself.


@pytest.mark.requirement("JAG-111", "JAG-114")
@pytest.mark.parametrize(
    ("says", "expected"),
    [
        (counterpart(), "yes"),
        (counterpart(profiles=frozenset()), "yes"),
        (counterpart(ahead=3600.0), "yes"),
        (counterpart(grants=frozenset()), "no"),
        (counterpart(token_endpoint=None), "no"),
        (NotTheirs("another issuer's"), "no"),
        (FetchFailed("the connection broke"), "unreachable"),
    ],
)
async def test_the_other_side_would_refuse_by_what_it_says(says: Any, expected: str) -> None:
    there = connection()
    ours, theirs = await legs(crossing(), Others({TICKETS: says}, None), there, "alice")
    assert (ours.says, theirs.says, theirs.decision) == ("yes", expected, None)


# Grants of theirs.


def redeeming(**changes: Any) -> House:
    return House(
        issuers=(GRANTING,),
        clients=REDEEMERS,
        people=PEOPLE,
        accepted=(acceptance(**changes),),
        clock=FixedClock(NOW),
    )


GROUPS: Any = {"groups": ["support"]}
TAKEN: Any = [
    ({}, "alice@acme.example", {}, None),
    ({}, "zoe@acme.example", {}, "unknown_person"),
    ({}, "alice@evil.example", {}, "bad_subject"),
    ({"paused": True}, "alice@acme.example", {}, "connection_paused"),
    ({"match": "aud_sub"}, "actas:alice", {"email": "a@acme.example", "email_verified": True}, None),
    (
        {"match": "aud_sub"},
        "actas:bob",
        {"email": "b@acme.example", "email_verified": True},
        "unknown_person",
    ),
    ({"match": "subject"}, "id-9@acme.example", {}, "no_rule"),
    ({"match": "subject", "unknown": "create"}, "id-9@acme.example", {}, None),
    ({"groups": frozenset({"nobody"})}, "alice@acme.example", {}, "no_rule"),
    ({}, "alice@acme.example", {"exp": int(NOW) - 60, "iat": int(NOW) - 90}, "expired"),
    ({}, "alice@acme.example", {"aud": "https://other.example"}, "wrong_audience"),
    ({}, "alice@acme.example", {"client_id": "helpdesk"}, "no_connection"),
]


@pytest.mark.requirement("JAG-62", "JAG-63", "JAG-65", "JAG-66", "SEC-62", "SEC-45")
@pytest.mark.parametrize(("changes", "who", "claims", "reason"), TAKEN)
async def test_a_grant_of_theirs_is_decided_as_if_they_had_given_it(
    changes: dict[str, Any], who: str, claims: dict[str, Any], reason: str | None
) -> None:
    it = redeeming(**changes)
    (accepted,) = it.accepted
    theirs, ours = await legs(it, WELL, accepted, who, claims={**GROUPS, **claims})
    assert of(ours)[:2] == ("no" if reason else "yes", reason), ours
    assert (theirs.number, theirs.says, theirs.server, ours.number) == (1, "yes", IDP, 2)
    assert not it.writer.events
    imagined = {"sub": who, "jti": "real", **({"email": who} if "@" in who else {}), **GROUPS, **claims}
    name = imagined.get("client_id", "web")
    if changes.get("match") == "aud_sub":
        imagined["aud_sub"] = who
    if name == "web":
        assert await _posted(it, imagined) == of(ours)[1:]


async def _posted(it: House, claims: dict[str, Any]) -> tuple[str | None, str]:
    """What comes of the grant itself."""
    try:
        await it.post(it.redeeming(it.grant(**claims)))
    except OAuthError as refused:
        return refused.reason, refused.detail
    return None, ""


@pytest.mark.requirement("JAG-65", "REL-09")
async def test_theirs_are_asked_for_their_keys() -> None:
    it = redeeming()
    (accepted,) = it.accepted
    none = view(kids=(), error="the key set has no usable key")
    gone = FetchFailed("the connection broke")
    found: Any = [
        (counterpart(), none, "no"),  # it answers, and has none that verifies
        (counterpart(), view(error="status 500"), "yes"),  # known keys are used for a while
        (counterpart(), view(), "yes"),
        (gone, view(), "yes"),  # its keys are found without its metadata
        (gone, none, "unreachable"),
    ]
    for says, keys, expected in found:
        theirs, _ = await legs(it, Others(says, keys), accepted, "alice@acme.example", claims=GROUPS)
        assert theirs.says == expected
    discovered = replace(redeeming(), issuers=(replace(GRANTING, kind="oidc", keys=()),))
    for says, expected in ((gone, "unreachable"), (NotTheirs("another issuer's"), "no")):
        theirs, _ = await legs(
            discovered, Others(says, view()), accepted, "alice@acme.example", claims=GROUPS
        )
        assert theirs.says == expected
