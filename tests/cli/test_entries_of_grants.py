"""Entries of grants that were redeemed, as people read them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.fakes.company import acceptance
from tests.fakes.house import ORDERS, House
from tests.fakes.refused_grants import accepting

from actas.cli.entries import lines
from actas.cli.output import Ink, Output

SUBJECT: dict[str, Any] = {"match": "subject", "unknown": "create"}


async def redeemed(here: House, **grant: Any) -> str:
    """The entry of a grant that was redeemed."""
    await here.post(here.redeeming(here.grant(**grant)))
    out = cast("Output", SimpleNamespace(ascii=False, runnable=str))
    said = lines(out, here.writer.events[-1])
    return "\n".join(
        one if isinstance(one, str) else str(one[0]) if isinstance(one, Ink) else "" for one in said
    )


@pytest.mark.requirement("JAG-74", "JAG-127")
async def test_an_entry_says_for_which_api_a_grant_was_redeemed_that_only_the_grant_names() -> None:
    here = accepting()()
    said = await redeemed(here, resource=ORDERS)
    assert "  for        orders, which it did not name · no scope was asked for" in said
    assert "no API" not in said
    assert "never here" not in said
    assert "created" not in said


@pytest.mark.requirement("JAG-65", "SEC-62")
async def test_an_entry_says_who_became_known_by_it() -> None:
    here = accepting(**SUBJECT)()
    said = await redeemed(here)
    assert "  created    corp-idp:id-alice, who is known here from now on" in said
    assert "· never here before" in said
    assert acceptance(**SUBJECT).name in said
    assert "created" not in await redeemed(here, jti="grant-2")
