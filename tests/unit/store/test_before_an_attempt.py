"""What the log has of before an attempt that is explained: the first redeeming of a grant, and a pause."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.audit import CountingChance, body
from tests.fakes.clock import NOON, FixedClock

from actas.audit.stream import instant
from actas.cli.aforetime import before
from actas.core.ports import JsonObject
from actas.store.audit import StreamWriter, open_writer
from actas.store.audit_folder import FolderLog

HERE = "https://sts.acme.example"


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[StreamWriter]:
    writer = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    yield writer
    await writer.close()


def entry(name: str, *, at: float, **members: Any) -> bytes:
    made = body(name, **members)
    return made.replace(b'"at":"2026-09-21T14:13:20.000Z"', b'"at":"' + instant(at).encode() + b'"')


def redeemed(name: str, *, at: float, iss: str, outcome: str = "granted") -> bytes:
    subject = {"iss": HERE, "sub": "u", "origin": {"iss": iss, "sub": "u"}, "token": {"jti": "g-1"}}
    who = {"client": {"name": "web"}, "subject": subject}
    return entry(name, at=at, event=f"exchange:{outcome}", outcome=outcome, **who)


def switched(name: str, *, at: float, was: bool, now: bool) -> bytes:
    change = {
        "kind": "connections",
        "name": "web-from-corp",
        "what": "disabled" if now else "enabled",
        "before": {"disabled": was},
        "after": {"disabled": now},
    }
    return entry(
        name,
        at=at,
        event="configuration:changed",
        changes=[change],
        by={"person": "actas:olga", "client": "cli"},
    )


@pytest.mark.requirement("IDC-58")
async def test_a_grant_that_was_used_names_the_entry_that_redeemed_it_first(
    tmp_path: Path, writer: StreamWriter
) -> None:
    theirs: JsonObject = {"iss": HERE, "origin": {"iss": "https://idp.example"}, "token": {"jti": "g-1"}}
    again: JsonObject = {"reason": "grant_reused", "subject": theirs}
    assert "no entry of this log redeemed g-1" in "".join(before(FolderLog(tmp_path), again))
    await writer.append(redeemed("x_other", at=NOON, iss="https://other.example"))
    await writer.append(redeemed("x_first", at=NOON + 1, iss="https://idp.example"))
    await writer.append(redeemed("x_refused", at=NOON + 2, iss="https://idp.example", outcome="refused"))
    (said,) = before(FolderLog(tmp_path), again)
    assert said == f"web redeemed it first at {instant(NOON + 1)}: entry x_first"
    assert not [*before(FolderLog(tmp_path), {**again, "reason": "no_rule"})]


async def test_a_pause_names_who_paused_and_when_the_last_time_before(
    tmp_path: Path, writer: StreamWriter
) -> None:
    await writer.append(switched("x_1", at=NOON, was=False, now=True))
    await writer.append(switched("x_2", at=NOON + 1, was=True, now=False))
    await writer.append(switched("x_3", at=NOON + 2, was=False, now=True))
    await writer.append(switched("x_4", at=NOON + 9, was=False, now=True))
    refused: JsonObject = {
        "reason": "connection_paused",
        "detail": "the connection web-from-corp is paused",
        "at": instant(NOON + 3),
    }
    (said,) = before(FolderLog(tmp_path), refused)
    assert said == f"web-from-corp was paused by actas:olga at {instant(NOON + 2)}: entry x_3"


def changed(name: str, *changes: Any, at: float) -> bytes:
    by = {"person": "actas:dana", "client": "cli"}
    return entry(name, at=at, event="configuration:changed", changes=changes, by=by)


def off(kind: str, name: str, *, gone: bool = False) -> dict[str, Any]:
    after = {} if gone else {"after": {"disabled": True}}
    return {"kind": kind, "name": name, "what": "disabled", "before": {"disabled": False}, **after}


@pytest.mark.parametrize("gone", [False, True])
async def test_a_token_that_was_revoked_names_who_disabled_its_party(
    tmp_path: Path, writer: StreamWriter, gone: bool
) -> None:
    both = (off("users", "bob"), off("users", "alice", gone=gone), off("issuers", "corp-idp"))
    await writer.append(changed("x_1", *both, at=NOON))
    detail = "subject token: it, or what it comes from, was revoked: entry x_1"
    refused: JsonObject = {
        "outcome": "refused",
        "reason": "revoked",
        "detail": detail,
        "at": instant(NOON + 3),
    }
    done = "taken out" if gone else "disabled"
    alice = f"actas:alice was {done} by actas:dana at {instant(NOON)}: entry x_1"
    issuer = f"corp-idp was disabled by actas:dana at {instant(NOON)}: entry x_1"
    assert [*before(FolderLog(tmp_path), {**refused, "subject": {"sub": "actas:alice"}})] == [alice]
    assert [*before(FolderLog(tmp_path), {**refused, "subject": {"sub": "x", "issuer": "corp-idp"}})] == [
        issuer
    ]
    assert len([*before(FolderLog(tmp_path), refused)]) == 3, "who is meant is not known"


@pytest.mark.parametrize("kept", [True, False])
async def test_what_else_revoked_a_token_is_shown_by_a_command_that_shows_every_entry(
    tmp_path: Path, writer: StreamWriter, kept: bool
) -> None:
    await writer.append(entry("x_1" if kept else "x_2", at=NOON, event="revocation:granted", revoked=["a"]))
    detail = "what it comes from was revoked while the other server was asked: entry x_1"
    refused: JsonObject = {"outcome": "refused", "reason": "revoked", "detail": detail}
    assert [*before(FolderLog(tmp_path), refused)] == ["what ended it: actas audit show x_1"]
    assert not [*before(FolderLog(tmp_path), {**refused, "detail": "it was revoked"})]


@pytest.mark.parametrize(
    ("kind", "name", "reason", "detail", "called"),
    [
        ("users", "bob", "bad_subject", "actas:bob is disabled or no longer listed among the users", "actas:bob"),
        ("users", "bob", "unknown_person", "actas:bob is disabled", "actas:bob"),
        ("clients", "web", "bad_client_auth", "the client web is disabled", "web"),
        ("issuers", "corp-idp", "bad_subject", "the issuer corp-idp is disabled", "corp-idp"),
        ("users", "bob", "revoked", "while the other server was asked: actas:bob is disabled or gone", "actas:bob"),
        ("apis", "orders", "unknown_target", "the API orders is disabled", "orders"),
    ],
)  # fmt: skip
async def test_what_is_disabled_names_who_disabled_it_the_last_time_before(
    tmp_path: Path, writer: StreamWriter, kind: str, name: str, reason: str, detail: str, called: str
) -> None:
    await writer.append(changed("x_1", off(kind, name), at=NOON))
    await writer.append(changed("x_2", off(kind, "another"), at=NOON + 1))
    await writer.append(changed("x_3", off(kind, name), at=NOON + 2))
    await writer.append(changed("x_4", off(kind, name), at=NOON + 9))
    refused: JsonObject = {"outcome": "refused", "reason": reason, "detail": detail, "at": instant(NOON + 3)}
    (said,) = before(FolderLog(tmp_path), refused)
    assert said == f"{called} was disabled by actas:dana at {instant(NOON + 2)}: entry x_3"


async def test_where_the_log_cannot_be_searched_nothing_more_is_said(tmp_path: Path) -> None:
    assert not [*before(FolderLog(tmp_path / "gone"), {"reason": "connection_paused", "detail": ""})]
