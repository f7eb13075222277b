"""A log on disk that a real assembly wrote: grants, refusals, a token handed on, sealed when it was closed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from actas.app.assembly import assembly
from actas.app.foundation import foundation
from actas.app.parts import exchange
from actas.core.errors import OAuthError
from actas.core.party import Caller
from actas.core.wire import ACCESS_TOKEN, TOKEN_EXCHANGE
from actas.exchange import Answer, Exchange
from actas.settings.load import read
from actas.store.audit_folder import CHECKPOINTS

SECRET: Final = "canary-4f1c9a7d3b52848b6f1e0c9a7d3b5284"

CONFIGURATION: Final = """\
version: 1
server: { issuer: "http://127.0.0.1:8693", data: ./data }
keys: { envelope: { file: envelope.key } }
audit: { checkpoint: { also_to: [{ file: witness.jsonl }] } }
apis:
  - { name: orders, audience: "https://orders.acme.example", scopes: { "orders:read": Read orders } }
  - name: inventory
    audience: https://inventory.acme.example
    scopes: { "stock:read": See stock, "stock:write": Change stock }
clients:
  - name: web
    kind: app
    auth: { method: client_secret, secret: { file: client.secret } }
    grants: [client_credentials]
    may_request: { apis: [orders] }
  - name: orders
    kind: service
    api: orders
    auth: { method: client_secret, secret: { file: client.secret } }
    may_request: { apis: [inventory] }
rules:
  - name: web-own
    allow: own
    client: web
    target: { api: orders }
    scopes: { any: ["orders:read"] }
  - name: orders-to-inventory
    allow: delegation
    client: orders
    subject: { from: actas, audience: orders }
    target: { api: inventory }
    scopes: { "orders:read": ["stock:read"] }
"""


@dataclass(frozen=True, slots=True)
class KeptLog:
    """The log, and what is in it.

    Attributes:
        folder: of the configuration; the tokens ``first.jwt`` and ``second.jwt`` lie there too.
        first: the entry of a token that ``web`` got for itself.
        second: the entry of a token that ``orders`` got with it.
        refused: the entry of what ``orders`` wanted too much of.
        nobody: the entry of a request with a wrong secret.
    """

    folder: Path
    first: str
    second: str
    refused: str
    nobody: str

    @property
    def file(self) -> Path:
        """The configuration."""
        return self.folder / "actas.yaml"

    @property
    def audit(self) -> Path:
        """The folder of the streams."""
        return self.folder / "data" / "audit"


def keep_log(folder: Path) -> KeptLog:
    """Write a log: one stream, ``s1``, of nine entries, and two checkpoints, after the fourth and the last."""
    (folder / "actas.yaml").write_text(CONFIGURATION, encoding="utf-8")
    secret = folder / "client.secret"
    secret.write_text(SECRET, encoding="utf-8")
    secret.chmod(0o600)
    return asyncio.run(_write(folder))


async def _write(folder: Path) -> KeptLog:
    draft = read([folder / "actas.yaml"], dev=True, environ={})
    async with foundation(draft, dev=True, create=True) as base, assembly(base) as house:
        while not (base.audit_folder / CHECKPOINTS).exists():
            await asyncio.sleep(0.001)  # until the first checkpoint, so that every log has the same two
        pipeline = exchange(base, house.shared)

        async def granted(token: str, **form: str) -> Answer:
            answer = await pipeline(_form(form), CALLER)
            assert answer.receipt is not None
            house.writer.delivered(answer.receipt)
            (folder / token).write_text(str(answer.body["access_token"]), encoding="ascii")
            return answer

        first = await granted(
            "first.jwt", grant_type="client_credentials", client_id="web", audience="orders"
        )
        on = {
            "grant_type": TOKEN_EXCHANGE,
            "client_id": "orders",
            "subject_token": str(first.body["access_token"]),
            "subject_token_type": ACCESS_TOKEN,
            "audience": "inventory",
        }
        second = await granted("second.jwt", **on)
        refused = await _refused(pipeline, {**on, "scope": "stock:write"})
        nobody = await _refused(pipeline, {**on, "client_secret": "wrong"})
    return KeptLog(folder, first.entry, second.entry, refused, nobody)


CALLER: Final = Caller(address="192.0.2.7")


def _form(form: dict[str, str]) -> bytes:
    return urlencode({"client_secret": SECRET, **form}).encode()


async def _refused(pipeline: Exchange, form: dict[str, str]) -> str:
    try:
        await pipeline(_form(form), CALLER)
    except OAuthError as refused:
        return refused.entry or ""
    raise AssertionError("it was granted")
