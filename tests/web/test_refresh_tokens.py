"""Refresh tokens over sockets: two nodes on SQLite and on PostgreSQL, refreshed by clients that we did not write."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession  # type: ignore[import-untyped]
from requests_oauth2client import ClientSecretBasic, OAuth2Client
from requests_oauthlib import OAuth2Session as OauthlibSession  # type: ignore[import-untyped]
from tests.fakes import postgres
from tests.fakes.served import MARK
from tests.fakes.server import SPREAD, RealServer, until
from tests.fakes.wire import FORM, Reply, ask, encoded

from actas.core.opaque import REFRESH, is_whole
from actas.core.wire import REFRESH_TOKEN
from actas_sdk import Refused, sync

Nodes = tuple[RealServer, RealServer]
METADATA = "/.well-known/oauth-authorization-server"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def nodes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    url = asyncio.run(postgres.create_database()) if request.param == "postgresql" else None
    first = RealServer(tmp_path_factory.mktemp("refresh"), database=url)
    first.company.named("clients", "assistant")["grants"] = ["token_exchange", "refresh_token"]
    rule = first.company.named("rules", "assistant-for-support")
    rule["token"] = {"refresh": {"lifetime": "8h", "idle": "1h"}}
    with first, first.twin() as second:
        yield first, second
    if url is not None:
        asyncio.run(postgres.drop_database(url))


def begin(server: RealServer, **parameters: Any) -> str:
    form = {"requested_token_type": str(REFRESH_TOKEN), "scope": "orders:read orders:write", **parameters}
    reply = server.post(server.company.for_alice(**form))
    assert reply.status == 200, reply
    assert (reply.json["token_type"], reply.json["issued_token_type"]) == ("N_A", str(REFRESH_TOKEN))
    assert reply.json["expires_in"] == 3600
    token: str = reply.json["access_token"]
    assert is_whole(token, REFRESH)
    return token


def post(server: RealServer, path: str, who: str, **form: str) -> Reply:
    fields = {"client_id": who, "client_secret": server.company.secrets[who], **form}
    return ask(server.port, "POST", path, headers={"Content-Type": FORM}, body=encoded(fields))


def refresh(server: RealServer, token: str, **form: str) -> Reply:
    fields = {"grant_type": "refresh_token", "refresh_token": token, **form}
    return post(server, "/token", "assistant", **fields)


def active(server: RealServer, token: str, who: str = "orders") -> bool:
    return bool(post(server, "/introspect", who, token=token).json["active"])


@pytest.mark.requirement("TX-84", "TX-31")
def test_one_node_begins_and_the_other_goes_on(nodes: Nodes) -> None:
    first, second = nodes
    token = begin(first)
    access = []
    for node in (second, first, second):
        reply = refresh(node, token)
        assert reply.status == 200, reply
        assert reply.json["token_type"] == "Bearer"
        assert reply.json["expires_in"] == 300
        token = reply.json["refresh_token"]
        access.append(reply.json["access_token"])
    assert all(active(first, one) for one in access)
    narrowed = refresh(first, token, scope="orders:read").json
    assert narrowed["scope"] == "orders:read"


@pytest.mark.parametrize("dpop", [False, True])
def test_our_sdk_refreshes(nodes: Nodes, dpop: bool) -> None:
    first, second = nodes
    alice = first.company.for_alice()
    secret = first.company.secrets["assistant"]
    scopes = ["orders:read", "orders:write"]
    with sync.Actas(first.issuer, client_id="assistant", client_secret=secret, dpop=dpop) as actas:
        kept = actas.refresh_token(alice["subject_token"], to="orders", scopes=scopes)
        assert is_whole(kept.reveal(), REFRESH)
        assert sorted(kept.scopes) == scopes
        for narrow in ([], ["orders:read"]):
            token, kept = actas.refresh(kept, scopes=narrow)
            assert token.scheme == ("DPoP" if dpop else "Bearer")
            assert sorted(token.scopes) == (narrow or scopes)
            assert active(second, token.reveal())
        with pytest.raises(Refused) as no:
            actas.refresh(kept, scopes=["stock:read"])
        assert no.value.reason == "excess"
        after = actas.refresh(kept).refresh
        with pytest.raises(Refused) as no:
            actas.refresh(kept)
        assert no.value.reason == "refresh_repeated"
    if dpop:
        assert refresh(first, after.reveal()).json["error_uri"].endswith("#key_not_proven")


def test_authlib_refreshes(nodes: Nodes) -> None:
    first, _ = nodes
    session = AuthlibSession(
        "assistant",
        first.company.secrets["assistant"],
        token_endpoint=f"{first.base}/token",
        token_endpoint_auth_method="client_secret_basic",
    )
    before = begin(first)
    one = session.refresh_token(f"{first.base}/token", refresh_token=before)
    two = session.refresh_token(f"{first.base}/token", refresh_token=one["refresh_token"])
    assert len({before, one["refresh_token"], two["refresh_token"]}) == 3
    assert active(first, two["access_token"])


def test_requests_oauthlib_refreshes(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    _, second = nodes
    session = OauthlibSession("assistant", token={"refresh_token": begin(second), "token_type": "Bearer"})
    auth = ("assistant", second.company.secrets["assistant"])
    one = session.refresh_token(f"{second.base}/token", auth=auth)
    two = session.refresh_token(f"{second.base}/token", auth=auth)
    assert one["refresh_token"] != two["refresh_token"]
    assert two["scope"] == ["orders:read", "orders:write"]


def test_requests_oauth2client_refreshes_and_revokes(nodes: Nodes) -> None:
    first, second = nodes
    client = OAuth2Client.from_discovery_endpoint(
        f"{first.base}{METADATA}",
        issuer=first.issuer,
        auth=ClientSecretBasic("assistant", first.company.secrets["assistant"]),
        testing=True,
    )
    token = client.refresh_token(begin(first))
    assert token.refresh_token is not None
    again = client.refresh_token(token)
    assert again.refresh_token is not None
    assert client.introspect_token(again.refresh_token)["client_id"] == "assistant"
    assert client.revoke_refresh_token(again)
    assert not active(first, str(again))
    assert refresh(second, again.refresh_token).json["error"] == "invalid_grant"
    until(lambda: not active(second, str(again)), limit=SPREAD)


@pytest.mark.requirement("REL-19", "REL-23")
def test_of_many_that_refresh_one_token_on_two_nodes_one_does(nodes: Nodes) -> None:
    for _ in range(3):
        token = begin(nodes[0])
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda number: refresh(nodes[number % 2], token), range(8)))  # noqa: B023
        good = [reply for reply in replies if reply.status == 200]
        assert len(good) == 1
        told = {
            reply.json["error_uri"].rpartition("#")[2].rpartition("/")[2]
            for reply in replies
            if reply not in good
        }
        assert told == {"refresh_repeated"}
        # Nothing was ended: it was an honest client, as far as anybody can tell.
        assert refresh(nodes[1], good[0].json["refresh_token"]).status == 200


@pytest.mark.requirement("REL-21")
def test_a_copy_that_is_used_on_the_other_node_ends_it_on_both(nodes: Nodes) -> None:
    first, second = nodes
    stolen = begin(first)
    one = refresh(first, stolen).json
    two = refresh(second, one["refresh_token"]).json
    copy = refresh(second, stolen)
    assert copy.status == 400
    assert copy.json["error"] == "invalid_grant"
    # The family has ended on both at once, and what it brought within the bound.
    for node in nodes:
        assert refresh(node, two["refresh_token"]).json["error"] == "invalid_grant"
    for access in (one["access_token"], two["access_token"]):
        assert not active(second, access)
        until(lambda: not active(first, access), limit=SPREAD)  # noqa: B023
    event = next(one for one in reversed(second.events()) if one.get("reason") == "refresh_reused")
    assert event["revoked"][0].startswith("token:")


def test_what_was_answered_is_good_after_the_server_was_killed(nodes: Nodes) -> None:
    first, second = nodes
    token = refresh(first, begin(first)).json["refresh_token"]
    first.kill9()
    after = refresh(second, token)
    assert after.status == 200
    first.start()
    assert refresh(first, after.json["refresh_token"]).status == 200


@pytest.mark.requirement("TX-142")
def test_it_is_published_where_a_rule_gives_one_and_nowhere_else(nodes: Nodes, tmp_path: Path) -> None:
    def grants(server: RealServer) -> list[str]:
        found: list[str] = ask(server.port, "GET", METADATA).json["grant_types_supported"]
        return found

    assert "refresh_token" in grants(nodes[0])
    with RealServer(tmp_path) as plain:
        assert "refresh_token" not in grants(plain)


@pytest.mark.requirement("SEC-87", "SEC-96")
def test_no_file_and_no_line_holds_one(nodes: Nodes) -> None:
    first, _ = nodes
    begun = begin(first)
    reply = refresh(first, begun).json
    refused = refresh(first, begun).body
    secrets = [begun, reply["refresh_token"], reply["access_token"].rpartition(".")[2]]
    bare = [one.removeprefix(REFRESH) for one in secrets]
    places = [path.read_bytes() for path in first.data.rglob("*") if path.is_file()]
    places += [first.said.encode(), refused]
    for place in places:
        assert not [one for one in (*secrets, *bare) if one.encode() in place]
        assert MARK.encode() not in place
