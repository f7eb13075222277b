"""What a notice says, to whom, and that nobody else has a word in it."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default
from typing import Any

import msgspec
import pytest

from actas.core.impersonation import Impersonation, Why
from actas.core.party import Actor, Identity
from actas.core.person import Person
from actas.notices.letter import Occasion, document, is_writable, letter, line

OURS = "https://sts.acme.example"
NOON = 1_795_000_000
CAROL = Person(name="carol", display="Carol", email="carol@example.com")
ONE = Impersonation(
    id="kMPqr0pBQmW8a1J5tqk0wQ", mark="m", state="running", form="own_token",
    administrator=Actor(Identity(OURS, "dana@acme.example"), "person"), vouched_by="https://idp.acme.example",
    client="helpdesk", subject=Identity(OURS, "actas:carol"), why=Why("the order does not load", "HELP-1"),
    apis=("orders",), scope=("orders:read",), rules=(), names_actor=True, approval=(), approval_within=60,
    lasts=1800, requested_at=NOON, began_at=NOON, until=NOON + 1800,
)  # fmt: skip


def occasion(**changes: Any) -> Occasion:
    one = {name: changes.pop(name) for name in list(changes) if name in Impersonation.__struct_fields__}
    known: dict[str, Any] = {
        "what": "start", "one": msgspec.structs.replace(ONE, **one), "person": CAROL, "issuer": OURS,
        "account": f"{OURS}/account", "now": NOON + 5,
    }  # fmt: skip
    return Occasion(**{**known, **changes})


def read(told: Occasion, *, to: str = "carol@example.com", themselves: bool = True) -> Any:
    raw = letter(told, sender="actas@acme.example", to=to, themselves=themselves).as_bytes()
    return message_from_bytes(raw, policy=default)


def text_of(message: Any) -> str:
    return str(message.get_content()).replace("\r\n", "\n")


@pytest.mark.requirement("SEC-48")
def test_the_person_reads_who_why_until_when_and_where_to_end_it() -> None:
    message = read(occasion())
    assert message["Subject"] == "dana@acme.example acts as you"
    assert (message["To"], message["From"]) == ("carol@example.com", "Actas <actas@acme.example>")
    assert message["Message-ID"] == "<kMPqr0pBQmW8a1J5tqk0wQ.start@sts.acme.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    text = text_of(message)
    head = "Hello Carol,\n\ndana@acme.example acts as you.\n\n  Since       2026-11-18 11:06:40 UTC\n"
    assert text.startswith(head)
    for fact in ("Until       2026-11-18 11:36:40 UTC, at most\n", "Why         the order does not load", "Ticket      HELP-1", "On          orders",
                 "May         orders:read", "Through     helpdesk", f"\n{OURS}/account\n"):  # fmt: skip
        assert fact in text
    assert max(map(len, text.splitlines())) <= 78


def test_somebody_else_reads_as_whom_and_is_sent_nowhere() -> None:
    message = read(occasion(), to="security@acme.example", themselves=False)
    assert message["Subject"] == "dana@acme.example acts as Carol"
    text = text_of(message)
    assert "actas:carol" in text
    assert "Hello" not in text
    assert "/account" not in text


def test_what_has_ended_is_told_as_ended_whatever_was_to_be_told() -> None:
    for what in ("start", "end"):
        text = text_of(read(occasion(what=what, state="ended", until=NOON + 60, now=NOON + 90)))
        assert "dana@acme.example acted as you. That has ended." in text
        assert "end it at once" not in text
    assert "acted as you" in read(occasion(now=NOON + 1800))["Subject"]


def test_where_nobody_signs_in_nobody_is_sent_to_a_page() -> None:
    text = text_of(read(occasion(account=None)))
    assert "Ask whoever runs this server" in text
    assert "/account" not in text


HOSTILE = "x\r\nBcc: eve@evil.example\r\n\r\nHello from us\u202e\x1b[2J\u2028done"


@pytest.mark.requirement("SEC-48", "SEC-87")
def test_nothing_that_somebody_wrote_adds_a_header_or_a_line_of_ours() -> None:
    told = occasion(
        why=Why(HOSTILE, HOSTILE), client=HOSTILE, decided_by=f"{OURS} {HOSTILE}", apis=(HOSTILE,),
        administrator=Actor(Identity(OURS, HOSTILE), "person"),
        person=Person(name="carol", display=HOSTILE, email="carol@example.com"),
    )  # fmt: skip
    for themselves in (True, False):
        message = read(told, themselves=themselves)
        assert set(message.keys()) == {
            "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
            "Content-Transfer-Encoding", "MIME-Version",
        }  # fmt: skip
        assert "\n" not in message["Subject"]
        text = text_of(message)
        assert not [one for one in text.splitlines() if one.startswith(("Bcc", "Hello from us", "done"))]
        assert not set(text) & set("\u202e\x1b\u2028\r")


def test_a_text_from_elsewhere_is_one_line_of_bounded_length() -> None:
    assert line(" a\tb\n\nc\x00\u200f ") == "a b c"
    assert line("x" * 501) == "x" * 499 + "…"
    assert line("Żółć 日本") == "Żółć 日本"


def test_a_program_gets_all_of_it_and_whom_to_write_to() -> None:
    told = json.loads(document(occasion(state="ended", ended_by=f"{OURS} actas:carol", now=NOON + 90)))
    assert (told["kind"], told["v"], told["what"], told["running"]) == (
        "actas/ImpersonationNotice", 1, "start", False,
    )  # fmt: skip
    assert told["person"] == {
        "iss": OURS, "sub": "actas:carol", "name": "Carol", "email": "carol@example.com",
    }  # fmt: skip
    assert told["administrator"]["sub"] == "dana@acme.example"
    assert (told["reason"], told["ticket"], told["account"]) == (
        "the order does not load", "HELP-1", f"{OURS}/account",
    )  # fmt: skip


ODD = ("a..b@x", "a.@x", ".a@x", "ü@x", "a@x..y", "=?utf-8?q?a?=@x")


@pytest.mark.parametrize("odd", ODD)
def test_an_address_that_cannot_be_written_is_a_value_error_and_nothing_else(odd: str) -> None:
    assert not is_writable(odd)
    assert is_writable("o'hara+notices@acme.example")
    with pytest.raises(ValueError, match=r"."):
        letter(occasion(), sender="actas@acme.example", to=odd, themselves=True)
    with pytest.raises(ValueError, match=r"."):
        letter(occasion(), sender=odd, to="carol@example.com", themselves=True)
