"""A link to a server that people trust, which leads on to a page of the attacker's (RFC 9700 section 4.11.2).

Where anybody may publish or register an app, anybody chooses an address to which this server sends browsers. A
request that is refused at once, because nobody is signed in and nobody may be asked, or because it is malformed on
purpose, would make it an open redirector: the link shows our name, and the page that opens is theirs. So the
person is shown the refusal, and only who was asked and has answered is sent there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import CALLBACK, client, signing_in
from tests.fakes.front_door import STRANGER, FrontDoor, asked
from tests.fakes.house import CLIENTS, PEOPLE, House
from tests.fakes.published import CLIENT_ID, TERMS, DocumentsAt, Published, document

from actas.clients.document import DocumentTerms
from actas.clients.registered import Registered, RegistrationTerms
from actas.signin.steps import Answered, AskConsent

ANYBODY = replace(TERMS, hosts=frozenset(), anybody=True)
REFUSED_AT_ONCE: tuple[Mapping[str, Any], ...] = (
    {"prompt": "none"},
    {"scope": "no such thing"},
    {"response_type": "token"},
    {"code_challenge": None},
    {"resource": "https://nowhere.example"},
    {"id_token_hint": "x"},
)


def door(terms: DocumentTerms) -> FrontDoor:
    """Where an app asks that says itself what it is."""
    fetch = DocumentsAt({CLIENT_ID: document(redirect_uris=[CALLBACK])})
    web = signing_in(client("web", kind="app"))
    let_in = Published(terms=terms, fetch=fetch)
    return FrontDoor(House(clients=[*CLIENTS[:2], web], people=PEOPLE, published_clients=let_in))


@pytest.mark.requirement("OP-131", "OP-3")
@pytest.mark.parametrize("wrong", REFUSED_AT_ONCE)
@pytest.mark.parametrize("mode", ["query", "form_post"])
async def test_a_request_that_is_refused_at_once_leads_to_nobodys_page(
    wrong: Mapping[str, Any], mode: str
) -> None:
    desk = door(ANYBODY)
    form = asked(**{"client_id": CLIENT_ID, "response_mode": mode, **wrong})
    for visitor in (STRANGER, await desk.visitor("alice")):
        error = await desk.refused(visitor, form)
        assert error.entry is not None
    # Whom somebody chose who runs the server, is told, as the standard has it.
    for chosen in (
        await door(TERMS).bring(form=form),
        await desk.bring(form=asked(**{"response_mode": mode, **wrong})),
    ):
        assert isinstance(chosen, Answered)
        assert dict(chosen.members)["error"]


@pytest.mark.requirement("OP-131")
@pytest.mark.parametrize("allowed", [True, False])
async def test_who_was_asked_and_has_answered_is_sent_on(allowed: bool) -> None:
    desk = door(ANYBODY)
    alice = await desk.visitor("alice")
    step = await desk.bring(alice, asked(client_id=CLIENT_ID))
    assert isinstance(step, AskConsent)
    answered = await desk.authorizing.decide(step.flow, allowed=allowed, visitor=alice)
    assert isinstance(answered, Answered)
    assert ("code" if allowed else "error") in dict(answered.members)


@pytest.mark.requirement("OP-114", "OP-3")
@pytest.mark.parametrize("anybody", [True, False])
def test_of_clients_that_register_only_those_are_chosen_whom_somebody_gave_a_token(anybody: bool) -> None:
    kept = Registered(
        client_id="Reg-1", metadata={"redirect_uris": [CALLBACK]}, registered_at=0, used_at=0, until=2**40
    )
    found = RegistrationTerms(open=anybody, grants=TERMS.grants).client(kept)
    assert found is not None
    assert found.sign_in is not None
    assert found.sign_in.vouched is not anybody
