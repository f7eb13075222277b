"""A key of one issuer used for another.

Two issuers are trusted for different people. One of them publishes a key under the ``kid`` of the
other's and signs a token that names the other as its ``iss``; where keys are kept by ``kid`` alone, or
where any trusted key verifies any trusted issuer, the token passes and the one issuer speaks for the
other's people (Storm-0558; CVE-2026-33496). Or a key set holds symmetric keys, its own private keys, or
two keys of one name, so that who may sign depends on how the set is read.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.forge import SigningKey, b64
from tests.fakes.hostile_issuer import HostileIssuer, document

from actas.core.errors import BadToken
from actas.core.wire import ID_TOKEN
from actas.crypto import jose
from actas.net.fetch import GuardedFetch
from actas.trust.jwks import IssuerKeys
from actas.trust.registry import TrustedIssuer

TYPES = frozenset({"JWT", None})


def registered(idp: HostileIssuer, name: str) -> TrustedIssuer:
    return TrustedIssuer(
        name=name,
        issuer=idp.issuer,
        kind="oidc",
        accepts=frozenset({ID_TOKEN}),
        algorithms=frozenset({"ES256", "RS256"}),
        audiences={"orders": None},
    )


async def proven(keys: IssuerKeys, issuer: TrustedIssuer, token: str) -> dict[str, Any]:
    """Verify as the pipeline does: the key comes from the registered issuer that ``iss`` names."""
    jws = jose.parse(token)
    header = jws.unverified_header
    kid, algorithm = header.get("kid"), header.get("alg")
    assert kid is None or isinstance(kid, str)
    assert isinstance(algorithm, str)
    key = await keys.key(issuer, kid=kid, algorithm=algorithm)
    return dict(jose.verify(jws, key=key, types=TYPES, issuer=issuer.issuer, now=time.time()))


def cache() -> IssuerKeys:
    return IssuerKeys(GuardedFetch(dev=True), FixedClock())


@pytest.mark.requirement("SEC-39")
async def test_a_key_of_one_issuer_does_not_verify_another_even_with_equal_kid() -> None:
    async with HostileIssuer() as good, HostileIssuer() as evil:
        evil.keys = [SigningKey.generate("ES256", kid=good.keys[0].kid)]
        keys = cache()
        ours, theirs = registered(good, "good"), registered(evil, "evil")
        assert (await proven(keys, ours, good.token()))["iss"] == good.issuer
        assert (await proven(keys, theirs, evil.token()))["iss"] == evil.issuer
        for claimed in (evil.token({"iss": good.issuer}), evil.token()):
            with pytest.raises(BadToken) as refused:
                await proven(keys, ours, claimed)
            assert refused.value.why == "forged"
        with pytest.raises(BadToken):
            await proven(keys, theirs, evil.token({"iss": good.issuer}))


@pytest.mark.requirement("SEC-39")
async def test_a_kid_known_to_one_issuer_only_is_unknown_to_the_other() -> None:
    async with HostileIssuer() as good, HostileIssuer() as evil:
        keys = cache()
        await proven(keys, registered(evil, "evil"), evil.token())
        with pytest.raises(BadToken):
            await proven(keys, registered(good, "good"), evil.token({"iss": good.issuer}))


@pytest.mark.requirement("SEC-39")
@pytest.mark.parametrize("shared", ["symmetric", "private", "twice", "encryption"])
async def test_a_set_of_unusable_keys_gives_no_key_at_all(shared: str) -> None:
    async with HostileIssuer() as idp:
        key = idp.keys[0]
        secret = b"an hmac secret of thirty-two bytes"
        sets: dict[str, list[dict[str, Any]]] = {
            "symmetric": [{"kty": "oct", "kid": key.kid, "k": b64(secret), "alg": "HS256", "use": "sig"}],
            "private": [key.private_jwk()],
            "twice": [key.jwk(), SigningKey.generate("ES256", kid=key.kid).jwk()],
            "encryption": [key.jwk(use="enc")],
        }
        idp.answers["/jwks"] = document({"keys": sets[shared]})
        keys = cache()
        issuer = registered(idp, "acme")
        tokens = (
            idp.token(),
            idp.token(headers={"kid": ...}),
            idp.token(key=secret, alg="HS256", headers={"kid": key.kid}),
            idp.token(alg="HS256"),
            idp.token(alg="none"),
        )
        for token in tokens:
            with pytest.raises(BadToken):
                await proven(keys, issuer, token)
        assert keys.snapshot()[0].kids == ()
        assert "no usable key" in keys.snapshot()[0].error


@pytest.mark.requirement("SEC-39")
async def test_an_elliptic_key_does_not_serve_a_token_that_claims_rsa() -> None:
    async with HostileIssuer() as idp:
        keys = cache()
        issuer = registered(idp, "acme")
        await proven(keys, issuer, idp.token())
        with pytest.raises(BadToken):
            await proven(keys, issuer, idp.token(alg="RS256"))
