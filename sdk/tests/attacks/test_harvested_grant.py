"""Attack: another server that wants grants which are not for it, or our secrets, or gives back what is no grant.

Cross-app access sends a grant to an address that a document names. Whoever writes that document must be the
server that was meant, and no grant may exist before that is known.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from sdk.tests.support import ISSUER, StillWorld
from sdk.tests.two_servers import API, OURS, THEIRS, THERE, WELL_KNOWN, TwoServers, cross, said

from actas_sdk import ClientSecret, ClientSecretJwt, MutualTls, Workload, sync
from actas_sdk.errors import BadAnswer, Misconfigured

both = pytest.mark.parametrize("kind", ["async", "blocking"])
OIDC = f"{THERE}/.well-known/openid-configuration"


@pytest.fixture
def servers(still: StillWorld) -> TwoServers:
    return TwoServers(still)


@both
@pytest.mark.requirement("JAG-114")
@pytest.mark.parametrize("where", [WELL_KNOWN, OIDC])
@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example"},
        {"issuer": f"{THERE}/"},
        {"issuer": THERE.upper()},
        {"issuer": ISSUER},
        {"issuer": None},
        {"token_endpoint": "http://auth.tickets.example/token"},
        {"token_endpoint": "http://127.0.0.1/token"},
        {"token_endpoint": "https://auth.tickets.example@evil.example/token"},
        {"token_endpoint": None},
    ],
)
def test_no_grant_is_asked_for_before_the_other_server_is_known_to_be_the_one_meant(
    servers: TwoServers, kind: str, where: str, changed: dict[str, Any]
) -> None:
    servers.script.answers.pop(WELL_KNOWN)
    servers.script.answers[where] = said({"issuer": THERE, "token_endpoint": THEIRS, **changed})
    with pytest.raises(BadAnswer) as bad:
        cross(servers.client(kind))

    assert bad.value.server == THERE
    assert [str(each.url) for each in servers.script.seen if each.method == "POST"] == []


@pytest.mark.requirement("JAG-114")
def test_the_other_well_known_address_is_as_good(servers: TwoServers) -> None:
    servers.script.answers[OIDC] = servers.script.answers.pop(WELL_KNOWN)
    assert cross(servers.client("blocking")).reveal() == "t1"


def test_a_redirect_does_not_take_a_grant_elsewhere(servers: TwoServers) -> None:
    servers.script.answers[THEIRS] = httpx2.Response(307, headers={"Location": "https://evil.example/token"})
    with pytest.raises(BadAnswer, match="redirects are not followed"):
        cross(servers.client("blocking"))
    assert servers.script.asked("https://evil.example/token") == 0


@both
@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://evil.example"},
        {"aud": [THERE, "https://evil.example"]},
        {"aud": f"{THERE}/"},
        {"aud": None},
        {"client_id": "desk"},
        {"client_id": None},
        {"sub": None},
        {"cnf": {"jkt": "of-somebody-else"}},
    ],
)
def test_a_grant_that_is_not_what_was_asked_for_is_not_sent(
    servers: TwoServers, kind: str, changed: dict[str, Any]
) -> None:
    servers.changed = changed
    with pytest.raises(BadAnswer) as bad:
        cross(servers.client(kind))
    assert (bad.value.server, servers.script.asked(THEIRS)) == (ISSUER, 0)


@both
@pytest.mark.requirement("JAG-101")
@pytest.mark.parametrize("cnf", [None, {}, {"jkt": "of-somebody-else"}, "text"])
def test_a_grant_that_is_not_bound_to_our_key_is_not_sent(servers: TwoServers, kind: str, cnf: Any) -> None:
    servers.changed = {"cnf": cnf}
    with pytest.raises(BadAnswer, match="bound to our key"):
        cross(servers.client(kind, dpop=True))
    assert servers.script.asked(THEIRS) == 0


def test_a_bearer_token_in_place_of_a_bound_one_is_not_taken(servers: TwoServers) -> None:
    servers.script.answers[THEIRS] = said({"access_token": "t", "token_type": "Bearer", "expires_in": 60})
    with pytest.raises(BadAnswer) as bad:
        cross(servers.client("blocking", dpop=True))
    assert bad.value.server == THERE


def test_an_access_token_in_place_of_a_grant_does_not_leave(servers: TwoServers) -> None:
    servers.typ = "at+jwt"
    with pytest.raises(BadAnswer, match="oauth-id-jag"):
        cross(servers.client("blocking"))
    servers.script.answers[OURS] = said({"access_token": "t", "token_type": "Bearer", "expires_in": 60})
    with pytest.raises(BadAnswer):
        cross(servers.client("blocking"))
    assert servers.script.asked(THEIRS) == 0


@both
def test_our_own_secret_is_never_given_to_another_server(servers: TwoServers, kind: str) -> None:
    secret = "s" * 32
    client = servers.client(kind, client_secret=secret)
    for there in (
        ClientSecret(client_id="acme-desk", secret=secret),
        ClientSecretJwt(client_id="acme-desk", secret=secret),
    ):
        with pytest.raises(Misconfigured, match="other server"):
            cross(client, there=there)
    workload = Workload(client_id="desk", path="/var/run/token")
    client = servers.client(kind, client_id="", client_secret=None, credentials=workload)
    with pytest.raises(Misconfigured, match="other server"):
        cross(client, there=Workload(client_id="acme-desk", path="/var/run/token"))
    assert servers.script.seen == []


def test_a_client_of_ours_takes_no_certificate_and_nothing_plain_to_another_server(still: StillWorld) -> None:
    with sync.Actas(ISSUER, client_id="desk", client_secret="s", world=still.world()) as client:
        certificate = MutualTls(client_id="acme-desk", certificate="there.pem")
        with pytest.raises(Misconfigured, match="certificate"):
            client.cross_app("t", to=THERE, resource=API, there=certificate)
        there = ClientSecret(client_id="acme-desk", secret="only-for-there")
        with pytest.raises(Misconfigured, match="loopback"):
            client.cross_app("t", to="http://127.0.0.1:9", resource=API, there=there)
