"""RFC 9449: a proof binds the new token to its key, and only one fresh proof for this very request does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.bound import ME, OTHER, READ, ask, refusal
from tests.fakes.clock import FixedClock
from tests.fakes.door import FORM, Door
from tests.fakes.forge import Algorithm, SigningKey
from tests.fakes.house import ISSUER, NOW, RULES, House, allow, claims_of
from tests.fakes.prover import TOKEN, Prover

from actas.core.errors import OAuthError, StoreUnavailable
from actas.crypto import signature


@pytest.mark.requirement("TX-150", "SEC-15")
async def test_a_proof_binds_the_new_token_to_its_key() -> None:
    house = House()
    answer = await ask(house, [ME.proof()])
    assert answer.body["token_type"] == "DPoP"
    assert claims_of(answer)["cnf"] == {"jkt": ME.jkt}
    event = house.writer.events[-1]
    assert event["proven"] == event["given"]["cnf"] == {"jkt": ME.jkt}


@pytest.mark.requirement("TX-150")
async def test_a_client_that_speaks_for_itself_may_prove_a_key_too() -> None:
    house = House(rules=[*RULES, allow("own", "own", "orders", "inventory")])
    answer = await house.post(house.own_form("orders", **READ), proofs=[ME.proof()])
    assert answer.body["token_type"] == "DPoP"
    assert claims_of(answer)["cnf"] == {"jkt": ME.jkt}


@pytest.mark.requirement("TX-150")
async def test_without_a_proof_the_token_is_a_bearer_token() -> None:
    house = House()
    answer = await ask(house, [])
    assert answer.body["token_type"] == "Bearer"
    assert "cnf" not in claims_of(answer)


@pytest.mark.requirement("TX-151")
@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256", "PS256", "EdDSA"])
async def test_every_listed_algorithm_proves(algorithm: Algorithm) -> None:
    prover = Prover(SigningKey.generate(algorithm))
    assert claims_of(await ask(House(), [prover.proof()]))["cnf"] == {"jkt": prover.jkt}


@pytest.mark.requirement("TX-151")
async def test_one_key_has_one_thumbprint_whatever_else_its_jwk_says() -> None:
    jwk = {**ME.public, "kid": "mine", "use": "sig", "alg": "ES256"}
    assert claims_of(await ask(House(), [ME.proof(header={"jwk": jwk})]))["cnf"] == {"jkt": ME.jkt}


WEAK = SigningKey.generate("RS256")
BAD: dict[str, tuple[str, str]] = {
    "no proof at all": ("", "three parts"),
    "two proofs in one header": (f"{ME.proof()}, {ME.proof()}", "three parts"),
    "a client assertion": (ME.proof(header={"typ": "client-authentication+jwt"}), "typ"),
    "an access token": (ME.proof(header={"typ": "at+jwt"}), "typ"),
    "a plain JWT": (ME.proof(header={"typ": "JWT"}), "typ"),
    "no typ": (ME.proof(header={"typ": ...}), "typ"),
    "no key": (ME.proof(header={"jwk": ...}), "no public key"),
    "a key by name": (ME.proof(header={"jwk": "mine"}), "no public key"),
    "the private key": (ME.proof(header={"jwk": ME.key.private_jwk()}), "private members"),
    "a symmetric key": (ME.proof(header={"jwk": {"kty": "oct", "k": "AAAA"}}), "symmetric"),
    "a key of another type": (ME.proof(header={"jwk": Prover(WEAK).public}), "not allowed"),
    "a point off the curve": (ME.proof(header={"jwk": {**ME.public, "y": ME.public["x"]}}), "curve"),
    "the key of somebody else": (ME.proof(header={"jwk": OTHER.public}), "signature"),
    "signed by somebody else": (ME.proof(signed_by=OTHER.key), "signature"),
    "alg none": (ME.proof(alg="none"), "algorithm"),
    "alg HS256": (ME.proof(alg="HS256"), "algorithm"),
    "a critical header": (ME.proof(header={"crit": ["b64"], "b64": False}), "refused"),
    "a certificate": (ME.proof(header={"x5c": ["AAAA"]}), "refused"),
    "an address of keys": (ME.proof(header={"jku": "https://evil.example"}), "refused"),
    "another method": (ME.proof(htm="GET"), "htm"),
    "the method in another case": (ME.proof(htm="post"), "htm"),
    "no method": (ME.proof(htm=...), "htm"),
    "another endpoint": (ME.proof(htu=f"{ISSUER}/introspect"), "htu"),
    "another host": (ME.proof(htu="https://sts.evil.example/token"), "htu"),
    "another port": (ME.proof(htu="https://sts.acme.example:8443/token"), "htu"),
    "another scheme": (ME.proof(htu="http://sts.acme.example/token"), "htu"),
    "a path below": (ME.proof(htu=f"{TOKEN}/"), "htu"),
    "the path in another case": (ME.proof(htu=f"{ISSUER}/TOKEN"), "htu"),
    "a user in front of the host": (ME.proof(htu="https://me@sts.acme.example/token"), "htu"),
    "the host in the query": (ME.proof(htu=f"https://evil.example/?{TOKEN}"), "htu"),
    "an encoded slash": (ME.proof(htu="https://sts.acme.example%2Ftoken"), "htu"),
    "no address": (ME.proof(htu=...), "htu"),
    "two addresses": (ME.proof(htu=[TOKEN]), "htu"),
    "too old": (ME.proof(iat=NOW - 61), "old"),
    "of the future": (ME.proof(iat=NOW + 31), "future"),
    "no time": (ME.proof(iat=...), "iat"),
    "a time that is text": (ME.proof(iat=str(NOW)), "iat"),
    "no id": (ME.proof(jti=...), "jti"),
    "a blank id": (ME.proof(jti=" "), "jti"),
    "an id without end": (ME.proof(jti="x" * 256), "jti"),
    "an id that is a number": (ME.proof(jti=7), "jti"),
    "made to show a token": (ME.proof(ath="fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"), "ath"),
    "longer than a proof is": (ME.proof(pad="x" * 8192), "8 KiB"),
    "spare bits": (ME.proof()[:-1] + "_", "canonical"),
}  # fmt: skip


@pytest.mark.requirement("TX-151", "TX-152", "SEC-15")
@pytest.mark.parametrize(("proof", "naming"), BAD.values(), ids=BAD)
async def test_what_is_not_one_good_proof_is_refused(proof: str, naming: str) -> None:
    house = House()
    error = await refusal(house, [proof])
    assert (error.code, error.reason, error.status) == ("invalid_dpop_proof", "bad_proof", 400)
    assert naming in error.detail
    assert house.marks.seen == set()  # a forgery uses up nothing


@pytest.mark.requirement("TX-151", "SEC-17")
async def test_a_weak_key_proves_nothing() -> None:
    jwk = {"kty": "RSA", "e": "AQAB", "n": "u" * 170 + "w"}  # 1024 bits
    error = await refusal(House(), [ME.proof(header={"jwk": jwk, "alg": "RS256"})])
    assert "2048" in error.detail


@pytest.mark.requirement("TX-151")
async def test_two_headers_are_refused_even_when_both_are_good() -> None:
    error = await refusal(House(), [ME.proof(), ME.proof()])
    assert (error.code, error.detail) == ("invalid_dpop_proof", "several DPoP headers")


@pytest.mark.requirement("TX-151")
@pytest.mark.parametrize(
    "htu",
    [
        f"{TOKEN}?tenant=1",
        f"{TOKEN}#x",
        "HTTPS://STS.ACME.EXAMPLE/token",
        "https://sts.acme.example:443/token",
        "https://sts.acme.example/%74oken",
        "https://sts.acme.example/a/../token",
        "https://sts.acme.example/./token",
    ],
)
async def test_query_and_fragment_do_not_count_and_one_address_has_many_spellings(htu: str) -> None:
    assert claims_of(await ask(House(), [ME.proof(htu=htu)]))["cnf"] == {"jkt": ME.jkt}


@pytest.mark.requirement("TX-151", "SEC-15", "SEC-12")
async def test_a_proof_works_once_also_on_another_node() -> None:
    here = House()
    elsewhere = House(marks=here.marks, ring=here.ring)
    proof = ME.proof()
    await ask(here, [proof])
    for house in (here, elsewhere):
        error = await refusal(house, [proof])
        assert "used before" in error.detail


@pytest.mark.requirement("TX-151")
async def test_an_id_is_used_up_for_its_key_alone() -> None:
    house = House()
    await ask(house, [ME.proof(jti="one")])
    await ask(house, [OTHER.proof(jti="one")])
    assert "used before" in (await refusal(house, [ME.proof(jti="one", nonce=house.nonces.fresh())])).detail


@pytest.mark.requirement("TX-151", "SEC-15")
async def test_what_was_used_is_recorded_before_anything_is_made() -> None:
    house = House()

    async def broken(**_: Any) -> bool:
        raise StoreUnavailable("the disk is gone")

    house.marks.claim = broken  # type: ignore[method-assign]
    error = await refusal(house, [ME.proof()])
    assert error.reason == "storage_unavailable"
    assert "given" not in house.writer.events[-1]


@pytest.mark.requirement("SEC-08", "SEC-15")
async def test_who_is_no_client_uses_up_no_proof() -> None:
    house = House()
    form = house.form("orders", house.our_token(), **READ) | {"client_secret": "wrong" * 8}
    with pytest.raises(OAuthError) as found:
        await house.post(form, proofs=[ME.proof()])
    assert found.value.code == "invalid_client"
    assert house.marks.seen == set()


@pytest.mark.requirement("TX-152")
@pytest.mark.parametrize("wrong", [..., "", None, 7, "x" * 28, "abc", "é"], ids=range(7))
async def test_a_missing_or_made_up_nonce_is_asked_for_again(wrong: Any) -> None:
    error = await refusal(House(nonce_required=True), [ME.proof(nonce=wrong)])
    assert (error.code, error.reason, error.status) == ("use_dpop_nonce", "nonce_needed", 400)


@pytest.mark.requirement("TX-152")
async def test_a_nonce_is_good_for_its_life_and_more_than_once() -> None:
    house = House(nonce_required=True)
    nonce = house.nonces.fresh()
    for _ in range(2):
        assert claims_of(await ask(house, [ME.proof(nonce=nonce)]))["cnf"] == {"jkt": ME.jkt}
    house.clock.advance(301)
    error = await refusal(house, [ME.proof(nonce=nonce, iat=NOW + 301)])
    assert error.code == "use_dpop_nonce"


@pytest.mark.requirement("TX-152")
async def test_a_nonce_is_of_now_on_every_node() -> None:
    house = House(nonce_required=True)
    for ahead, taken in ((29, True), (31, False)):
        nonce = replace(house.nonces, clock=FixedClock(NOW + ahead)).fresh()
        assert house.nonces.is_good(nonce) is taken


@pytest.mark.requirement("TX-152")
async def test_a_nonce_of_another_server_is_not_ours() -> None:
    theirs = replace(House().nonces, key=b"another key of thirty-two bytes.").fresh()
    assert (await refusal(House(nonce_required=True), [ME.proof(nonce=theirs)])).code == "use_dpop_nonce"
    # One that was not asked for is looked at all the same.
    assert (await refusal(House(), [ME.proof(nonce=theirs)])).code == "use_dpop_nonce"


@pytest.mark.requirement("TX-152")
async def test_asking_for_a_nonce_uses_up_neither_assertion_nor_proof() -> None:
    house = House(nonce_required=True, rules=[allow("own", "own", "robot", "inventory")])
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": house.assertion(),
        **READ,
    }
    with pytest.raises(OAuthError) as found:
        await house.post(form, proofs=[ME.proof()])
    assert found.value.code == "use_dpop_nonce"
    assert house.marks.seen == set()
    answer = await house.post(form, proofs=[ME.proof(nonce=house.nonces.fresh())])
    assert answer.body["token_type"] == "DPoP"


@pytest.mark.requirement("TX-152")
async def test_a_fresh_nonce_comes_with_every_answer_to_a_proof() -> None:
    house = House(nonce_required=True)
    door = Door(house)

    async def post(*proofs: str, **more: Any) -> Any:
        form = house.form("orders", house.our_token(), **READ) | more
        return await door.post(form, headers=[FORM, *((b"dpop", one.encode()) for one in proofs)])

    asked = await post(ME.proof())
    assert (asked.status, asked.json["error"]) == (400, "use_dpop_nonce")
    granted = await post(ME.proof(nonce=asked.headers["dpop-nonce"]))
    assert (granted.status, granted.json["token_type"]) == (200, "DPoP")
    refused = await post(ME.proof(nonce=granted.headers["dpop-nonce"]), scope="no:such")
    assert house.nonces.is_good(refused.headers["dpop-nonce"])
    assert (await post(ME.proof(), ME.proof())).json["error"] == "invalid_dpop_proof"
    plain = await post()
    assert plain.status == 200
    assert "dpop-nonce" not in plain.headers


@pytest.mark.requirement("TX-150")
async def test_a_proof_costs_one_verification_and_one_mark_and_its_key_is_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, checked = list[str](), list[str]()
    real = signature.verifier

    def counting(algorithm: Any, material: Any) -> Any:
        made.append(algorithm)
        check = real(algorithm, material)

        def verifies(data: bytes, made_by: bytes) -> bool:
            checked.append(algorithm)
            return bool(check(data, made_by))

        return verifies

    monkeypatch.setattr("actas.crypto.key.verifier", counting)
    house, prover = House(), Prover()
    await ask(house, [prover.proof()])
    costs: list[tuple[int, int, int]] = []
    for proofs in ([], [prover.proof()]):
        made.clear()
        checked.clear()
        before = len(house.marks.seen)
        await ask(house, proofs)
        costs.append((len(checked), len(house.marks.seen) - before, len(made)))
    plain, proven = costs
    assert proven == (plain[0] + 1, plain[1] + 1, plain[2])
