"""The guards of the matrix between domains: grants for another server, and redeeming those of others."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from actas.core.naming import Called, SubjectId
from actas.core.target import Api
from actas.core.wire import ACCESS_TOKEN
from actas.kinds import chaining, checks, cross_app, mcp
from actas.policy.connections import Connections
from tests.fakes import trips
from tests.fakes.attempts import Attempt, ours, told
from tests.fakes.company import acceptance
from tests.fakes.guard import Guard
from tests.fakes.house import IDP, ISSUER, NOW


def _beside_an_mcp_server(one: Attempt) -> Attempt:
    """The same for two APIs, of which one is an MCP server; connections lead to both."""
    second = Api(name="second", audience="https://second.example", scopes={one.scope: "The same"})
    it = one.with_api(kind="mcp")
    grant = "id_jag" if one.acceptance is None else one.acceptance.grant
    return replace(
        it,
        apis=(*it.apis, second),
        clients=[replace(client, apis=client.apis | {"second"}) for client in it.clients],
        more_rules=[*Connections(accepted=(acceptance("second", api="second", grant=grant),)).rules()],
        parameters={"audience": [one.target, "second"]},
    )


BETWEEN_DOMAINS: Final[tuple[Guard, ...]] = (
    Guard(
        name="no connection to that server",
        reason="no_connection",
        naming="no connection of",
        trip=trips.only("cross_app", lambda one: replace(one, target="https://evil.example")),
    ),
    Guard(
        name="another resource than the connection's",
        reason="no_connection",
        naming="with the resource",
        trip=trips.only("cross_app", lambda one: replace(one, parameters={"resource": "https://evil.example"})),
    ),
    Guard(
        name="connection of another client",
        reason="no_connection",
        naming="no connection of",
        trip=trips.connected(client="helpdesk"),
    ),
    Guard(
        name="connection paused",
        reason="connection_paused",
        naming="is paused",
        trip=trips.connected(paused=True),
    ),
    Guard(
        name="grant of another typ",
        reason="bad_subject",
        naming="accepts",
        trip=trips.only("redemption", lambda one: replace(
            one, subject=lambda house, claims: house.grant(typ="JWT", **claims)
        )),
    ),
    Guard(
        name="grant for another server",
        reason="wrong_audience",
        naming="this server alone",
        trip=trips.only("redemption", trips.subject(aud="https://evil.example")),
    ),
    Guard(
        name="grant for two servers",
        reason="wrong_audience",
        naming="this server alone",
        trip=trips.only("redemption", trips.subject(aud=[ISSUER, "https://evil.example"])),
    ),
    Guard(
        name="no connection for grants of that issuer",
        reason="no_connection",
        naming="redeems grants",
        trip=trips.accepted(issuer="another"),
    ),
    Guard(
        name="no redeeming for now",
        reason="connection_paused",
        naming="is paused",
        trip=trips.accepted(paused=True),
    ),
    Guard(
        name="grant for an API that is not ours",
        reason="unknown_target",
        naming="there is no API",
        trip=trips.only("redemption", trips.subject(resource="https://evil.example")),
    ),
    Guard(
        name="an MCP server among others",
        reason="unknown_target",
        naming="an MCP server is among",
        trip=trips.only("redemption", _beside_an_mcp_server),
        check=mcp.mcp_server_alone,
    ),
    Guard(
        name="an MCP server among others, by a plain grant",
        reason="unknown_target",
        naming="an MCP server is among",
        trip=trips.only("chained", _beside_an_mcp_server),
        check=mcp.mcp_server_alone,
    ),
    Guard(
        name="grant about a service",
        reason="bad_subject",
        naming="is no person",
        trip=trips.only("redemption", lambda one: replace(
            one.with_issuer(party_kind="service"), acceptance=acceptance(match="subject", unknown="create")
        )),
        check=checks.subject_is_a_person,
    ),
    Guard(
        name="telling of a service",
        reason="bad_subject",
        naming="is no person",
        trip=trips.only("cross_app", trips.issuer(party_kind="service")),
        check=checks.subject_is_a_person,
    ),
    Guard(
        name="plain grant about a service",
        reason="bad_subject",
        naming="is no person",
        trip=trips.only("chained", lambda one: replace(
            one.with_issuer(party_kind="service"),
            acceptance=acceptance(grant="jwt", match="subject", unknown="create"),
        )),
        check=checks.subject_is_a_person,
    ),
    Guard(
        name="telling plainly of a service",
        reason="bad_subject",
        naming="is no person",
        trip=trips.only("chaining", trips.issuer(party_kind="service")),
        check=checks.subject_is_a_person,
    ),
    Guard(
        name="who asks acted before somebody else did",
        reason="actor_not_allowed",
        naming="in the chain already",
        trip=trips.only("chaining", trips.of_our_own(act={
            "iss": ISSUER, "sub": "orders", "act": {"iss": ISSUER, "sub": "web"},
        })),
        check=checks.actor_is_new,
    ),
    Guard(
        name="the person acts for themselves there",
        reason="actor_not_allowed",
        naming="in the chain already",
        trip=trips.only("chained", trips.subject(act={"iss": IDP, "sub": "id-alice"})),
        check=checks.actor_is_new,
    ),
    Guard(
        name="the person acts for themselves in an ID-JAG",
        reason="actor_not_allowed",
        naming="in the chain already",
        trip=trips.only("redemption", trips.subject(act={"iss": IDP, "sub": "id-alice"})),
        check=checks.actor_is_new,
    ),
    Guard(
        name="who may act there would be lost",
        reason="actor_not_allowed",
        naming="would be lost",
        trip=trips.only("chained", trips.subject(may_act={"iss": ISSUER, "sub": "web"})),
        check=checks.restriction_is_kept,
    ),
    Guard(
        name="a foreign audience of everybody's",
        reason="wrong_audience",
        naming="which client of ours",
        trip=trips.only("chaining", trips.issuer(audiences={"acme-web": None})),
        check=chaining.foreign_token_names_its_client,
    ),
    Guard(
        name="plain grant for another server",
        reason="wrong_audience",
        naming="this server alone",
        trip=trips.only("chained", trips.subject(aud="https://evil.example")),
    ),
    Guard(
        name="plain grant of another typ",
        reason="bad_subject",
        naming="typ",
        trip=trips.only("chained", lambda one: replace(
            one, subject=lambda house, claims: house.grant(typ="JWT", **claims)
        )),
    ),
    Guard(
        name="somebody whom nobody knows",
        reason="no_rule",
        naming="was never here",
        trip=trips.accepted(match="subject"),
    ),
    Guard(
        name="grant of a tenant of which nobody thought",
        reason="wrong_tenant",
        naming="as tenant",
        trip=trips.only("redemption", trips.subject(tenant="evil")),
    ),
    Guard(
        name="grant that should be for a tenant of ours",
        reason="wrong_tenant",
        naming="as aud_tenant",
        trip=trips.accepted(aud_tenant="ours"),
    ),
    Guard(
        name="grant in the open where it must be encrypted",
        reason="encryption_missing",
        naming="is not encrypted",
        trip=trips.only("redemption", trips.accepted(must_encrypt=True)),
    ),
    Guard(
        name="grant with no sub_id where people are found by it",
        reason="bad_subject",
        naming="sub_id is missing",
        trip=trips.accepted(match="sub_id", sub_id=SubjectId(format="opaque", who=Called(known_as="hr"))),
    ),
    Guard(
        name="grant with details of which nobody thought",
        reason="bad_details",
        naming="no template of its type",
        trip=trips.only("redemption", trips.subject(authorization_details=[{"type": "evil"}])),
    ),
    Guard(
        name="details beyond the connection",
        reason="bad_details",
        naming="no template of its type",
        trip=trips.only(
            "cross_app", lambda one: replace(one, parameters={"authorization_details": '[{"type":"evil"}]'})
        ),
    ),
    Guard(
        name="what a token is about would be lost",
        reason="bad_details",
        naming="would be lost",
        trip=trips.only("downscope", trips.of_our_own(authorization_details=[{"type": "one"}])),
        check=checks.no_details_would_be_lost,
    ),
    Guard(
        name="an address of nobody here",
        reason="unknown_person",
        naming="by email",
        trip=trips.only("redemption", trips.subject(email="zoe@acme.example")),
    ),
    Guard(
        name="an access token says nothing of a sign-in",
        reason="bad_subject",
        naming="who signed in",
        trip=trips.only(
            "cross_app",
            lambda one: replace(one, subject=ours, subject_type=str(ACCESS_TOKEN), changed={
                "sub": "actas:alice", "sub_profile": "user", "client_id": one.who, "aud": ISSUER, "act": None,
                "groups": ["support"], "auth_time": NOW, "sub_id": None,
            })
            if one.subject is told
            else "told by the path of our own people",
        ),
        check=cross_app.token_tells_of_a_sign_in,
    ),
    Guard(
        name="an audience of everybody's",
        reason="wrong_audience",
        naming="which client of ours",
        trip=trips.only("cross_app", trips.issuer(audiences={"acme-web": None})),
        check=cross_app.token_names_its_client,
    ),
    Guard(
        name="a chain would be lost by a grant",
        reason="actor_not_allowed",
        naming="no longer be the current one",
        trip=trips.only("cross_app", trips.of_a_chain(trips.somebody_acts_already)),
        check=cross_app.no_chain_but_its_own_agent,
    ),
    Guard(
        name="signed in too long ago",
        reason="sign_in_again",
        naming="longer than",
        trip=trips.signed_in_too_long_ago,
        check=cross_app.sign_in_is_good_enough,
    ),
)  # fmt: skip
