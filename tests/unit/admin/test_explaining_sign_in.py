"""What an app got when somebody signed in, or did not get, can be put before the policy again, from the entry."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.company import INVENTORY
from tests.unit.test_sign_in import house, refused

from actas.policy.rule import RuleSpec

DENY = RuleSpec(
    name="nobody-reads", effect="deny", kind="any", apis=frozenset({"orders"}),
    denied_scopes=frozenset({"orders:read"}), reason="Not today.",
)  # fmt: skip


async def renewed(sts: Any, refresh_token: object) -> dict[str, Any]:
    form = await sts.code_form(id="unused")
    form |= {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return {
        name: value for name, value in form.items() if name not in ("code", "redirect_uri", "code_verifier")
    }


@pytest.mark.requirement("SEC-45")
async def test_a_sign_in_and_its_renewal_are_explained_as_they_were_decided() -> None:
    sts = house()
    first = await sts.post(await sts.code_form())
    await sts.post(await renewed(sts, first.body["refresh_token"]))
    for event in sts.writer.events[-2:]:
        explained = sts.rehearsal().of_event(event)
        seen = (explained.granted, explained.reason, explained.kind)
        assert seen == (True, None, "sign_in"), event["grant"]


@pytest.mark.requirement("SEC-45")
async def test_a_rule_that_came_later_is_seen() -> None:
    sts = house()
    await sts.post(await sts.code_form(scope=frozenset({"orders:read"})))
    explained = house(rules=[DENY]).rehearsal().of_event(sts.writer.events[-1])
    assert (explained.granted, explained.reason) == (False, "denied_by_rule")


@pytest.mark.requirement("SEC-45")
async def test_what_the_sign_in_itself_did_not_allow_is_told_as_it_was() -> None:
    sts = house()
    assert (await refused(sts, {**await sts.code_form(), "resource": INVENTORY})).reason == "unknown_target"
    explained = sts.rehearsal().of_event(sts.writer.events[-1])
    assert (explained.granted, explained.reason) == (False, "unknown_target")
    await refused(sts, {**await sts.code_form(id="authorization-2"), "code_verifier": "w" * 43})
    explained = sts.rehearsal().of_event(sts.writer.events[-1])
    assert (explained.granted, explained.reason) == (False, "bad_code")
