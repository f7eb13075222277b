"""What the command line says of each step of an impersonation."""

from __future__ import annotations

from typing import Any

import pytest

from actas.audit.impersonations import EVENT_OF
from actas.audit.query import terms_of
from actas.cli.entries_of_impersonation import impersonated
from actas.cli.entries_of_refusals import refused_elsewhere
from actas.core.ports import Json, JsonObject

OURS = "https://sts.acme.example"
PAIR: dict[str, Any] = {
    "administrator": {"iss": OURS, "sub": "dana@acme.example"},
    "subject": {"iss": OURS, "sub": "actas:carol"},
}


def says(event: str, **members: Any) -> str | None:
    return impersonated({"event": f"impersonation:{event}", **PAIR, **members})


def test_every_step_has_a_sentence() -> None:
    for event in (*EVENT_OF.values(), "impersonation:told", "impersonation:untold"):
        assert says(event.partition(":")[2], what="start", recipient="subject")
    assert impersonated({"event": "exchange:granted"}) is None
    assert impersonated({}) is None


@pytest.mark.parametrize(
    ("event", "members", "sentence"),
    [
        ("started", {}, "dana@acme.example acts as actas:carol"),
        ("rejected", {"decided_by": f"{OURS} lee"}, "dana@acme.example may not act as actas:carol, says lee"),
        ("rejected", {"decided_by": f"{OURS} lee", "refused_why": "ask her\x1b[2J first"},
         "dana@acme.example may not act as actas:carol, says lee: ask her"),
        ("ended", {"ended_by": "role operator: console"},
         "dana@acme.example acts no more as actas:carol, ended by role operator: console"),
        ("ended", {"ended_by": "", "ended_why": "revoked: entry x_1"},
         "dana@acme.example acts no more as actas:carol: revoked: entry x_1"),
        ("told", {"what": "end", "recipient": "webhook"}, "the webhook was told of the end"),
        ("untold", {"what": "start", "recipient": "subject", "detail": "no such mailbox"},
         "the person was not told of the start: no such mailbox"),
        ("untold", {"what": "start", "recipient": "security@acme.example", "detail": "a\x1b[2Jb"},
         "security@acme.example was not told of the start: a"),
    ],
)  # fmt: skip
def test_it_says_who_and_why_and_steers_no_terminal(
    event: str, members: dict[str, Any], sentence: str
) -> None:
    said = says(event, **members)
    assert said is not None
    assert said.startswith(sentence)
    assert "\x1b" not in said


def test_it_says_until_when() -> None:
    assert says("started", until=1_795_000_600) == "dana@acme.example acts as actas:carol, until 11:16:40"


@pytest.mark.parametrize("until", [10**12, 10**18, 10**400, -1, True, 1.5, "1795000600", None], ids=repr)
def test_an_end_that_is_no_time_is_not_shown(until: Any) -> None:
    assert says("started", until=until) == "dana@acme.example acts as actas:carol"


@pytest.mark.requirement("SEC-48")
def test_a_refusal_names_who_acted_and_not_the_customer_alone() -> None:
    """Whoever reads the log must not take it for something that the customer did."""
    subject: Json = {
        "sub": "actas:carol",
        "actors": [{"iss": "https://sts.acme.example", "sub": "dana@acme.example", "kind": "person"}],
    }
    event: JsonObject = {
        "event": "userinfo:refused",
        "reason": "bad_access_token",
        "client": {"name": "helpdesk"},
        "subject": subject,
    }
    said = refused_elsewhere(event)
    assert said is not None
    assert said.startswith("dana@acme.example, acting as actas:carol, through helpdesk wanted to ask about")
    assert ("actor", "dana@acme.example") in terms_of(event)
