"""A request that began under one configuration is decided by the one that came meanwhile, and granted where it may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.door import Response, call
from tests.fakes.kept_log import SECRET
from tests.fakes.wire import encoded

from actas.app.assembly import Assembly, assembly
from actas.app.foundation import foundation
from actas.core.wire import ACCESS_TOKEN, TOKEN_EXCHANGE
from actas.settings.load import Draft, read

CONFIGURATION = """\
version: 1
server: { issuer: "http://127.0.0.1:8693", data: ./data }
apis:
  - { name: stock, audience: "https://stock.acme.example", scopes: { "stock:read": Read } }
clients:
  - name: orders
    kind: service
    auth: { method: client_secret, secret: { file: client.secret } }
    grants: [client_credentials, token_exchange]
    may_request: { apis: [stock] }
rules:
  - { name: own, allow: own, client: orders, target: { api: stock }, scopes: { any: ["stock:read"] } }
  - name: narrower
    allow: downscope
    client: orders
    subject: { from: actas }
    target: { api: stock }
    scopes: same
"""
OTHER = CONFIGURATION.replace("name: own,", "name: own-anew,").replace(
    "name: narrower", "name: narrower-anew"
)
WITHOUT = CONFIGURATION[: CONFIGURATION.index("rules:")]
GONE = CONFIGURATION.replace("kind: service\n", "kind: service\n    disabled: true\n")


def draft(folder: Path, text: str) -> Draft:
    (folder / "actas.yaml").write_text(text, encoding="utf-8")
    secret = folder / "client.secret"
    if not secret.exists():
        secret.write_text(SECRET, encoding="utf-8")
        secret.chmod(0o600)
    return read([folder / "actas.yaml"], dev=True, environ={})


async def asked(endpoint: Any, **form: str) -> Response:
    return await call(endpoint, body=encoded({"client_id": "orders", "client_secret": SECRET, **form}))


def exchanged(token: str) -> dict[str, str]:
    kind = str(ACCESS_TOKEN)
    form = {"grant_type": str(TOKEN_EXCHANGE), "subject_token": token, "subject_token_type": kind}
    return {**form, "audience": "stock"}


@pytest.mark.requirement("REL-21", "SEC-58")
@pytest.mark.parametrize(("text", "granted"), [(OTHER, True), (WITHOUT, False), (GONE, False)])
async def test_what_is_in_force_by_then_decides(text: str, granted: bool, tmp_path: Path) -> None:
    async with (
        foundation(draft(tmp_path, CONFIGURATION), dev=True, create=True, clock=FixedClock()) as base,
        assembly(base) as house,
    ):
        began = house.gate.endpoints["/token"]
        own = await asked(began, grant_type="client_credentials", scope="stock:read")
        assert own.status == 200, own.json
        await changed(house, tmp_path, text)
        for form in ({"grant_type": "client_credentials"}, exchanged(str(own.json["access_token"]))):
            reply = await asked(began, **form, scope="stock:read")
            assert (reply.status == 200) is granted, reply.json


async def changed(house: Assembly, folder: Path, text: str) -> None:
    """Have the files changed and read again."""
    before = house.gate.endpoints["/token"]
    await house.steward.read_again(lambda: draft(folder, text))
    assert house.gate.endpoints["/token"] is not before
