"""The person is told: by letter through a real SMTP server, and by a webhook, once, also after a crash."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.certificates import Authority
from tests.fakes.mailbox import PASSWORD, USER, Mailbox
from tests.fakes.server import RealServer, until
from tests.fakes.webhook import Webhook
from tests.fakes.wire import FORM, ask, encoded

from actas.core.wire import ID_TOKEN


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.within(tmp_path, "authority")


@pytest.fixture
def mailbox(authority: Authority) -> Iterator[Mailbox]:
    with Mailbox(authority) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Webhook]:
    with Webhook() as running:
        yield running


@pytest.fixture
def server(tmp_path: Path, authority: Authority, mailbox: Mailbox, receiver: Webhook) -> RealServer:
    made = RealServer(tmp_path / "node")
    tree, environ = made.company.tree, made.company.environ
    environ |= {"MAIL_PASSWORD": PASSWORD, "NOTICES_SECRET": receiver.secret, "CAROL_PASSWORD": "x" * 20}
    tree["server"]["authorities"] = str(authority.certificate)
    tree["server"]["mail"] = {
        "host": "localhost", "port": mailbox.port, "username": USER, "password": {"env": "MAIL_PASSWORD"},
        "from": "actas@acme.example",
    }  # fmt: skip
    tree["users"] = [
        {"name": "carol", "email": "carol@example.com", "password": {"env": "CAROL_PASSWORD"}},
        {"name": "olga"},
    ]
    made.company.signed_in_to()
    made.company.looked_into()
    tree["impersonation"] = {
        "notify": ["subject", "security@acme.example"],
        "notify_at": ["start", "end"],
        "notify_webhook": receiver.url,
        "notify_secret": {"env": "NOTICES_SECRET"},
        "notify_required": True,
    }
    return made


def look_in(server: RealServer, whom: str) -> Any:
    asked = {
        "subject_token_type": str(ID_TOKEN), "requested_subject": f"actas:{whom}", "audience": "orders",
        "reason": "the order does not load", "scope": None,
    }  # fmt: skip
    form = server.company.exchange("assistant", server.company.id_token("dana"), **asked)
    return server.post({name: value for name, value in form.items() if value is not None})


def told(server: RealServer, name: str) -> set[tuple[str, str, str]]:
    return {
        (one["event"].partition(":")[2], one["what"], one["recipient"])
        for one in server.events()
        if one.get("impersonation") == name and one["event"] in ("impersonation:told", "impersonation:untold")
    }


def end(server: RealServer, name: str) -> None:
    form = {
        "client_id": "assistant", "client_secret": server.company.secrets["assistant"], "action": "end",
        "subject_token": server.company.id_token("dana"), "subject_token_type": str(ID_TOKEN),
        "impersonation": name, "reason": "done",
    }  # fmt: skip
    reply = ask(server.port, "POST", "/impersonations", headers={"Content-Type": FORM}, body=encoded(form))
    assert reply.status == 200, reply


def free(server: RealServer) -> str | None:
    """Who was told of the notice that is due soon, and that nobody has in hand; None while somebody has it."""
    with contextlib.closing(sqlite3.connect(server.folder / "data" / "actas.db")) as database:
        rows = database.execute("SELECT told, due_at FROM impersonation_notices WHERE what = 'start'")
        return next((str(told) for told, due in rows if told != "[]" and due < time.time() + 60), None)


@pytest.mark.requirement("SEC-48")
def test_the_person_is_told_as_it_begins_and_once_it_has_ended(
    server: RealServer, mailbox: Mailbox, receiver: Webhook
) -> None:
    with server, server.twin() as second:
        assert look_in(server, "olga").reason == "cannot_be_told"
        name = str(look_in(second, "carol").json["impersonation"])
        until(lambda: len(mailbox.letters) == 2 and len(receiver.taken) == 1, limit=20)
        to_carol, to_security = mailbox.letters
        assert (to_carol.to, to_security.to) == ("carol@example.com", "security@acme.example")
        assert to_carol.secure
        assert to_carol.known
        assert to_carol.message["Subject"] == "dana@acme.example acts as you"
        assert "Why         the order does not load" in to_carol.text
        assert f"{server.issuer}/account" in to_carol.text
        document = json.loads(receiver.taken[0].body)
        assert (document["what"], document["person"]["email"]) == ("start", "carol@example.com")
        end(server, name)
        until(lambda: len(mailbox.letters) == 4 and len(receiver.taken) == 2, limit=20)
        assert mailbox.letters[2].message["Subject"] == "dana@acme.example acted as you"
        everybody = ("subject", "security@acme.example", "webhook")
        wanted = {("told", what, who) for what in ("start", "end") for who in everybody}
        until(lambda: told(server, name) | told(second, name) == wanted, limit=20)
        assert [one.id for one in receiver.tried] == [f"{name}.start", f"{name}.end"]
        assert receiver.forged == []


@pytest.mark.requirement("SEC-48", "REL-01")
def test_a_notice_outlives_the_process_that_could_not_tell_it(
    server: RealServer, mailbox: Mailbox, receiver: Webhook
) -> None:
    mailbox.answer = lambda _: "450 come back later"
    with server:
        name = str(look_in(server, "carol").json["impersonation"])
        until(lambda: mailbox.tried >= 2 and len(receiver.taken) == 1, limit=20)
        until(lambda: told(server, name) == {("told", "start", "webhook")}, limit=20)
        until(lambda: free(server) is not None, limit=20)
        server.kill9()
        mailbox.answer = lambda _: None
        server.start()
        until(lambda: len(mailbox.letters) == 2, limit=60)
        until(lambda: len(told(server, name)) == 3, limit=20)
        assert len(receiver.taken) == 1
