"""A house whose assistant gets refresh tokens for alice, and what is done with them."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import pytest

from actas.core.errors import OAuthError
from actas.core.party import Caller
from actas.core.wire import CLIENT_CREDENTIALS, ID_TOKEN, REFRESH_TOKEN, TOKEN_EXCHANGE
from actas.core.wire import REFRESH as REFRESH_GRANT
from actas.exchange import Answer
from actas.policy.rule import Refreshing
from tests.fakes.house import ASSISTANT_FOR_SUPPORT, CLIENTS, House, secret_of
from tests.fakes.wire import encoded

GRANTS = frozenset({TOKEN_EXCHANGE, CLIENT_CREDENTIALS, REFRESH_GRANT})
REFRESHING = [replace(one, grants=GRANTS) if one.grants else one for one in CLIENTS]
RULE = replace(ASSISTANT_FOR_SUPPORT, refresh=Refreshing(lifetime=8 * 3600, idle=3600))
CALLER = Caller(address="192.0.2.7")


def house(**changes: Any) -> House:
    return House(**{"clients": REFRESHING, "rules": (RULE,), **changes})


async def begin(it: House, *, headers: Any = None, **parameters: Any) -> str:
    """Alice's assistant asks for a refresh token for orders."""
    how = {
        "subject_token_type": str(ID_TOKEN),
        "audience": "orders",
        "requested_token_type": str(REFRESH_TOKEN),
    }
    form = it.form("assistant", it.id_token(jti="id-1"), **{**how, **parameters})
    answer = await it.post(form, **(headers or {}))
    assert answer.body["token_type"] == "N_A"
    return str(answer.body["access_token"])


def again(token: str, who: str = "assistant", **parameters: Any) -> dict[str, Any]:
    form = {
        "grant_type": "refresh_token",
        "client_id": who,
        "client_secret": secret_of(who),
        "refresh_token": token,
    }
    return {name: value for name, value in {**form, **parameters}.items() if value is not None}


async def refresh(it: House, token: str, **parameters: Any) -> Answer:
    return await it.post(again(token, **parameters))


async def refused(asked: Awaitable[Any]) -> tuple[str, str]:
    with pytest.raises(OAuthError) as caught:
        await asked
    return caught.value.code, caught.value.reason


async def live(it: House, token: str, who: str = "assistant") -> bool:
    form = {"token": token, "client_id": who, "client_secret": secret_of(who)}
    return bool((await it.introspection()(encoded(form), CALLER)).body["active"])


def next_of(answer: Answer) -> tuple[str, str]:
    return str(answer.body["refresh_token"]), str(answer.body["access_token"])
