"""Switching the log off first.

The first thing an attacker with some rights does is to stop the recording, or to send it somewhere else
(CVE-2025-6000 used the audit device itself to run code). Here no setting stops it, none lets requests through
when it fails, nothing on the listeners reaches it, and the only thing that a configuration may say about it is
how often it is sealed, which storage keeps it, and where copies of the seals and the entries go: the server's
own files, read when it starts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import acme, sentences
from tests.fakes.house import House

from actas.settings.schema_audit import Audit, SinkForm


@pytest.mark.requirement("SEC-89", "REL-30")
@pytest.mark.parametrize(
    "setting",
    [
        {"enabled": False},
        {"off": True},
        {"disabled": True},
        {"on_failure": "continue"},
        {"when_unavailable": "continue"},
        {"sinks": []},
        {"sinks": [{"name": "lake", "file": "lake.jsonl", "instead": True}]},
        {"level": "none"},
        {"exclude": ["exchange:granted"]},
        {"redact": False},
        {"sample": 0.1},
        {"folder": "/dev/null"},
    ],
)
def test_no_setting_switches_the_log_off_or_weakens_it(setting: dict[str, Any], tmp_path: Path) -> None:
    tree = acme()
    tree["audit"] = {**tree["audit"], **setting}
    assert sentences(tmp_path, tree)


@pytest.mark.requirement("SEC-89")
def test_what_may_be_said_about_the_log_is_known() -> None:
    """A new field must be looked at here before it exists."""
    assert set(Audit.model_fields) == {"checkpoint", "sinks", "store"}
    assert set(SinkForm.model_fields) == {
        *("name", "format", "filter", "file", "rotate", "webhook", "stdout"),
        *("secret", "batch", "required", "reserve"),
    }


@pytest.mark.requirement("SEC-89", "REL-02")
async def test_a_caller_cannot_ask_to_be_left_out() -> None:
    house = House()
    form = house.form("orders", house.our_token(), audience="inventory", scope="stock:read")
    for name in ("audit", "log", "silent", "dry_run", "test"):
        await house.post({**form, name: "off"})
    assert [event["outcome"] for event in house.writer.events] == ["granted"] * 5
