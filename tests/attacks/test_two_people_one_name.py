"""Two people of one issuer who would be one person here.

An issuer signs for many people, and most of what it says of them they may choose: a username, a nickname, a ``sub``
that looks like something of ours. If what one chose is what another is called here, then theirs are the other's
orders. Who came by a grant is called by their ``sub``, who came with another token as the issuer's registration says;
who came with a tenant by a digest of both. And the issuer itself can become another one under the same name, whose
people never were here.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import FROM_CORP, GRANTING, NOW, PEOPLE, REDEEMERS, acceptance, allow
from tests.fakes.configuration import Tree, acme, named, sentences
from tests.fakes.house import House, claims_of
from tests.fakes.managing import Managing, managed

from actas.core.errors import InvalidGrant
from actas.core.person import subject_in_tenant
from actas.core.wire import ID_TOKEN

CHOSEN = "claims.preferred_username"
WAY: dict[str, Any] = {
    "name": "desk-from-other",
    "direction": "accept",
    "client": "desk",
    "from": "other",
    "api": "orders",
    "scopes": ["orders:read"],
}
SAID = "subject of other must be left out"


def other(**changes: Any) -> dict[str, Any]:
    """An issuer of grants that calls people by what they choose, unless it is changed."""
    document = {
        "name": "other",
        "type": "oidc",
        "issuer": "https://sts.other.example",
        "accepts": ["id_jag", "jwt_grant", "id_token"],
        "audiences": ["acme-web"],
        "subject": CHOSEN,
        **changes,
    }
    return {name: value for name, value in document.items() if value is not None}


def company(way: dict[str, Any], issuer: dict[str, Any]) -> Tree:
    tree = acme()
    tree["users"] = [{"name": "alice", "email": "alice@acme.example"}]
    tree["issuers"].append(issuer)
    named(tree, "clients", "helpdesk").update(
        grants=["token_exchange", "jwt_bearer"], may_request={"apis": ["orders"]}
    )
    tree["connections"] = [{**WAY, "client": "helpdesk", **way}]
    return tree


@pytest.mark.requirement("SEC-24", "SEC-62")
@pytest.mark.parametrize("grant", ["id_jag", "jwt"])
@pytest.mark.parametrize("people", [{}, {"people": {"unknown": "create"}}, {"people": {"match": "subject"}}])
def test_grants_of_an_issuer_that_calls_people_by_what_they_choose_are_not_matched_by_sub(
    tmp_path: Path, grant: str, people: dict[str, Any]
) -> None:
    (said,) = sentences(tmp_path, company({"grant": grant, **people}, other()))
    assert SAID in said
    assert "email_domains, or match people by aud_sub or sub_id" in said


@pytest.mark.parametrize(
    ("way", "issuer"),
    [
        ({}, {"subject": None}),
        ({}, {"subject": "claims.sub"}),
        ({"people": {"match": "aud_sub"}}, {}),
        ({}, {"subject": "claims.email", "email_domains": ["other.example"]}),
    ],
    ids=repr,
)
def test_every_way_out_that_is_named_is_one(
    tmp_path: Path, way: dict[str, Any], issuer: dict[str, Any]
) -> None:
    assert sentences(tmp_path, company(way, other(**issuer))) == []


@pytest.mark.requirement("SEC-24", "SEC-62")
def test_nobody_makes_two_people_one_through_the_management_api(tmp_path: Path) -> None:
    server = managed(tmp_path)
    tree = server.company.tree
    tree["issuers"].append(other())
    server.company.named("clients", "desk").update(
        grants=["token_exchange", "jwt_bearer"], may_request={"apis": ["orders"]}
    )
    with server:
        chief = Managing(server, "chief")
        # Neither by a connection to an issuer that is so, nor by making an issuer so that has a connection.
        reply = chief.put("/connections/desk-from-other", WAY)
        assert (reply.status, SAID in reply.body.decode()) == (422, True), reply.body
        plain = {"name": "plain", "issuer": "https://sts.plain.example"}
        made = chief.put("/issuers/plain", other(**plain, subject=None))
        assert made.status == 201, made.body
        way = {**WAY, "name": "desk-from-plain", "from": "plain"}
        assert chief.put("/connections/desk-from-plain", way).status == 201
        reply = chief.put("/issuers/plain", other(**plain), match=made.header("etag") or "")
        assert (reply.status, "subject of plain" in reply.body.decode()) == (422, True), reply.body


@pytest.mark.requirement("SEC-24", "SEC-62")
async def test_nobody_s_sub_is_told_as_what_a_person_of_a_tenant_is() -> None:
    through = {"match": "subject", "unknown": "create"}
    plain = replace(GRANTING, email_domains=frozenset(), subject="claims.sub")
    here = House(
        issuers=(plain,),
        clients=REDEEMERS,
        people=PEOPLE,
        accepted=(
            acceptance(tenant="acme-eu", **through),
            acceptance("second", client="helpdesk", **through),
        ),
        rules=(allow("by-id-token", "delegation", "assistant", "orders", subject=FROM_CORP),),
        clock=FixedClock(NOW),
    )
    boss = claims_of(await here.post(here.redeeming(here.grant(sub="boss", tenant="acme-eu"))))
    digest = subject_in_tenant("", "acme-eu", "boss").removeprefix(":")
    assert boss["sub_id"]["sub"] == digest
    grant = here.grant(sub=digest, client_id="helpdesk", jti="2")
    told = [
        boss,
        claims_of(await here.post(here.redeeming(grant, who="helpdesk"))),
        await here.claims(
            "assistant", here.id_token(sub=digest), subject_token_type=str(ID_TOKEN), audience="orders"
        ),
    ]
    # The other two are one person, who chose that name; the first is somebody else to us and to every API.
    assert [one["sub"] for one in told[1:]] == [told[1]["sub"]] * 2
    assert [str(one["sub_id"]) for one in told[1:]] == [str(told[1]["sub_id"])] * 2
    assert told[1]["sub"] != boss["sub"]
    assert told[1]["sub_id"] != boss["sub_id"]
    assert here.writer.events[0]["subject"]["origin"] != here.writer.events[1]["subject"]["origin"]


@pytest.mark.requirement("SEC-24", "SEC-62", "SEC-58")
async def test_who_was_here_at_an_issuer_was_not_here_at_its_successor() -> None:
    def house(**changes: Any) -> House:
        return House(
            issuers=(replace(GRANTING, **changes),),
            clients=REDEEMERS,
            people=PEOPLE,
            accepted=(acceptance(match="subject", **terms),),
            clock=FixedClock(NOW),
        )

    terms: dict[str, Any] = {"unknown": "create"}
    before = house()
    await before.post(before.redeeming(before.grant()))
    terms = {"unknown": "refuse"}
    again, after = house(), house(issuer="https://evil.example")
    for one in (again, after):  # the same server, started anew
        one.known_store.kept |= before.known_store.kept
    # Known here, by the same registration; and somebody of another issuer, whose registration has its name.
    assert claims_of(await again.post(again.redeeming(again.grant(jti="2"))))["sub"] == "corp-idp:id-alice"
    with pytest.raises(InvalidGrant) as caught:
        await after.post(after.redeeming(after.grant(iss="https://evil.example", jti="3")))
    assert caught.value.reason == "no_rule"
    assert after.writer.events[-1]["subject"]["known"] is False
