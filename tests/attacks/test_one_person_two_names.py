"""One person who has two names here, and comes by the one that nobody wrote a deny for.

An issuer whose registration calls people by their address is believed for ID tokens and for grants. A deny for
``erin@acme.example`` stops her ID token. Her grant calls her by her ``sub``, or makes her a user of ours with groups of
her own, and neither is the name or the group that the deny is for. So she has the grant redeemed; or goes one hop on,
where nothing but our own token is left of her; or she acts for somebody else, so that the token is his and she is
in its chain. The other way round a second name must open nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.chaining import chained, grant, redeeming
from tests.fakes.clock import FixedClock
from tests.fakes.company import (
    FROM_CORP,
    GRANTING,
    NOW,
    ORDERS_TO_INVENTORY,
    PEOPLE,
    REDEEMERS,
    acceptance,
    allow,
)
from tests.fakes.house import INVENTORY, House, claims_of

from actas.core.errors import OAuthError
from actas.core.person import Person
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN
from actas.exchange import Answer
from actas.policy.expression import Context, Expression
from actas.policy.rule import ChainSelector, PartySelector, PolicyDefaults, RuleSpec

THEIRS: dict[str, Any] = {"match": "subject", "unknown": "create"}
"""They are who they are there: corp-idp:id-alice."""

OURS: dict[str, Any] = {"match": "aud_sub"}
"""They are a user of ours: actas:alice."""

NAMED = "alice@acme.example"
NAMES = frozenset({NAMED})


def no(**terms: Any) -> RuleSpec:
    return RuleSpec(name="no", effect="deny", kind="any", reason="She is out.", **terms)


DENIES = {
    "subject.names": no(subject=PartySelector(names=NAMES)),
    "chain.names": no(chain=ChainSelector(names=NAMES)),
    "when, by subject.id": no(when=(f'subject.id == "{NAMED}"',)),
    "when, by its end": no(when=('subject.id.endsWith("@acme.example")',)),
    "when, by chain.names": no(when=(f'"{NAMED}" in chain.names',)),
    "when, by chain.members": no(when=(f'chain.members.exists(one, one.sub == "{NAMED}")',)),
    "names and groups": no(subject=PartySelector(names=NAMES, groups=frozenset({"support"}))),
}
GROUPED = {
    "groups of theirs": no(subject=PartySelector(groups=frozenset({"contractors"}))),
    "groups of theirs, in an expression": no(when=('"contractors" in subject.groups',)),
    "our name and their group": no(
        subject=PartySelector(names=frozenset({"actas:alice"}), groups=frozenset({"contractors"}))
    ),
    "our name and their group, in an expression": no(
        when=('subject.id == "actas:alice" && "contractors" in subject.groups',)
    ),
    "their name for a user of ours": no(subject=PartySelector(names=frozenset({"corp-idp:id-alice"}))),
}
BY_ID_TOKEN = allow("by-id-token", "delegation", "assistant", "orders", subject=FROM_CORP)


def house(*rules: RuleSpec, **terms: Any) -> House:
    return House(
        issuers=(GRANTING,),
        clients=REDEEMERS,
        people=PEOPLE,
        accepted=(acceptance(**terms),),
        rules=(BY_ID_TOKEN, ORDERS_TO_INVENTORY, *rules),
        clock=FixedClock(NOW),
    )


def alices(here: House, **claims: Any) -> str:
    said: dict[str, Any] = {"aud_sub": "actas:alice", "groups": ["support", "contractors"], **claims}
    return here.grant(**said)


async def refused(here: House, form: dict[str, Any]) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        await here.post(form)
    return caught.value


def cases() -> Iterator[Any]:
    for how, terms in (("theirs", THEIRS), ("ours", OURS)):
        for name, deny in DENIES.items():
            yield pytest.param(terms, deny, id=f"{how}: {name}")
    for name, deny in GROUPED.items():
        yield pytest.param(OURS, deny, id=f"ours: {name}")


@pytest.mark.requirement("SEC-24", "SEC-62", "SEC-02")
@pytest.mark.parametrize(("terms", "deny"), [*cases()])
async def test_a_deny_for_a_name_that_their_issuer_s_registration_gives_holds_for_a_grant(
    terms: dict[str, Any], deny: RuleSpec
) -> None:
    other = replace(deny, subject=PartySelector(names=frozenset({"bob@acme.example"})), chain=None, when=())
    let_in = house(other, **terms)
    await let_in.post(let_in.redeeming(alices(let_in)))  # it is the deny that stops her
    here = house(deny, **terms)
    error = await refused(here, here.redeeming(alices(here)))
    assert (error.reason, here.writer.events[-1]["rules"]) == ("denied_by_rule", ["no"])


@pytest.mark.requirement("SEC-24", "SEC-62", "SEC-02")
@pytest.mark.parametrize(("terms", "deny"), [*cases()])
async def test_it_holds_at_the_next_hop_as_well(terms: dict[str, Any], deny: RuleSpec) -> None:
    here = house(replace(deny, apis=frozenset({"inventory"})), **terms)
    token = str((await here.post(here.redeeming(alices(here)))).body["access_token"])
    error = await here.refused("orders", token, audience="inventory")
    assert error.reason == "denied_by_rule"


@pytest.mark.requirement("SEC-24", "IDC-38")
async def test_a_plain_grant_is_no_way_past_it_either() -> None:
    deny = DENIES["subject.names"]
    let_in = redeeming(chained())
    await let_in.post(let_in.redeeming(grant(let_in)))
    here = redeeming(chained(), rules=(deny,))
    assert (await refused(here, here.redeeming(grant(here)))).reason == "denied_by_rule"


@pytest.mark.requirement("SEC-24")
async def test_a_deny_for_who_somebody_is_by_a_grant_holds_for_their_id_token() -> None:
    deny = no(subject=PartySelector(names=frozenset({"corp-idp:id-alice"})))
    here = house(deny, **THEIRS)
    form = {"subject_token_type": str(ID_TOKEN), "audience": "orders"}
    assert (await here.refused("assistant", here.id_token(), **form)).reason == "denied_by_rule"
    await here.ask("assistant", here.id_token("dana"), **form)


@pytest.mark.requirement("SEC-24", "SEC-02", "SEC-62")
@pytest.mark.parametrize(
    "selector",
    [
        {"subject": PartySelector(issuers=frozenset({"actas"}), names=NAMES)},
        {"subject": PartySelector(issuers=frozenset({"actas"}), groups=frozenset({"contractors"}))},
        {"chain": ChainSelector(names=NAMES)},
        {"when": (f'subject.id == "{NAMED}"',)},
        {"when": ('"contractors" in subject.groups',)},
    ],
    ids=repr,
)
@pytest.mark.parametrize("terms", [OURS], ids=["ours"])
async def test_no_allow_opens_by_another_name_or_group(
    terms: dict[str, Any], selector: dict[str, Any]
) -> None:
    onward = replace(ORDERS_TO_INVENTORY, **selector)
    denying = [*DENIES.values(), *GROUPED.values()]
    seen = [replace(one, name=f"no-{at}", apis=frozenset({"handbook"})) for at, one in enumerate(denying)]
    here = replace(house(**terms), rules=(onward, *seen))
    answer = await here.post(here.redeeming(alices(here)))
    assert claims_of(answer)["otherwise"]["names"] == ["corp-idp:id-alice", NAMED]
    error = await here.refused("orders", str(answer.body["access_token"]), audience=INVENTORY)
    assert error.reason == "no_rule"


async def test_no_connection_opens_by_another_name_or_group() -> None:
    for people in ({"names": NAMES}, {"groups": frozenset({"contractors"})}):
        here = house(*DENIES.values(), **OURS, **people)
        here = replace(here, rules=(BY_ID_TOKEN,))
        assert (await refused(here, here.redeeming(alices(here)))).reason == "no_rule"


async def test_a_token_says_no_name_for_which_there_is_no_deny() -> None:
    here = house(no(subject=PartySelector(names=frozenset({"bob@acme.example"}))), **OURS)
    answer = await here.post(here.redeeming(alices(here)))
    assert "otherwise" not in claims_of(answer)
    assert NAMED not in str(claims_of(answer))


@pytest.mark.requirement("SEC-45")
@pytest.mark.parametrize("name", ["subject.names", "when, by subject.id"])
async def test_an_entry_is_explained_by_the_name_under_which_the_deny_held(name: str) -> None:
    here = house(DENIES[name], **THEIRS)
    await refused(here, here.redeeming(alices(here)))
    event = here.writer.events[-1]
    assert event["subject"]["otherwise"] == {"names": [NAMED], "groups": []}
    told = here.rehearsal().of_event(event)
    assert (told.granted, told.reason) == (False, "denied_by_rule")
    (rule,) = [one for one in told.rules if one.name == "no"]
    assert rule.matched is True
    assert all(NAMED in one.seen for one in rule.conditions)


SHE_ACTS = allow(
    "she-acts",
    "delegation",
    "web",
    "orders",
    actor=PartySelector(issuers=frozenset({"actas"}), required=True),
)
FURTHER = allow("further", "delegation", "inventory", "handbook", max_depth=4)
ACTING = {
    "chain.names": no(chain=ChainSelector(names=NAMES)),
    "their name for a user of ours": no(chain=ChainSelector(names=frozenset({"corp-idp:id-alice"}))),
    "when, by chain.names": no(when=(f'"{NAMED}" in chain.names',)),
    "when, by chain.members": no(when=(f'chain.members.exists(one, one.sub == "{NAMED}")',)),
    "when, with his": no(when=(f'"{NAMED}" in chain.names && subject.id == "bob@acme.example"',)),
}


async def acted(here: House) -> str:
    """A token of ours about bob, for orders, by which alice acts, who came by a grant."""
    return str((await answer_of_acting(here)).body["access_token"])


async def answer_of_acting(here: House) -> Answer:
    alice = str((await here.post(here.redeeming(alices(here)))).body["access_token"])
    bob = here.our_token(sub="bob@acme.example", client_id="web", act=None)
    shown = {"actor_token": alice, "actor_token_type": str(ACCESS_TOKEN), "audience": "orders"}
    return await here.ask("web", bob, **shown)


def acting(*rules: RuleSpec) -> House:
    going_on = [replace(one, apis=one.apis | {"handbook"}) for one in REDEEMERS]
    return replace(house(SHE_ACTS, FURTHER, *rules, **OURS), clients=going_on)


@pytest.mark.requirement("SEC-24", "SEC-02", "SEC-49")
@pytest.mark.parametrize("name", ACTING)
async def test_a_deny_holds_at_the_next_hop_also_for_who_acted(name: str) -> None:
    let_in = acting(no(chain=ChainSelector(names=frozenset({"carol@acme.example"}))))
    await let_in.ask("orders", await acted(let_in), audience="inventory")  # it is the deny that stops her
    here = acting(replace(ACTING[name], apis=frozenset({"inventory"})))
    error = await here.refused("orders", await acted(here), audience="inventory")
    assert error.reason == "denied_by_rule"


@pytest.mark.requirement("SEC-24", "SEC-02")
@pytest.mark.parametrize("name", ACTING)
async def test_it_holds_after_any_number_of_hops(name: str) -> None:
    here = acting(replace(ACTING[name], apis=frozenset({"handbook"})))
    second = await here.ask("orders", await acted(here), audience="inventory")
    error = await here.refused("inventory", str(second.body["access_token"]), audience="handbook")
    assert error.reason == "denied_by_rule"
    told = here.rehearsal().of_event(here.writer.events[-1])
    assert (told.granted, told.reason) == (False, "denied_by_rule")


@pytest.mark.requirement("SEC-24", "SEC-02")
async def test_no_allow_opens_by_another_name_of_who_acted() -> None:
    onward = replace(ORDERS_TO_INVENTORY, chain=ChainSelector(names=NAMES))
    denying = [
        replace(one, name=f"no-{at}", apis=frozenset({"handbook"})) for at, one in enumerate(ACTING.values())
    ]
    here = replace(acting(), rules=(SHE_ACTS, onward, *denying))
    assert (await here.refused("orders", await acted(here), audience="inventory")).reason == "no_rule"


async def test_a_token_says_of_who_acted_what_denies_ask_for_and_no_more() -> None:
    here = acting(replace(ACTING["chain.names"], apis=frozenset({"handbook"})))
    said = claims_of(await answer_of_acting(here))
    assert said["otherwise"] == {"actors": [{"iss": said["iss"], "sub": "actas:alice", "names": [NAMED]}]}
    assert NAMED not in str(said["act"])
    without = acting()
    assert "otherwise" not in claims_of(await answer_of_acting(without))


CROWD = tuple(Person(name=f"p{n}", display="p", email=f"p{n}@acme.example") for n in range(8))


@pytest.mark.requirement("SEC-53", "REL-10")
async def test_names_do_not_multiply_along_a_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    holds = Expression.holds

    def counted(self: Expression, context: Context) -> bool:
        nonlocal asked
        asked += 1
        return holds(self, context)

    deny = no(when=('"mallory@acme.example" in chain.names',))
    here = replace(house(replace(SHE_ACTS, max_depth=10), deny, **OURS), people=(*PEOPLE, *CROWD))
    here = replace(here, defaults=PolicyDefaults(max_depth=10))

    async def came(who: str) -> str:
        grant = here.grant(who, aud_sub=f"actas:{who}", jti=f"g-{who}")
        return str((await here.post(here.redeeming(grant))).body["access_token"])

    token = await came("p0")
    monkeypatch.setattr(Expression, "holds", counted)
    counts: list[int] = []
    for n in range(1, len(CROWD)):
        shown = {"actor_token": await came(f"p{n}"), "actor_token_type": str(ACCESS_TOKEN)}
        asked = 0
        token = str((await here.ask("web", token, audience="orders", **shown)).body["access_token"])
        counts.append(asked)
    # The subject and the acting party under each of their names, whoever acted before.
    assert max(counts) == counts[-1] == counts[2] <= 2 * (1 + 4 * 4)


DANA = "corp-idp:id-dana"
BY_ID = allow(
    "by-id",
    "delegation",
    "web",
    "orders",
    actor=PartySelector(issuers=frozenset({"corp-idp"}), required=True),
)
OUT = {
    "chain.names": no(chain=ChainSelector(names=frozenset({DANA}))),
    "actor.names": no(actor=PartySelector(names=frozenset({DANA}))),
}


async def dana_acts(here: House) -> str:
    alice = here.our_token(sub="alice@acme.example", client_id="web", act=None)
    shown = {"actor_token": here.id_token("dana"), "actor_token_type": str(ID_TOKEN), "audience": "orders"}
    return str((await here.ask("web", alice, **shown)).body["access_token"])


@pytest.mark.requirement("SEC-02", "SEC-24")
@pytest.mark.parametrize("name", OUT)
async def test_a_deny_for_who_somebody_is_by_a_grant_holds_where_they_act_by_an_id_token(name: str) -> None:
    assert await dana_acts(house(BY_ID, **OURS))
    with pytest.raises(OAuthError) as refused:
        await dana_acts(house(BY_ID, OUT[name], **OURS))
    assert refused.value.reason == "denied_by_rule"


@pytest.mark.requirement("SEC-02", "SEC-24", "SEC-49")
async def test_it_holds_at_the_next_hop_of_what_they_did_by_it() -> None:
    deny = replace(OUT["chain.names"], apis=frozenset({"inventory"}))
    here = house(BY_ID, deny, **OURS)
    error = await here.refused("orders", await dana_acts(here), audience="inventory")
    assert error.reason == "denied_by_rule"
