"""Attack: read a token where it was never meant to be: a log, an error report, a pickle, a debugger.

A canary is put in every place where a secret is, everything is made to go wrong, and whatever a
program prints, formats, logs or stores is searched for it.
"""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable

import httpx2
import pytest
from joserfc.jwk import ECKey
from sdk.tests.support import INVENTORY, ISSUER, METADATA, HandMadeIssuer, Script, StillWorld, claims, present

from actas_sdk import Actas, Token
from actas_sdk.credentials import ClientKey, ClientSecret
from actas_sdk.errors import ActasError
from actas_sdk.flow import World
from actas_sdk.keys import SigningKey
from actas_sdk.requests import document, form_of, posted, wanted_for
from actas_sdk.sync import Actas as BlockingActas
from actas_sdk.testing import FakeActas

CANARY = "eyJcanary.canary-canary-canary.canary"
SECRET = "canary-secret-canary"


def everything_shown(thing: object) -> str:
    shown = [repr(thing), str(thing), f"{thing}", f"{thing!s:>40}", f"{thing!a}"]
    if isinstance(thing, BaseException):
        seen = thing
        while seen is not None:
            shown += ["".join(traceback.format_exception(seen)), repr(seen.args), repr(vars(seen))]
            seen = seen.__cause__ or seen.__context__  # type: ignore[assignment]
    return "\n".join(shown)


@pytest.mark.parametrize(
    "how", [repr, str, ascii, "{}".format, "{!r:>80}".format, lambda each: f"{each!s:>80}"]
)
def test_a_token_does_not_print(how: Callable[[object], str]) -> None:
    held = Token(CANARY, audience=INVENTORY, scopes=["stock:read"])

    assert "canary" not in f"{held:>80}{held:s}"
    assert "canary" not in how(held)
    assert "canary" not in how([held])
    assert held.reveal() == CANARY
    assert held.headers() == {"Authorization": f"Bearer {CANARY}"}


def test_a_token_is_neither_pickled_nor_serialised_and_copies_are_itself() -> None:
    held = Token(CANARY, audience=INVENTORY)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(held, protocol)
    with pytest.raises(TypeError):
        json.dumps(held)
    with pytest.raises(TypeError):
        vars(held)
    assert copy.copy(held) is held
    assert copy.deepcopy(held) is held


def test_a_caller_does_not_show_its_token(issuer: HandMadeIssuer, still: StillWorld) -> None:
    text = issuer.sign(claims())
    caller = present(issuer.verifier(still), text)

    assert text.rsplit(".", 1)[1] not in everything_shown(caller)
    assert caller.token.reveal() == text
    with pytest.raises(TypeError):
        pickle.dumps(caller)


def test_requests_and_credentials_do_not_show_what_they_carry() -> None:
    key = SigningKey.from_jwk(ECKey.generate_key("P-256").as_dict(private=True))  # type: ignore[arg-type]
    world = World()
    wanted = wanted_for(CANARY, to=INVENTORY, scopes=[], subject_type="access_token")
    for credentials in (
        ClientSecret(client_id="orders", secret=SECRET),
        ClientKey(client_id="orders", key=key),
    ):
        proof = credentials.proof(issuer=ISSUER, world=world)
        for each in (
            credentials,
            proof,
            wanted,
            posted(form_of(wanted), endpoint=f"{ISSUER}/token", proof=proof),
        ):
            shown = everything_shown(each)
            assert "canary" not in shown
            assert "Basic " not in shown
            assert "eyJ" not in shown
            assert str(key.key.as_dict(private=True)["d"]) not in shown
    assert "GET" in repr(document(ISSUER))


def failing(script: Script, kind: str) -> None:
    script.answers[f"{ISSUER}/.well-known/oauth-authorization-server"] = httpx2.Response(200, json=METADATA)
    said: dict[str, httpx2.Response | Exception] = {
        "refused": httpx2.Response(400, json={"error": "invalid_target", "error_description": "No."}),
        "unreadable": httpx2.Response(
            200, content=f'{{"access_token": "{CANARY}"', headers={"Content-Type": "application/json"}
        ),
        "incomplete": httpx2.Response(200, json={"access_token": CANARY, "token_type": "Bearer"}),
        "other scheme": httpx2.Response(200, json={"access_token": CANARY, "token_type": "N_A"}),
        "down": httpx2.Response(503, headers={"Retry-After": "60"}),
        "broken": httpx2.Response(500),
        "not json": httpx2.Response(200, text=CANARY),
        "lost": httpx2.ReadError("lost"),
        "not utf-8": httpx2.Response(
            200,
            content=b'{"access_token": "' + CANARY.encode() + b'\xff"}',
            headers={"Content-Type": "application/json"},
        ),
    }
    script.answers[f"{ISSUER}/token"] = said[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "refused",
        "unreadable",
        "incomplete",
        "other scheme",
        "down",
        "broken",
        "not json",
        "lost",
        "not utf-8",
    ],
)
async def test_no_error_carries_a_token_or_a_secret(
    still: StillWorld, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    script = Script()
    failing(script, kind)
    async with script.async_client() as http:
        actas = Actas(ISSUER, client_id="orders", client_secret=SECRET, http=http, world=still.world())
        # A type we do not know is not sent twice, so that the test does not wait.
        with pytest.raises(ActasError) as raised:
            await actas.exchange(CANARY, to=INVENTORY, subject_type="urn:acme:once")
    # The traceback's own line of source is this test's, so it is searched without it.
    assert "canary" not in everything_shown(raised.value.with_traceback(None))
    assert "canary" not in caplog.text
    restored = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - our own
    assert (type(restored), str(restored), restored.sentence) == (
        type(raised.value),
        str(raised.value),
        raised.value.sentence,
    )


def test_a_working_exchange_logs_no_token(caplog: pytest.LogCaptureFixture, still: StillWorld) -> None:
    caplog.set_level(logging.DEBUG)
    fake = FakeActas(ISSUER, audience=INVENTORY, world=still.world())
    actas = BlockingActas(ISSUER, client_id="orders", client_secret=SECRET, world=still.world())
    fake.stand_in(actas)
    alice = fake.token("alice")
    bought = actas.exchange(alice, to=INVENTORY, scopes=["stock:read"])
    auth = actas.acting_for(alice, to=INVENTORY, scopes=["stock:read"])

    logging.getLogger("test").warning("%s %r %s", bought, bought, auth)
    for secret in (alice.reveal(), bought.reveal(), SECRET):
        assert secret not in caplog.text
    with pytest.raises(TypeError):
        pickle.dumps(auth)
