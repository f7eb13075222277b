"""Cross-app access holds in the SDK's stand-in as between two real servers: one suite, run on both."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
import pytest
from tests.fakes.wire import FORM, ask
from tests.web.test_cross_app import API, SECRET, Domains, arranged

from actas.core.wire import ACCESS_TOKEN, ID_JAG, ID_JAG_PROFILE, ID_TOKEN, JWT, JWT_BEARER, TOKEN_EXCHANGE
from actas_sdk import DpopKey
from actas_sdk.jws import parse, said_by
from actas_sdk.testing import FakeActas

ELSEWHERE = "https://evil.example"
STRANGER = "the-secret-of-a-stranger-at-tickets"
DETAIL: dict[str, Any] = {"type": "ticket", "actions": ["read"]}
OF_A_GRANT = {
    "iss",
    "sub",
    "aud",
    "client_id",
    "jti",
    "iat",
    "exp",
    "scope",
    "resource",
    "auth_time",
    "sub_profile",
}
OF_A_TOKEN = {"iss", "sub", "aud", "client_id", "jti", "iat", "exp", "scope", "lineage", "sub_profile"}


class Pair(ABC):
    """Two servers that have agreed, whoever plays them.

    Attributes:
        home: the issuer where people sign in; ``there`` is the other.
        person: what ``desk`` got when somebody signed in: an ID token and an access token.
    """

    home: str
    there: str
    secret: str
    person: tuple[str, str]

    @abstractmethod
    def said(self, method: str, url: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        """What is answered."""

    def about(self, issuer: str) -> Any:
        return self.said("GET", f"{issuer}/.well-known/oauth-authorization-server")[1]

    def post(self, issuer: str, form: dict[str, Any], key: DpopKey | None) -> tuple[int, Any]:
        url = f"{issuer}/token"
        proof = {} if key is None else {"DPoP": key.proof("POST", url)}
        sent = urlencode({name: value for name, value in form.items() if value is not None})
        return self.said("POST", url, sent.encode(), **{"Content-Type": FORM, **proof})

    def grant(self, key: DpopKey | None = None, **changed: Any) -> tuple[int, Any]:
        """Leg 1."""
        form = {
            "grant_type": str(TOKEN_EXCHANGE),
            "client_id": "desk",
            "client_secret": self.secret,
            "subject_token": self.person[0],
            "subject_token_type": str(ID_TOKEN),
            "requested_token_type": str(ID_JAG),
            "audience": self.there,
            "resource": API,
            "scope": "tickets:read",
            **changed,
        }
        return self.post(self.home, form, key)

    def redeem(self, grant: str | None, key: DpopKey | None = None, **changed: Any) -> tuple[int, Any]:
        """Leg 2."""
        form = {
            "grant_type": str(JWT_BEARER),
            "client_id": "acme-desk",
            "client_secret": SECRET,
            "assertion": grant,
            **changed,
        }
        return self.post(self.there, form, key)

    def given(self, key: DpopKey | None = None, **changed: Any) -> str:
        status, answer = self.grant(key, **changed)
        assert status == 200, answer
        grant: str = answer["access_token"]
        return grant


class InMemory(Pair):
    def __init__(self) -> None:
        self.fake = FakeActas("https://sts.acme.example")
        self.home, self.there, self.secret = self.fake.issuer, "https://auth.tickets.example", "s"
        scopes = ["tickets:read", "tickets:comment"]
        self.fake.beyond(self.there, audience=API, client_id="acme-desk", scopes=scopes)
        self.person = (self.fake.id_token("alice", to="desk").reveal(), self.fake.token("alice").reveal())

    def said(self, method: str, url: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        with httpx2.Client(transport=self.fake.transport) as http:
            answer = http.request(method, url, content=body, headers=headers)
        return answer.status_code, answer.json()


class Real(Pair):
    def __init__(self, domains: Domains) -> None:
        self.ports = {one.issuer: one.port for one in (domains.home, domains.tickets)}
        self.home, self.there = domains.home.issuer, domains.tickets.issuer
        self.secret = domains.home.company.secrets["desk"]
        signed_in = domains.signed_in()
        self.person = (signed_in["id_token"], signed_in["access_token"])

    def said(self, method: str, url: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        parts = urlsplit(url)
        port = self.ports[f"{parts.scheme}://{parts.netloc}"]
        answer = ask(port, method, parts.path, headers=headers, body=body)
        return answer.status, json.loads(answer.body)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    domains = arranged(tmp_path_factory.mktemp("contract"))
    there = domains.tickets.company
    there.tree["connections"][0] |= {
        "scopes": ["tickets:read", "tickets:comment"],
        "authorization_details": [DETAIL],
    }
    domains.home.company.tree["connections"][0]["resource"]["authorization_details"] = [DETAIL]
    there.environ["STRANGER_SECRET"] = STRANGER
    there.tree["clients"].append(
        {**there.named("clients", "acme-desk"), "name": "stranger"}
        | {"auth": {"method": "client_secret", "secret": {"env": "STRANGER_SECRET"}}}
    )
    with domains.home, domains.tickets:
        yield Real(domains)


@pytest.fixture(params=["in memory", "real"])
def pair(request: pytest.FixtureRequest) -> Pair:
    found: Pair = InMemory() if request.param == "in memory" else request.getfixturevalue("real")
    return found


def no(answer: tuple[int, Any]) -> tuple[int, str, str]:
    """Status, error and reason of a refusal."""
    status, body = answer
    return status, body["error"], body["error_uri"].partition("#")[2]


def test_both_say_what_they_do(pair: Pair) -> None:
    home, there = pair.about(pair.home), pair.about(pair.there)
    assert home["identity_chaining_requested_token_types_supported"] == [str(ID_JAG)]
    assert there["authorization_grant_profiles_supported"] == [ID_JAG_PROFILE]
    assert str(JWT_BEARER) in there["grant_types_supported"]


def test_a_grant_is_for_that_server_that_client_and_that_api(pair: Pair) -> None:
    status, answer = pair.grant()
    grant = said_by(answer.pop("access_token"))
    assert 0 < answer.pop("expires_in") <= 300  # as long as the token that buys it, when that ends sooner
    assert (status, answer) == (
        200,
        {"issued_token_type": str(ID_JAG), "token_type": "N_A", "scope": "tickets:read"},
    )
    assert (grant["iss"], grant["aud"], grant["client_id"]) == (pair.home, pair.there, "acme-desk")
    assert (grant["resource"], grant["scope"], grant["sub_profile"]) == (API, "tickets:read", "user")
    assert grant.keys() >= OF_A_GRANT
    assert parse(pair.given()).typ == "oauth-id-jag+jwt"


def test_what_is_not_asked_is_as_it_was_agreed(pair: Pair) -> None:
    grant = said_by(pair.given(resource=None, scope=None))
    assert (grant["resource"], grant["scope"]) == (API, "tickets:comment tickets:read")


def test_a_grant_is_redeemed_once(pair: Pair) -> None:
    grant = pair.given()
    status, answer = pair.redeem(grant)
    token = said_by(answer.pop("access_token"))
    assert (status, answer.keys()) == (200, {"token_type", "expires_in", "scope"})
    assert (answer["token_type"], answer["scope"]) == ("Bearer", "tickets:read")
    assert (token["iss"], token["aud"], token["client_id"]) == (pair.there, API, "acme-desk")
    assert token.keys() >= OF_A_TOKEN
    assert "act" not in token
    assert no(pair.redeem(grant)) == (400, "invalid_grant", "grant_reused")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"audience": ELSEWHERE}, ("invalid_target", "no_connection")),
        ({"resource": ELSEWHERE}, ("invalid_target", "no_connection")),
        ({"audience": None}, ("invalid_request", "malformed_request")),
        ({"subject_token": "x.y.z"}, ("invalid_grant", "bad_subject")),
    ],
)
def test_what_was_not_agreed_or_not_proven_gives_no_grant(
    pair: Pair, changed: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert no(pair.grant(**changed)) == (400, *expected)


def test_an_access_token_says_nobody_signed_in(pair: Pair) -> None:
    access = pair.person[1]
    for kind in (ACCESS_TOKEN, ID_TOKEN):
        answer = pair.grant(subject_token=access, subject_token_type=str(kind))
        assert no(answer) == (400, "invalid_grant", "bad_subject")


def test_a_grant_buys_no_other_grant(pair: Pair) -> None:
    assert no(pair.grant(subject_token=pair.given())) == (400, "invalid_grant", "bad_subject")


def test_what_is_no_grant_is_not_redeemed(pair: Pair) -> None:
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
    assert pair.redeem(pair.given(scope=two))[1]["scope"] == two
    assert pair.redeem(pair.given(scope=two), scope="tickets:read")[1]["scope"] == "tickets:read"
    assert no(pair.redeem(pair.given(), scope=two)) == (400, "invalid_scope", "excess")
    assert pair.redeem(pair.given(), resource=ELSEWHERE)[1]["scope"] == "tickets:read"


def test_a_bound_grant_wants_its_key(pair: Pair) -> None:
    key = DpopKey.generate()
    grant = pair.given(key)
    assert said_by(grant)["cnf"] == {"jkt": key.thumbprint}
    for wrong in (None, DpopKey.generate()):
        assert no(pair.redeem(grant, wrong)) == (400, "invalid_grant", "key_not_proven")
    bound = pair.redeem(grant, key)[1]
    assert bound["token_type"] == "DPoP"
    assert said_by(bound["access_token"])["cnf"] == {"jkt": key.thumbprint}
    loose = pair.redeem(pair.given(), key)[1]
    assert said_by(loose["access_token"])["cnf"] == {"jkt": key.thumbprint}


def test_details_are_said_by_grant_answer_and_token(pair: Pair) -> None:
    status, answer = pair.grant(authorization_details=json.dumps([DETAIL]))
    assert (status, answer["authorization_details"], answer["scope"]) == (200, [DETAIL], "tickets:read")
    assert said_by(answer["access_token"])["authorization_details"] == [DETAIL]
    status, came = pair.redeem(answer["access_token"])
    assert (status, came["authorization_details"], came["scope"]) == (200, [DETAIL], "tickets:read")
    assert said_by(came["access_token"])["authorization_details"] == [DETAIL]


def test_details_without_a_scope_ask_for_none(pair: Pair) -> None:
    status, answer = pair.grant(authorization_details=json.dumps([DETAIL]), scope=None)
    assert (status, answer["authorization_details"], "scope" in answer) == (200, [DETAIL], False)
    assert "scope" not in said_by(answer["access_token"])
    status, came = pair.redeem(answer["access_token"])
    assert (status, came["authorization_details"], "scope" in came) == (200, [DETAIL], False)
    assert "scope" not in said_by(came["access_token"])


@pytest.mark.parametrize("wrong", ["x", "{}", "[]", "[1]", '[{"actions":[]}]', '[{"type":"x","type":"y"}]'])
def test_what_is_no_list_of_details_gives_no_grant(pair: Pair, wrong: str) -> None:
    answer = pair.grant(authorization_details=wrong)
    assert no(answer) == (400, "invalid_authorization_details", "bad_details")


def test_details_are_asked_for_with_a_grant_and_nowhere_else(pair: Pair) -> None:
    details = json.dumps([DETAIL])
    answer = pair.redeem(pair.given(), authorization_details=details)
    assert no(answer) == (400, "invalid_request", "malformed_request")
    answer = pair.grant(requested_token_type=str(ACCESS_TOKEN), authorization_details=details)
    assert no(answer) == (400, "invalid_request", "malformed_request")


def test_a_server_that_gives_id_jags_gives_no_plain_grants(pair: Pair) -> None:
    answer = pair.grant(requested_token_type=str(JWT), resource=None)
    assert no(answer) == (400, "invalid_target", "no_connection")
