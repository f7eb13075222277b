"""A request waits for an issuer's keys, and meanwhile what it asks for is taken away.

Whoever keeps a slow issuer, or makes one slow, could hold a request back until its connection is paused, its client
disabled or a rule taken out, and have it granted all the same, ten seconds after that was acknowledged (SEC-58, REL-21).
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import (
    FROM_CORP,
    GRANTING,
    NOW,
    PEOPLE,
    REDEEMERS,
    acceptance,
    allow,
)
from tests.fakes.house import House
from tests.fakes.managing import Managing
from tests.fakes.two_domains import TAKES, TwoDomains
from tests.fakes.wire import FORM, Reply, ask, encoded

from actas.core.errors import OAuthError
from actas.core.wire import ID_JAG_JWT, ID_TOKEN, JWT_BEARER
from actas.crypto import jose
from actas.crypto.key import PrivateKey

BY_ID_TOKEN = allow("by-id-token", "delegation", "assistant", "orders", subject=FROM_CORP)


def house(*, clients: Any = REDEEMERS, rules: Any = (BY_ID_TOKEN,), **terms: Any) -> House:
    return House(
        issuers=(GRANTING,),
        clients=clients,
        people=PEOPLE,
        accepted=(acceptance(**terms),),
        rules=rules,
        clock=FixedClock(NOW),
    )


async def refusal(before: House, after: House, form: dict[str, Any]) -> OAuthError:
    """What a request is told that begins in one configuration and is decided in another."""
    before.now = after.catalog
    with pytest.raises(OAuthError) as refused:
        await before.post(form)
    return refused.value


@pytest.mark.requirement("SEC-58", "REL-21")
async def test_a_grant_is_not_redeemed_by_a_connection_that_was_paused() -> None:
    here = house()
    refused = await refusal(here, house(paused=True), here.redeeming(here.grant()))
    assert (refused.code, refused.reason) == ("invalid_grant", "connection_paused")
    here.now = None
    await here.post(here.redeeming(here.grant(jti="another")))


@pytest.mark.requirement("SEC-58", "REL-21")
async def test_nor_for_people_scopes_and_apis_that_it_has_no_more() -> None:
    for changes in ({"groups": frozenset({"nobody"})}, {"api": "inventory"}):
        here = house()
        refused = await refusal(here, house(**changes), here.redeeming(here.grant()))
        assert refused.reason in ("no_rule", "excess")
    here = house()
    here.now = house(scopes=frozenset({"orders:write"})).catalog
    with pytest.raises(OAuthError):
        await here.post(here.redeeming(here.grant(scope="orders:read")))


@pytest.mark.requirement("REL-21")
async def test_no_rule_allows_what_it_did_before_and_a_new_deny_holds() -> None:
    form = {"subject_token_type": str(ID_TOKEN), "audience": "orders"}
    here = house()
    asked = here.form("assistant", here.id_token(), **form)
    assert (await refusal(here, house(rules=()), asked)).reason == "no_rule"
    here.now = house(rules=(replace(BY_ID_TOKEN, name="newer"),)).catalog
    await here.post(asked)
    assert here.writer.events[-1]["rules"] == ["newer"]  # and what is recorded is what decided


@pytest.mark.requirement("SEC-58", "REL-21")
async def test_a_client_that_may_not_redeem_any_more_does_not() -> None:
    here = house()
    fewer = tuple(replace(one, grants=frozenset({*one.grants} - {JWT_BEARER})) for one in REDEEMERS)
    refused = await refusal(here, house(clients=fewer), here.redeeming(here.grant()))
    assert (refused.code, refused.reason) == ("unauthorized_client", "client_may_not_exchange")


@pytest.mark.requirement("SEC-58", "REL-21")
async def test_whoever_is_locked_out_by_now_gets_nothing_and_the_grant_is_not_used_up() -> None:
    here = house()
    here.there.gone = "revoked"
    refused = await refusal(here, house(), here.redeeming(here.grant()))
    assert refused.reason == "revoked"
    here.now = None
    await here.post(here.redeeming(here.grant()))


class SlowIssuer:
    """An issuer that shows its keys once it is let."""

    def __init__(self) -> None:
        self.asked, self.let = threading.Event(), threading.Event()
        self.key = key = PrivateKey.generate("ES256")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.set()
                outer.let.wait(4.0)
                keys = {"keys": [{**key.public.jwk(), "use": "sig", "alg": "ES256"}]}
                about = {"issuer": outer.issuer, "jwks_uri": f"{outer.issuer}/jwks"}
                body = json.dumps(about if "well-known" in self.path else keys).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self.issuer = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)

    def grant(self, to: str) -> str:
        now = int(time.time())
        said: dict[str, Any] = {"iss": self.issuer, "sub": "u-1", "aud": to, "client_id": "acme-desk"}
        said |= {"jti": secrets.token_hex(8), "iat": now, "exp": now + 300, "scope": "tickets:read"}
        return jose.sign(said, key=self.key, typ=ID_JAG_JWT)


@pytest.mark.requirement("SEC-58", "REL-21")
@pytest.mark.parametrize("what", [f"connections/{TAKES}", "clients/acme-desk", "issuers/acme"])
def test_a_slow_issuer_gets_no_grant_redeemed_after_the_pause(tmp_path: Path, what: str) -> None:
    with SlowIssuer() as theirs:
        domains = TwoDomains(tmp_path)
        domains.home.close()  # the grants are another's
        server = domains.tickets
        server.company.named("issuers", "acme")["issuer"] = theirs.issuer

        def redeemed() -> Reply:
            form = {"client_id": "acme-desk", "client_secret": "the-secret-of-acme-desk-at-tickets"}
            form |= {"grant_type": str(JWT_BEARER), "assertion": theirs.grant(server.issuer)}
            return ask(server.port, "POST", "/token", headers={"Content-Type": FORM}, body=encoded(form))

        got: list[Reply] = []
        with server:
            chief = Managing(server, "chief")
            waiting = threading.Thread(target=lambda: got.append(redeemed()), daemon=True)
            waiting.start()
            assert theirs.asked.wait(20)
            assert chief("POST", f"/{what}/disable").status == 200
            theirs.let.set()
            waiting.join(30)
            (reply,) = got
            assert reply.status in (400, 401), reply
            # It was for that, and not because the issuer was too slow.
            assert reply.json["error"] in ("invalid_grant", "invalid_request", "invalid_client"), reply.json
            assert chief("POST", f"/{what}/enable").status == 200
            assert redeemed().status == 200
