"""The SDK's stand-in for the server refuses as the server does, for every reason that it may be told."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx2
import pytest
from scripts.pages.errors import ANSWERS

from actas.core import errors
from actas.core.errors import OAuthError
from actas.core.reasons import Reason
from actas_sdk.testing import FakeActas

OF_THE_TOKEN_ENDPOINT: list[Reason] = [
    reason
    for reason, kinds in ANSWERS.items()
    if reason != "nonce_needed" and all(kind.__module__ == errors.__name__ for kind in kinds)
]
"""All but the one that comes with a nonce, which the stand-in asks nobody for."""


@pytest.mark.parametrize("reason", OF_THE_TOKEN_ENDPOINT)
def test_the_stand_in_refuses_as_the_server_does(reason: Reason) -> None:
    fake = FakeActas()
    fake.refuse(reason)
    form = urlencode({"grant_type": "client_credentials", "client_id": "orders"})
    with httpx2.Client(transport=fake.transport) as http:
        said = http.post(f"{fake.issuer}/token", content=form)
    kinds: tuple[type[OAuthError], ...] = ANSWERS[reason]
    assert (said.json()["error"], said.status_code) in {(kind.code, kind.status) for kind in kinds}
    assert said.json()["error_uri"].endswith(f"#{reason}")
