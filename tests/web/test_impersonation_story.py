"""The whole story of an impersonation, by the command line alone: made with it, and told by ``actas audit search``."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.pages import ROOT
from tests.docs.test_transcripts import pattern
from tests.fakes.mailbox import Mailbox
from tests.fakes.program import Program, Ran
from tests.fakes.server import RealServer, until
from tests.fakes.wire import ask

GUIDE = ROOT / "docs" / "guides" / "look-in-as-a-customer.md"
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}|[0-9]{2}:[0-9]{2}:[0-9]{2}")
SHOWN = re.compile(
    r"<!-- the story -->\n```console\n\$ actas audit search impersonation:\S+\n(.*?)```", re.DOTALL
)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as running:
        yield running


@pytest.fixture
def server(tmp_path: Path, mailbox: Mailbox) -> Iterator[RealServer]:
    made = RealServer(tmp_path / "node")
    tree = made.company.tree
    tree["users"] = [{"name": "carol", "email": "carol@example.com", "groups": ["customers"]}]
    tree["server"]["mail"] = {
        "host": "localhost", "port": mailbox.port, "tls": "none", "from": "actas@acme.example"
    }  # fmt: skip
    made.company.named("rules", "orders-to-inventory")["subject"]["impersonated"] = True
    tree["clients"].append({**made.company.named("clients", "assistant"), "name": "helpdesk", "kind": "app"})
    made.company.secrets["helpdesk"] = made.company.secrets["assistant"]
    customers = {"from": "actas", "kinds": ["person"], "groups": ["customers"]}
    made.company.looked_into(client="helpdesk", subject=customers)
    tree["impersonation"] = {
        "ticket": "^HELP-[0-9]+$",
        "approval": {"by": "support-leads"},
        "notify": ["subject"],
        "notify_at": ["start", "end"],
    }
    with made:
        yield made


@pytest.mark.requirement("SEC-48")
def test_the_story_is_told_from_the_audit_log_alone(server: RealServer, tmp_path: Path) -> None:
    company, actas = server.company, Program(tmp_path / "home", now=time.time())
    actas.environ |= {
        **company.environ,
        "ACTAS_SERVER": server.issuer,
        "ACTAS_CONFIG": str(company.file),
        "ACTAS_DEV": "1",
    }
    people = {name: company.id_token(name, groups=["support-leads"]) for name in ("dana", "lee")}

    def run(who: str, *words: str, **tokens: str) -> Ran:
        credentials = {"ACTAS_CLIENT_ID": who, "ACTAS_CLIENT_SECRET": company.secrets[who]}
        return actas(*words, environ={**credentials, **tokens})

    start = (
        *("impersonate", "start", "--as", "env:DANA", "--as-type", "id", "--subject", "actas:carol", "--raw"),
        *("--audience", "orders", "--reason", "the order does not load", "--ticket", "HELP-1"),
    )
    waits = run("helpdesk", *start, DANA=people["dana"])
    assert waits.code == 1, waits.out
    (name,) = re.findall(r"actas impersonate approve (\S+)", waits.err)
    approved = run(
        "helpdesk", "impersonate", "approve", name, "--as", "env:LEE", "--as-type", "id", LEE=people["lee"]
    )
    assert approved.code == 0, approved.err
    token = run("helpdesk", *start, DANA=people["dana"])
    assert token.code == 0, token.err
    until(lambda: "told of the start" in search(actas, name).out, limit=30)
    onward = run(
        "orders",
        "exchange",
        "--subject",
        "env:TOKEN",
        "--audience",
        "inventory",
        "--raw",
        TOKEN=token.out.strip(),
    )
    assert onward.code == 0, onward.err
    bearer = {"Authorization": f"Bearer {token.out.strip()}"}
    assert ask(server.port, "GET", "/api/v1/clients", headers=bearer).status == 401
    ended = run("helpdesk", "impersonate", "end", name, "--as", "env:DANA", "--as-type", "id", "--reason", "done",
                DANA=people["dana"])  # fmt: skip
    assert ended.code == 0, ended.err
    dead = run(
        "orders", "exchange", "--subject", "env:TOKEN", "--audience", "inventory", TOKEN=token.out.strip()
    )
    assert (dead.code, "(revoked)" in dead.err) == (6, True)
    until(lambda: "told of the end" in search(actas, name).out, limit=30)

    lines = search(actas, name).out.splitlines()
    steps = (
        (
            "impersonation:requested  dana@acme.example wants to act as actas:carol, for orders:read at orders "
            "through helpdesk: HELP-1 the order does not load; support-leads has to approve"
        ),
        "impersonation:approved  dana@acme.example may act as actas:carol, says lee@acme.example",
        "● carol ━━ ● dana ── ▭ orders     orders:read  through helpdesk",
        "impersonation:started  dana@acme.example acts as actas:carol, until ",
        "impersonation:told  the person was told of the start",
        "stock:read",
        "management:refused  somebody from 127.0.0.1 wanted to manage the server: bad_token: ",
        "impersonation:ended  dana@acme.example acts no more as actas:carol, ended by dana@acme.example: done",
        "■ orders ──✕ inventory     revoked",
    )
    told = "\n".join(reversed(lines))
    for step in steps:
        assert step in told, told
    places = [told.index(step) for step in steps]
    assert places == sorted(places), lines
    shown = SHOWN.search(GUIDE.read_text(encoding="utf-8"))
    assert shown is not None
    wanted = [re.compile(pattern(f"{TIME.sub('…', line)}\n")) for line in shown[1].splitlines()]
    assert len(wanted) == len(lines)
    for line in lines:
        assert any(one.fullmatch(f"{line}\n") for one in wanted), line


def search(actas: Program, name: str) -> Ran:
    ran = actas("audit", "search", f"impersonation:{name}")
    assert ran.code == 0, ran.err
    return ran
