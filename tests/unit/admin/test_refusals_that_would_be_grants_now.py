"""``explain --entry`` of what was refused and would be granted now: what it turned on then is said all the same."""

from __future__ import annotations

import pytest
from tests.fakes.company import acceptance
from tests.fakes.house import ORDERS
from tests.fakes.refused_abroad import asking, leading
from tests.fakes.refused_grants import accepting, redeeming
from tests.unit.admin.test_refusals_across_domains_are_explained import shown, text_of

from actas.cli.explaining import Past, document, lines_of
from actas.core.errors import OAuthError


@pytest.mark.requirement("JAG-122", "SEC-45")
async def test_a_grant_that_was_refused_for_a_pause_says_so_when_the_connection_was_resumed() -> None:
    before, now = leading(paused=True)(), leading()()
    with pytest.raises(OAuthError):
        await before.post(await asking()(before))
    found, text, read = shown(now, before.writer.events[-1])
    assert found.granted
    assert "Why then:          the connection web-to-tickets is paused" in text
    assert text.index("Why then:") < text.index("under the rules of now it would be")
    assert read["recorded"]["detail"] == "the connection web-to-tickets is paused"


@pytest.mark.requirement("JAG-122", "SEC-45")
@pytest.mark.parametrize("resumed", [True, False])
async def test_who_paused_it_is_said_beside_the_pause_whether_or_not_it_was_resumed(resumed: bool) -> None:
    before, now = leading(paused=True)(), leading(paused=not resumed)()
    with pytest.raises(OAuthError):
        await before.post(await asking()(before))
    event, who = before.writer.events[-1], "web-to-tickets was paused by actas:olga at noon: entry x_1"
    found = now.rehearsal().of_event(event)
    past = Past.of(event, entry=event["id"], policy=found.policy, broken=None, before=[who])
    lines = [*map(text_of, lines_of(found, past=past, hints=["a hint"], everything=False))]
    why = lines.index(f"{'Why then:' if resumed else 'Why:':<19}the connection web-to-tickets is paused")
    assert lines[why + 1 :][:2] == [f"{'':<19}{who}", "" if resumed else f"{'':<19}a hint"]
    assert document(found, past=past, hints=["a hint"])["hints"] == [who, "a hint"]


@pytest.mark.requirement("JAG-122", "SEC-45")
async def test_so_does_a_redemption_by_one_of_two_connections() -> None:
    other = acceptance("stock-from-corp", api="inventory")
    before, now = accepting(other, paused=True)(), accepting(other)()
    with pytest.raises(OAuthError):
        await before.post(await redeeming(resource=ORDERS)(before))
    found, text, _ = shown(now, before.writer.events[-1])
    assert found.granted
    assert "Why then:          the connection web-from-corp is paused" in text


async def test_what_ended_then_as_it_would_now_is_said_once() -> None:
    house = leading(paused=True)()
    with pytest.raises(OAuthError):
        await house.post(await asking()(house))
    _, text, _ = shown(house, house.writer.events[-1])
    assert "Why then:" not in text
    assert text.count("is paused") >= 1


async def test_what_was_granted_has_nothing_to_say_of_then() -> None:
    before, now = leading()(), leading(paused=True)()
    await before.post(await asking()(before))
    found, text, read = shown(now, before.writer.events[-1])
    assert found.reason == "connection_paused"
    assert "under the rules of now it would be REFUSED" in text
    assert "Why then:" not in text
    assert read["recorded"]["detail"] is None
