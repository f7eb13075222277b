"""RFC 9449: a proof binds the new token to its key, and only one fresh proof for this very request does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.door import FORM, Door
from tests.fakes.forge import Algorithm, SigningKey
from tests.fakes.house import (
    APIS,
    FROM_OURS,
    ISSUER,
    NOW,
    ORDERS_TO_INVENTORY,
    RULES,
    House,
    allow,
    claims_of,
    secret_of,
)
from tests.fakes.prover import TOKEN, Prover

from actas.core.errors import OAuthError, StoreUnavailable
from actas.core.party import Caller
from actas.exchange import Answer
from actas.policy.rule import PolicyDefaults

READ = {"audience": "inventory", "scope": "stock:read"}
ME = Prover()
OTHER = Prover()


async def ask(house: House, proofs: Sequence[str], *, token: str | None = None, **more: Any) -> Answer:
    form = house.form("orders", token or house.our_token(), **{**READ, **more})
    return await house.post(form, proofs=proofs)


async def refusal(house: House, proofs: Sequence[str], *, token: str | None = None) -> OAuthError:
    with pytest.raises(OAuthError) as found:
        await ask(house, proofs, token=token)
    assert house.writer.events[-1]["reason"] == found.value.reason
    return found.value


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


# What the policy asks for.


def bound_by(where: str, word: Any) -> House:
    """A house in which one place asks for a binding."""
    apis, rules, defaults = list(APIS), list(RULES), PolicyDefaults()
    if where == "api":
        apis[1] = replace(apis[1], binding=word)
    elif where == "rule":
        rules[1] = replace(ORDERS_TO_INVENTORY, binding=word)
    else:
        defaults = PolicyDefaults(binding=word)
    return House(apis=apis, rules=rules, defaults=defaults)


@pytest.mark.requirement("TX-150", "SEC-15")
@pytest.mark.parametrize("where", ["api", "rule", "defaults"])
async def test_where_a_binding_is_asked_for_no_bearer_token_leaves(where: str) -> None:
    house = bound_by(where, "dpop")
    error = await refusal(house, [])
    assert (error.code, error.reason) == ("invalid_dpop_proof", "binding_needed")
    assert (await ask(house, [ME.proof()])).body["token_type"] == "DPoP"


async def test_the_word_that_asks_for_more_wins() -> None:
    rules = [replace(rule, binding="none") if rule.effect == "allow" else rule for rule in RULES]
    apis = [replace(api, binding="dpop") for api in APIS]
    house = House(rules=rules, apis=apis, defaults=PolicyDefaults(binding="optional"))
    assert (await refusal(house, [])).reason == "binding_needed"


async def test_none_everywhere_is_a_bearer_token_and_says_so() -> None:
    house = House(defaults=PolicyDefaults(binding="none"))
    answer = await ask(house, [ME.proof()])
    assert answer.body["token_type"] == "Bearer"
    assert "cnf" not in claims_of(answer)


# Tokens that are bound already.


def relaying(*, relay: bool = False, unbind: bool = False) -> House:
    """A house whose rule says something about bound subject tokens."""
    assert ORDERS_TO_INVENTORY.subject is not None
    rule = replace(
        ORDERS_TO_INVENTORY, subject=replace(ORDERS_TO_INVENTORY.subject, relay=relay, unbind=unbind)
    )
    return House(rules=[rule])


@pytest.mark.requirement("TX-154", "SEC-15")
async def test_a_bound_token_is_taken_with_proof_of_its_key_and_of_no_other() -> None:
    house = House()
    token = house.our_token(cnf={"jkt": ME.jkt})
    for proofs in ([], [OTHER.proof()]):
        error = await refusal(house, proofs, token=token)
        assert (error.code, error.reason) == ("invalid_request", "key_not_proven")
    assert claims_of(await ask(house, [ME.proof()], token=token))["cnf"] == {"jkt": ME.jkt}
    assert house.writer.events[-1]["subject"]["cnf"] == {"jkt": ME.jkt}


@pytest.mark.requirement("TX-154", "TX-155")
async def test_a_relay_passes_on_a_bound_token_and_the_new_one_is_bound_to_its_own_key() -> None:
    house = relaying(relay=True)
    token = house.our_token(cnf={"jkt": OTHER.jkt})
    assert claims_of(await ask(house, [ME.proof()], token=token))["cnf"] == {"jkt": ME.jkt}
    bearer = await ask(house, [], token=token)
    assert bearer.body["token_type"] == "Bearer"
    assert "cnf" not in claims_of(bearer)


@pytest.mark.requirement("TX-154")
async def test_every_rule_that_allows_it_must_let_the_client_relay() -> None:
    house = relaying(relay=True)
    strict = replace(ORDERS_TO_INVENTORY, name="without-relay")
    both = House(rules=[*house.rules, strict])
    error = await refusal(both, [], token=both.our_token(cnf={"jkt": OTHER.jkt}))
    assert error.reason == "key_not_proven"


@pytest.mark.requirement("TX-154", "SEC-15")
@pytest.mark.parametrize(
    "cnf",
    [
        {},
        "jkt",
        {"jkt": 7},
        {"jkt": ""},
        {"jkt": "short"},
        {"kid": "mine"},
        {"jku": "https://evil.example/jwks"},
        {"jkt": ME.jkt, "x5t#S256": ME.jkt},
        {"jkt": ME.jkt, "kid": "mine"},
        {"JKT": ME.jkt},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jwk": ME.key.private_jwk()},
    ],
    ids=range(12),
)
async def test_a_token_bound_in_a_way_we_cannot_check_is_not_believed(cnf: Any) -> None:
    house = relaying(relay=True)
    token = house.our_token(cnf=cnf)
    assert (await refusal(house, [ME.proof()], token=token)).reason == "bad_subject"


@pytest.mark.requirement("TX-154")
async def test_a_foreign_token_is_bound_as_ours_are() -> None:
    house = House()
    for cnf in ({"jkt": ME.jkt}, {"jwk": ME.public}):
        form = house.form(
            "assistant",
            house.id_token(cnf=cnf),
            subject_token_type="urn:ietf:params:oauth:token-type:id_token",
            audience="orders",
        )
        with pytest.raises(OAuthError) as found:
            await house.post(form)
        assert found.value.reason == "key_not_proven"
        answer = await house.post(form, proofs=[ME.proof()])
        assert claims_of(answer)["cnf"] == {"jkt": ME.jkt}


@pytest.mark.requirement("TX-154", "SEC-15")
async def test_a_certificate_is_not_a_key_of_the_same_digest() -> None:
    house = House()
    token = house.our_token(cnf={"x5t#S256": ME.jkt})
    assert (await refusal(house, [ME.proof()], token=token)).reason == "key_not_proven"


@pytest.mark.requirement("TX-156")
async def test_a_bound_token_does_not_become_a_bearer_token_of_the_same_client() -> None:
    none = PolicyDefaults(binding="none")
    house = House(defaults=none)
    token = house.our_token(cnf={"jkt": ME.jkt})
    assert (await refusal(house, [ME.proof()], token=token)).reason == "binding_needed"
    # Also when the client that holds it may relay, and shows no proof.
    mine = relaying(relay=True)
    token = mine.our_token(cnf={"jkt": ME.jkt}, client_id="orders")
    error = await refusal(mine, [], token=token)
    assert (error.code, error.reason) == ("invalid_dpop_proof", "binding_needed")


@pytest.mark.requirement("TX-156")
async def test_a_rule_may_let_the_binding_go() -> None:
    house = relaying(relay=True, unbind=True)
    token = house.our_token(cnf={"jkt": ME.jkt}, client_id="orders")
    assert (await ask(house, [], token=token)).body["token_type"] == "Bearer"


@pytest.mark.requirement("TX-154")
async def test_a_bound_actor_token_needs_the_same_proof() -> None:
    house = House(rules=[allow("both", "delegation", "orders", "inventory", actor=FROM_OURS)])
    actor = house.our_token(
        cnf={"jkt": ME.jkt}, sub="dana@acme.example", client_id="orders", act=None, jti="actor-1"
    )
    more = {"actor_token": actor, "actor_token_type": "urn:ietf:params:oauth:token-type:access_token"}
    with pytest.raises(OAuthError) as found:
        await ask(house, [], **more)
    assert found.value.reason == "key_not_proven"
    assert (await ask(house, [ME.proof()], **more)).body["token_type"] == "DPoP"


# What others see of it.


@pytest.mark.requirement("TX-132")
async def test_introspection_tells_the_key_and_the_scheme() -> None:
    house = House()
    token = house.our_token(cnf={"jkt": ME.jkt})
    form = urlencode({"token": token, "client_id": "orders", "client_secret": secret_of("orders")})
    told = (await house.introspection()(form.encode(), Caller(address="127.0.0.1"))).body
    assert (told["active"], told["token_type"], told["cnf"]) == (True, "DPoP", {"jkt": ME.jkt})


async def test_an_explanation_names_the_key_and_what_asks_for_one() -> None:
    house = bound_by("api", "dpop")
    token = house.our_token(cnf={"jkt": ME.jkt})
    await ask(house, [ME.proof()], token=token)
    again = house.rehearsal().of_event(house.writer.events[-1])
    assert again.granted
    assert f"bound to the DPoP key {ME.jkt[:8]}" in again.stages[6].text
    await refusal(house, [])
    again = house.rehearsal().of_event(house.writer.events[-1])
    assert (again.reason, again.stages[6].passed) == ("binding_needed", False)
