"""Client assertions: which name is looked up, and which keys are used when a client changes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.changed import changed
from tests.fakes.clock import FixedClock
from tests.fakes.forge import SigningKey, forge
from tests.fakes.house import ISSUER, NOW, House, InlineKeys, SetMarks, client

from actas.clients.assertion import AssertedClient, AssertionCheck
from actas.clients.authenticator import Credentials
from actas.clients.private_key_jwt import PrivateKeyJwtMethod
from actas.core.client import Client, ClientAuth
from actas.core.errors import InvalidClient, InvalidRequest
from actas.core.params import Params
from actas.core.secret import Secret
from actas.core.wire import JWT_BEARER_CLIENT_ASSERTION

OLD, NEW = SigningKey.generate(), SigningKey.generate()


def method() -> PrivateKeyJwtMethod:
    check = AssertionCheck(issuer=ISSUER, marks=SetMarks(), clock=FixedClock(NOW))
    return PrivateKeyJwtMethod(check, published=InlineKeys())


def keyed(*keys: SigningKey) -> Client:
    return client("odd", auth=ClientAuth(method="private_key_jwt", keys=tuple(key.jwk() for key in keys)))


def credentials(key: SigningKey, *, headers: dict[str, Any] | None = None) -> Credentials:
    claims = {"iss": "odd", "sub": "odd", "aud": ISSUER, "iat": NOW, "exp": NOW + 60, "jti": f"{key.kid}"}
    token = forge(claims, key=key, headers=headers)
    return Credentials(
        offer="assertion",
        client_id="odd",
        proof=Secret(token),
        assertion_type=JWT_BEARER_CLIENT_ASSERTION,
    )


@pytest.mark.requirement("AG-47")
async def test_a_key_that_was_replaced_does_not_verify_any_more() -> None:
    proving = method()
    await proving.prove(keyed(OLD), credentials(OLD))
    with pytest.raises(InvalidClient):
        await proving.prove(keyed(NEW), credentials(OLD))
    await proving.prove(keyed(NEW), credentials(NEW))


@pytest.mark.requirement("AG-47")
async def test_while_two_keys_are_registered_the_key_id_tells_them_apart() -> None:
    both = keyed(OLD, NEW)
    await method().prove(both, credentials(OLD))
    await method().prove(both, credentials(NEW))
    with pytest.raises(InvalidClient):
        await method().prove(both, credentials(OLD, headers={"kid": ...}))
    with pytest.raises(InvalidClient):
        await method().prove(both, credentials(OLD, headers={"kid": NEW.kid}))


@pytest.mark.requirement("AG-47")
async def test_with_one_key_the_key_id_may_be_left_out() -> None:
    without = credentials(OLD, headers={"kid": ...})
    await method().prove(keyed(OLD), without)
    with pytest.raises(InvalidClient):  # it was the key that proved it
        await method().prove(keyed(NEW), without)


@pytest.mark.requirement("SEC-02")
async def test_no_client_no_key_and_no_proof_are_each_a_refusal() -> None:
    for who, offered in (
        (None, credentials(OLD)),
        (keyed(), credentials(OLD)),
        (keyed(OLD), changed(credentials(OLD), proof=None)),
    ):
        with pytest.raises(InvalidClient):
            await method().prove(who, offered)


@pytest.mark.requirement("AG-4", "AG-40", "SEC-03")
def test_the_name_that_is_looked_up_is_the_unverified_subject() -> None:
    proof = credentials(OLD).proof
    form = Params.parse(f"client_assertion_type={JWT_BEARER_CLIENT_ASSERTION}".encode())
    assert AssertedClient(House().catalog)(form, proof) == "odd"
    with pytest.raises(InvalidRequest):
        AssertedClient(House().catalog)(form, None)
    with pytest.raises(InvalidRequest):
        AssertedClient(House().catalog)(Params.parse(b""), proof)
    for bad in ("", "x", "a.b.c", forge({"sub": 7}, key=OLD), forge({}, key=OLD)):
        with pytest.raises(InvalidClient):
            AssertedClient(House().catalog)(form, Secret(bad))
