"""Keeping those away who may register a client, without being one of them.

Registration is bounded for each source and for all of them together. If whoever has no initial access token used up what
all of them have, a few networks of somebody's own, and every IPv6 customer has thousands, would close it for everybody.
"""

from __future__ import annotations

import pytest
from tests.unit.test_registration import CLOSED, OPEN, TOKEN, Desk

from actas.clients.budget import AROUND
from actas.signin.registering import PER_HOUR, PER_SOURCE


@pytest.mark.requirement("OP-114", "REL-11")
async def test_who_has_no_token_takes_nothing_from_those_who_have_one() -> None:
    desk = Desk(CLOSED)
    for number in range(PER_HOUR + 1):
        error = await desk.refused(token="guessed", source=f"2001:db8:{number:x}::7")
        assert error.reason == "bad_initial_token"
    assert (await desk.ask(token=TOKEN))["client_id"]


@pytest.mark.requirement("OP-114", "REL-11", "SEC-14")
async def test_guessing_the_token_is_slow_at_each_source_all_the_same() -> None:
    desk = Desk(CLOSED)
    for number in range(PER_SOURCE):  # other addresses of one network are no other source
        await desk.refused(token="guessed", source=f"2001:db8::{number:x}")
    assert (await desk.refused(token=TOKEN, source="2001:db8::ffff")).reason == "rate_limited"


@pytest.mark.requirement("OP-114", "REL-11")
async def test_all_who_may_register_share_what_there_is() -> None:
    desk = Desk(OPEN)
    for number in range(PER_HOUR):
        await desk.ask(source=f"2001:db8:{number:x}::7")
    assert (await desk.refused()).reason == "rate_limited"


@pytest.mark.requirement("OP-114", "REL-11", "SEC-14")
async def test_all_networks_of_one_customer_are_bounded_together() -> None:
    for desk, token in ((Desk(OPEN), ""), (Desk(CLOSED), TOKEN)):
        for number in range(AROUND * PER_SOURCE):
            source = f"2001:db8:0:{number:x}::7"
            await (desk.refused(token="guessed", source=source) if token else desk.ask(source=source))
        error = await desk.refused(token=token, source="2001:db8:0:ffff::7")
        assert error.reason == "rate_limited"
        assert (await desk.ask(token=token, source="2001:db8:1::7"))["client_id"]  # and nobody else is
