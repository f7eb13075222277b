"""A server, or several nodes of one, that is both sides of cross-app access.

The app ``desk`` gets grants for another company's tickets, for alice, who signs in here; and it redeems grants
of the company's identity provider for ``orders``, which name a person of ours.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from pathlib import Path
from typing import Any, Final

from actas.core.wire import ID_JAG, ID_JAG_JWT, ID_TOKEN, JWT_BEARER, TOKEN_EXCHANGE
from actas.crypto import jose
from tests.fakes.browser import Browser
from tests.fakes.managing import managed
from tests.fakes.served import IDP
from tests.fakes.server import RealServer
from tests.fakes.wire import FORM, Reply, ask, encoded

TICKETS: Final = "https://auth.tickets.example"
CALLBACK: Final = "https://web.acme.example/callback"
VERIFIER: Final = "a-verifier-that-is-long-enough-for-the-standard"
CHALLENGE: Final = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PASSWORD: Final = "correct horse battery"

TO_TICKETS: Final[dict[str, Any]] = {
    "name": "desk-to-tickets",
    "direction": "issue",
    "client": "desk",
    "resource": {"issuer": TICKETS, "client_id": "acme-desk", "scopes": ["tickets:read"]},
    "people": {"from": ["actas"]},
}
FROM_CORP: Final[dict[str, Any]] = {
    "name": "desk-from-corp",
    "direction": "accept",
    "client": "desk",
    "from": "corp-idp",
    "api": "orders",
    "scopes": ["orders:read"],
    "people": {"match": "aud_sub"},
}


def both_sides(folder: Path, *, database: str | None = None, connected: bool = True) -> RealServer:
    """Return a server, not started.

    Args:
        connected: whether its file has the connections; else somebody makes them.
    """
    server = managed(folder, database=database)
    company = server.company
    company.environ["ALICE_PASSWORD"] = PASSWORD
    company.tree["users"] = [{"name": "alice", "password": {"env": "ALICE_PASSWORD"}}]
    company.named("issuers", "corp-idp")["accepts"] = ["id_token", "jwt", "id_jag"]
    company.named("clients", "desk").update(
        redirect_uris=[CALLBACK],
        grants=["token_exchange", "authorization_code", "refresh_token", "jwt_bearer"],
        may_request={"apis": ["orders"]},
        sign_in={"consent": "never"},
    )
    if connected:
        company.tree["connections"] = [TO_TICKETS, FROM_CORP]
    return server


def signed_in(server: RealServer) -> str:
    """The ID token that desk gets when alice signs in."""
    reply = signing_in(server)
    assert reply.status == 200, reply
    return str(reply.json["id_token"])


def signing_in(server: RealServer) -> Reply:
    """What desk is told when alice has signed in."""
    browser = Browser(server.issuer)  # pages are taken from there alone
    browser.get(
        "/authorize",
        client_id="desk",
        response_type="code",
        redirect_uri=CALLBACK,
        scope="openid",
        state="s-1",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
    )
    browser.sign_in("alice", PASSWORD)
    form = {
        **_desk(server),
        "grant_type": "authorization_code",
        "code": browser.answer()["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return _posted(server, form)


def granted(server: RealServer, id_token: str) -> Reply:
    """Ask for a grant for alice."""
    form = {
        **_desk(server),
        "grant_type": str(TOKEN_EXCHANGE),
        "subject_token": id_token,
        "subject_token_type": str(ID_TOKEN),
        "requested_token_type": str(ID_JAG),
        "audience": TICKETS,
    }
    return _posted(server, form)


def a_grant(server: RealServer, *, lives: int = 300, **claims: Any) -> str:
    """A grant of the company's identity provider for desk and alice, which nobody has redeemed."""
    now = int(time.time())
    honest: dict[str, Any] = {
        "iss": IDP,
        "sub": "id-alice",
        "aud": server.issuer,
        "client_id": "desk",
        "aud_sub": "actas:alice",
        "email": "alice@acme.example",
        "email_verified": True,
        "groups": ["support"],
        "jti": secrets.token_hex(16),
        "iat": now,
        "exp": now + lives,
        "scope": "orders:read",
    }
    return jose.sign({**honest, **claims}, key=server.company.idp_key, typ=ID_JAG_JWT)


def redeemed(server: RealServer, grant: str) -> Reply:
    """Redeem one."""
    return _posted(server, {**_desk(server), "grant_type": str(JWT_BEARER), "assertion": grant})


def _desk(server: RealServer) -> dict[str, str]:
    return {"client_id": "desk", "client_secret": server.company.secrets["desk"]}


def _posted(server: RealServer, form: dict[str, str]) -> Reply:
    return ask(server.port, "POST", "/token", headers={"Content-Type": FORM}, body=encoded(form))
