"""Two connections of a client lead to one server, for different APIs there, and one is paused: which way it goes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.company import TICKETS_API, connection
from tests.fakes.crossing import crossing, grant_form
from tests.fakes.house import House

from actas.core.errors import OAuthError

OTHER = "https://files.tickets.example"


def two(*, paused: tuple[bool, bool], other: tuple[str, ...] = (OTHER,)) -> House:
    first = connection(paused=paused[0])
    second = connection("web-to-files", resources=other, paused=paused[1])
    return crossing(connections=[first, second])


async def refused(here: House, **asked: Any) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        await here.post(grant_form(here, **asked))
    return caught.value


@pytest.mark.requirement("JAG-122")
@pytest.mark.parametrize("paused", [(False, False), (True, False), (False, True)])
async def test_without_a_resource_it_goes_nowhere_whichever_is_paused(paused: tuple[bool, bool]) -> None:
    no = await refused(two(paused=paused))
    assert (no.code, no.reason) == ("invalid_target", "several_connections")
    assert f"web-to-files ({'paused: ' if paused[1] else ''}{OTHER})" in no.detail
    assert f"web-to-tickets ({'paused: ' if paused[0] else ''}{TICKETS_API})" in no.detail


async def test_where_both_are_paused_the_pause_is_said() -> None:
    assert (await refused(two(paused=(True, True)))).reason == "connection_paused"


async def test_what_the_request_names_is_what_it_is_for() -> None:
    here = two(paused=(True, False))
    assert (await refused(here, resource=TICKETS_API)).reason == "connection_paused"
    assert (await here.post(grant_form(here, resource=OTHER))).body["access_token"]


async def test_one_that_leads_to_the_same_takes_the_place_of_one_that_is_paused() -> None:
    here = two(paused=(True, False), other=(TICKETS_API,))
    assert (await here.post(grant_form(here))).body["access_token"]
