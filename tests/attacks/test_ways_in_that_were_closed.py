"""Going on at an app after the way that led into it was closed.

A contractor signs in through their own company's provider. It turns out that one app should never have been open that
way, and the configuration says so now. Whoever is in already would stay for as long as a refresh token lives, a month
and more: what somebody signed in by is held against the rules of today each time (SEC-52).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import IDP, client, signing_in
from tests.fakes.house import CLIENTS, CORP, ISSUER, PEOPLE, House, secret_of

from actas.core.party import Identity
from actas.core.wire import ID_TOKEN, TOKEN_EXCHANGE
from actas.trust.registry import SignInThere

THERE = SignInThere(client_id="us", client_secret=None, display="Corp", scopes=("openid",))
WHO: dict[str, Any] = {
    "person": Identity(ISSUER, "corp-idp:id-alice"),
    "origin": Identity(IDP, "id-alice"),
    "origin_name": "corp-idp",
}
WEB = signing_in(client("web", kind="app"))


def house() -> House:
    return House(clients=[*CLIENTS[:3], WEB], issuers=[replace(CORP, sign_in=THERE)], people=PEOPLE)


def close(sts: House, *apps: str) -> None:
    """People sign in through the issuer to these apps alone from now on."""
    there = replace(THERE, clients=frozenset(apps))
    sts.catalog.issuers[IDP] = replace(CORP, sign_in=there)


def refresh(token: object) -> dict[str, Any]:
    return {
        "grant_type": "refresh_token",
        "client_id": "web",
        "client_secret": secret_of("web"),
        "refresh_token": str(token),
    }


@pytest.mark.requirement("SEC-52", "SEC-23")
async def test_who_came_in_by_it_does_not_go_on() -> None:
    sts = house()
    first = await sts.post(await sts.code_form(**WHO))
    close(sts, "web", "other")
    second = await sts.post(refresh(first.body["refresh_token"]))
    close(sts, "other")
    assert (await sts.turned_away(refresh(second.body["refresh_token"]))).code == "invalid_grant"
    assert (await sts.turned_away(await sts.code_form(**WHO))).code == "invalid_grant"
    shown = {
        "grant_type": str(TOKEN_EXCHANGE),
        "client_id": "web",
        "client_secret": secret_of("web"),
        "subject_token": str(first.body["id_token"]),
        "subject_token_type": str(ID_TOKEN),
        "audience": "orders",
    }
    assert (await sts.turned_away(shown)).reason == "bad_subject"
    close(sts, "web")
    assert "access_token" in (await sts.post(refresh(second.body["refresh_token"]))).body


async def test_people_of_ours_go_on() -> None:
    sts = house()
    first = await sts.post(await sts.code_form())
    close(sts, "other")
    assert "access_token" in (await sts.post(refresh(first.body["refresh_token"]))).body
