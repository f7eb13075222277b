"""Reading the log instead of the wire.

Logs are copied to places where secrets are not: a search cluster, a ticket, a backup. If a token, a client
secret or an assertion is in them - in a debug line, an error text, a "just the first part" - whoever can read
them can act (CVE-2024-8365, CVE-2025-62705, CVE-2026-46358). Every secret of every request here is a canary,
and no line may hold one, granted or refused, nor any part of one that would be of use.
"""

from __future__ import annotations

import base64
import contextlib
import logging
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from tests.fakes.attempts import Attempt
from tests.fakes.company import CALLBACK, client, signing_in
from tests.fakes.door import Door
from tests.fakes.front_door import FrontDoor, asked
from tests.fakes.guards import GUARDS
from tests.fakes.house import CLIENTS, House, secret_of
from tests.fakes.paths import PATHS

from actas.clients.throttle import Limits, Step
from actas.core.errors import OAuthError
from actas.core.opaque import Prefix, new_text
from actas.core.ports import SystemChance
from actas.core.wire import ID_TOKEN, JWT_BEARER_CLIENT_ASSERTION, SUBJECT
from actas.crypto.passwords import generate_secret

READ: dict[str, Any] = {"audience": "inventory", "scope": "stock:read"}
HIDDEN = ("subject_token", "actor_token", "client_secret", "client_assertion", "code", "code_verifier")


def secrets_of(form: dict[str, Any]) -> list[str]:
    """What of a form must not be found anywhere. Whom an administrator names is no secret."""
    named = form.get("subject_token_type") == str(SUBJECT)
    hidden = [name for name in HIDDEN if not (named and name == "subject_token")]
    return [str(form[name]) for name in hidden if form.get(name) not in (None, "wrong")]


def traces(secret: str) -> Iterator[str]:
    """What would give a secret away: itself, its parts if it is a token, and other spellings of it."""
    yield secret
    if secret.count(".") == 2:
        # The signature is what makes a token a token; its claims are what the minutes are about.
        yield secret.rpartition(".")[2]
        yield secret.rpartition(".")[0]
    yield base64.b64encode(secret.encode()).decode()
    yield base64.urlsafe_b64encode(secret.encode()).decode().rstrip("=")
    yield secret.encode().hex()


def assert_clean(house: House, *secrets: str, elsewhere: str = "") -> None:
    """No line of the minutes, and nothing of ``elsewhere``, holds a secret."""
    text = b"\n".join(house.writer.lines).decode() + elsewhere
    for secret in secrets:
        for trace in traces(secret):
            assert len(trace) >= 16
            assert trace not in text


@pytest.mark.requirement("SEC-87", "SEC-86")
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.path)
async def test_no_secret_of_a_granted_request_is_in_the_minutes(
    path: Attempt, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    house = path.house()
    form = await path.whole_form(house)
    answer = await house.post(form)
    assert_clean(house, *secrets_of(form), str(answer.body["access_token"]), elsewhere=caplog.text)
    event = house.writer.events[-1]
    assert event["given"]["digest"] == house.ring.digest(str(answer.body["access_token"]))
    if path.subject is not None and form.get("subject_token_type") != str(SUBJECT):
        shown = form["assertion"] if path.acceptance is not None else form["subject_token"]
        assert event["parents"][0]["digest"] == house.ring.digest(str(shown))


@pytest.mark.requirement("SEC-87", "TX-94", "SEC-04")
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
async def test_no_secret_of_a_refused_request_is_in_the_minutes_or_in_the_answer(
    guard: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for path in PATHS:
        tripped = guard.trip(path)
        if not isinstance(tripped, Attempt):
            continue
        house = tripped.house()
        form = await tripped.whole_form(house)
        for dev in (False, True):
            answer = await Door(house, dev=dev).post(form)
            assert answer.status >= 400
            assert_clean(
                house, *secrets_of(form), elsewhere=caplog.text + answer.body.decode() + str(answer.headers)
            )


@pytest.mark.requirement("SEC-87")
async def test_credentials_in_every_place_stay_out() -> None:
    house = House()
    secret, assertion = secret_of("orders"), house.assertion()
    basic = "Basic " + base64.b64encode(f"orders:{secret}".encode()).decode()
    forms: list[tuple[dict[str, Any], str | None]] = [
        (house.form("orders", house.our_token(), **READ, client_secret=None), basic),
        (house.form("orders", house.our_token(), **READ), basic),
        (house.form("orders", house.our_token(), **READ, client_secret=None), basic.lower()),
        (house.form("nobody", house.our_token(), **READ, client_secret=secret), None),
        (
            {
                **house.form("robot", house.our_token(), **READ, client_secret=None),
                "client_assertion": assertion,
                "client_assertion_type": JWT_BEARER_CLIENT_ASSERTION,
            },
            None,
        ),
        (
            {
                **house.form("robot", house.our_token(), **READ, client_secret=None),
                "client_assertion": assertion + "x",
                "client_assertion_type": JWT_BEARER_CLIENT_ASSERTION,
            },
            None,
        ),
    ]
    for form, header in forms:
        try:
            await house.post(form, authorization=header)
        except OAuthError as refused:
            told = f"{refused} {refused!r} {refused.detail}"
        else:
            told = ""
        assert secret not in told
        assert assertion not in told
        assert_clean(house, secret, assertion, str(form["subject_token"]), basic.partition(" ")[2])


@pytest.mark.requirement("SEC-87")
@pytest.mark.parametrize("name", ["scope", "audience", "resource", "client_id"])
async def test_a_token_or_a_secret_in_the_place_of_a_name_stays_out(name: str) -> None:
    """A caller who mixes two parameters up sends a good token where the minutes keep what was asked for."""
    house = House(limits=Limits(failed_client_auth=(Step(after=1, wait=60),)))
    tokens = [*(new_text(kind, SystemChance()) for kind in get_args(Prefix)), house.our_token()]
    secrets = [generate_secret(), SystemChance().token(48), "0a" * 32] if name == "client_id" else []
    for one in tokens + secrets:
        sent = f"x:{one}" if name == "resource" else one
        for form in (
            house.form("orders", house.our_token(), **READ | {name: sent}),
            house.own_form("nightly", **{name: sent}),
        ):
            for _ in range(2):  # the second waits, and the minutes say for whom
                await house.turned_away(form)
    text = b"\n".join(house.writer.lines).decode()
    assert "[removed " in text
    for one in tokens + secrets:
        assert one[:43] not in text
        assert one.rpartition(".")[2][:43] not in text
    long = "team-payments-production-eu-west-1-invoice-worker"
    await house.turned_away(house.own_form("nightly", client_id=long))
    assert long in house.writer.lines[-1].decode()


@pytest.mark.requirement("SEC-87")
@pytest.mark.parametrize("kind", get_args(Prefix))
async def test_what_a_browser_or_a_device_holds_stays_out(kind: Prefix) -> None:
    """An address of an answer is sent for the address of an app, or a code for its name: it is good for minutes,
    and a session for hours.
    """
    desk = FrontDoor(House(clients=[*CLIENTS[:3], signing_in(client("web", kind="app"))]))
    held = new_text(kind, SystemChance())
    places: tuple[dict[str, str], ...] = (
        {"redirect_uri": f"{CALLBACK}?code={held}&state=x"},
        {"redirect_uri": f"{CALLBACK}?flow={held}.c2VhbGVk"},
        {"client_id": held},
        {"resource": f"https://api.example/{held}"},
        {"scope": f"openid {held}", "response_type": "token"},
    )
    for times, changes in enumerate(places, start=1):
        with contextlib.suppress(OAuthError):
            await desk.bring(form=asked(**changes))
        assert len(desk.house.writer.events) == times
        event = desk.house.writer.lines[-1].decode()
        assert held[:43] not in event, changes
        assert "c2VhbGVk" not in event


@pytest.mark.requirement("SEC-87")
async def test_only_the_claims_that_a_rule_looks_at_are_written_down() -> None:
    house = House()
    token = house.id_token(
        nonce="n", phone_number="+49 151 canary-number", address={"street": "canary street"}
    )
    await house.ask("assistant", token, subject_token_type=str(ID_TOKEN), audience="orders")
    text = b"".join(house.writer.lines)
    assert b"canary" not in text
    assert b"alice@acme.example" in text


@pytest.mark.requirement("SEC-87", "SEC-04")
async def test_an_unexpected_exception_that_quotes_a_secret_does_not_put_it_into_the_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Libraries quote what they stumble over: ``UnicodeEncodeError`` has the whole text in its ``repr``."""
    house = House()

    async def clumsy(*_: Any) -> None:
        raise ValueError(f"cannot handle {secret_of('orders')}")

    monkeypatch.setattr(type(house.validators), "prove", clumsy)
    await house.turned_away(house.form("orders", house.our_token(), **READ))
    assert_clean(house, secret_of("orders"))
