"""A good token gives a caller; anything else gives an error, and never a caller."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from sdk.tests.support import ISSUER, NOW, ORDERS, HandMadeIssuer, StillWorld, claims, present, segment

from actas_sdk.errors import AmbiguousToken, InvalidToken, Misconfigured, MissingScope, NoToken
from actas_sdk.party import sentence
from actas_sdk.sync import Party
from actas_sdk.verify import chain_of


@pytest.mark.requirement("TX-125")
def test_a_good_token_says_who_is_calling(issuer: HandMadeIssuer, still: StillWorld) -> None:
    caller = present(issuer.verifier(still), issuer.sign(claims()), "orders:read")

    assert caller.subject == Party(id="alice@acme.example", kind="person", issuer=ISSUER)
    assert caller.actor == Party(id="assistant", kind="agent", issuer=ISSUER)
    assert str(caller.actor) == "assistant"
    assert caller.scopes == {"orders:read", "orders:write"}
    assert caller.client_id == "assistant"
    assert caller.token.expires_at == NOW + 120
    assert caller.claims["jti"] == "t-1"
    assert caller.sentence == ("assistant may use orders:read and orders:write at orders, acting for alice.")


@pytest.mark.requirement("TX-57")
def test_the_chain_is_oldest_first_and_only_the_outermost_actor_is_the_caller(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    act = {"sub": "orders", "sub_profile": "service", "act": {"sub": "assistant", "act": {"sub": "portal"}}}
    caller = present(issuer.verifier(still), issuer.sign(claims(act=act)))

    assert [each.id for each in caller.chain] == ["alice@acme.example", "portal", "assistant", "orders"]
    assert caller.actor == Party(id="orders", kind="service")
    assert caller.chain[-1] is caller.actor
    assert caller.chain[0] is caller.subject


def test_members_of_the_chain_have_nothing_that_looks_like_permission(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    caller = present(issuer.verifier(still), issuer.sign(claims()))

    for party in caller.chain:
        public = {name for name in dir(party) if not name.startswith("_")}
        assert public == {"elsewhere", "id", "issuer", "kind", "name"}


def test_nobody_acting_means_the_subject_is_calling(issuer: HandMadeIssuer, still: StillWorld) -> None:
    caller = present(issuer.verifier(still), issuer.sign(claims(act=None)))

    assert caller.actor is caller.subject
    assert caller.chain == (caller.subject,)


def test_a_kind_we_do_not_know_is_read_as_unknown(issuer: HandMadeIssuer, still: StillWorld) -> None:
    caller = present(issuer.verifier(still), issuer.sign(claims(sub_profile="toaster")))

    assert caller.subject.kind is None


def test_one_of_several_audiences_is_enough(issuer: HandMadeIssuer, still: StillWorld) -> None:
    caller = present(issuer.verifier(still), issuer.sign(claims(aud=["https://other.example", ORDERS])))

    assert caller.token.audience == ORDERS


def test_the_longer_spelling_of_the_type_is_the_same_type(issuer: HandMadeIssuer, still: StillWorld) -> None:
    caller = present(issuer.verifier(still), issuer.sign(claims(), typ="application/at+jwt"))

    assert caller.subject.id == "alice@acme.example"


def test_a_missing_scope_names_what_is_needed(issuer: HandMadeIssuer, still: StillWorld) -> None:
    with pytest.raises(MissingScope) as no:
        present(issuer.verifier(still), issuer.sign(claims()), "orders:read", "orders:delete")

    assert no.value.missing == {"orders:delete"}
    assert no.value.status == 403
    assert no.value.challenge()["WWW-Authenticate"] == (
        'Bearer error="insufficient_scope", '
        'error_description="The access token does not carry the scope this needs.", '
        'scope="orders:delete orders:read"'
    )


def test_a_token_without_scope_carries_none(issuer: HandMadeIssuer, still: StillWorld) -> None:
    caller = present(issuer.verifier(still), issuer.sign(claims(scope=None)))

    assert caller.scopes == frozenset()
    with pytest.raises(MissingScope):
        caller.require(["orders:read"])


@pytest.mark.requirement("TX-125")
@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://sts.evil.example"},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"iss": [ISSUER]},
        {"aud": None},
        {"aud": []},
        {"aud": [7]},
        {"aud": ORDERS + "/"},
        {"exp": None},
        {"exp": True},
        {"exp": str(int(NOW) + 120)},
        {"exp": 10**400},
        {"exp": -1},
        {"iat": None},
        {"iat": int(NOW) + 31},
        {"nbf": int(NOW) + 31},
        {"nbf": "soon"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"scope": ["orders:read"]},
        {"scope": " ".join(f"s{n}" for n in range(300))},
        {"act": "assistant"},
        {"act": {}},
        {"act": [{"sub": "assistant"}]},
        {"act": {"sub": "a", "act": None}},
        {"client_id": 7},
        {"sub_profile": ["user"]},
    ],
    ids=repr,
)
def test_a_claim_that_is_wrong_refuses_the_token(
    issuer: HandMadeIssuer, still: StillWorld, changed: dict[str, Any]
) -> None:
    made = claims(**changed)
    # jwt.encode accepts most nonsense; what it would mend or refuse is left to the parser's tests.
    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), issuer.sign(made))


def test_a_clock_slightly_behind_the_issuer_does_not_refuse_new_tokens(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    caller = present(issuer.verifier(still), issuer.sign(claims(iat=int(NOW) + 20)))

    assert caller.claims["iat"] == int(NOW) + 20


def test_a_token_may_be_a_fraction_of_a_second(issuer: HandMadeIssuer, still: StillWorld) -> None:
    caller = present(issuer.verifier(still), issuer.sign(claims(exp=NOW + 0.5)))

    assert caller.token.expires_at == NOW + 0.5


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ES256", ECKey.generate_key("P-256")),
        ("ES384", ECKey.generate_key("P-384")),
        ("ES512", ECKey.generate_key("P-521")),
        ("RS256", RSAKey.generate_key(2048)),
        ("PS256", RSAKey.generate_key(2048)),
        ("Ed25519", OKPKey.generate_key("Ed25519")),
    ],
)
def test_every_asymmetric_algorithm_is_understood(
    issuer: HandMadeIssuer, still: StillWorld, algorithm: str, key: Key
) -> None:
    issuer.publish({**key.as_dict(private=False), "kid": "k1"})
    token = jwt.encode(
        {"alg": algorithm, "typ": "at+jwt", "kid": "k1"}, claims(), key, algorithms=[algorithm]
    )

    assert present(issuer.verifier(still), token).subject.id == "alice@acme.example"


def test_an_algorithm_that_was_not_allowed_is_refused(issuer: HandMadeIssuer, still: StillWorld) -> None:
    with pytest.raises(InvalidToken):
        present(issuer.verifier(still, algorithms=["RS256"]), issuer.sign(claims()))


@pytest.mark.parametrize("algorithms", [[], ["HS256"], ["none"], ["ES256", "HS256"]])
def test_a_symmetric_algorithm_cannot_be_configured(
    issuer: HandMadeIssuer, still: StillWorld, algorithms: list[str]
) -> None:
    with pytest.raises(Misconfigured):
        issuer.verifier(still, algorithms=algorithms)


def test_an_audience_is_needed(issuer: HandMadeIssuer, still: StillWorld) -> None:
    with pytest.raises(Misconfigured):
        issuer.verifier(still, audience="")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic b3JkZXJzOng="},
        {"Authorization": "Bearerx"},
        {"X-Authorization": "Bearer x"},
    ],
)
def test_no_token_is_a_challenge_without_an_error(
    issuer: HandMadeIssuer, still: StillWorld, headers: dict[str, str]
) -> None:
    with pytest.raises(NoToken) as no:
        issuer.verifier(still).check(method="GET", url=ORDERS, headers=headers)

    assert no.value.challenge() == {"WWW-Authenticate": "Bearer"}
    assert issuer.script.seen == []


def test_the_header_and_scheme_are_found_in_any_case(issuer: HandMadeIssuer, still: StillWorld) -> None:
    headers = [("AUTHORIZATION", f"bearer  {issuer.sign(claims())}")]

    issuer.verifier(still).check(method="GET", url=ORDERS, headers=headers)


def test_two_tokens_are_refused_as_ambiguous(issuer: HandMadeIssuer, still: StillWorld) -> None:
    token = issuer.sign(claims())
    headers = [("Authorization", f"Bearer {token}"), ("authorization", f"Bearer {token}")]

    with pytest.raises(AmbiguousToken) as no:
        issuer.verifier(still).check(method="GET", url=ORDERS, headers=headers)

    assert no.value.status == 400
    assert 'error="invalid_request"' in no.value.challenge()["WWW-Authenticate"]


@pytest.mark.parametrize(
    "value", ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer é", "Bearer " + "a" * 20_000]
)
def test_a_header_that_is_not_one_token_is_refused(
    issuer: HandMadeIssuer, still: StillWorld, value: str
) -> None:
    with pytest.raises(InvalidToken):
        issuer.verifier(still).check(method="GET", url=ORDERS, headers={"Authorization": value})


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b",
        "a.b.c.d",
        "..",
        "é.a.b",
        f"{segment([])}.e30.AA",
        f"{segment(b'{')}.e30.AA",
        f"{segment({'typ': 'at+jwt'})}.e30.AA",
        f"{segment({'alg': ['ES256'], 'typ': 'at+jwt'})}.e30.AA",
        f"{segment({'alg': 'ES256', 'typ': 'at+jwt', 'kid': 7})}.e30.AA",
        f"{segment({'alg': 'ES256', 'typ': 'at+jwt', 'crit': ['exp'], 'exp': 1})}.e30.AA",
        f"{segment({'alg': 'ES256', 'typ': 'at+jwt', 'crit': ['b64'], 'b64': False})}.e30.AA",
    ],
)
def test_what_is_not_a_compact_jws_is_refused_before_any_key_is_fetched(
    issuer: HandMadeIssuer, still: StillWorld, token: str
) -> None:
    with pytest.raises(InvalidToken):
        issuer.verifier(still).check_token(token)

    assert issuer.script.seen == []


def test_a_signed_payload_that_is_not_an_object_is_refused(issuer: HandMadeIssuer, still: StillWorld) -> None:
    for payload in (b"[]", b"7", b"\xff", b"", b'{"iss":NaN}'):
        with pytest.raises(InvalidToken):
            issuer.verifier(still).check_token(issuer.sign_raw(payload))


def test_an_actor_of_another_company_is_not_taken_for_one_of_the_same_name_here() -> None:
    said: dict[str, Any] = {
        "iss": ISSUER, "sub": "alice",
        "act": {"iss": ISSUER, "sub": "web", "act": {"iss": "https://other.example", "sub": "assistant"}},
    }  # fmt: skip
    alice, theirs, ours = chain_of(said)
    assert (str(ours), ours.elsewhere) == ("web", False)
    assert (str(theirs), theirs.elsewhere) == ("assistant of https://other.example", True)
    assert theirs != Party(id="assistant", issuer="https://other.example")
    assert "assistant of other" in sentence((alice, theirs, ours), scopes=["a"], target="b")
