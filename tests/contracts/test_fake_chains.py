"""Identity chaining by plain grants holds in the SDK's stand-in as between two real servers: one suite, run on both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.contracts.test_fake_crosses import ELSEWHERE, STRANGER, InMemory, Pair, Real, no
from tests.web.test_cross_app import API, arranged

from actas.core.wire import ACCESS_TOKEN, ID_JAG, ID_TOKEN, JWT, JWT_BEARER
from actas_sdk import DpopKey, jws
from actas_sdk.testing import FakeActas

MEMBER = "identity_chaining_requested_token_types_supported"
BOTH = ["tickets:read", "tickets:comment"]


def said(token: str) -> Any:
    """The claims of a token."""
    return jws.said_by(token)


class Plain(Pair):
    """Two servers that have agreed on plain grants."""

    def grant(self, key: DpopKey | None = None, **changed: Any) -> tuple[int, Any]:
        """Leg 1, with an access token."""
        form = {
            "subject_token": self.person[1],
            "subject_token_type": str(ACCESS_TOKEN),
            "requested_token_type": str(JWT),
            "resource": None,
            **changed,
        }
        return super().grant(key, **form)


class PlainInMemory(Plain, InMemory):
    def __init__(self) -> None:
        self.fake = FakeActas("https://sts.acme.example")
        self.home, self.there, self.secret = self.fake.issuer, "https://auth.tickets.example", "s"
        self.fake.beyond(self.there, audience=API, client_id="acme-desk", scopes=BOTH, grant="jwt")
        self.person = (self.fake.id_token("alice", to="desk").reveal(), self.fake.token("alice").reveal())


class PlainReal(Plain, Real):
    pass


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    domains = arranged(tmp_path_factory.mktemp("plain-contract"))
    home, there = domains.home.company, domains.tickets.company
    (given,), (taken,) = home.tree["connections"], there.tree["connections"]
    server = {"issuer": domains.tickets.issuer, "client_id": "acme-desk"}
    given.update(grant="jwt", resource={**server, "scopes": {"orders:read": BOTH, "any": BOTH}})
    taken.update(grant="jwt", scopes=BOTH)
    there.named("issuers", "acme")["accepts"] = ["jwt_grant"]
    there.environ["STRANGER_SECRET"] = STRANGER
    there.tree["clients"].append(
        {**there.named("clients", "acme-desk"), "name": "stranger"}
        | {"auth": {"method": "client_secret", "secret": {"env": "STRANGER_SECRET"}}}
    )
    with domains.home, domains.tickets:
        yield PlainReal(domains)


@pytest.fixture(params=["in memory", "real"])
def pair(request: pytest.FixtureRequest) -> Pair:
    found: Pair = PlainInMemory() if request.param == "in memory" else request.getfixturevalue("real")
    return found


def test_both_say_what_they_do(pair: Pair) -> None:
    home, there = pair.about(pair.home), pair.about(pair.there)
    assert home[MEMBER] == [str(JWT)]
    assert "authorization_grant_profiles_supported" not in there
    assert str(JWT_BEARER) in there["grant_types_supported"]


@pytest.mark.parametrize("named", ["audience", "resource"])
@pytest.mark.parametrize("asked", [str(JWT), None])
def test_a_plain_grant_is_for_that_server_and_that_client(pair: Pair, named: str, asked: str | None) -> None:
    where: dict[str, Any] = {"audience": None, "resource": None, named: pair.there}
    status, answer = pair.grant(requested_token_type=asked, **where)
    text = answer.pop("access_token")
    life = answer.pop("expires_in")
    assert (status, answer) == (
        200,
        {"issued_token_type": str(JWT), "token_type": "N_A", "scope": "tickets:read"},
    )
    assert 0 < life <= 300
    grant = said(text)
    assert (grant["iss"], grant["aud"], grant["client_id"]) == (pair.home, pair.there, "acme-desk")
    assert (grant["act"]["iss"], grant["act"]["sub"]) == (pair.home, "desk")
    assert "act" not in grant["act"]
    told = {"iss", "sub", "aud", "client_id", "jti", "iat", "exp", "scope", "act"}
    assert grant.keys() == told
    assert jws.parse(text).typ == "authorization-grant+jwt"


def test_an_id_token_of_this_client_buys_one_too(pair: Pair) -> None:
    signed_in: dict[str, Any] = {"subject_token": pair.person[0], "subject_token_type": str(ID_TOKEN)}
    grant = said(pair.given(**signed_in, scope=None))
    assert grant["scope"] == "tickets:comment tickets:read"
    assert "auth_time" not in grant


def test_a_grant_is_redeemed_once_and_its_chain_is_kept(pair: Pair) -> None:
    grant = pair.given()
    status, answer = pair.redeem(grant)
    token = said(answer.pop("access_token"))
    assert (status, answer.keys()) == (200, {"token_type", "expires_in", "scope"})
    assert (answer["token_type"], answer["scope"]) == ("Bearer", "tickets:read")
    assert (token["iss"], token["aud"], token["client_id"]) == (pair.there, API, "acme-desk")
    assert token["sub_profile"] == "user"
    here, before = token["act"], token["act"]["act"]
    assert (here["iss"], here["sub"]) == (pair.there, "acme-desk")
    assert (before["iss"], before["sub"], "act" in before) == (pair.home, "desk", False)
    assert no(pair.redeem(grant)) == (400, "invalid_grant", "grant_reused")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"audience": ELSEWHERE}, ("invalid_target", "no_connection")),
        ({"audience": None, "resource": ELSEWHERE}, ("invalid_target", "no_connection")),
        ({"audience": None, "resource": API}, ("invalid_target", "no_connection")),
        ({"resource": API}, ("invalid_target", "no_connection")),
        ({"audience": None}, ("invalid_request", "malformed_request")),
        ({"subject_token": "x.y.z"}, ("invalid_request", "bad_subject")),
        ({"authorization_details": '[{"type":"x"}]'}, ("invalid_request", "malformed_request")),
    ],
)
def test_what_was_not_agreed_or_not_proven_gives_no_grant(
    pair: Pair, changed: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert no(pair.grant(**changed)) == (400, *expected)


def test_a_token_is_taken_as_what_it_is(pair: Pair) -> None:
    for token, kind in ((pair.person[0], ACCESS_TOKEN), (pair.person[1], ID_TOKEN)):
        answer = pair.grant(subject_token=token, subject_token_type=str(kind))
        assert no(answer) == (400, "invalid_request", "bad_subject")


def test_a_server_that_gives_plain_grants_gives_no_id_jags(pair: Pair) -> None:
    signed_in: dict[str, Any] = {"subject_token": pair.person[0], "subject_token_type": str(ID_TOKEN)}
    answer = pair.grant(**signed_in, requested_token_type=str(ID_JAG))
    assert no(answer) == (400, "invalid_target", "no_connection")


def test_a_grant_buys_no_other_grant_and_what_is_none_is_not_redeemed(pair: Pair) -> None:
    assert no(pair.grant(subject_token=pair.given())) == (400, "invalid_request", "bad_subject")
    for wrong in ("x", "a.b.c", *pair.person):
        assert no(pair.redeem(wrong)) == (400, "invalid_grant", "bad_subject")
    assert no(pair.redeem(None)) == (400, "invalid_request", "malformed_request")


def test_nobody_else_redeems_it_and_that_does_not_use_it_up(pair: Pair) -> None:
    grant = pair.given()
    stranger: dict[str, Any] = {"client_id": "stranger", "client_secret": STRANGER}
    assert no(pair.redeem(grant, **stranger))[:2] == (400, "invalid_grant")
    assert pair.redeem(grant)[0] == 200


def test_less_may_be_asked_than_the_grant_says_and_not_more(pair: Pair) -> None:
    two = "tickets:comment tickets:read"
    assert pair.redeem(pair.given(scope=two), scope="tickets:read")[1]["scope"] == "tickets:read"
    assert no(pair.redeem(pair.given(), scope=two)) == (400, "invalid_scope", "excess")


def test_the_request_may_say_for_which_api_since_the_grant_does_not(pair: Pair) -> None:
    assert said(pair.redeem(pair.given(), resource=API)[1]["access_token"])["aud"] == API
    refused = no(pair.redeem(pair.given(), resource=ELSEWHERE))
    assert refused == (400, "invalid_grant", "unknown_target")


def test_a_bound_grant_wants_its_key(pair: Pair) -> None:
    key = DpopKey.generate()
    grant = pair.given(key)
    assert said(grant)["cnf"] == {"jkt": key.thumbprint}
    for wrong in (None, DpopKey.generate()):
        assert no(pair.redeem(grant, wrong)) == (400, "invalid_grant", "key_not_proven")
    bound = pair.redeem(grant, key)[1]
    assert bound["token_type"] == "DPoP"
    assert said(bound["access_token"])["cnf"] == {"jkt": key.thumbprint}
