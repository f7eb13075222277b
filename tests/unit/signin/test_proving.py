"""Proving who somebody is, step by step: what was right so far is worth nothing until all of it is."""

from __future__ import annotations

import msgspec
import pytest
from tests.fakes.codes import code_of
from tests.fakes.house import PEOPLE
from tests.fakes.proving_desk import ALICE, RIGHT, VISITOR, Desk

from actas.core.errors import OAuthError
from actas.core.secret import Secret
from actas.crypto.password_hash import PasswordHashes
from actas.signin.proving import CODE_WITHIN
from actas.signin.steps import AskCode, AskWho, GoOn


@pytest.fixture
def desk(hashes: PasswordHashes) -> Desk:
    return Desk(hashes)


async def test_a_right_password_begins_a_session(desk: Desk) -> None:
    step = await desk.proving.password(None, name=" Alice ", password=RIGHT, visitor=VISITOR)
    assert isinstance(step, GoOn)
    session = await desk.sessions.find(step.session)
    assert session is not None
    assert (session.sign_in.acr, session.sign_in.amr) == ("pwd", ("pwd",))
    assert session.sign_in.person.subject == "actas:alice"
    assert desk.house.writer.events[-1]["event"] == "sign_in:granted"


@pytest.mark.requirement("SEC-77", "SEC-86")
async def test_whoever_signs_in_over_somebody_else_ends_their_session_and_the_minutes_say_so(
    hashes: PasswordHashes,
) -> None:
    desk = Desk(hashes, (*PEOPLE, msgspec.structs.replace(ALICE, name="dora")))
    hers = await desk.proving.password(None, name="dora", password=RIGHT, visitor=VISITOR)
    assert isinstance(hers, GoOn)
    before = await desk.sessions.find(hers.session)
    assert before is not None
    same = msgspec.structs.replace(VISITOR, session=hers.session)
    again = await desk.proving.password(None, name="dora", password=RIGHT, visitor=same)
    assert isinstance(again, GoOn)  # the same person goes on with the same session, and nothing ends
    here = msgspec.structs.replace(VISITOR, session=again.session)
    assert isinstance(await desk.proving.password(None, name="alice", password=RIGHT, visitor=here), GoOn)
    said = [one for one in desk.house.writer.events if one["event"] == "session:ended"]
    assert [(one["sid"], one["subject"]["sub"]) for one in said] == [(before.sid, "actas:dora")]
    assert said[0]["by"] == "actas:alice, who signed in at the same browser"
    assert desk.house.revoked.waiting == []  # it was kept with what it tells, and stands in a stream
    assert desk.house.writer.events[-1]["event"] == "sign_in:granted"


@pytest.mark.requirement("SEC-13")
@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("alice", "not the password of actas:alice"),
        ("bob", "not the password of actas:bob"),
        ("my secret typed here", "nobody is called so"),
    ],
)
async def test_a_wrong_one_is_asked_for_again_whoever_it_is(desk: Desk, name: str, detail: str) -> None:
    step = await desk.proving.password(None, name=name, password=Secret("wrong"), visitor=VISITOR)
    assert step == AskWho(request=None, client=None, flow="", name=name, wrong=True)
    event = desk.house.writer.events[-1]
    assert (event["event"], event["reason"]) == ("sign_in:refused", "wrong_credentials")
    assert event["detail"] == detail


@pytest.mark.requirement("SEC-14")
async def test_a_name_that_is_too_long_is_nobodys_and_goes_nowhere(desk: Desk) -> None:
    """Cut to what is compared it would be alice's, and count against her."""
    name = "alice" + " " * 300 + "and more"
    with pytest.raises(OAuthError) as refused:
        await desk.proving.password(None, name=name, password=RIGHT, visitor=VISITOR)
    assert refused.value.reason == "malformed_request"
    assert name not in str(desk.house.writer.events)
    assert [one["event"] for one in desk.house.writer.events] == ["sign_in:refused"]
    longest = await desk.proving.password(None, name="x" * 256, password=RIGHT, visitor=VISITOR)
    assert isinstance(longest, AskWho)


async def test_whoever_is_locked_out_does_not_get_in_with_the_right_password(hashes: PasswordHashes) -> None:
    desk = Desk(hashes, (msgspec.structs.replace(ALICE, disabled=True),))
    step = await desk.proving.password(None, name="alice", password=RIGHT, visitor=VISITOR)
    assert isinstance(step, AskWho)


async def test_with_a_code_it_is_two_factors(desk: Desk) -> None:
    secret = await desk.enrolled()
    half = await desk.half_way()
    step = await desk.proving.code(half.flow, code=Secret(code_of(secret, desk.clock.now())), visitor=VISITOR)
    assert isinstance(step, GoOn)
    session = await desk.sessions.find(step.session)
    assert session is not None
    assert (session.sign_in.acr, session.sign_in.amr) == ("mfa", ("pwd", "otp", "mfa"))


async def test_a_right_password_alone_is_nothing(desk: Desk) -> None:
    await desk.enrolled()
    half = await desk.half_way()
    assert "actas_ses_" not in half.flow
    assert not [one for one in desk.house.writer.events if one["event"] == "sign_in:granted"]


async def test_a_wrong_or_used_code_is_asked_for_again(desk: Desk) -> None:
    secret = await desk.enrolled()
    code = Secret(code_of(secret, desk.clock.now()))
    half = await desk.half_way()
    again = await desk.proving.code(half.flow, code=Secret("000000"), visitor=VISITOR)
    assert isinstance(again, AskCode)
    assert again.wrong
    assert isinstance(await desk.proving.code(half.flow, code=code, visitor=VISITOR), GoOn)
    assert isinstance(await desk.proving.code(half.flow, code=code, visitor=VISITOR), AskCode)


async def test_the_code_belongs_to_the_browser_in_which_the_password_was_typed(desk: Desk) -> None:
    secret = await desk.enrolled()
    half = await desk.half_way()
    code = Secret(code_of(secret, desk.clock.now()))
    other = msgspec.structs.replace(VISITOR, browser="browser-2")
    with pytest.raises(OAuthError) as caught:
        await desk.proving.code(half.flow, code=code, visitor=other)
    assert caught.value.reason == "forged_form"


async def test_the_code_must_come_soon_after(desk: Desk) -> None:
    secret = await desk.enrolled()
    half = await desk.half_way()
    desk.clock.advance(CODE_WITHIN)
    with pytest.raises(OAuthError) as caught:
        await desk.proving.code(half.flow, code=Secret(code_of(secret, desk.clock.now())), visitor=VISITOR)
    assert caught.value.reason == "forged_form"


@pytest.mark.requirement("SEC-14")
async def test_guessing_codes_is_slow_too(desk: Desk) -> None:
    await desk.enrolled()
    half = await desk.half_way()
    for _ in range(3):
        await desk.proving.code(half.flow, code=Secret("000000"), visitor=VISITOR)
    with pytest.raises(OAuthError) as caught:
        await desk.proving.code(half.flow, code=Secret("000000"), visitor=VISITOR)
    assert (caught.value.reason, caught.value.status) == ("too_many_failures", 429)


async def test_what_was_begun_for_one_step_is_good_for_no_other(desk: Desk) -> None:
    await desk.enrolled()
    half = await desk.half_way()
    with pytest.raises(OAuthError):
        await desk.proving.password(half.flow, name="alice", password=RIGHT, visitor=VISITOR)
    with pytest.raises(OAuthError):
        desk.proving.begin(half.flow, VISITOR)


@pytest.mark.requirement("REL-02", "SEC-86")
async def test_nobody_is_signed_in_while_it_cannot_be_written_down(desk: Desk) -> None:
    desk.house.writer.broken = True
    with pytest.raises(OAuthError) as caught:
        await desk.proving.password(None, name="alice", password=RIGHT, visitor=VISITOR)
    assert caught.value.status == 503
