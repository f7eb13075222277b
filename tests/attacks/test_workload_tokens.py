"""A platform's token in the wrong place.

A cluster signs a token for whatever audience its workload asks for, and hands one to every pod: a token for
another audience, of another service account, of another cluster, of an issuer that is trusted for people's
tokens, or an ID token in the place of a workload's, must not make anybody a client. Nor is a workload's token a
subject token (AG-11).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import CLIENTS, CORP, IDP, IDP_KEY, ISSUER, NOW, RULES, House, allow, client

from actas.core.client import ClientAuth
from actas.core.wire import (
    CLIENT_CREDENTIALS,
    JWT,
    JWT_BEARER_CLIENT_ASSERTION,
    JWT_SPIFFE_CLIENT_ASSERTION,
)
from actas.crypto import jose
from actas.trust.registry import TrustedIssuer

CLUSTER = "https://kubernetes.default.svc"
SUBJECT = "system:serviceaccount:shop:orders"
SPIFFE = "spiffe://acme.example/shop/orders"
KEY = jose.PrivateKey.generate("RS256")
PLATFORM = TrustedIssuer(
    name="cluster",
    issuer=CLUSTER,
    kind="jwks",
    accepts=frozenset(),
    algorithms=frozenset({"RS256"}),
    audiences={},
    keys=(KEY.public.jwk(),),
    workloads=True,
)


def house(*, issuers: tuple[TrustedIssuer, ...] = (PLATFORM, CORP), **auth: Any) -> House:
    pod = ClientAuth(method="workload", workload=(CLUSTER, SUBJECT))
    return House(
        clients=(
            *CLIENTS,
            client("pod", auth=replace(pod, **auth)),
            client("svid", auth=replace(pod, workload=(CLUSTER, SPIFFE))),
        ),
        issuers=issuers,
        rules=(*RULES, *(allow(f"own-{one}", "own", one, "inventory") for one in ("pod", "svid"))),
    )


def token(*, key: jose.PrivateKey = KEY, typ: str = "JWT", **claims: Any) -> str:
    honest: dict[str, Any] = {
        "iss": CLUSTER,
        "sub": SUBJECT,
        "aud": [ISSUER],
        "iat": NOW - 600,
        "nbf": NOW - 600,
        "exp": NOW + 3000,
        "jti": "pod-token",
        "kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "orders", "uid": "1"}},
    }
    kept = {name: value for name, value in {**honest, **claims}.items() if value is not None}
    return jose.sign(kept, key=key, typ=typ)


def form(assertion: str, *, declared: str = JWT_BEARER_CLIENT_ASSERTION, **parameters: str) -> dict[str, str]:
    return {
        "grant_type": str(CLIENT_CREDENTIALS),
        "audience": "inventory",
        "client_assertion": assertion,
        "client_assertion_type": declared,
        **parameters,
    }


async def test_a_projected_token_proves_its_workload_until_it_is_renewed() -> None:
    home = house()
    for parameters in ({}, {"client_id": "pod"}, {}):
        assert (await home.post(form(token(), **parameters))).body["scope"]
    assert home.writer.events[-1]["client"]["name"] == "pod"
    assert home.writer.events[-1]["client"]["method"] == "workload"
    svid = token(sub=SPIFFE, typ="JOSE", jti=None)
    assert (await home.post(form(svid, declared=JWT_SPIFFE_CLIENT_ASSERTION))).body["scope"]


@pytest.mark.requirement("SEC-10", "SEC-09", "SEC-18")
@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://kubernetes.default.svc"},
        {"aud": [ISSUER, "https://other.example"]},
        {"aud": f"{ISSUER}/"},
        {"aud": f"{ISSUER}/token"},
        {"aud": []},
        {"aud": None},
        {"sub": "system:serviceaccount:shop:orders2"},
        {"sub": "system:serviceaccount:other:orders"},
        {"sub": "SYSTEM:serviceaccount:shop:orders"},
        {"sub": "pod"},
        {"iss": "https://other.cluster.example"},
        {"iss": IDP},
        {"iss": None},
        {"exp": NOW - 100},
        {"exp": NOW + 365 * 86400},
        {"exp": None},
        {"iat": None},
        {"nbf": NOW + 600},
        {"cnf": {"jkt": "x"}},
    ],
    ids=str,
)
async def test_a_token_that_is_not_exactly_this_workloads_for_us_proves_nothing(
    claims: dict[str, Any],
) -> None:
    home = house()
    for parameters in ({}, {"client_id": "pod"}):
        error = await home.turned_away(form(token(**claims), **parameters))
        assert error.reason in ("bad_client_auth", "malformed_request")


@pytest.mark.requirement("SEC-16", "AG-47")
async def test_another_key_type_or_kind_of_token_proves_nothing() -> None:
    home = house()
    other = jose.PrivateKey.generate("RS256")
    for forged in (
        token(key=other),
        token(key=IDP_KEY),
        token(typ="at+jwt"),
        token(typ="client-authentication+jwt"),
    ):
        assert (await home.turned_away(form(forged))).reason == "bad_client_auth"
    spiffe = form(token(), declared=JWT_SPIFFE_CLIENT_ASSERTION)
    assert (await home.turned_away(spiffe)).reason == "bad_client_auth"
    own = form(home.assertion(), declared=JWT_SPIFFE_CLIENT_ASSERTION)
    assert (await home.turned_away(own)).reason == "bad_client_auth"


@pytest.mark.requirement("AG-11")
async def test_trust_for_one_purpose_is_none_for_another() -> None:
    for issuer in (
        replace(PLATFORM, workloads=False, accepts=frozenset({JWT}), audiences={ISSUER: None}),
        replace(PLATFORM, disabled=True),
    ):
        error = await house(issuers=(issuer,)).turned_away(form(token()))
        assert error.reason == "bad_client_auth"
    home = house()
    subject = home.form("assistant", token(), audience="orders", subject_token_type=str(JWT))
    assert (await home.turned_away(subject)).reason == "bad_subject"


async def test_a_condition_of_the_issuer_holds_for_workloads_too() -> None:
    for when, passes in (('claims["kubernetes.io"].namespace == "shop"', True), ("claims.team == 1", False)):
        home = house(issuers=(replace(PLATFORM, when=(when,)),))
        if passes:
            assert (await home.post(form(token()))).body["scope"]
        else:
            await home.turned_away(form(token()))
