"""Clients register themselves: what they may say, what they become, and who may."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes.house import CLIENT_KEY, PEPPER, House
from tests.fakes.published import CALLED_BACK

from actas.clients.budget import Budget
from actas.clients.registered import Registered, RegistrationTerms
from actas.core.errors import OAuthError
from actas.core.party import Caller
from actas.core.ports import SystemChance
from actas.core.records import Record
from actas.core.secret import Secret
from actas.core.wire import AUTHORIZATION_CODE, JWT_BEARER_CLIENT_ASSERTION, REFRESH, TOKEN_EXCHANGE
from actas.crypto.passwords import digest_secret
from actas.signin.registering import MOST_BYTES, PER_HOUR, PER_SOURCE, ClientRegistration

GRANTS = frozenset({AUTHORIZATION_CODE, REFRESH})
OPEN = RegistrationTerms(open=True, grants=GRANTS, apis=frozenset({"orders"}))
TOKEN = "an initial access token of the test"
CLOSED = RegistrationTerms(token=Secret(TOKEN), grants=GRANTS)
SAID = {"client_name": "An app", "redirect_uris": [CALLED_BACK]}


class Desk:
    """A registration endpoint, and what it kept."""

    def __init__(self, terms: RegistrationTerms = OPEN) -> None:
        self.house = house = House()
        self.kept: list[Registered] = []
        self.records: list[Record] = []
        self.desk = ClientRegistration(
            terms=terms,
            registry=self,
            budget=Budget(
                "registrations", each=PER_SOURCE, altogether=PER_HOUR, seconds=3600, clock=house.clock
            ),
            pepper=PEPPER,
            marking=house.ring,
            audit=house.minutes,
            chance=SystemChance(),
            clock=house.clock,
            fresh=house.follower.require_fresh,
        )

    async def keep(self, client: Registered, *, most: int, record: Record) -> bool:
        if len(self.kept) >= most:
            return False
        self.kept.append(client)
        self.records.append(record)
        return True

    async def written(self, entry: str) -> None:
        assert entry == self.records[-1].entry

    async def ask(
        self, said: Any = None, *, source: str = "198.51.100.7", token: str | None = None
    ) -> dict[str, Any]:
        body = said if isinstance(said, bytes) else json.dumps({**SAID, **(said or {})}).encode()
        shown = None if token is None else Secret(f"Bearer {token}")
        return dict(await self.desk(body, Caller(address=source, authorization=shown)))

    async def refused(self, said: Any = None, **how: Any) -> OAuthError:
        before = len(self.kept)
        with pytest.raises(OAuthError) as caught:
            await self.ask(said, **how)
        assert len(self.kept) == before
        event = self.house.writer.events[-1]
        assert (event["event"], event["reason"]) == ("registration:refused", caught.value.reason)
        return caught.value


@pytest.mark.requirement("OP-110", "OP-112")
async def test_a_client_is_told_all_that_it_became_and_its_secret_once() -> None:
    desk = Desk()
    told = await desk.ask({"tos_uri": "https://app.example/terms", "software_id": "4NRB1"})
    secret = told.pop("client_secret")
    (kept,) = desk.kept
    assert told == {
        "client_id": kept.client_id,
        "client_id_issued_at": kept.registered_at,
        "client_secret_expires_at": 0,
        "client_name": "An app",
        "redirect_uris": [CALLED_BACK],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "application_type": "web",
        "id_token_signed_response_alg": "RS256",
        "require_pushed_authorization_requests": False,
    }
    assert kept.client_id.startswith("Reg-")
    assert kept.secret == digest_secret(secret, pepper=PEPPER)
    event = desk.house.writer.events[-1]
    assert (event["event"], event["client"]["name"]) == ("registration:granted", kept.client_id)
    assert event["after"]["redirect_uris"] == [CALLED_BACK]
    assert secret not in json.dumps(desk.house.writer.events)
    assert secret not in repr(kept)


@pytest.mark.requirement("OP-110", "OP-113")
async def test_a_client_without_a_secret_is_told_none() -> None:
    desk = Desk()
    public = {
        "token_endpoint_auth_method": "none",
        "application_type": "native",
        "redirect_uris": ["http://127.0.0.1/callback", "com.example.app:/callback"],
        "grant_types": ["refresh_token", "authorization_code"],
    }
    told = await desk.ask(public)
    assert not {"client_secret", "client_secret_expires_at"} & told.keys()
    assert told["grant_types"] == ["authorization_code", "refresh_token"]
    keyed = {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [CLIENT_KEY.public.jwk()]}}
    told = await desk.ask(keyed)
    assert "client_secret" not in told
    assert told["jwks"]["keys"] == [CLIENT_KEY.public.jwk()]
    clients = [OPEN.client(one) for one in desk.kept]
    assert [one and (one.auth.method, one.registration) for one in clients] == [
        ("none", "registered"),
        ("private_key_jwt", "registered"),
    ]


@pytest.mark.requirement("OP-111", "OP-113", "OP-114", "OP-93")
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"redirect_uris": None}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://app.example/callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://app.example/callback#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://web.acme.example@evil.example/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://127.0.0.1/callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://localhost/callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["com.example.app:/callback"], "application_type": "web"}, "invalid_redirect_uri"),
        ({"redirect_uris": ["app:/callback"], "application_type": "native"}, "invalid_redirect_uri"),
        ({"grant_types": [str(TOKEN_EXCHANGE)]}, "invalid_client_metadata"),
        ({"grant_types": ["authorization_code", str(TOKEN_EXCHANGE)]}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        (
            {"grant_types": ["urn:ietf:params:oauth:grant-type:jwt-bearer"]},
            "invalid_client_metadata",
        ),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        (
            {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://10.0.0.1/keys"},
            "invalid_client_metadata",
        ),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "invalid_client_metadata"),
        ({"client_name": "Your Bank\u202e"}, "invalid_client_metadata"),
        ({"application_type": "other"}, "invalid_client_metadata"),
        ({"id_token_signed_response_alg": "none"}, "invalid_client_metadata"),
        ({"software_statement": "a.b.c"}, "unapproved_software_statement"),
        (b"[]", "invalid_client_metadata"),
        (b"{", "invalid_client_metadata"),
        (b'{"client_name": "a", "client_name": "b"}', "invalid_client_metadata"),
        (b'{"client_name": "' + b"x" * MOST_BYTES + b'"}', "invalid_client_metadata"),
    ],
)
async def test_what_cannot_be_registered_is_refused_by_its_error(said: Any, code: str) -> None:
    error = await Desk().refused(said)
    assert (error.code, error.status) == (code, 400)


@pytest.mark.requirement("OP-114", "SEC-13")
async def test_unless_it_is_open_a_client_comes_with_the_initial_access_token() -> None:
    desk = Desk(CLOSED)
    for token in (None, "", "another", TOKEN[:-1], TOKEN + "a"):
        error = await desk.refused(token=token)
        assert (error.code, error.status) == ("invalid_token", 401)
    assert (await desk.ask(token=TOKEN))["client_id"]
    assert desk.house.writer.events[-1]["by"] == "the initial access token"
    nobody = Desk(RegistrationTerms(grants=GRANTS))
    assert (await nobody.refused(token="")).status == 401


@pytest.mark.requirement("OP-114", "REL-11")
async def test_one_source_and_all_of_them_register_so_often() -> None:
    desk = Desk(RegistrationTerms(open=True, grants=GRANTS, most=PER_SOURCE + 1))
    for _ in range(PER_SOURCE):
        await desk.ask()
    assert (await desk.refused()).reason == "rate_limited"
    await desk.ask(source="198.51.100.8")
    full = await desk.refused(source="198.51.100.8")
    assert (full.reason, full.status) == ("registrations_full", 503)
    desk.house.clock.advance(3600 // PER_SOURCE)
    assert (await desk.refused()).reason == "registrations_full"


@pytest.mark.requirement("OP-114")
async def test_a_client_gets_what_the_configuration_lets_such_clients_have_now() -> None:
    desk = Desk()
    await desk.ask({"grant_types": ["authorization_code", "refresh_token"]})
    (kept,) = desk.kept
    client = OPEN.client(kept)
    assert client is not None
    assert (client.grants, client.apis) == (GRANTS, frozenset({"orders"}))
    narrower = RegistrationTerms(open=True, grants=frozenset({AUTHORIZATION_CODE}))
    now = narrower.client(kept)
    assert now is not None
    assert (now.grants, now.apis) == (frozenset({AUTHORIZATION_CODE}), frozenset())
    assert RegistrationTerms(open=True, refused=frozenset({kept.client_id})).client(kept) is None
    assert JWT_BEARER_CLIENT_ASSERTION not in client.grants
