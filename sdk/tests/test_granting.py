"""A grant of our server that something else redeems: the first half of cross-app access, in both clients."""

from __future__ import annotations

import pickle
from typing import Any

import httpx2
import pytest
from sdk.tests.support import ISSUER, NOW, StillWorld
from sdk.tests.two_servers import API, OURS, THEIRS, THERE, WELL_KNOWN, TwoServers, grant, said

from actas_sdk import BadAnswer, DpopKey, Misconfigured, MutualTls, NoPerson, Refused, Unreachable, sync

both = pytest.mark.parametrize("kind", ["async", "blocking"])


@pytest.fixture
def servers(still: StillWorld) -> TwoServers:
    return TwoServers(still)


@both
def test_a_grant_says_what_it_is_for_and_hides_itself(servers: TwoServers, kind: str) -> None:
    found = grant(servers.client(kind))

    assert (found.audience, found.client_id, found.expires_at) == (THERE, "acme-desk", NOW + 120)
    assert (sorted(found.scopes), [party.id for party in found.chain]) == (["tickets:read"], ["alice"])
    assert found.reveal().count(".") == 2
    for shown in (repr(found), str(found), f"{found}", f"{[found]}"):
        assert found.reveal() not in shown
    with pytest.raises(TypeError):
        pickle.dumps(found)
    assert servers.forms(OURS)[0]["resource"] == API
    assert servers.script.asked(THEIRS) == 0


@both
def test_each_time_it_is_a_new_one(servers: TwoServers, kind: str) -> None:
    client = servers.client(kind)
    got = {grant(client).reveal(), grant(client).reveal(), grant(client, "dana-id-token").reveal()}
    assert (len(got), servers.script.asked(OURS)) == (3, 3)


@both
@pytest.mark.requirement("JAG-114")
@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": f"{THERE}/"},
        {"issuer": None},
        {"token_endpoint": "http://auth.tickets.example/token"},
        {"token_endpoint": None},
    ],
)
def test_none_is_asked_for_before_the_other_server_is_known_to_be_the_one_meant(
    servers: TwoServers, kind: str, metadata: dict[str, Any]
) -> None:
    servers.script.answers[WELL_KNOWN] = said({"issuer": THERE, "token_endpoint": THEIRS, **metadata})
    with pytest.raises(BadAnswer) as bad:
        grant(servers.client(kind))
    assert (bad.value.server, servers.script.asked(OURS)) == (THERE, 0)


@both
@pytest.mark.parametrize(
    "changed",
    [{"aud": "https://evil.example"}, {"client_id": "desk"}, {"client_id": None}, {"cnf": {"jkt": "other"}}],
)
def test_one_that_is_not_what_was_asked_for_is_not_given_out(
    servers: TwoServers, kind: str, changed: dict[str, Any]
) -> None:
    servers.changed = changed
    with pytest.raises(BadAnswer) as bad:
        grant(servers.client(kind))
    assert bad.value.server == ISSUER


@both
def test_a_refusal_is_final_and_says_that_it_was_ours(servers: TwoServers, kind: str) -> None:
    no = {"error": "invalid_target", "error_uri": "https://x.example/#connection_paused"}
    servers.script.answers[OURS] = said(no, 400)
    with pytest.raises(Refused) as refused:
        grant(servers.client(kind))
    assert (refused.value.server, refused.value.reason) == (ISSUER, "connection_paused")
    assert servers.script.asked(OURS) == 1


@both
def test_when_the_other_server_is_away_nothing_is_asked_for(servers: TwoServers, kind: str) -> None:
    servers.script.answers[WELL_KNOWN] = httpx2.Response(503, headers={"Retry-After": "60"})
    with pytest.raises(Unreachable) as down:
        grant(servers.client(kind))
    assert (down.value.server, servers.script.asked(OURS)) == (THERE, 0)


@both
def test_a_plain_grant_is_for_a_server_and_names_no_api(servers: TwoServers, kind: str) -> None:
    servers.typ = "authorization-grant+jwt"
    asked: dict[str, Any] = {"grant": "jwt", "resource": None, "subject_type": "access_token"}
    found = grant(servers.client(kind), "alice-access-token", **asked)
    assert (found.audience, found.client_id, sorted(found.scopes)) == (THERE, "acme-desk", ["tickets:read"])
    assert servers.forms(OURS) == [
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": "alice-access-token",
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "requested_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "scope": "tickets:read",
            "audience": THERE,
        }
    ]
    assert servers.script.asked(THEIRS) == 0


@both
@pytest.mark.parametrize(
    ("typ", "more"),
    [("oauth-id-jag+jwt", {"grant": "jwt", "resource": None}), ("authorization-grant+jwt", {})],
)
def test_one_kind_of_grant_is_not_taken_for_the_other(
    servers: TwoServers, kind: str, typ: str, more: dict[str, Any]
) -> None:
    servers.typ = typ
    with pytest.raises(BadAnswer, match="its type is not"):
        grant(servers.client(kind), **more)


@both
def test_an_id_jag_names_an_api_and_a_plain_grant_none(servers: TwoServers, kind: str) -> None:
    client = servers.client(kind)
    for wrong in ({"resource": None}, {"grant": "jwt"}, {"grant": "saml2"}):
        with pytest.raises(Misconfigured):
            grant(client, **wrong)
    assert servers.script.seen == []


def test_a_client_with_a_key_gets_grants_that_are_bound_to_it(servers: TwoServers) -> None:
    key = DpopKey.generate()
    assert grant(servers.client("blocking", dpop=key)).reveal()
    servers.changed = {"cnf": None}
    with pytest.raises(BadAnswer, match="bound to our key"):
        grant(servers.client("blocking", dpop=key))


@both
def test_what_cannot_work_is_said_before_anything_is_sent(servers: TwoServers, kind: str) -> None:
    client = servers.client(kind)
    with pytest.raises(NoPerson):
        grant(client, None)
    for wrong in ({"to": "http://auth.tickets.example"}, {"resource": "tickets"}, {"client_id": ""}):
        with pytest.raises(Misconfigured):
            grant(client, **wrong)
    assert servers.script.seen == []


def test_a_client_of_ours_takes_no_certificate_and_nothing_plain_elsewhere(
    still: StillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {"resource": API, "client_id": "acme-desk"}
    plain = sync.Actas(ISSUER, client_id="desk", client_secret="s", world=still.world())
    with plain, pytest.raises(Misconfigured, match="loopback"):
        plain.grant("t", to="http://127.0.0.1:9", **asked)
    monkeypatch.setattr(MutualTls, "context", lambda _: None)
    certificate = MutualTls(client_id="desk", certificate="here.pem")
    shown = sync.Actas(ISSUER, credentials=certificate, world=still.world())
    with shown, pytest.raises(Misconfigured, match="certificate"):
        shown.grant("t", to=THERE, **asked)
