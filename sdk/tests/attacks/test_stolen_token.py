"""A bound token in other hands.

Somebody read a token out of a log, or sits between two services, and shows it himself: as a bearer token, with a
proof by a key of his own, or with a proof that he saw. A bound token is worth something only together with its
key, and a proof only once, for one request, with one token.
"""

from __future__ import annotations

from typing import Any

import pytest
from sdk.tests.support import INVENTORY, NOW, ORDERS, HandMadeIssuer, StillWorld, claims

from actas_sdk import DpopKey, InvalidProof, InvalidToken, StaleNonce, Unreachable
from actas_sdk.dpop import digest
from actas_sdk.jws import encode
from actas_sdk.possession import Nonces, UsedProofs
from actas_sdk.sync import Caller, Verifier

URL = f"{ORDERS}/orders/7"
CERTIFICATE = b"the DER of a certificate"


class Holder:
    """Whoever holds a bound token, and may have lost it."""

    def __init__(self, issuer: HandMadeIssuer, still: StillWorld, **more: Any) -> None:
        self.still = still
        self.key = DpopKey.generate(world=still.world())
        self.token = issuer.sign(claims(cnf={"jkt": self.key.thumbprint}))
        self.verifier: Verifier = issuer.verifier(still, **more)

    def proof(self, *, header: dict[str, Any] | None = None, key: Any = None, **changed: Any) -> str:
        """A good proof but for what is changed; ``...`` leaves a claim out."""
        signer = (key or self.key)._key
        public = (key or self.key)._public
        said = {
            "jti": self.still.new_id(),
            "htm": "GET",
            "htu": URL,
            "iat": int(self.still.now),
            "ath": digest(self.token.encode()),
            **changed,
        }
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public, **(header or {})}
        return encode(
            {name: value for name, value in said.items() if value is not ...},
            header={name: value for name, value in head.items() if value is not ...},
            key=signer.key,
        )

    def show(self, *proofs: str, scheme: str = "DPoP", token: str | None = None, **more: Any) -> Caller:
        headers = [("Authorization", f"{scheme} {token or self.token}"), *(("DPoP", one) for one in proofs)]
        return self.verifier.check(method="GET", url=URL, headers=headers, **more)


@pytest.fixture
def holder(issuer: HandMadeIssuer, still: StillWorld) -> Holder:
    return Holder(issuer, still)


@pytest.mark.requirement("TX-151", "SEC-15")
def test_whoever_holds_the_key_is_who_calls(holder: Holder) -> None:
    caller = holder.show(holder.proof(), scopes=["orders:read"])
    assert caller.subject.id == "alice@acme.example"
    assert caller.token.scheme == "bound"


@pytest.mark.requirement("SEC-15")
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_bound_token_is_no_bearer_token_with_or_without_a_proof(holder: Holder, scheme: str) -> None:
    for proofs in ((), (holder.proof(),)):
        with pytest.raises(InvalidToken, match="shown as a bearer token"):
            holder.show(*proofs, scheme=scheme)
    with pytest.raises(InvalidToken, match="proof of a key"):
        holder.verifier.check_token(holder.token)


def test_a_bearer_token_is_no_bound_token(holder: Holder, issuer: HandMadeIssuer) -> None:
    with pytest.raises(InvalidToken, match="not bound to a DPoP key"):
        holder.show(holder.proof(), token=issuer.sign(claims()))


THIEF = DpopKey.generate()
WRONG: dict[str, dict[str, Any]] = {
    "another method": {"htm": "POST"},
    "no method": {"htm": ...},
    "another path": {"htu": f"{ORDERS}/orders/8"},
    "another API": {"htu": f"{INVENTORY}/orders/7"},
    "another port": {"htu": "https://orders.acme.example:8443/orders/7"},
    "an encoded path": {"htu": f"{ORDERS}/orders%2F7"},
    "no address": {"htu": ...},
    "another token": {"ath": digest(b"another")},
    "the token itself": {"ath": "the token"},
    "no token": {"ath": ...},
    "old": {"iat": int(NOW) - 61},
    "of the future": {"iat": int(NOW) + 31},
    "no time": {"iat": ...},
    "a time that is true": {"iat": True},
    "no id": {"jti": ...},
    "an id without end": {"jti": "x" * 256},
    "another typ": {"header": {"typ": "at+jwt"}},
    "no typ": {"header": {"typ": ...}},
    "no key": {"header": {"jwk": ...}},
    "a key of his own": {"key": THIEF},
    "signed by him under the right key": {"key": THIEF, "header": {"jwk": "THEIRS"}},
    "the private key shown": {"header": {"jwk": "PRIVATE"}},
    "a key by address": {"header": {"jku": "https://evil.example"}},
    "no end": {"more": "x" * 8192},
    "a critical header": {"header": {"crit": ["x"], "x": 1}},
}


@pytest.mark.requirement("TX-151", "SEC-15")
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_proof_that_is_not_for_this_request_by_this_key_is_refused(
    wrong: dict[str, Any], holder: Holder
) -> None:
    header = dict(wrong.get("header", {}))
    if header.get("jwk") == "THEIRS":
        header["jwk"] = holder.key._public
    if header.get("jwk") == "PRIVATE":
        header["jwk"] = holder.key.private_jwk()
    with pytest.raises(InvalidProof) as found:
        holder.show(holder.proof(**{**wrong, "header": header}))
    assert found.value.challenge()["WWW-Authenticate"].startswith('DPoP error="invalid_dpop_proof"')


@pytest.mark.requirement("TX-151", "SEC-15")
def test_a_proof_works_once(holder: Holder) -> None:
    proof = holder.proof()
    holder.show(proof)
    with pytest.raises(InvalidProof, match="used before"):
        holder.show(proof)


@pytest.mark.requirement("SEC-15")
def test_a_proof_works_once_in_all_processes_that_share_a_memory(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    memory = UsedProofs(now=lambda: still.now)
    here = Holder(issuer, still, proofs=memory)
    there = issuer.verifier(still, proofs=memory)
    proof = here.proof()
    here.show(proof)
    here.verifier = there
    with pytest.raises(InvalidProof, match="used before"):
        here.show(proof)


@pytest.mark.requirement("TX-151", "SEC-15")
def test_a_proof_is_remembered_for_as_long_as_its_age_lets_it_in(holder: Holder, still: StillWorld) -> None:
    early = holder.proof(iat=int(NOW) + 30)  # by a clock that is ahead of ours
    holder.show(early)
    still.now = NOW + 89
    holder.show(holder.proof())  # with each new one, those that are over are forgotten
    with pytest.raises(InvalidProof, match="used before"):
        holder.show(early)


@pytest.mark.parametrize("said", [1, "yes", None])
def test_a_memory_that_does_not_say_true_lets_nobody_in(
    issuer: HandMadeIssuer, still: StillWorld, said: Any
) -> None:
    class Odd:
        def claim(self, proof: str, *, until: float) -> Any:
            return said

    holder = Holder(issuer, still, proofs=Odd())
    with pytest.raises(InvalidProof, match="used before"):
        holder.show(holder.proof())


@pytest.mark.parametrize("count", [0, 2])
def test_not_exactly_one_proof_is_refused(holder: Holder, count: int) -> None:
    with pytest.raises(InvalidProof, match="exactly one"):
        holder.show(*(holder.proof() for _ in range(count)))


def test_a_memory_that_is_full_lets_nobody_in_until_its_proofs_are_old() -> None:
    now = [NOW]
    memory = UsedProofs(most=2, now=lambda: now[0])
    assert memory.claim("a", until=NOW + 90)
    assert memory.claim("b", until=NOW + 90)
    with pytest.raises(Unreachable):
        memory.claim("c", until=NOW + 90)
    assert not memory.claim("a", until=NOW + 90)
    now[0] = NOW + 91
    assert memory.claim("c", until=NOW + 180)


@pytest.mark.requirement("TX-152")
def test_an_api_may_ask_for_nonces_of_its_own(issuer: HandMadeIssuer, still: StillWorld) -> None:
    key = bytes(range(32))
    holder = Holder(issuer, still, nonce_key=key)
    for nonce in (..., "made up", Nonces(key=bytes(32)).fresh(now=NOW), Nonces(key=key).fresh(now=NOW - 301)):
        with pytest.raises(StaleNonce) as found:
            holder.show(holder.proof(nonce=nonce))
        said = found.value.challenge()
        assert said["WWW-Authenticate"].startswith('DPoP error="use_dpop_nonce"')
    holder.show(holder.proof(nonce=said["DPoP-Nonce"]))


@pytest.mark.requirement("TX-153", "SEC-15")
def test_a_token_of_a_certificate_is_good_over_its_connection_alone(
    holder: Holder, issuer: HandMadeIssuer
) -> None:
    token = issuer.sign(claims(cnf={"x5t#S256": digest(CERTIFICATE)}))
    assert holder.show(scheme="Bearer", token=token, certificate=CERTIFICATE).client_id == "assistant"
    for other in (None, b"another"):
        with pytest.raises(InvalidToken, match="does not prove"):
            holder.show(scheme="Bearer", token=token, certificate=other)
    with pytest.raises(InvalidToken, match="not bound to a DPoP key"):
        holder.show(holder.proof(), token=token)


@pytest.mark.requirement("SEC-15")
@pytest.mark.parametrize(
    "cnf", [{}, {"jkt": ""}, {"kid": "x"}, {"jkt": "x" * 43, "x5t#S256": "x" * 43}, "x", None]
)
def test_a_token_bound_in_another_way_is_refused(cnf: Any, holder: Holder, issuer: HandMadeIssuer) -> None:
    token = issuer.sign({**claims(), "cnf": cnf})
    with pytest.raises(InvalidToken, match="cannot be checked"):
        holder.show(scheme="Bearer", token=token, certificate=CERTIFICATE)


def test_an_api_may_take_bound_tokens_alone(issuer: HandMadeIssuer, still: StillWorld) -> None:
    holder = Holder(issuer, still, bound=True)
    holder.show(holder.proof())
    with pytest.raises(InvalidToken, match="must be") as found:
        holder.show(scheme="Bearer", token=issuer.sign(claims()))
    assert found.value.challenge()["WWW-Authenticate"].startswith("DPoP ")
    with pytest.raises(InvalidToken, match="no request shows one"):
        holder.verifier.check_token(issuer.sign(claims()))
