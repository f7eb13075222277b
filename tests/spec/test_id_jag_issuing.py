"""draft-ietf-oauth-identity-assertion-authz-grant-04, sections 3, 4.3 and 9.8: grants, as they are asked for and read."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.bound import ME
from tests.fakes.company import TICKETS, TICKETS_API, connection
from tests.fakes.crossing import crossing, grant_form, granted, read, refused, told
from tests.fakes.house import ISSUER, NOW

from actas.core.wire import ACCESS_TOKEN, ID_JAG, ID_TOKEN, JWT, REFRESH_TOKEN
from actas.crypto import jose
from actas.policy.rule import PolicyDefaults

OTHER_API = "https://files.tickets.example/v1"
TWO: dict[str, Any] = {"resources": (TICKETS_API, OTHER_API)}


# The grant.


@pytest.mark.requirement(
    "JAG-1", "JAG-6", "JAG-7", "JAG-36", "JAG-37", "JAG-39", "JAG-41", "IDC-18", "IDC-21", "SEC-56"
)
async def test_a_grant_says_what_the_specification_lists_and_nothing_else() -> None:
    it = crossing()
    body = (await granted(it, scope="tickets:read", resource=TICKETS_API)).body
    claims = read(it, str(body["access_token"]))
    assert claims.pop("jti") == it.writer.events[-1]["given"]["jti"]
    assert claims == {
        "iss": ISSUER,
        "sub": "actas:alice",
        "sub_profile": "user",
        "aud": TICKETS,
        "client_id": "acme-web",
        "iat": NOW,
        "exp": NOW + 300,
        "scope": "tickets:read",
        "resource": TICKETS_API,
        "email": "alice@acme.example",
        "email_verified": True,
        "auth_time": NOW,
        "acr": "pwd",
        "amr": ["pwd"],
    }


@pytest.mark.requirement("JAG-1", "IDC-22", "SEC-56")
async def test_its_header_says_what_it_is() -> None:
    it = crossing()
    header = jose.parse(str((await granted(it)).body["access_token"])).unverified_header
    assert header["typ"] == "oauth-id-jag+jwt"
    assert header.keys() == {"typ", "alg", "kid"}


@pytest.mark.requirement("JAG-2", "SEC-56")
@pytest.mark.parametrize("algorithm", [None, "RS256", "EdDSA"])
async def test_it_is_signed_by_a_published_key_for_grants_and_by_none_for_anything_else(
    algorithm: Any,
) -> None:
    it = crossing(connections=[connection(algorithm=algorithm)])
    jws = jose.parse(str((await granted(it)).body["access_token"]))
    assert jws.unverified_algorithm == (algorithm or "ES256")
    published: Any = it.ring.published()["keys"]
    assert jws.unverified_kid in [key["kid"] for key in published]
    verified = [
        purpose
        for purpose in ("token", "id_token", "grant", "audit")
        if it.ring.public_key(str(jws.unverified_kid), purpose=purpose) is not None
    ]
    assert verified == ["grant"]


@pytest.mark.requirement("SEC-56")
async def test_no_two_have_one_id() -> None:
    it = crossing()
    assert len({(await told(it))["jti"] for _ in range(5)}) == 5


@pytest.mark.requirement("JAG-50", "JAG-51", "JAG-52", "IDC-20", "SEC-56")
async def test_the_answer_is_no_access_token_and_brings_no_refresh_token() -> None:
    it = crossing()
    body = dict((await granted(it)).body)
    assert body.pop("access_token")
    assert body == {
        "issued_token_type": str(ID_JAG),
        "token_type": "N_A",
        "expires_in": 300,
        "scope": "tickets:comment tickets:read",
    }
    bound = (await granted(it, proofs=[ME.proof()])).body
    assert bound["token_type"] == "N_A"


@pytest.mark.requirement("JAG-7", "SEC-56")
@pytest.mark.parametrize(
    ("lifetime", "left", "lives"), [(300, 600, 300), (60, 600, 60), (300, 40, 40), (900, 3000, 300)]
)
async def test_it_lives_five_minutes_at_most_and_no_longer_than_what_it_came_from(
    lifetime: int, left: int, lives: int
) -> None:
    it = crossing(connections=[connection(lifetime=lifetime)], defaults=PolicyDefaults(lifetime=3000))
    claims = await told(it, it.our_id_token(exp=NOW + left))
    assert claims["exp"] - claims["iat"] == lives


# What it is for.


@pytest.mark.requirement("JAG-20")
async def test_only_who_asks_for_a_grant_gets_one() -> None:
    it = crossing()
    for asked in (None, str(ACCESS_TOKEN), str(ID_TOKEN), str(JWT), str(REFRESH_TOKEN)):
        error = await refused(it, requested_token_type=asked)
        assert error.code in ("invalid_target", "invalid_request", "unauthorized_client")
    form = {**grant_form(it), "grant_type": "client_credentials"}
    assert (await it.turned_away(form)).code == "invalid_request"


@pytest.mark.requirement("JAG-21", "JAG-22", "IDC-15", "IDC-73", "SEC-55")
async def test_audience_is_the_issuer_of_the_server_and_nothing_like_it() -> None:
    it = crossing()
    assert (await told(it))["aud"] == TICKETS
    for other in (
        f"{TICKETS}/",
        TICKETS.upper(),
        "web-to-tickets",
        "connection:web-to-tickets",
        "orders",
        TICKETS_API,
    ):
        error = await refused(it, audience=other)
        assert (error.code, error.reason) == ("invalid_target", "no_connection")


@pytest.mark.requirement("JAG-21", "IDC-18")
async def test_an_agreed_name_leads_to_the_issuer_which_is_what_the_grant_says() -> None:
    it = crossing(connections=[connection(audiences=frozenset({"urn:tickets:production"}))])
    for audience in ("urn:tickets:production", TICKETS):
        assert (await told(it, audience=audience))["aud"] == TICKETS


@pytest.mark.requirement("JAG-26", "IDC-18", "IDC-73", "SEC-55")
@pytest.mark.parametrize(
    "audience", [None, [TICKETS, TICKETS], [TICKETS, "https://evil.example"], [TICKETS, "orders"]]
)
async def test_it_is_for_one_server(audience: Any) -> None:
    error = await refused(crossing(), audience=audience)
    assert (error.code, error.reason) == ("invalid_request", "malformed_request")


@pytest.mark.requirement("JAG-22", "JAG-36", "JAG-37")
async def test_resources_are_those_that_were_asked_for_and_else_all_of_the_connection() -> None:
    it = crossing(connections=[connection(**TWO)])
    assert (await told(it))["resource"] == [TICKETS_API, OTHER_API]
    assert (await told(it, resource=OTHER_API))["resource"] == OTHER_API
    assert (await told(it, resource=[OTHER_API, OTHER_API]))["resource"] == OTHER_API
    assert (await told(it, resource=[OTHER_API, TICKETS_API]))["resource"] == [OTHER_API, TICKETS_API]
    none = crossing(connections=[connection(resources=())])
    assert "resource" not in await told(none)


@pytest.mark.requirement("JAG-22", "JAG-36", "JAG-122", "IDC-15")
@pytest.mark.parametrize(
    "resource", [f"{TICKETS_API}/", TICKETS, "https://evil.example", [TICKETS_API, "https://evil.example"]]
)
async def test_a_resource_that_the_connection_does_not_list_is_refused(resource: Any) -> None:
    for connected in (connection(**TWO), connection(resources=())):
        error = await refused(crossing(connections=[connected]), resource=resource)
        assert (error.code, error.reason) == ("invalid_target", "no_connection")


@pytest.mark.requirement("JAG-36")
@pytest.mark.parametrize("resource", ["no-uri", f"{TICKETS_API}#part"])
async def test_a_resource_is_an_absolute_uri_without_a_fragment(resource: str) -> None:
    assert (await refused(crossing(), resource=resource)).code == "invalid_target"


@pytest.mark.requirement("JAG-22", "SEC-55")
async def test_of_several_connections_to_a_server_the_resource_says_which() -> None:
    files = connection("web-to-files", client_id="files-app", resources=(OTHER_API,), scopes={"read": "read"})
    it = crossing(connections=[connection(), files])
    claims = await told(it, resource=OTHER_API)
    assert (claims["client_id"], claims["scope"], claims["resource"]) == ("files-app", "read", OTHER_API)
    error = await refused(it)
    assert (error.code, error.reason) == ("invalid_target", "several_connections")
    error = await refused(it, resource=[TICKETS_API, OTHER_API])
    assert (error.code, error.reason) == ("invalid_target", "no_connection")


@pytest.mark.requirement("JAG-36", "JAG-37", "JAG-51", "SEC-55")
async def test_a_grant_has_the_scopes_that_were_granted_and_the_answer_says_them() -> None:
    it = crossing()
    for asked, gets in ((None, "tickets:comment tickets:read"), ("tickets:read", "tickets:read")):
        body = (await granted(it, scope=asked)).body
        assert body["scope"] == read(it, str(body["access_token"]))["scope"] == gets
    error = await refused(it, scope="tickets:read tickets:delete")
    assert error.code == "invalid_scope"
    trimming = crossing(defaults=PolicyDefaults(on_excess_scope="trim"))
    body = (await granted(trimming, scope="tickets:read tickets:delete")).body
    assert body["scope"] == read(trimming, str(body["access_token"]))["scope"] == "tickets:read"


@pytest.mark.requirement("JAG-39")
async def test_the_client_is_called_as_that_server_knows_it_whoever_asks() -> None:
    both = [connection(), connection("helpdesk-to-tickets", client="helpdesk", client_id="desk-7")]
    it = crossing(connections=both)
    assert (await told(it))["client_id"] == "acme-web"
    assert (await told(it, who="helpdesk"))["client_id"] == "desk-7"


@pytest.mark.requirement("JAG-42")
async def test_no_access_token_of_ours_comes_of_a_connection() -> None:
    it = crossing()
    for audience in (TICKETS, TICKETS_API, "connection:web-to-tickets"):
        for asked in (None, str(ACCESS_TOKEN)):
            error = await refused(it, audience=audience, requested_token_type=asked)
            assert (error.code, error.reason) == ("invalid_target", "unknown_target")
