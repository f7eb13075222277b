"""RFC 7662 and RFC 9701: whether a token is good, told to its client and its audience and to nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.door import DOCS, FORM, Response, call
from tests.fakes.house import CLIENTS, INVENTORY, ISSUER, NOW, ORDERS, House, secret_of

from actas.core.errors import StoreUnavailable
from actas.crypto import jose
from actas.web.admission import Admission
from actas.web.errors import ErrorWriter
from actas.web.introspect import INTROSPECTION_JWT, IntrospectionEndpoint

SIGNED = (b"accept", b"application/token-introspection+jwt")
NOBODYS = {"active": False}


class Desk:
    """The introspection endpoint over a house."""

    def __init__(self, house: House) -> None:
        self.house = house

        async def sign(claims: Mapping[str, Any], *, typ: str) -> Any:
            return await house.ring.sign(claims, typ=typ, purpose="token")

        self.endpoint = IntrospectionEndpoint(
            house.introspection(),
            issuer=ISSUER,
            sign=sign,
            clock=house.clock,
            errors=ErrorWriter(docs=DOCS, issuer=ISSUER, dev=False),
            admission=Admission(most=10),
        )

    async def ask(
        self, who: str, token: str | None, *, headers: tuple[tuple[bytes, bytes], ...] = (), **changes: str
    ) -> Response:
        """Ask as a client that sends its secret."""
        form = {"client_id": who, "client_secret": secret_of(who), **changes}
        if token is not None:
            form["token"] = token
        body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
        return await call(self.endpoint, path="/introspect", headers=(FORM, *headers), body=body)


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


@pytest.mark.requirement("TX-132")
async def test_its_audience_hears_all_that_matters_of_a_token(desk: Desk, house: House) -> None:
    reply = await desk.ask("orders", house.our_token(may_act={"sub": "orders"}))
    assert reply.status == 200
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json == {
        "active": True,
        "token_type": "Bearer",
        "iss": ISSUER,
        "aud": ORDERS,
        "sub": "alice@acme.example",
        "sub_profile": "user",
        "client_id": "assistant",
        "scope": "orders:read orders:write",
        "iat": NOW,
        "exp": NOW + 300,
        "jti": "parent-1",
        "txn": "root-1",
        "act": {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"},
        "may_act": {"sub": "orders"},
    }


@pytest.mark.requirement("TX-132")
async def test_what_is_exchanged_tells_its_whole_chain(desk: Desk, house: House) -> None:
    answer = await house.ask("orders", house.our_token(), audience="inventory", scope="stock:read")
    told = (await desk.ask("inventory", str(answer.body["access_token"]))).json
    assert told["aud"] == INVENTORY
    assert told["act"]["sub"] == "orders"
    assert told["act"]["act"]["sub"] == "assistant"


@pytest.mark.requirement("SEC-85")
async def test_the_client_it_was_issued_to_hears_of_it_too(desk: Desk, house: House) -> None:
    assert (await desk.ask("assistant", house.our_token())).json["active"] is True


@pytest.mark.requirement("TX-131", "SEC-85")
@pytest.mark.parametrize("signed", [False, True])
async def test_everybody_else_hears_the_same_of_every_token(desk: Desk, house: House, signed: bool) -> None:
    headers = (SIGNED,) if signed else ()
    good = house.our_token()
    replies = [
        await desk.ask("inventory", token, headers=headers)
        for token in (good, "unknown", good[:-8], house.id_token(), house.our_token(exp=NOW - 1, iat=NOW - 9))
    ]
    assert {reply.status for reply in replies} == {200}
    told = [claims(reply)["token_introspection"] if signed else reply.json for reply in replies]
    assert told == [NOBODYS] * len(replies)


@pytest.mark.requirement("TX-131")
@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": NOW, "iat": NOW - 300},
        {"iat": NOW + 60, "exp": NOW + 300},
        {"iss": "https://other.example"},
        {"client_id": "nobody"},
        {"act": {"iss": ISSUER, "sub": "nobody", "sub_profile": "ai_agent"}},
        {"cnf": {"jkt": "a"}},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
async def test_a_token_that_is_not_good_any_more_is_not_active(
    wrong: dict[str, Any], desk: Desk, house: House
) -> None:
    assert (await desk.ask("orders", house.our_token(**wrong))).json == NOBODYS


@pytest.mark.requirement("TX-131", "SEC-23", "SEC-52")
async def test_a_token_ends_with_its_actor() -> None:
    token = House().our_token()
    disabled = House(clients=[replace(one, disabled=one.name == "assistant") for one in CLIENTS])
    assert (await Desk(disabled).ask("orders", token)).json == NOBODYS


@pytest.mark.requirement("TX-131")
async def test_another_kind_of_token_of_ours_is_none(desk: Desk, house: House) -> None:
    """A signed answer, a client assertion: the type in the header decides."""
    answer = (await desk.ask("orders", house.our_token(), headers=(SIGNED,))).body.decode()
    assert (await desk.ask("orders", answer)).json == NOBODYS


@pytest.mark.requirement("TX-130")
async def test_a_hint_changes_nothing(desk: Desk, house: House) -> None:
    for hint in ("access_token", "refresh_token", "anything"):
        assert (await desk.ask("orders", house.our_token(), token_type_hint=hint)).json["active"] is True


@pytest.mark.requirement("TX-130", "SEC-13")
@pytest.mark.parametrize(
    "changes",
    [{"client_secret": "wrong"}, {"client_id": "nobody"}, {"client_id": ""}],
    ids=["wrong-secret", "unknown", "nobody"],
)
async def test_who_does_not_prove_who_it_is_hears_nothing(
    changes: dict[str, Any], desk: Desk, house: House
) -> None:
    reply = await desk.ask("orders", house.our_token(), **changes)
    assert (reply.status, reply.json["error"]) == (401, "invalid_client")
    assert "www-authenticate" in reply.headers
    (event,) = house.writer.events
    assert (event["event"], event["outcome"]) == ("introspection:refused", "refused")
    assert event["id"] == reply.headers["actas-entry"]


@pytest.mark.requirement("TX-130")
async def test_a_public_client_may_not_scan_for_tokens(house: House) -> None:
    public = next(one for one in CLIENTS if one.auth.method == "none")
    body = f"client_id={public.name}&token={house.our_token()}".encode()
    reply = await call(Desk(house).endpoint, path="/introspect", headers=(FORM,), body=body)
    assert (reply.status, reply.json["error"]) == (401, "invalid_client")


@pytest.mark.requirement("TX-130")
async def test_without_a_token_the_request_is_invalid(desk: Desk) -> None:
    reply = await desk.ask("orders", None)
    assert (reply.status, reply.json["error"]) == (400, "invalid_request")


@pytest.mark.requirement("TX-130")
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_only_a_post_is_answered(method: str, desk: Desk, house: House) -> None:
    reply = await call(desk.endpoint, method=method, path="/introspect", headers=(FORM,))
    assert (reply.status, reply.json["error"]) == (400, "invalid_request")
    assert house.writer.events[-1]["event"] == "introspection:refused"


@pytest.mark.requirement("TX-3")
async def test_two_tokens_in_one_request_are_none(desk: Desk, house: House) -> None:
    token = house.our_token()
    reply = await desk.ask("orders", f"{token}&token={token}")
    assert (reply.status, reply.json["error"]) == (400, "invalid_request")


async def test_an_answer_is_no_entry_of_the_minutes(desk: Desk, house: House) -> None:
    await desk.ask("orders", house.our_token())
    assert house.writer.events == []


@pytest.mark.requirement("TX-132", "SEC-16")
async def test_a_signed_answer_is_for_the_caller_and_no_token(desk: Desk, house: House) -> None:
    reply = await desk.ask("orders", house.our_token(), headers=(SIGNED,))
    assert reply.headers["content-type"] == "application/token-introspection+jwt"
    jws = jose.parse(reply.body.decode())
    assert jws.unverified_header["typ"] == INTROSPECTION_JWT
    signed = claims(reply)
    assert signed.keys() == {"iss", "aud", "iat", "token_introspection"}
    assert (signed["iss"], signed["aud"], signed["iat"]) == (ISSUER, "orders", NOW)
    assert signed["token_introspection"]["sub"] == "alice@acme.example"


async def test_a_signed_answer_that_would_be_too_long_is_refused_and_the_plain_one_given(
    desk: Desk, house: House
) -> None:
    token = house.our_token(groups=[f"group-{number:04}" for number in range(900)])
    refused = await desk.ask("orders", token, headers=(SIGNED,))
    assert (refused.status, refused.json["error"]) == (400, "invalid_request")
    assert "16 KiB" in house.writer.events[-1]["detail"]
    assert (await desk.ask("orders", token)).json["active"] is True


@pytest.mark.requirement("SEC-04")
async def test_what_nobody_expected_is_a_refusal_in_the_minutes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_token: object) -> None:
        raise KeyError("a secret")

    monkeypatch.setattr(house.own_tokens, "validate", fails)
    reply = await Desk(house).ask("orders", house.our_token())
    assert (reply.status, reply.json["error"]) == (500, "server_error")
    (event,) = house.writer.events
    assert event["event"] == "introspection:refused"
    assert "secret" not in event["detail"]


@pytest.mark.parametrize(
    ("accept", "signed"),
    [
        (b"application/json", False),
        (b"*/*", False),
        (b"application/json, Application/Token-Introspection+JWT;q=0.9", True),
        (b"application/token-introspection+jwt-not", False),
        (b"application/json, application/token-introspection+jwt;q=0", False),
        (b"application/token-introspection+jwt; q=0.000", False),
    ],
)
async def test_an_answer_is_signed_when_it_is_asked_for_by_name(
    accept: bytes, signed: bool, desk: Desk, house: House
) -> None:
    reply = await desk.ask("orders", house.our_token(), headers=((b"accept", accept),))
    assert (reply.headers["content-type"] != "application/json") is signed


async def test_a_key_that_may_not_sign_yet_refuses_on_the_record(
    desk: Desk, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_ready(*_claims: object, **_how: object) -> None:
        raise StoreUnavailable("this node has not published it for long enough")

    token = house.our_token()
    monkeypatch.setattr(house.ring, "sign", not_ready)
    reply = await desk.ask("orders", token, headers=(SIGNED,))
    assert (reply.status, reply.json["error"]) == (503, "temporarily_unavailable")
    assert house.writer.events[-1]["reason"] == "storage_unavailable"


def claims(reply: Response) -> dict[str, Any]:
    return dict(jose.parse(reply.body.decode()).unverified_claims)
