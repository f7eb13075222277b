"""Authlib at the other end of both legs: it redeems grants of ours, and we redeem grants that it signs.

It has a server's side of ID-JAG of its own, written by others from the same draft; ``tests/fakes/authlib_server.py``
runs it on a socket. Who verifies is always the other side, by the keys that are published.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet
from tests.fakes.authlib_server import AuthlibServer
from tests.web.test_cross_app import API, SECRET, Domains, arranged
from tests.web.test_signing_in import claims_of

from actas_sdk import ClientSecret, Refused
from actas_sdk.sync import Actas

ELSEWHERE = "https://auth.nobody.example"
"""A server that desk may get grants for, and that is not Authlib's."""


class World(NamedTuple):
    """Our two servers, and one that is none of ours.

    Attributes:
        id_token: what desk got when alice signed in.
    """

    domains: Domains
    theirs: AuthlibServer
    id_token: str

    def granted(self, **asked: Any) -> str:
        """A grant of our server for theirs."""
        answer = self.domains.granted(self.id_token, **{"audience": self.theirs.issuer, **asked})
        return str(answer["access_token"])

    def redeemed(self, grant: str, **more: str) -> tuple[int, dict[str, Any]]:
        """What their server answers to whoever shows a grant."""
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": grant, **more}
        answer = requests.post(
            f"{self.theirs.issuer}/token", data=form, auth=("acme-desk", SECRET), timeout=30
        )
        return answer.status_code, answer.json()

    def published(self) -> KeySet:
        """The keys of our server."""
        found = requests.get(f"{self.domains.home.issuer}/jwks", timeout=30).json()
        return KeySet.import_key_set(found)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    it = arranged(tmp_path_factory.mktemp("authlib"))
    theirs = AuthlibServer(clients={"acme-desk": SECRET}, takes=it.home.issuer)
    home, tickets = it.home.company, it.tickets.company
    leading = home.named("connections", "desk-to-tickets")
    for name, issuer in (("desk-to-theirs", theirs.issuer), ("desk-elsewhere", ELSEWHERE)):
        resource = {**leading["resource"], "issuer": issuer}
        home.tree["connections"].append({**leading, "name": name, "resource": resource})
    accepts = {"accepts": ["id_jag"], "id_jag_max_life": "1h"}
    tickets.tree["issuers"].append({"name": "theirs", "type": "oidc", "issuer": theirs.issuer, **accepts})
    taking = tickets.named("connections", "acme-desk-to-tickets")
    tickets.tree["connections"].append({**taking, "name": "from-theirs", "from": "theirs"})
    with theirs, it.home, it.tickets:
        yield World(it, theirs, it.signed_in()["id_token"])


@pytest.mark.requirement("JAG-1", "JAG-2", "JAG-37", "JAG-39", "JAG-114")
def test_its_server_redeems_a_grant_that_the_sdk_brings(world: World) -> None:
    there = ClientSecret(client_id="acme-desk", secret=SECRET)
    secret = world.domains.home.company.secrets["desk"]
    with Actas(world.domains.home.issuer, client_id="desk", client_secret=secret) as actas:
        token = actas.cross_app(
            world.id_token, to=world.theirs.issuer, resource=API, scopes=["tickets:read"], there=there
        )
        assert token.scopes == {"tickets:read"}
        (given,) = world.theirs.given.values()
        assert given == ("acme-desk", "actas:alice", "tickets:read")
        wrong = ClientSecret(client_id="acme-desk", secret="another-secret-than-it-has")
        with pytest.raises(Refused) as refused:
            actas.cross_app(world.id_token, to=world.theirs.issuer, resource=API, there=wrong)
    assert (refused.value.server, refused.value.code) == (world.theirs.issuer, "invalid_client")


@pytest.mark.requirement("JAG-1", "JAG-2", "JAG-62")
def test_its_server_takes_no_other_token_of_ours(world: World) -> None:
    grant = world.granted()
    assert world.redeemed(grant)[0] == 200
    head, body, signature = grant.split(".")
    forged = world.theirs.grant(
        world.theirs.issuer, "actas:alice", "acme-desk", claims={"iss": world.domains.home.issuer}
    )
    for wrong in (
        grant,  # a second time
        world.id_token,
        world.granted(audience=ELSEWHERE),
        forged,
        f"{head}.{body}.{signature[::-1]}",
    ):
        status, answer = world.redeemed(wrong)
        assert (status, answer["error"]) == (400, "invalid_grant")
    more = world.redeemed(world.granted(), scope="tickets:read tickets:comment")
    assert (more[0], more[1]["error"]) == (400, "invalid_scope")


@pytest.mark.requirement("JAG-100", "JAG-103")
def test_a_grant_that_is_bound_to_a_key_is_not_taken_where_nobody_can_check_that(world: World) -> None:
    there = ClientSecret(client_id="acme-desk", secret=SECRET)
    secret = world.domains.home.company.secrets["desk"]
    bound = Actas(world.domains.home.issuer, client_id="desk", client_secret=secret, dpop=True)
    with bound as actas, pytest.raises(Refused) as refused:
        actas.cross_app(world.id_token, to=world.theirs.issuer, resource=API, there=there)
    assert (refused.value.server, refused.value.code) == (world.theirs.issuer, "invalid_grant")


@pytest.mark.requirement("JAG-1", "JAG-2", "JAG-7", "JAG-62")
def test_a_grant_verifies_with_the_published_keys_and_a_changed_one_does_not(world: World) -> None:
    keys = world.published()
    read = jwt.decode(world.granted(), keys, algorithms=["ES256"])
    assert read.header["typ"] == "oauth-id-jag+jwt"
    essential: dict[str, Any] = {
        name: {"essential": True} for name in ("sub", "exp", "iat", "jti", "resource")
    }

    def judged(token: jwt.Token, **said: str) -> None:
        must: dict[str, Any] = {name: {"essential": True, "value": value} for name, value in said.items()}
        jwt.JWTClaimsRegistry(int(time.time()), **essential, **must).validate(token.claims)

    who = {"iss": world.domains.home.issuer, "aud": world.theirs.issuer, "client_id": "acme-desk"}
    judged(read, **who)
    for name in who:
        with pytest.raises(JoseError):
            judged(read, **{**who, name: ELSEWHERE})
    with pytest.raises(JoseError):
        jwt.JWTClaimsRegistry(now=int(time.time()) + 301).validate(read.claims)
    stranger = ECKey.generate_key("P-256", parameters={"kid": read.header["kid"]})
    forged = jwt.encode(dict(read.header), read.claims, stranger, algorithms=["ES256"])
    with pytest.raises(JoseError):
        jwt.decode(forged, keys, algorithms=["ES256"])


@pytest.mark.requirement("JAG-60", "JAG-61", "JAG-64", "JAG-125")
def test_a_grant_that_it_signs_is_redeemed_here(world: World) -> None:
    tickets = world.domains.tickets
    claims = {"resource": API, "scope": "tickets:read tickets:comment"}
    grant = world.theirs.grant(tickets.issuer, "blake", "acme-desk", claims=claims)
    token = claims_of(world.domains.redeemed(grant)["access_token"])
    assert (token["sub"], token["scope"], token["aud"]) == ("theirs:blake", "tickets:read", API)
    assert world.domains.redeemed(grant, status=400)["error"] == "invalid_grant"


@pytest.mark.requirement("JAG-1", "JAG-61", "JAG-62", "JAG-63", "JAG-64")
@pytest.mark.parametrize(
    "wrong",
    [
        {"audience": ELSEWHERE},
        {"client_id": "desk"},
        {"claims": {"iss": ELSEWHERE}},
        {"claims": {"exp": int(time.time()) - 3600}},
        {"key": ECKey.generate_key("P-256")},
    ],
    ids=["audience", "client", "issuer", "time", "key"],
)
def test_one_that_is_not_for_us_is_refused(world: World, wrong: dict[str, Any]) -> None:
    honest = {"audience": world.domains.tickets.issuer, "subject": "blake", "client_id": "acme-desk"}
    grant = world.theirs.grant(**{**honest, **wrong})
    assert world.domains.redeemed(grant, status=400)["error"] == "invalid_grant"


@pytest.mark.requirement("JAG-125")
def test_one_that_lives_for_an_hour_gives_no_longer_access_and_one_without_scopes_none(world: World) -> None:
    honest = (world.domains.tickets.issuer, "blake", "acme-desk")
    silent = world.theirs.grant(*honest)
    assert world.domains.redeemed(silent, status=400)["error"] == "invalid_scope"
    grant = world.theirs.grant(*honest, expires_in=3600, claims={"scope": "tickets:read"})
    assert world.domains.redeemed(grant)["expires_in"] <= 600
    longer = world.theirs.grant(*honest, expires_in=3700, claims={"scope": "tickets:read"})
    assert world.domains.redeemed(longer, status=400)["error"] == "invalid_grant"
