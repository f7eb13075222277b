"""Proving by itself: the key, the nonce that is asked for once, tokens that are bound and shown with a proof."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from joserfc import jws as reference
from joserfc.jwk import ECKey, JWKRegistry
from sdk.tests.support import ACCESS_TOKEN, INVENTORY, ISSUER, METADATA, NOW, Script, StillWorld, answer, play

from actas_sdk import Actas, BadAnswer, DpopKey, Misconfigured, Refused, sync
from actas_sdk.dpop import digest
from actas_sdk.flow import Ask
from actas_sdk.jws import parse
from actas_sdk.requests import wanted_own
from actas_sdk.testing import FakeActas

TOKEN = f"{ISSUER}/token"


def read(proof: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the claims of a proof, verified by somebody else's code."""
    header = parse(proof, brings_key=True).unverified_header
    key = JWKRegistry.import_key(header["jwk"])  # type: ignore[arg-type]
    found = reference.deserialize_compact(
        proof, key, registry=reference.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
    )
    return dict(header), json.loads(found.payload)


@pytest.mark.requirement("TX-151")
def test_a_proof_is_what_the_standard_says(still: StillWorld) -> None:
    key = DpopKey.generate(world=still.world())
    header, claims = read(key.proof("get", f"{INVENTORY}/stock/7?deep=1#top", token="abc"))
    assert header["typ"] == "dpop+jwt"
    assert set(header["jwk"]) == {"kty", "crv", "x", "y"}
    assert claims == {
        "jti": "id-1",
        "htm": "GET",
        "htu": f"{INVENTORY}/stock/7",
        "iat": int(NOW),
        "ath": "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
    }
    assert ECKey.import_key(header["jwk"]).thumbprint() == key.thumbprint


def test_a_key_is_kept_and_read_again_and_prints_nothing_of_itself(tmp_path: Any) -> None:
    key = DpopKey.generate()
    file = tmp_path / "key.json"
    file.write_text(json.dumps(key.private_jwk()))
    assert DpopKey.from_file(file).thumbprint == key.thumbprint
    assert DpopKey.from_jwk(key.private_jwk()).thumbprint == key.thumbprint
    assert str(key.private_jwk()["d"]) not in f"{key!r} {key}"
    with pytest.raises(TypeError):
        __import__("pickle").dumps(key)
    with pytest.raises(Misconfigured):
        key.proof("GET", "/stock/7")


class Server:
    """A token endpoint that asks for a nonce.

    Attributes:
        always: whether it asks again however often the nonce is sent.
        scheme: the token_type it answers with.
    """

    def __init__(self, *, always: bool = False, scheme: str = "DPoP") -> None:
        self.always = always
        self.scheme = scheme
        self.proofs: list[str] = []
        self.script = Script()
        self.script.answers = {
            f"{ISSUER}/.well-known/oauth-authorization-server": httpx2.Response(200, json=METADATA),
            TOKEN: self.answer,
        }

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.proofs.append(request.headers["dpop"])
        nonce = f"nonce-{len(self.proofs)}"
        if self.always or "nonce" not in read(self.proofs[-1])[1]:
            return httpx2.Response(
                400,
                json={"error": "use_dpop_nonce", "error_uri": "https://docs.example/errors#nonce_needed"},
                headers={"DPoP-Nonce": nonce},
            )
        body = {"access_token": "abc.def", "token_type": self.scheme, "expires_in": 60, "scope": "stock:read"}
        return httpx2.Response(
            200, json={**body, "issued_token_type": ACCESS_TOKEN}, headers={"DPoP-Nonce": nonce}
        )

    def actas(self, still: StillWorld, **more: Any) -> sync.Actas:
        return sync.Actas(
            ISSUER,
            client_id="orders",
            client_secret="s",
            http=self.script.client(),
            world=still.world(),
            **{"dpop": True, **more},
        )


@pytest.mark.requirement("TX-152")
def test_a_nonce_is_asked_for_once_and_kept(still: StillWorld) -> None:
    server = Server()
    actas = server.actas(still)
    token = actas.exchange("the token", to=INVENTORY, scopes=["stock:read"])
    assert token.scheme == "DPoP"
    actas.own_token(to=INVENTORY)
    nonces = [read(proof)[1].get("nonce") for proof in server.proofs]
    assert nonces == [None, "nonce-1", "nonce-2"]
    assert len({read(proof)[1]["jti"] for proof in server.proofs}) == 3


def test_those_who_learn_the_same_nonce_at_once_all_get_their_token(still: StillWorld) -> None:
    """The second one is told a nonce that the first one learnt after the second one's proof was made."""
    core = Server().actas(still)._core
    play(core.issuer.describe(), answer(200, METADATA))
    asks = [wanted_own(to=INVENTORY, scopes=[scope]) for scope in ("stock:read", "stock:write")]
    flows = [core._request(each) for each in asks]
    first = [next(flow) for flow in flows]
    assert all("nonce" not in read(ask.headers["DPoP"])[1] for ask in first if isinstance(ask, Ask))

    needed = answer(400, {"error": "use_dpop_nonce"}, dpop_nonce="the one of now")
    second = [flow.send(needed) for flow in flows]
    proofs = [read(ask.headers["DPoP"])[1] for ask in second if isinstance(ask, Ask)]
    assert [proof["nonce"] for proof in proofs] == ["the one of now"] * 2


def test_a_server_that_asks_for_ever_is_asked_twice(still: StillWorld) -> None:
    server = Server(always=True)
    with pytest.raises(Refused) as found:
        server.actas(still).own_token(to=INVENTORY)
    assert found.value.code == "use_dpop_nonce"
    assert len(server.proofs) == 2


def test_a_bearer_token_in_place_of_a_bound_one_is_not_taken(still: StillWorld) -> None:
    with pytest.raises(BadAnswer, match="token_type is not DPoP"):
        Server(scheme="Bearer").actas(still).own_token(to=INVENTORY)


def test_a_bound_token_that_was_not_asked_for_is_not_taken(still: StillWorld) -> None:
    fake = FakeActas(ISSUER, world=still.world())
    actas = sync.Actas(ISSUER, client_id="orders", client_secret="s", world=still.world())
    transport = httpx2.MockTransport(lambda request: _as_bound(fake, request))
    with actas.rewired(transport), pytest.raises(BadAnswer, match="token_type is not Bearer"):
        actas.own_token(to=INVENTORY)


def _as_bound(fake: FakeActas, request: httpx2.Request) -> httpx2.Response:
    with httpx2.Client(transport=fake.transport) as http:
        said = http.send(request)
    if str(request.url) != TOKEN:
        return httpx2.Response(said.status_code, json=said.json())
    return httpx2.Response(200, json={**said.json(), "token_type": "DPoP"})


@pytest.mark.requirement("TX-151")
def test_a_token_is_shown_with_a_proof_of_its_own_for_each_request(still: StillWorld) -> None:
    token = Server().actas(still).own_token(to=INVENTORY)
    shown = [token.headers("POST", f"{INVENTORY}/stock") for _ in range(2)]
    assert shown[0]["Authorization"] == "DPoP abc.def"
    claims = [read(one["DPoP"])[1] for one in shown]
    assert claims[0]["ath"] == digest(b"abc.def")
    assert (claims[0]["htm"], claims[0]["htu"]) == ("POST", f"{INVENTORY}/stock")
    assert claims[0]["jti"] != claims[1]["jti"]
    with pytest.raises(Misconfigured):
        token.headers()


class Sending(httpx2.BaseTransport):
    """Sends a body piece by piece and keeps none of it, as a connection does."""

    def __init__(self, api: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self._api = api

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        assert isinstance(request.stream, httpx2.SyncByteStream)
        for _ in request.stream:
            pass
        return self._api(request)


@pytest.mark.parametrize("body", [None, b"all of it", iter([b"piece"])], ids=["none", "whole", "stream"])
def test_an_api_that_asks_for_a_nonce_gets_it_once_where_the_body_is_at_hand(
    body: Any, still: StillWorld
) -> None:
    proofs: list[str] = []

    def api(request: httpx2.Request) -> httpx2.Response:
        proofs.append(request.headers["dpop"])
        if "nonce" in read(proofs[-1])[1]:
            return httpx2.Response(200)
        headers = {"DPoP-Nonce": "of-the-api", "WWW-Authenticate": 'DPoP error="use_dpop_nonce"'}
        return httpx2.Response(401, headers=headers)

    auth = Server().actas(still).acting_for("the token", to=INVENTORY)
    with httpx2.Client(transport=Sending(api), auth=auth) as http:
        answers = [http.post(f"{INVENTORY}/stock", content=body) for _ in range(2 if body is None else 1)]
    whole = not hasattr(body, "__next__")
    assert answers[0].status_code == (200 if whole else 401)
    assert len(proofs) == (3 if body is None else 2 if whole else 1)


async def test_requests_that_learn_the_same_nonce_at_once_are_all_sent_again(still: StillWorld) -> None:
    server = Server()
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(server.script))
    actas = Actas(ISSUER, client_id="orders", client_secret="s", dpop=True, http=http, world=still.world())
    both_asked = asyncio.Barrier(2)

    async def api(request: httpx2.Request) -> httpx2.Response:
        if "nonce" in read(request.headers["dpop"])[1]:
            return httpx2.Response(200)
        await both_asked.wait()
        headers = {"DPoP-Nonce": "of-the-api", "WWW-Authenticate": 'DPoP error="use_dpop_nonce"'}
        return httpx2.Response(401, headers=headers)

    auth = actas.acting_for("the token", to=INVENTORY)
    async with http, httpx2.AsyncClient(auth=auth, transport=httpx2.MockTransport(api)) as client:
        async with asyncio.timeout(10):
            answers = await asyncio.gather(*(client.get(f"{INVENTORY}/stock") for _ in range(2)))
    assert [each.status_code for each in answers] == [200, 200]


def test_a_nonce_goes_to_whoever_gave_it_and_to_nobody_else(still: StillWorld) -> None:
    key = DpopKey.generate(world=still.world())
    assert key.learn(TOKEN, "ours")
    assert not key.learn(TOKEN, "ours")
    assert not key.learn(TOKEN, 'with "quotes\n')
    assert not key.learn(TOKEN, "x" * 513)
    assert read(key.proof("POST", TOKEN))[1]["nonce"] == "ours"
    assert "nonce" not in read(key.proof("GET", INVENTORY))[1]


def test_the_nonces_of_those_heard_of_last_are_kept_and_no_more_than_there_is_room_for() -> None:
    key = DpopKey.generate()
    for number in range(65):
        key.learn(f"https://api-{number}.acme.example/stock", "n")
    held = [
        "nonce" in read(key.proof("GET", f"https://api-{number}.acme.example/"))[1] for number in (0, 1, 64)
    ]
    assert held == [False, True, True]


@pytest.mark.requirement("TX-146", "TX-145")
def test_what_an_api_says_of_itself_counts_only_when_it_is_about_that_api(still: StillWorld) -> None:
    server = Server()
    url = f"{INVENTORY}/.well-known/oauth-protected-resource"
    said = {
        "resource": INVENTORY,
        "authorization_servers": [ISSUER],
        "dpop_bound_access_tokens_required": True,
        "scopes_supported": ["stock:read"],
    }
    actas = server.actas(still)
    server.script.answers[url] = httpx2.Response(200, json=said)
    found = actas.about(INVENTORY)
    assert (found.authorization_servers, found.dpop_required, found.certificates) == ((ISSUER,), True, False)
    for wrong in (
        {**said, "resource": "https://evil.example"},
        {**said, "resource": f"{INVENTORY}/"},
        {name: value for name, value in said.items() if name != "resource"},
        {**said, "dpop_bound_access_tokens_required": "yes"},
        {**said, "authorization_servers": [7]},
    ):
        server.script.answers[url] = httpx2.Response(200, json=wrong)
        with pytest.raises(BadAnswer):
            actas.about(INVENTORY)
    with pytest.raises(Misconfigured):
        actas.about("http://inventory.acme.example")
