"""A log on disk that a real assembly wrote: grants, refusals, a token handed on, sealed when it was closed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from actas.app.assembly import assembly
from actas.app.foundation import Foundation, foundation
from actas.app.parts import exchange
from actas.core.errors import OAuthError
from actas.core.party import Caller
from actas.core.wire import ACCESS_TOKEN, TOKEN_EXCHANGE
from actas.exchange import Answer, Exchange
from actas.settings.load import Draft, read
from actas.store.audit_folder import reading

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
        database: the URL of the database that keeps the log; None when files do.
    """

    folder: Path
    first: str
    second: str
    refused: str
    nobody: str
    database: str | None = None

    @property
    def file(self) -> Path:
        """The configuration."""
        return self.folder / "actas.yaml"

    @property
    def audit(self) -> Path:
        """The folder of the streams."""
        return self.folder / "data" / "audit"

    @property
    def environ(self) -> dict[str, str]:
        """What the program must find to work over it."""
        database = {} if self.database is None else {DATABASE: self.database}
        return {"ACTAS_CONFIG": str(self.file), "ACTAS_DEV": "1", **database}


DATABASE: Final = "ACTAS_DATABASE_URL"


def keep_log(folder: Path, *, database: str | None = None) -> KeptLog:
    """Write a log: one stream, ``s1``, of ten entries, and two checkpoints, after the first ones and the last.

    Args:
        database: the URL of an empty PostgreSQL that keeps it; None for files.
    """
    return asyncio.run(_write(folder, database))


def configured(folder: Path, database: str | None = None) -> Draft:
    """Write the configuration, and read it."""
    text = CONFIGURATION
    if database is not None:
        text = text.replace("data: ./data }", f"data: ./data, database: {{ env: {DATABASE} }} }}")
    (folder / "actas.yaml").write_text(text, encoding="utf-8")
    secret = folder / "client.secret"
    secret.write_text(SECRET, encoding="utf-8")
    secret.chmod(0o600)
    return read([folder / "actas.yaml"], dev=True, environ={DATABASE: database} if database else {})


def entries(base: Foundation, stream: str = "s1") -> list[dict[str, Any]]:
    """Return what a process has written so far."""
    with reading(base.audit_folder / f"{stream}.db") as reader:
        return [json.loads(line) for _, line in reader.rows()]


async def _write(folder: Path, database: str | None) -> KeptLog:
    draft = configured(folder, database)
    async with foundation(draft, dev=True, create=True, migrate=True) as base, assembly(base) as house:
        while not await asyncio.to_thread(lambda: list(base.audit_log.checkpoint_lines())):
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
        await asyncio.sleep(0.002)  # entries say when to a millisecond: the next one is made in another
        second = await granted("second.jwt", **on)
        refused = await _refused(pipeline, {**on, "scope": "stock:write"})
        nobody = await _refused(pipeline, {**on, "client_secret": "wrong"})
    return KeptLog(folder, first.entry, second.entry, refused, nobody, database)


CALLER: Final = Caller(address="192.0.2.7")


def _form(form: dict[str, str]) -> bytes:
    return urlencode({"client_secret": SECRET, **form}).encode()


async def _refused(pipeline: Exchange, form: dict[str, str]) -> str:
    try:
        await pipeline(_form(form), CALLER)
    except OAuthError as refused:
        return refused.entry or ""
    raise AssertionError("it was granted")
