"""Attack: an answer that leads the client's secret, or the person's token, somewhere else.

Metadata of another issuer (mix-up), endpoints that are downgraded to plain http, a redirect to a
host of the attacker's, an address that reads as one host and is another, an error page of a proxy
in between that parses, an answer without end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from sdk.tests.support import (
    INVENTORY,
    ISSUER,
    METADATA,
    ORDERS,
    HandMadeIssuer,
    Script,
    StillWorld,
    claims,
    present,
)

from actas_sdk.errors import BadAnswer, Misconfigured
from actas_sdk.sync import Actas, Verifier

WELL_KNOWN = f"{ISSUER}/.well-known/oauth-authorization-server"


def actas_over(script: Script, still: StillWorld, **client: Any) -> Actas:
    http = httpx2.Client(transport=httpx2.MockTransport(script), **client)
    return Actas(ISSUER, client_id="orders", client_secret="s3cr3t", http=http, world=still.world())


def test_metadata_of_another_issuer_says_which_is_meant_and_which_was_found(still: StillWorld) -> None:
    script = Script({WELL_KNOWN: httpx2.Response(200, json={**METADATA, "issuer": f"{ISSUER}/"})})
    with pytest.raises(BadAnswer, match=f"issuer '{ISSUER}/', and '{ISSUER}' was asked for"):
        actas_over(script, still).exchange("alice-token", to=INVENTORY)


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example"},
        {"issuer": ISSUER + "/"},
        {"issuer": ISSUER.upper()},
        {"issuer": None},
        {"token_endpoint": "http://sts.acme.example/token"},
        {"token_endpoint": "http://127.0.0.1/token"},
        {"token_endpoint": "https://sts.acme.example@evil.example/token"},
        {"token_endpoint": "//evil.example/token"},
        {"token_endpoint": "https://evil.example\\@sts.acme.example/token"},
        {"token_endpoint": "https://sts.acme.example/token#x"},
        {"token_endpoint": "https://sts.acme.example:99999/token"},
        {"token_endpoint": "https://sts.acme.example/ token"},
        {"token_endpoint": 7},
        {"token_endpoint": ""},
        {"token_endpoint": None},
        {"jwks_uri": "http://sts.acme.example/jwks"},
        {"jwks_uri": "file:///etc/passwd"},
    ],
    ids=repr,
)
def test_metadata_that_leads_astray_is_not_followed(still: StillWorld, changed: dict[str, Any]) -> None:
    said = {name: value for name, value in (METADATA | changed).items() if value is not None}
    script = Script({WELL_KNOWN: httpx2.Response(200, json=said)})

    with pytest.raises(BadAnswer):
        actas_over(script, still).exchange("alice-token", to=INVENTORY)
    assert script.asked(WELL_KNOWN) == len(script.seen) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_even_by_a_client_that_would(still: StillWorld, status: int) -> None:
    script = Script(
        {
            WELL_KNOWN: httpx2.Response(200, json=METADATA),
            f"{ISSUER}/token": httpx2.Response(status, headers={"Location": "https://evil.example/token"}),
        }
    )

    with pytest.raises(BadAnswer):
        actas_over(script, still, follow_redirects=True).exchange("alice-token", to=INVENTORY)
    assert {request.url.host for request in script.seen} == {"sts.acme.example"}


def test_keys_behind_a_redirect_are_not_believed(issuer: HandMadeIssuer, still: StillWorld) -> None:
    issuer.script.answers[f"{ISSUER}/jwks"] = httpx2.Response(
        302, headers={"Location": "https://evil.example"}
    )

    with pytest.raises(BadAnswer):
        present(issuer.verifier(still), issuer.sign(claims()))


def test_a_header_the_application_set_for_its_own_calls_is_not_what_authenticates_us(
    still: StillWorld,
) -> None:
    script = Script({WELL_KNOWN: httpx2.Response(200, json=METADATA)})
    with pytest.raises(BadAnswer):
        actas_over(script, still, auth=("somebody", "else")).exchange("alice-token", to=INVENTORY)

    assert script.seen[-1].headers["authorization"].startswith("Basic b3JkZXJzOnMzY3IzdA")


@pytest.mark.parametrize(
    "issuer_address",
    [
        "http://sts.acme.example",
        "http://10.0.0.1",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "https://user@sts.acme.example",
        "https://sts.acme.example?x",
        "https://sts.acme.example#x",
        "https://",
        "sts.acme.example",
        "ftp://sts.acme.example",
        "",
    ],
)
def test_an_issuer_that_is_not_https_is_refused_before_anything_is_sent(issuer_address: str) -> None:
    with pytest.raises(Misconfigured):
        Actas(issuer_address, client_id="orders", client_secret="s")
    with pytest.raises(Misconfigured):
        Verifier(issuer_address, audience=ORDERS)


@pytest.mark.parametrize(
    "issuer_address", ["http://127.0.0.1:8693", "http://[::1]:8693", "http://localhost:8693"]
)
def test_a_server_on_this_computer_may_speak_plain_http(issuer_address: str) -> None:
    assert Verifier(issuer_address, audience=ORDERS).issuer == issuer_address


class Endless(httpx2.SyncByteStream):
    """A body without end."""

    def __init__(self) -> None:
        self.sent = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.sent += 1
            yield b" " * 65_536


def test_an_answer_without_end_is_left(still: StillWorld) -> None:
    endless = Endless()
    script = Script()

    def answer(request: httpx2.Request) -> httpx2.Response:
        script(request)
        return httpx2.Response(200, headers={"Content-Type": "application/json"}, stream=endless)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    with pytest.raises(BadAnswer):
        present(
            Verifier(ISSUER, audience=ORDERS, http=http, world=still.world()), HandMadeIssuer().sign(claims())
        )
    assert endless.sent < 10


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/html"},
        {"Content-Type": "application/jsonp"},
        {},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
    ids=repr,
)
def test_what_is_not_plain_json_is_not_read(still: StillWorld, headers: dict[str, str]) -> None:
    import json

    stream = httpx2.ByteStream(json.dumps(METADATA).encode())

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers=headers, stream=stream)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    with pytest.raises(BadAnswer):
        present(
            Verifier(ISSUER, audience=ORDERS, http=http, world=still.world()), HandMadeIssuer().sign(claims())
        )
