"""Reading the log instead of the wire.

Logs are copied to places where secrets are not: a search cluster, a ticket, a backup. If a token, a client
secret or an assertion is in them - in a debug line, an error text, a "just the first part" - whoever can read
them can act (CVE-2024-8365, CVE-2025-62705, CVE-2026-46358). Every secret of every request here is a canary,
and no line may hold one, granted or refused, nor any part of one that would be of use.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from tests.fakes.door import Door
from tests.fakes.guards import GUARDS
from tests.fakes.house import House, secret_of
from tests.fakes.paths import PATHS, Attempt

from actas.core.errors import OAuthError
from actas.core.wire import ID_TOKEN, JWT_BEARER_CLIENT_ASSERTION

READ: dict[str, Any] = {"audience": "inventory", "scope": "stock:read"}
HIDDEN = ("subject_token", "actor_token", "client_secret", "client_assertion")


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
    form = path.form(house)
    answer = await house.post(form)
    secrets = [str(form[name]) for name in HIDDEN if name in form]
    assert_clean(house, *secrets, str(answer.body["access_token"]), elsewhere=caplog.text)
    event = house.writer.events[-1]
    assert event["given"]["digest"] == house.ring.digest(str(answer.body["access_token"]))
    if path.subject is not None:
        assert event["parents"][0]["digest"] == house.ring.digest(str(form["subject_token"]))


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
        form = tripped.form(house)
        for dev in (False, True):
            answer = await Door(house, dev=dev).post(form)
            assert answer.status >= 400
            secrets = [str(form[name]) for name in HIDDEN if form.get(name) not in (None, "wrong")]
            assert_clean(house, *secrets, elsewhere=caplog.text + answer.body.decode() + str(answer.headers))


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
