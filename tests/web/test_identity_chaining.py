"""An access token of one company becomes one of another's, by a plain grant: two real servers (identity chaining)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.fakes.wire import FORM, ask, encoded
from tests.web.test_cross_app import API, SECRET, Domains, arranged, posted
from tests.web.test_signing_in import claims_of

from actas.core.wire import ACCESS_TOKEN, ID_JAG, JWT, JWT_BEARER
from actas_sdk import Actas, ClientSecret, Misconfigured, Refused, Token, sync

MEMBER = "identity_chaining_requested_token_types_supported"


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domains]:
    """Two companies whose connections are for plain grants, and for nothing else."""
    both = arranged(tmp_path_factory.mktemp("chaining"))
    home, tickets = both.home.company, both.tickets.company
    (given,), (taken,) = home.tree["connections"], tickets.tree["connections"]
    given.update(
        grant="jwt",
        resource={
            "issuer": both.tickets.issuer,
            "client_id": "acme-desk",
            "scopes": {"orders:read": ["tickets:read"]},
        },
        claims={"acr": {"claim": "acr"}, "family": {"value": "subject.claims.txn"}},
    )
    tickets.named("issuers", "acme")["accepts"] = ["jwt_grant"]
    taken.update(grant="jwt", claims={"there": {"claim": "family"}})
    with both.home, both.tickets:
        yield both


def plain(domains: Domains, token: str, status: int = 200, **more: Any) -> dict[str, Any]:
    asked = {"requested_token_type": str(JWT), "resource": domains.tickets.issuer, **more}
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "client_id": "desk",
        "client_secret": domains.home.company.secrets["desk"],
        "subject_token": token,
        "subject_token_type": str(ACCESS_TOKEN),
        **{name: value for name, value in asked.items() if value is not None},
    }
    return posted(domains.home, form, status=status)


@pytest.mark.requirement("IDC-10", "IDC-14", "IDC-19", "IDC-30", "IDC-36", "IDC-53", "IDC-57")
def test_an_access_token_of_one_domain_becomes_one_of_another(domains: Domains) -> None:
    token = domains.signed_in()["access_token"]
    for kind in (str(JWT), None):
        answer = plain(domains, token, requested_token_type=kind)
        assert (answer["issued_token_type"], answer["token_type"]) == (str(JWT), "N_A")
        assert answer["scope"] == "tickets:read"
        grant = claims_of(answer["access_token"])
        assert (grant["iss"], grant["aud"]) == (domains.home.issuer, domains.tickets.issuer)
        assert grant["acr"] == "pwd"
        came = domains.redeemed(answer["access_token"])
        assert "issued_token_type" not in came
        theirs = claims_of(came["access_token"])
        assert (theirs["iss"], theirs["aud"]) == (domains.tickets.issuer, API)
        assert (theirs["sub"], theirs["client_id"]) == ("acme:actas:alice", "acme-desk")
        assert theirs["there"] == grant["family"]
        assert "acr" not in theirs
        assert theirs["act"] == {
            "iss": domains.tickets.issuer,
            "sub": "acme-desk",
            "sub_profile": "web_app",
            "act": {"iss": domains.home.issuer, "sub": "desk", "sub_profile": "web_app"},
        }


@pytest.mark.requirement("IDC-5", "IDC-6")
def test_the_metadata_names_plain_grants_while_a_connection_gives_them(domains: Domains) -> None:
    home = domains.home.get("/.well-known/oauth-authorization-server")
    tickets = domains.tickets.get("/.well-known/oauth-authorization-server")
    assert home.json[MEMBER] == [str(JWT)]
    assert MEMBER not in tickets.json
    assert "authorization_grant_profiles_supported" not in tickets.json  # plain grants are of no profile
    assert str(JWT_BEARER) in tickets.json["grant_types_supported"]


@pytest.mark.requirement("IDC-38", "IDC-72")
def test_of_many_who_redeem_a_grant_at_once_one_gets_a_token(domains: Domains) -> None:
    grant = plain(domains, domains.signed_in()["access_token"])["access_token"]
    form = {
        "grant_type": str(JWT_BEARER),
        "client_id": "acme-desk",
        "client_secret": SECRET,
        "assertion": grant,
    }

    def redeem(_: int) -> tuple[int, str]:
        reply = ask(
            domains.tickets.port, "POST", "/token", headers={"Content-Type": FORM}, body=encoded(form)
        )
        return reply.status, json.loads(reply.body).get("error", "")

    with ThreadPoolExecutor(4) as pool:
        came = [*pool.map(redeem, range(8))]
    assert sorted(came) == [(200, ""), *[(400, "invalid_grant")] * 7]


@pytest.mark.requirement("SEC-61", "IDC-71", "IDC-74", "IDC-35")
def test_what_is_no_plain_grant_for_that_server_is_none(domains: Domains) -> None:
    tokens = domains.signed_in()
    for wrong in (tokens["id_token"], tokens["access_token"], "x", "a.b.c"):
        assert domains.redeemed(wrong, status=400)["error"] == "invalid_grant"
    token = tokens["access_token"]
    assert plain(domains, token, status=400, scope="tickets:burn")["error"] == "invalid_scope"
    assert plain(domains, token, status=400, requested_token_type=str(ID_JAG))["error"] == "invalid_request"
    assert plain(domains, token, status=400, resource=API)["error"] == "invalid_target"
    assert plain(domains, token, status=400, resource=None)["error"] == "invalid_request"


@pytest.mark.requirement("IDC-10", "IDC-31")
@pytest.mark.parametrize("dpop", [False, True])
def test_the_sdk_takes_what_it_holds_to_an_api_of_another_company(domains: Domains, dpop: bool) -> None:
    token = domains.signed_in()["access_token"]
    settings: dict[str, Any] = {"client_id": "desk", "client_secret": domains.home.company.secrets["desk"]}
    asked: dict[str, Any] = {
        "to": domains.tickets.issuer,
        "resource": API,
        "scopes": ["tickets:read"],
        "there": ClientSecret(client_id="acme-desk", secret=SECRET),
        "subject_type": "access_token",
    }
    unknown: dict[str, Any] = {**asked, "grant": "saml2"}
    with sync.Actas(domains.home.issuer, dpop=dpop, **settings) as actas:
        came = actas.cross_app(token, grant="jwt", **asked)
        assert actas.cross_app(token, grant="jwt", **asked) is came
        with pytest.raises(Refused) as refused:
            actas.cross_app(token, **asked)
        assert refused.value.server == domains.home.issuer
        with pytest.raises(Misconfigured):
            actas.cross_app(token, **unknown)
    assert (came.scheme, sorted(came.scopes)) == ("DPoP" if dpop else "Bearer", ["tickets:read"])
    assert [one.id for one in came.chain] == ["acme:actas:alice", "desk", "acme-desk"]

    async def awaited() -> Token:
        async with Actas(domains.home.issuer, dpop=dpop, **settings) as one:
            return await one.cross_app(token, grant="jwt", **asked)

    assert asyncio.run(awaited()).chain == came.chain


@pytest.mark.requirement("IDC-10", "IDC-30")
def test_the_sdk_gets_a_plain_grant_that_something_else_redeems(domains: Domains) -> None:
    token = domains.signed_in()["access_token"]
    settings: dict[str, Any] = {"client_id": "desk", "client_secret": domains.home.company.secrets["desk"]}
    asked: dict[str, Any] = {"to": domains.tickets.issuer, "client_id": "acme-desk", "grant": "jwt"}
    with sync.Actas(domains.home.issuer, **settings) as actas:
        grant = actas.grant(token, subject_type="access_token", **asked)
        assert (grant.audience, sorted(grant.scopes)) == (domains.tickets.issuer, ["tickets:read"])
        assert [one.id for one in grant.chain] == ["actas:alice", "desk"]
    assert claims_of(domains.redeemed(grant.reveal())["access_token"])["aud"] == API
