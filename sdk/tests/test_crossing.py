"""Cross-app access: a grant of our server, redeemed at another one, in both clients."""

from __future__ import annotations

import asyncio
import base64

import httpx2
import pytest
from sdk.tests.support import ISSUER, NOW, StillWorld
from sdk.tests.two_servers import (
    API,
    ID_JAG,
    OURS,
    SECRET_THERE,
    THEIRS,
    THERE,
    WELL_KNOWN,
    TwoServers,
    cross,
    key_of,
    said,
)

from actas_sdk import Actas, ClientKey, ClientRefused, DpopKey, Refused, SignInAgain, Token, Unreachable
from actas_sdk.errors import Misconfigured, NoPerson
from actas_sdk.jws import said_by

both = pytest.mark.parametrize("kind", ["async", "blocking"])


@pytest.fixture
def servers(still: StillWorld) -> TwoServers:
    return TwoServers(still)


@both
def test_a_grant_is_asked_for_at_home_and_redeemed_there(servers: TwoServers, kind: str) -> None:
    token = cross(servers.client(kind))

    assert (token.reveal(), token.audience, token.scheme) == ("t1", API, "Bearer")
    assert (sorted(token.scopes), token.expires_at) == (["tickets:read"], NOW + 600)
    assert [party.id for party in token.chain] == ["alice", "acme-desk"]
    assert servers.forms(OURS) == [
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": "alice-id-token",
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "requested_token_type": ID_JAG,
            "audience": THERE,
            "resource": API,
            "scope": "tickets:read",
        }
    ]
    assert servers.forms(THEIRS) == [
        {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": servers.used[0]}
    ]


@both
def test_each_server_sees_its_own_secret_and_no_other(servers: TwoServers, kind: str) -> None:
    cross(servers.client(kind))

    shown = {
        str(each.url): base64.b64decode(each.headers["authorization"].removeprefix("Basic ")).decode()
        for each in servers.script.seen
        if "authorization" in each.headers
    }
    assert shown == {OURS: "desk:s3cr3t", THEIRS: "acme-desk:only-for-there"}


@both
def test_the_token_is_kept_and_renewed_with_a_new_grant(servers: TwoServers, kind: str) -> None:
    client = servers.client(kind)
    first = cross(client)
    servers.still.now = NOW + 569
    assert cross(client) is first
    servers.still.now = NOW + 570
    assert cross(client).reveal() == "t2"
    assert len(set(servers.used)) == 2


def test_another_person_scope_api_or_client_there_is_another_token(servers: TwoServers) -> None:
    client = servers.client("blocking")
    got = [cross(client).reveal(), cross(client, "dana-id-token").reveal()]
    got += [cross(client, scopes=[]).reveal(), cross(client, resource=f"{API}/v2").reveal()]
    servers.changed = {"client_id": "other"}
    there = ClientKey.from_jwk("other", DpopKey.generate().private_jwk())
    got.append(cross(client, there=there).reveal())

    assert got == ["t1", "t2", "t3", "t4", "t5"]
    assert said_by(servers.forms(THEIRS)[-1]["client_assertion"])["aud"] == THERE


@both
def test_a_grant_that_may_have_arrived_is_never_sent_again(servers: TwoServers, kind: str) -> None:
    redeem = servers.redeem

    def lost(request: httpx2.Request) -> httpx2.Response:
        redeem(request)
        raise httpx2.ReadError("gone", request=request)

    servers.script.answers[THEIRS] = lost
    client = servers.client(kind)
    with pytest.raises(Unreachable) as down:
        cross(client)
    assert (servers.script.asked(THEIRS), down.value.server) == (1, THERE)

    servers.script.answers[THEIRS] = redeem
    assert cross(client).reveal() == "t2"
    assert len(set(servers.used)) == 2


async def test_those_who_want_the_same_at_once_share_one_grant(servers: TwoServers) -> None:
    client = servers.client("async")
    assert isinstance(client, Actas)
    wants = [
        client.cross_app("alice-id-token", to=THERE, resource=API, there=SECRET_THERE) for _ in range(10)
    ]
    got = await asyncio.gather(*wants)

    assert {each.reveal() for each in got} == {"t1"}
    assert servers.script.asked(OURS) == servers.script.asked(THEIRS) == servers.script.asked(WELL_KNOWN) == 1


@both
@pytest.mark.requirement("JAG-101")
def test_one_key_proves_both_legs(servers: TwoServers, kind: str) -> None:
    client = servers.client(kind, dpop=True)
    token = cross(client)

    proven = {str(each.url): key_of(each) for each in servers.script.seen if each.method == "POST"}
    assert client.dpop_key is not None
    assert proven == {OURS: client.dpop_key.thumbprint, THEIRS: client.dpop_key.thumbprint}
    assert token.scheme == "DPoP"
    assert set(token.headers("GET", API)) == {"Authorization", "DPoP"}


@both
def test_a_nonce_of_the_other_server_comes_with_a_new_grant(servers: TwoServers, kind: str) -> None:
    servers.nonce = "n-1"
    assert cross(servers.client(kind, dpop=True)).reveal() == "t2"
    assert len(set(servers.used)) == servers.script.asked(THEIRS) == 2


@both
@pytest.mark.parametrize(("url", "server"), [(OURS, ISSUER), (THEIRS, THERE)])
def test_a_refusal_says_which_side_it_was(servers: TwoServers, kind: str, url: str, server: str) -> None:
    no = {"error": "invalid_grant", "error_description": "No.", "error_uri": "https://x.example/#no_rule"}
    servers.script.answers[url] = said(no, 400, **{"Actas-Entry": "x_1"})
    with pytest.raises(Refused) as refused:
        cross(servers.client(kind))

    found = refused.value
    assert (found.server, found.code, found.reason, found.entry) == (
        server,
        "invalid_grant",
        "no_rule",
        "x_1",
    )
    assert found.sentence == "No."
    assert str(found) == f"{server}: invalid_grant (no_rule) [x_1]: No."
    assert servers.script.asked(url) == 1


def test_a_client_that_the_other_server_does_not_know_is_refused_there(servers: TwoServers) -> None:
    servers.script.answers[THEIRS] = said({"error": "invalid_client"}, 401)
    with pytest.raises(ClientRefused) as refused:
        cross(servers.client("blocking"))
    assert refused.value.server == THERE


def test_a_sign_in_that_is_too_old_is_for_the_person_and_a_grant_that_is_too_old_is_not(
    servers: TwoServers,
) -> None:
    client = servers.client("blocking")
    expired = {"error": "invalid_grant", "error_uri": "https://x.example/#expired"}
    servers.script.answers[THEIRS] = said(expired, 400)
    with pytest.raises(Refused) as refused:
        cross(client)
    assert (refused.value.server, refused.value.reason) == (THERE, "expired")

    servers.script.answers[OURS] = said({"error": "insufficient_user_authentication", "max_age": 3600}, 400)
    with pytest.raises(SignInAgain) as again:
        cross(client)
    assert (again.value.server, again.value.needs) == (ISSUER, "fresh_token")


def test_a_token_at_hand_bridges_an_outage_of_either_server(servers: TwoServers) -> None:
    client = servers.client("blocking")
    first = cross(client)
    servers.still.now = NOW + 580
    servers.script.answers[THEIRS] = httpx2.Response(500)
    assert cross(client) is first
    servers.script.answers[OURS] = httpx2.Response(500)
    assert cross(client) is first


def test_nothing_outlives_the_token_it_was_bought_with(servers: TwoServers) -> None:
    client = servers.client("blocking")
    brief = Token("alice-id-token", audience="desk", expires_at=NOW + 50)
    cross(client, brief)
    servers.still.now = NOW + 49
    cross(client, brief)
    assert servers.script.asked(THEIRS) == 2


def test_a_refresh_token_does_as_well(servers: TwoServers) -> None:
    cross(servers.client("blocking"), "r-1", subject_type="refresh_token")
    assert servers.forms(OURS)[0]["subject_token_type"] == "urn:ietf:params:oauth:token-type:refresh_token"


@both
def test_what_cannot_work_is_said_before_anything_is_sent(servers: TwoServers, kind: str) -> None:
    client = servers.client(kind)
    with pytest.raises(NoPerson):
        cross(client, None)
    for wrong in ({"to": "http://auth.tickets.example"}, {"to": "tickets"}, {"resource": "tickets"}):
        with pytest.raises(Misconfigured):
            cross(client, **wrong)
    assert servers.script.seen == []
