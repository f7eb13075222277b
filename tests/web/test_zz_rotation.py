"""An issuer changes its keys while the server runs. Last in this folder: it waits for half a minute to be over."""

from __future__ import annotations

import time

import pytest
from tests.fakes.forge import SigningKey
from tests.fakes.hostile_issuer import KEYS
from tests.web.conftest import Followed

NEXT_FETCH = 30.0
"""Seconds between two fetches of one issuer's keys, at the least."""


@pytest.mark.requirement("SEC-40", "REL-09")
def test_an_issuer_that_changes_its_keys_is_followed(followed: Followed) -> None:
    """Until its keys may be fetched again the old key works and the new one waits."""
    idp, server = followed.idp, followed.server

    def status(key: SigningKey | None = None) -> int:
        return server.post(server.company.for_alice(idp.token({"aud": "acme-web"}, key=key))).status

    old = idp.keys[0]
    idp.add_key()
    while status() != 200:
        assert status(old) == 200
        assert time.monotonic() - followed.fetched < NEXT_FETCH + 5
        time.sleep(0.2)
    assert status(old) == 200
    assert idp.count(KEYS) == 2
