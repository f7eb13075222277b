"""Every event there is has a sentence on the terminal: who, at which app, for what."""

from __future__ import annotations

from typing import Any, Final

import pytest
from scripts.pages.attempts import ATTEMPT
from scripts.pages.events import COMMON, LINK, OTHERS
from tests.fakes.program import Stream

from actas.cli.entries import line, lines
from actas.cli.output import Ink, Output
from actas.cli.recorded import Event
from actas.cli.run import Options, World
from actas.core.events import EVENTS, EventName
from actas.core.ports import Json, JsonObject

OURS: Final = "https://sts.acme.example"
ALICE: Final = {"iss": OURS, "sub": "actas:alice", "kind": "person"}
DANA: Final = {"iss": OURS, "sub": "actas:dana", "kind": "person"}
WEB: Final = {"name": "web", "kind": "app", "method": None}
ORDERS: Final = {"name": "orders", "kind": "service", "method": "client_secret_basic"}
FROM: Final = "192.0.2.7"
KEY: Final = {"kid": "k1", "purpose": "token", "algorithm": "ES256"}
LET: Final = {
    "source": FROM, "client": "web", "subject": ALICE, "authorization": "a-1", "sid": "s-1",
    "scope": "openid orders:read", "apis": ["actas-userinfo", "orders"],
}  # fmt: skip
ACTING: Final = {
    "impersonation": "i-1", "administrator": DANA, "subject": ALICE, "client": {"name": "helpdesk"},
    "why": {"reason": "a broken page", "ticket": "HELP-1"}, "apis": ["orders"], "scope": "orders:read",
    "until": 1_795_000_600,
}  # fmt: skip
THERE: Final = {
    "connection": "web-to-tickets", "issuer": "https://auth.tickets.example", "client_id": "acme-actas",
    "resources": ["https://api.tickets.example"], "redeems": True,
}  # fmt: skip
TOLD: Final = {"impersonation": "i-1", "administrator": DANA, "subject": ALICE, "what": "start",
               "recipient": "subject"}  # fmt: skip
OPERATED: Final = {"sink": "siem", "operator": "ops", "why": "CHG-7"}


def refused(reason: str = "no_rule", **members: Any) -> dict[str, Any]:
    return {"outcome": "refused", "reason": reason, "error": "invalid_request", "source": FROM,
            "detail": f"the detail of {reason}", **members}  # fmt: skip


SAID: Final[dict[EventName, tuple[dict[str, Any], str]]] = {
    "exchange:granted": (
        {"outcome": "granted", "kind": "sign_in", "client": {**WEB, "method": "client_secret_basic"},
         "apis": ["orders"], "subject": ALICE, "given": {"scope": "orders:read", "actors": []}},
        "● alice ── ▭ orders     orders:read  through web",
    ),
    "exchange:refused": (
        refused("excess", client=ORDERS, subject=ALICE, apis=["inventory"]),
        "● alice ━━ ■ orders ──✕ inventory     excess",
    ),
    "abroad:granted": (
        {"outcome": "granted", "client": WEB, "subject": ALICE, "abroad": THERE, "apis": [],
         "redeemed": {"entry": "x_01M7", "jti": "g-1", "came": {"scope": "tickets:read"}}},
        "● alice ━━ ■ web ══ ◆ auth.tickets.example ══ ▭ api     tickets:read",
    ),
    "abroad:refused": (
        refused("refused_there", client=WEB, subject=ALICE, abroad=THERE,
                redeemed={"entry": "x_01M7", "jti": "g-1", "said": {"error": "invalid_scope"}}),
        "● alice ━━ ■ web ══ ◆ auth.tickets.example ══✕ api     refused_there",
    ),
    "exchange:refused_many": (
        {"source": FROM, "counted": 12, "reasons": {"expired": 12}}, f"12 more from {FROM}: expired 12"
    ),
    "impersonation:requested": (
        {**ACTING, "approval": ["leads"]},
        ("actas:dana wants to act as actas:alice, for orders:read at orders through helpdesk: "
         "HELP-1 a broken page; leads has to approve"),
    ),
    "impersonation:approved": (
        {**ACTING, "decided_by": f"{OURS} actas:lee"}, "actas:dana may act as actas:alice, says actas:lee"
    ),
    "impersonation:rejected": (
        {**ACTING, "decided_by": f"{OURS} actas:lee"}, "actas:dana may not act as actas:alice, says actas:lee"
    ),
    "impersonation:refused": (
        refused("not_yours", subject=DANA, client={**ORDERS, "name": "helpdesk"}),
        "actas:dana through helpdesk wanted to see or change impersonations: not_yours: the detail of not_yours",
    ),
    "impersonation:started": (
        ACTING, "actas:dana acts as actas:alice, until 11:16:40, for orders:read at orders through helpdesk: HELP-1 a broken page"
    ),
    "impersonation:ended": (
        {**ACTING, "ended_by": f"{OURS} actas:alice", "ended_why": "enough"},
        "actas:dana acts no more as actas:alice, ended by actas:alice: enough",
    ),
    "impersonation:told": (TOLD, "the person was told of the start"),
    "impersonation:untold": (
        {**TOLD, "detail": "no such mailbox"}, "the person was not told of the start: no such mailbox"
    ),
    "introspection:refused": (
        refused("bad_client_auth"), f"somebody from {FROM} wanted to ask about a token: bad_client_auth: the detail"
    ),
    "userinfo:refused": (refused("scope_missing", subject=ALICE), "actas:alice wanted to ask about a person: scope_"),
    "revocation:granted": ({"revoked": ["token:t1"], "operator": "ops", "why": "leaked"}, "token:t1, by ops: leaked"),
    "revocation:refused": (refused(client=ORDERS), "orders wanted to revoke a token: no_rule"),
    "sign_in:granted": (
        {"source": FROM, "subject": ALICE, "client": "web", "sid": "s-1", "acr": "mfa", "amr": ["pwd", "otp"]},
        f"actas:alice signed in to web, mfa by pwd+otp, from {FROM}",
    ),
    "sign_in:refused": (
        refused("wrong_credentials", client=WEB, detail="not the password of actas:alice"),
        f"somebody at web, from {FROM}, wanted to sign in: wrong_credentials: not the password of actas:alice",
    ),
    "authorization:granted": (
        {**LET, "redirect_uri": "https://web.acme.example/callback"},
        "web may act for actas:alice: openid orders:read at actas-userinfo and orders",
    ),
    "authorization:refused": (
        refused("unknown_redirect", client=WEB), f"web from {FROM} wanted to sign somebody in: unknown_redirect: the d"
    ),
    "device:refused": (refused("excess", client=WEB), "web wanted codes for a device: excess: the detail of excess"),
    "consent:given": (LET, "actas:alice lets web act for them: openid orders:read at actas-userinfo and orders"),
    "consent:withdrawn": (
        {"source": FROM, "subject": ALICE, "client": "web", "sid": "s-1", "by": "the person"},
        "actas:alice lets web act for them no more, by the person",
    ),
    "session:ended": (
        {"source": FROM, "subject": ALICE, "sid": "s-1", "client": "web", "by": "the person"},
        "a session of actas:alice ended, asked by web, by the person",
    ),
    "logout:delivered": (
        {"client": "web", "subject": ALICE, "sid": "s-1", "ended_at": 1, "because": "x_1", "tries": 1},
        "web was told that a session of actas:alice ended",
    ),
    "logout:failed": (
        {"client": "web", "subject": ALICE, "sid": "s-1", "tries": 12, "detail": "status 500"},
        "web was not told that a session of actas:alice ended: status 500",
    ),
    "session:others_ended": (
        {"source": FROM, "subject": ALICE, "sid": "s-1", "by": "a new password"},
        "all sessions of actas:alice ended but the one they are in, by a new password",
    ),
    "account:refused": (refused("forged_form"), f"somebody from {FROM} wanted to see or change what is theirs: forged"),
    "credentials:changed": (
        {"source": FROM, "subject": ALICE, "sid": "s-1", "what": "passkey", "change": "added", "by": "the person"},
        "actas:alice: passkeys added, by the person",
    ),
    "credentials:reset": (
        {"subject": ALICE, "what": ["code", "recovery"], "by": {"via": "api", "client": "console"}, "why": "HELP-3"},
        "taken away from actas:alice: one-time codes and recovery codes, by console: HELP-3",
    ),
    "registration:granted": (
        {"source": FROM, "client": {"name": "actas_app_1"}, "by": "anybody", "after": {"client_name": "Notes"}},
        f"actas_app_1 (Notes) registered itself, as anybody may, from {FROM}",
    ),
    "registration:refused": (
        refused("bad_client_metadata"), f"somebody from {FROM} wanted to register itself: bad_client_metadata: the det"
    ),
    "registration:ended": (
        {"client": {"name": "actas_app_1"}, "why": "nobody used it", "before": {}},
        "actas_app_1, which registered itself, was removed: nobody used it",
    ),
    "log:started": ({"stream": "s1"}, "s1 is written from here on"),
    "log:recovered": ({"stream": "s1"}, "s1 was not closed cleanly; it was checked, and is written again"),
    "log:closed": ({"stream": "s1"}, "s1 was closed cleanly"),
    "keys:created": (KEY, "ES256 key k1 that signs tokens"),
    "keys:prepared": (KEY, "ES256 key k1 that signs tokens"),
    "keys:activated": (KEY, "ES256 key k1 that signs tokens"),
    "keys:retired": (KEY, "ES256 key k1 that signs tokens"),
    "keys:removed": (KEY, "ES256 key k1 that signs tokens"),
    "keys:rewrapped": ({"rows": 4, "envelope": "e2", "previous": "e1"}, "4 rows under the envelope key e2"),
    "keys:wrapped": ({"service": "aws_kms k"}, "the envelope key, again by aws_kms k"),
    "catalog:loaded": ({"digest": "d", "policy": "c9", "generation": 4}, "policy c9"),
    "catalog:narrowed": (
        {"generation": 5, "in_force": 4}, "what generation 5 takes away, while 4 is in force"
    ),
    "catalog:refused": ({"generation": 5, "in_force": 4, "why": "no issuer"}, "generation 5: no issuer"),
    "configuration:changed": (
        {"generation": 5, "by": {"via": "api", "client": "pipeline"},
         "changes": [{"kind": "rules", "name": "r", "what": "changed"}]},
        "changed rules r, by pipeline, generation 5",
    ),
    "management:refused": (
        refused("role_missing", client=ORDERS), "orders wanted to manage the server: role_missing: the detail of role_"
    ),
    "sinks:stopped": ({"sink": "siem", "why": "status 400"}, "siem: status 400"),
    "sinks:lost": ({"sink": "siem", "of": "s2", "from": 17, "to": 18}, "siem, entries 17 to 18 of s2"),
    "sinks:paused": (OPERATED, "siem, by ops: CHG-7"),
    "sinks:resumed": (OPERATED, "siem, by ops: CHG-7"),
    "sinks:skipped": (
        {**OPERATED, "of": "s2", "from": 17, "to": 18}, "siem, entries 17 to 18 of s2, by ops: CHG-7"
    ),
    "sinks:rewound": ({**OPERATED, "of": "s2"}, "siem of s2, by ops: CHG-7"),
    "database:backed_up": ({"operator": "ops", "backup": {"name": "b.actas", "bytes": 9}}, "b.actas, by ops"),
    "database:restored": (
        {"operator": "ops", "epoch": 2, "backup": {"name": "b.actas", "made_at": "2026-11-25T15:42:00.123Z"}},
        "backup b.actas of 2026-11-25 15:42:00 UTC, by ops; epoch 2 began",
    ),
}  # fmt: skip
"""Each event as the server writes it, with the beginning of what the terminal says."""


def said(event: Event) -> str:
    found = "".join(one.text if isinstance(one, Ink) else one for one in line(event, ascii=False))
    return found.strip()


def whole(event: Event) -> str:
    stdout = Stream()
    out = Output(World(stdin=Stream(), stdout=stdout, stderr=Stream(), environ={"NO_COLOR": "1"}), Options())
    for one in lines(out, event):
        out.line(one)
    return stdout.getvalue()


def test_no_event_is_without_a_sentence() -> None:
    assert SAID.keys() == EVENTS.keys()


@pytest.mark.parametrize("event", EVENTS)
def test_the_samples_are_what_the_server_writes(event: EventName) -> None:
    members, _ = SAID[event]
    documented = {name.partition(".")[0] for name in OTHERS.get(event, {})}
    if event == "consent:given":
        documented |= OTHERS["authorization:granted"].keys()
    if "outcome" in members or not documented:
        documented |= ATTEMPT.keys()
    assert members.keys() <= documented | COMMON.keys() | dict(LINK).keys()


@pytest.mark.parametrize("event", EVENTS)
def test_the_terminal_says_who_did_what_at_which_app(event: EventName) -> None:
    members, sentence = SAID[event]
    entry = {"id": "x_01M8", "at": "2026-11-25T15:42:00.123Z", "event": event, **members}
    _, _, shown = said(entry).partition("x_01M8")
    shown = shown.strip()
    if not event.startswith(("exchange:", "abroad:")) or event == "exchange:refused_many":
        assert shown.startswith(f"{event}  ")
        shown = shown.removeprefix(f"{event}  ")
        assert sentence in whole(entry)
    assert shown.startswith(sentence)


def test_a_change_names_the_person_who_made_it_and_their_client() -> None:
    by: JsonObject = {"via": "api", "client": "cli", "person": "actas:dana", "role": "owner"}
    changes: list[Json] = [{"kind": "clients", "name": "orders", "what": "disabled"}]
    event: JsonObject = {
        "event": "configuration:changed",
        "generation": 2,
        "by": by,
        "changes": changes,
    }
    assert said(event).endswith("disabled clients orders, by actas:dana through cli, generation 2")


def test_an_app_that_nobody_knows_is_called_as_it_was_spelt() -> None:
    event = {
        "event": "authorization:refused",
        **refused("unknown_app", asked_as="wbe\x1b[2J", detail="nobody"),
    }
    sentence = (
        f'something asked as "wbe\\u001b[2J" from {FROM} wanted to sign somebody in: unknown_app: nobody'
    )
    assert said(event).endswith(sentence)
    assert 'authorization by an app that nobody knows, asked as "wbe' in whole(event)


def test_a_person_is_named_with_the_app_and_a_long_detail_is_cut() -> None:
    event = {"event": "authorization:refused",
             **refused("denied_by_person", client=WEB, subject=ALICE, detail="x" * 400)}  # fmt: skip
    assert said(event).endswith(
        f"actas:alice through web wanted to sign somebody in: denied_by_person: {'x' * 199}…"
    )
    assert "x" * 400 in whole(event)


def test_who_acts_unseen_is_named_beside_the_chain() -> None:
    """The token names nobody, and its entry does (SEC-48)."""
    event: dict[str, Any] = {"event": "exchange:granted", "outcome": "granted", "kind": "administrative_impersonation",
             "client": {"name": "helpdesk", "kind": "app"}, "administrator": DANA, "apis": ["orders"],
             "subject": ALICE, "given": {"scope": "orders:read", "actors": []}}  # fmt: skip
    assert said(event).endswith("● alice ── ▭ orders     orders:read  by actas:dana through helpdesk")
