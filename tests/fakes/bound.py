"""Orders asks for a token with proofs: what the tests of bound tokens share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from actas.core.errors import OAuthError
from actas.exchange import Answer
from tests.fakes.house import House
from tests.fakes.prover import Prover

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
