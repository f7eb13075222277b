"""RFC 8705 section 3: tokens bound to the client certificate whose key the connection proved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import APIS, ORDERS_TO_INVENTORY, House, claims_of
from tests.fakes.prover import Prover, x5t

from actas.core.errors import OAuthError
from actas.exchange import Answer
from actas.policy.rule import PolicyDefaults

MINE = b"the DER of a certificate"
THEIRS = b"the DER of another one"
READ = {"audience": "inventory", "scope": "stock:read"}


def bound(binding: Any = "mtls") -> House:
    """A house whose inventory asks for a binding."""
    return House(apis=[replace(api, binding=binding) if api.name == "inventory" else api for api in APIS])


async def ask(
    house: House, certificate: bytes | None, *, token: str | None = None, proofs: Any = ()
) -> Answer:
    form = house.form("orders", token or house.our_token(), **READ)
    return await house.post(form, certificate=certificate, proofs=proofs)


@pytest.mark.requirement("TX-153", "SEC-15")
async def test_a_certificate_binds_the_token_which_is_a_bearer_token_still() -> None:
    house = bound()
    answer = await ask(house, MINE)
    assert answer.body["token_type"] == "Bearer"
    assert claims_of(answer)["cnf"] == {"x5t#S256": x5t(MINE)}
    assert house.writer.events[-1]["proven"] == {"x5t#S256": x5t(MINE)}


@pytest.mark.requirement("TX-153", "SEC-15")
@pytest.mark.parametrize("proofs", [(), (Prover().proof(),)], ids=["nothing", "a DPoP proof"])
async def test_nothing_takes_the_place_of_a_certificate(proofs: tuple[str, ...]) -> None:
    with pytest.raises(OAuthError) as found:
        await ask(bound(), None, proofs=proofs)
    assert (found.value.code, found.value.reason) == ("invalid_request", "binding_needed")


async def test_a_certificate_does_not_take_the_place_of_a_proof() -> None:
    with pytest.raises(OAuthError) as found:
        await ask(bound("dpop"), MINE)
    assert (found.value.code, found.value.reason) == ("invalid_dpop_proof", "binding_needed")


async def test_a_certificate_binds_nothing_that_nobody_asked_to_bind() -> None:
    assert "cnf" not in claims_of(await ask(House(), MINE))


async def test_a_token_is_bound_to_one_key() -> None:
    rule = replace(ORDERS_TO_INVENTORY, binding="dpop")
    house = House(rules=[rule], defaults=PolicyDefaults(binding="mtls"))
    with pytest.raises(OAuthError) as found:
        await ask(house, MINE, proofs=[Prover().proof()])
    assert found.value.reason == "binding_needed"


@pytest.mark.requirement("TX-154", "SEC-15")
async def test_a_token_of_a_certificate_is_taken_over_a_connection_of_that_certificate_alone() -> None:
    house = House()
    token = house.our_token(cnf={"x5t#S256": x5t(MINE)})
    for certificate in (None, THEIRS):
        with pytest.raises(OAuthError) as found:
            await ask(house, certificate, token=token)
        assert found.value.reason == "key_not_proven"
    # The new token stays in the hands that hold the key, also where a binding is only optional (TX-156).
    assert claims_of(await ask(house, MINE, token=token))["cnf"] == {"x5t#S256": x5t(MINE)}


@pytest.mark.requirement("TX-155")
async def test_with_both_proven_the_proof_of_this_request_names_the_key() -> None:
    house, prover = House(), Prover()
    token = house.our_token(cnf={"x5t#S256": x5t(MINE)})
    answer = await ask(house, MINE, token=token, proofs=[prover.proof()])
    assert claims_of(answer)["cnf"] == {"jkt": prover.jkt}
