"""Connections in the policy: where they lead, whom they are for, and what else they open, which is nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.company import APIS, CLIENTS, TICKETS, TICKETS_API, connection

from actas.policy.connections import Connected, Connections, name_of, target_of
from actas.policy.decide import Policy
from actas.policy.rule import PolicyDefaults, RuleError
from actas.store.catalog import Catalog

FILES = "https://auth.files.example"
BY_NAME = {one.name: one for one in CLIENTS}


@pytest.mark.requirement("SEC-55", "JAG-21")
def test_a_connection_is_found_by_its_client_and_the_issuer_or_a_name_that_was_agreed() -> None:
    one = connection(audiences=frozenset({"urn:tickets"}))
    known = Connections((one, connection("files", issuer=FILES, resources=())))
    assert (
        known.leading_to(TICKETS, client="web")
        == known.leading_to("urn:tickets", client="web")
        == (target_of(one),)
    )
    for audience, client in (
        (TICKETS, "helpdesk"),
        (f"{TICKETS}/", "web"),
        (TICKETS_API, "web"),
        ("", "web"),
    ):
        assert known.leading_to(audience, client=client) == ()


def test_several_to_one_server_are_all_found_in_the_order_in_which_they_are_written() -> None:
    first, second = connection(), connection("more", resources=("https://more.tickets.example",), paused=True)
    found = Connections((first, second)).leading_to(TICKETS, client="web")
    assert [one.name for one in found] == ["connection:web-to-tickets", "connection:more"]
    assert [one.disabled for one in found] == [False, True]


def test_a_name_of_the_issuer_itself_leads_there_once() -> None:
    one = connection(audiences=frozenset({TICKETS}))
    assert len(Connections((one,)).leading_to(TICKETS, client="web")) == 1


@pytest.mark.requirement("SEC-55")
def test_the_target_has_the_scopes_of_the_connection_and_no_look_but_that_of_a_grant() -> None:
    target = target_of(connection(algorithm="RS256"))
    assert target.audience == TICKETS
    assert target.scopes.keys() == {"tickets:read", "tickets:comment"}
    assert (target.format, target.binding, target.algorithm) == ("jwt", "optional", "RS256")
    assert target.abroad == connection().to


@pytest.mark.requirement("SEC-55", "JAG-35")
def test_its_rule_is_for_its_client_its_people_and_its_target_alone() -> None:
    people = Connected(
        issuers=frozenset({"corp-idp"}),
        groups=frozenset({"support"}),
        names=frozenset({"alice@acme.example"}),
    )
    (rule,) = Connections((connection(people=people, when=("true",), lifetime=60),)).rules()
    assert (rule.name, rule.effect, rule.kind) == (name_of("web-to-tickets"), "allow", "cross_app")
    assert rule.client.names == {"web"}
    assert rule.client.kinds == frozenset()
    assert rule.apis == {name_of("web-to-tickets")}
    assert rule.subject is not None
    assert rule.subject.origins == {"corp-idp"}
    assert rule.subject.issuers == {"corp-idp", "actas"}
    assert (rule.subject.groups, rule.subject.names) == (people.groups, people.names)
    assert (rule.when, rule.lifetime, rule.disabled) == (("true",), 60, False)
    assert rule.refresh is None
    assert rule.actor is None


@pytest.mark.requirement("SEC-55")
def test_only_its_client_may_ask_for_its_target() -> None:
    opened = {one.name: one.apis for one in Connections((connection(),)).opened(CLIENTS)}
    assert opened.pop("web") == BY_NAME["web"].apis | {name_of("web-to-tickets")}
    assert opened == {one.name: one.apis for one in CLIENTS if one.name != "web"}


@pytest.mark.requirement("SEC-55")
def test_its_target_is_none_of_the_apis_and_no_audience_leads_to_it() -> None:
    catalog = Catalog(
        clients=CLIENTS, apis=APIS, issuers=(), rules=(), connections=(connection(),),
        defaults=PolicyDefaults(), digest="test",
    )  # fmt: skip
    assert catalog.api(name_of("web-to-tickets")) is None
    assert catalog.api_for(TICKETS) is None
    assert catalog.api_for(TICKETS_API) is None
    assert catalog.connections.target(name_of("web-to-tickets")) == target_of(connection())
    assert catalog.connections.target("web-to-tickets") is None


def test_a_connection_to_an_audience_of_ours_does_not_hide_the_api() -> None:
    hides = connection(issuer=APIS[0].audience, resources=())
    catalog = Catalog(
        clients=CLIENTS, apis=APIS, issuers=(), rules=(), connections=(hides,),
        defaults=PolicyDefaults(), digest="test",
    )  # fmt: skip
    assert catalog.api_for(APIS[0].audience) == APIS[0]


@pytest.mark.requirement("SEC-02")
def test_a_condition_that_cannot_be_compiled_is_an_error_of_its_rule() -> None:
    rules = Connections((connection(when=("true", "subject.")),)).rules()
    with pytest.raises(RuleError) as caught:
        Policy(rules, apis=(), defaults=PolicyDefaults())
    assert (caught.value.rule, caught.value.field) == (name_of("web-to-tickets"), "when[1]")


def test_a_paused_one_has_a_rule_that_is_off_and_a_target_that_is() -> None:
    paused = replace(connection(), paused=True)
    (rule,) = Connections((paused,)).rules()
    assert rule.disabled
    assert target_of(paused).disabled
